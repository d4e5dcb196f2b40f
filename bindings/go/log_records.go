package firn

/*
#include "firn_go.h"
#cgo noescape firn_log_read_chunk
#cgo nocallback firn_log_read_chunk
*/
import "C"

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"time"
)

// A Record of a log. Data is good until the next step of the loop, and not to be changed.
type Record struct {
	Index uint64
	Time  time.Time // of the append; never falls
	Data  []byte
}

// A logReader reads records in chunks.
type logReader struct {
	log    *Log
	next   uint64
	buffer *[]byte
	chunk  []byte
}

const recordHeader = 20 // bytes: index, time, length

// fill fetches a chunk; false and no error: next is the next index of the log.
func (r *logReader) fill() (bool, error) {
	if r.buffer == nil {
		r.buffer = chunks.Get().(*[]byte)
	}
	for {
		buffer := *r.buffer
		n := int64(C.firn_log_read_chunk(r.log.h, C.uint64_t(r.next), in(buffer), size(buffer)))
		if n == int64(CodeTooLarge) {
			r.buffer = newBuffer(int(binary.LittleEndian.Uint64(buffer))) // one record alone is larger than a chunk
			continue
		}
		if err := r.log.answered("read", n); err != nil {
			return false, err
		}
		r.chunk = buffer[:n]
		return n > 0, nil
	}
}

// each yields what has been fetched; false: the loop was left.
func (r *logReader) each(yield func(Record) bool) bool {
	for len(r.chunk) > 0 {
		end := recordHeader + int(binary.LittleEndian.Uint32(r.chunk[16:]))
		record := Record{
			Index: binary.LittleEndian.Uint64(r.chunk),
			Time:  time.UnixMilli(int64(binary.LittleEndian.Uint64(r.chunk[8:]))),
			Data:  r.chunk[recordHeader:end:end],
		}
		r.chunk = r.chunk[end:]
		r.next = record.Index + 1
		if !yield(record) {
			return false
		}
	}
	return true
}

// run yields records until wait says that there is nothing to wait for.
func (r *logReader) run(yield func(Record) bool, wait func(index uint64) (more bool, err error)) error {
	defer func() { putBuffer(r.buffer) }()
	for {
		filled, err := r.fill()
		if err == nil && !filled {
			filled, err = wait(r.next)
			if err == nil && filled {
				continue
			}
		}
		if err != nil || !filled || !r.each(yield) {
			return err
		}
	}
}

// Records gives the records from an index on to the end of the log for a range loop. After the loop the function tells the error that ended it: ErrNotFound
// when the records were removed at the front, also meanwhile.
func (l *Log) Records(from uint64) (records iter.Seq[Record], failure func() error) {
	var failed error
	return func(yield func(Record) bool) {
		r := logReader{log: l, next: from}
		failed = r.run(yield, func(uint64) (bool, error) { return false, nil })
	}, func() error { return failed }
}

// How often a read-only log looks for what its writer, in another process, has appended.
const tailPoll = 10 * time.Millisecond

// Tail is Records that does not end: at the end of the log it waits for more, until ctx is done, whose error the function then tells, or the log is closed.
func (l *Log) Tail(ctx context.Context, from uint64) (records iter.Seq[Record], failure func() error) {
	var failed error
	return func(yield func(Record) bool) {
		r := logReader{log: l, next: from}
		failed = r.run(func(record Record) bool { return ctx.Err() == nil && yield(record) }, func(index uint64) (bool, error) {
			err := l.Wait(ctx, index)
			if errors.Is(err, ErrUnsupported) {
				err = l.poll(ctx)
			}
			return err == nil, err
		})
		if failed == nil {
			failed = ctx.Err()
		}
	}, func() error { return failed }
}

// poll lets a little time go by and looks for what the writer has made.
func (l *Log) poll(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(tailPoll):
		return l.Refresh()
	}
}
