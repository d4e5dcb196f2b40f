package firn

/*
#include "firn_go.h"
#cgo noescape firn_log_open
#cgo nocallback firn_log_open
#cgo noescape firn_log_append
#cgo nocallback firn_log_append
#cgo noescape firn_log_append_batch
#cgo nocallback firn_log_append_batch
#cgo noescape firn_log_read
#cgo nocallback firn_log_read
#cgo noescape firn_go_log_pin
#cgo nocallback firn_go_log_pin
#cgo noescape firn_log_recovery
#cgo nocallback firn_log_recovery
#cgo noescape firn_log_error
#cgo nocallback firn_log_error
#cgo nocallback firn_log_wait
#cgo nocallback firn_log_notify_fd
#cgo nocallback firn_log_sync
#cgo nocallback firn_log_bounds
#cgo nocallback firn_log_close
#cgo nocallback firn_log_durable
#cgo nocallback firn_log_refresh
#cgo nocallback firn_log_reset
#cgo nocallback firn_log_retain
#cgo nocallback firn_log_seek_time
#cgo nocallback firn_log_trim_after
#cgo nocallback firn_log_trim_before
*/
import "C"

import (
	"context"
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"
)

// A Log is a durable log in a directory of its own: records with the indexes 0, 1, 2 and so on, appended at the end and removed at either end. Its methods may
// be called from any goroutine at any time, also while it is being closed: calls that come too late fail with ErrClosed.
type Log struct {
	h        *C.firn_log
	closing  sync.Mutex
	closed   bool
	readOnly bool
	events   *notifier
	syncs    syncGroup
	watch    watch
}

// WithSegmentBytes sets the size of a log's files: space is given back a segment at a time.
func WithSegmentBytes(n uint64) Option { return setBytes("segment_bytes", n) }

// WithRetentionBytes lets a log remove its oldest segments when it is larger than n bytes.
func WithRetentionBytes(n uint64) Option { return setBytes("retention_bytes", n) }

// WithRetention lets a log remove segments whose records are all older than d.
func WithRetention(d time.Duration) Option { return setMilliseconds("retention_ms", d) }

// OpenLog opens the log in a directory, and creates it when there is none. Options that are for databases are ErrInvalid. After a crash no flag is needed.
func OpenLog(directory string, options ...Option) (*Log, error) {
	var config configuration
	if err := config.take("open log", options); err != nil {
		return nil, err
	}
	if err := noNUL("open log", directory); err != nil {
		return nil, err
	}
	cOptions, err := newCOptions(config.settings)
	if err != nil {
		return nil, err
	}
	defer C.firn_options_free(cOptions)
	e := newCError()
	h := C.firn_log_open(cString(directory), cOptions, &e)
	if h == nil {
		return nil, detailedError("open log", &e)
	}
	events := new(notifier)
	l := &Log{h: h, events: events, watch: watch{report: config.reports}}
	l.readOnly = C.firn_log_wait(h, 0, 0) == C.FIRN_UNSUPPORTED
	l.watch.begin(l, "log", 2, func() {
		events.close()
		C.firn_log_close(h)
	})
	return l, nil
}

// Close makes everything durable, in every mode, and closes the log. Those who wait for records are woken. Closing again does nothing.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.closing.Lock()
	defer l.closing.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.watch.end()
	l.events.close()
	if code := C.firn_log_close(l.h); code != 0 {
		return &Error{Code: Code(code), Op: "close log"}
	}
	return nil
}

// answered turns the answer of a call into an error, and keeps the log from being collected during the call. Codes that speak of the disk come with the details
// that the engine kept.
func (l *Log) answered(op string, n int64) error {
	runtime.KeepAlive(l)
	switch {
	case n >= 0:
		return nil
	case !isOfDisk(n):
		return plainError(n)
	}
	e := newCError()
	C.firn_log_error(l.h, &e)
	runtime.KeepAlive(l)
	return keptError(op, n, &e)
}

// Err is the error that has made the log read-only, nil when there was none.
func (l *Log) Err() error {
	e := newCError()
	code := C.firn_log_error(l.h, &e)
	runtime.KeepAlive(l)
	return lastError(code, &e)
}

func (l *Log) number(op string, n int64) (uint64, error) {
	if err := l.answered(op, n); err != nil {
		return 0, err
	}
	return uint64(n), nil
}

// Append appends a record, which may be empty, and returns its index.
func (l *Log) Append(record []byte) (index uint64, err error) {
	return l.number("append", int64(C.firn_log_append(l.h, in(record), size(record))))
}

var packedRecords = sync.Pool{New: func() any { return new([]byte) }}

// AppendBatch appends records, all or none, and returns the index of the first. Readers see all of them at once.
func (l *Log) AppendBatch(records [][]byte) (first uint64, err error) {
	buffer := packedRecords.Get().(*[]byte)
	packed := (*buffer)[:0]
	for _, record := range records {
		if len(record) > MaxValueLen {
			return 0, ErrTooLarge
		}
		packed = binary.LittleEndian.AppendUint32(packed, uint32(len(record)))
		packed = append(packed, record...)
	}
	first, err = l.number("append", int64(C.firn_log_append_batch(l.h, in(packed), size(packed))))
	if *buffer = packed; cap(packed) <= keptLookupBytes {
		packedRecords.Put(buffer)
	}
	return first, err
}

// Read returns a copy of a record, or ErrNotFound outside of the bounds.
func (l *Log) Read(index uint64) ([]byte, error) {
	record, err := l.ReadAppend(make([]byte, 0, 256), index)
	if err != nil {
		return nil, err
	}
	return slices.Clip(record), nil
}

// ReadAppend appends a record to dst and returns the longer slice; on failure it returns dst as it was. It does not allocate when dst has room.
func (l *Log) ReadAppend(dst []byte, index uint64) ([]byte, error) {
	for {
		room := dst[len(dst):cap(dst)]
		n := int64(C.firn_log_read(l.h, C.uint64_t(index), in(room), size(room)))
		if err := l.answered("read", n); err != nil {
			return dst, err
		}
		if int(n) <= len(room) {
			return dst[:len(dst)+int(n)], nil
		}
		dst = slices.Grow(dst, int(n))
	}
}

// View calls read with a record in place, without a copy: see Keyspace.View.
func (l *Log) View(index uint64, read func(record []byte) error) error {
	pinned := C.firn_go_log_pin(l.h, C.uint64_t(index))
	if err := l.answered("view", int64(pinned.code)); err != nil {
		return err
	}
	defer C.firn_go_unpin(pinned)
	return read(pinnedBytes(pinned))
}

// Bounds are the indexes that can be read: from first to below next.
func (l *Log) Bounds() (first, next uint64, err error) {
	bounds := C.firn_log_bounds(l.h)
	runtime.KeepAlive(l)
	if bounds.next == math.MaxUint64 {
		return 0, 0, ErrClosed
	}
	return uint64(bounds.first), uint64(bounds.next), nil
}

// Durable is the index below which all records survive power loss.
func (l *Log) Durable() (uint64, error) { return l.number("durable", int64(C.firn_log_durable(l.h))) }

// Sync makes everything appended before the call durable. It does not block appends. However many call it, one thread is in the engine.
func (l *Log) Sync() error {
	return l.answered("sync", l.syncs.wait(l))
}

func (l *Log) syncInEngine() int64 { return int64(C.firn_log_sync(l.h)) }

// Wait waits until the record index is there, without holding a thread, or ctx is done. ErrNotFound when it was removed at the front. ErrUnsupported on a read-only log,
// whose writer cannot wake it: Tail polls there.
func (l *Log) Wait(ctx context.Context, index uint64) error {
	defer runtime.KeepAlive(l)
	return l.events.await(ctx, l.descriptor, func() (bool, error) {
		for {
			// Looking at the end of the log makes the engine tell of the next append. Then the look at the record, so that none is missed.
			end := C.firn_log_read_chunk(l.h, C.firn_log_bounds(l.h).next, nil, 0)
			code := C.firn_log_wait(l.h, C.uint64_t(index), 0)
			if code != C.FIRN_TIMEOUT && code != C.FIRN_CANCELLED {
				return true, l.answered("wait", int64(code))
			}
			if end == 0 {
				return false, nil
			}
		}
	})
}

// descriptor gives the engine's descriptor to the notifier.
func (l *Log) descriptor() (int, error) {
	fd := int64(C.firn_log_notify_fd(l.h))
	return int(fd), l.answered("wait", fd)
}

// TrimBefore removes the records at the front: index is the first one kept. Durable when it returns.
func (l *Log) TrimBefore(index uint64) error {
	return l.answered("trim", int64(C.firn_log_trim_before(l.h, C.uint64_t(index))))
}

// TrimAfter removes the records at the end: index is the last one kept, and index + 1 is given again. Durable when it returns.
func (l *Log) TrimAfter(index uint64) error {
	return l.answered("trim", int64(C.firn_log_trim_after(l.h, C.uint64_t(index))))
}

// Reset empties the log, which goes on at next. Durable when it returns.
func (l *Log) Reset(next uint64) error {
	return l.answered("reset", int64(C.firn_log_reset(l.h, C.uint64_t(next))))
}

// Retain applies the retention now and returns how many segments were removed. It is also applied whenever a segment is full.
func (l *Log) Retain() (segments uint64, err error) {
	return l.number("retain", int64(C.firn_log_retain(l.h)))
}

// SeekTime is the first index whose record was appended at t or later, the next index when there is none. Times are kept in milliseconds.
func (l *Log) SeekTime(t time.Time) (uint64, error) {
	return l.number("seek time", int64(C.firn_log_seek_time(l.h, C.int64_t(t.UnixMilli()))))
}

// Refresh moves a read-only log on to what its writer has made since. On others it does nothing.
func (l *Log) Refresh() error { return l.answered("refresh", int64(C.firn_log_refresh(l.h))) }

// Recovery tells what OpenLog found.
func (l *Log) Recovery() (Recovery, error) {
	info := C.firn_recovery_info{struct_size: C.sizeof_firn_recovery_info}
	if err := l.answered("recovery", int64(C.firn_log_recovery(l.h, &info))); err != nil {
		return Recovery{}, err
	}
	return newRecovery(&info), nil
}
