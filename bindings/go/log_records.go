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
	"iter"
	"time"
)

// A Record of a log. Data is good until the next step of the loop, and not to be changed.
type Record struct {
	Index uint64    // by which Read finds it
	Time  time.Time // of the append; never falls
	Data  []byte    // the bytes that were appended
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

// run yields what more fetches, until it fetches nothing.
func (r *logReader) run(yield func(Record) bool, more func() (bool, error)) error {
	defer func() { putBuffer(r.buffer) }()
	for {
		filled, err := more()
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
		failed = r.run(yield, r.fill)
	}, func() error { return failed }
}

// Tail is Records that does not end: at the end of the log it waits for more, without holding a thread, until ctx is done, whose error the function then tells, or
// the log is closed. A read-only log is refreshed many times a second.
func (l *Log) Tail(ctx context.Context, from uint64) (records iter.Seq[Record], failure func() error) {
	var failed error
	return func(yield func(Record) bool) {
		r := logReader{log: l, next: from}
		failed = r.run(func(record Record) bool { return ctx.Err() == nil && yield(record) }, func() (bool, error) {
			if l.readOnly { // whoever writes, in another process, cannot wake it
				return true, poll(ctx, r.fill, l.Refresh)
			}
			return true, l.events.await(ctx, l.descriptor, r.fill)
		})
		if failed == nil {
			failed = ctx.Err()
		}
	}, func() error { return failed }
}
