package firn

/*
#include "firn_go.h"
#cgo noescape firn_write
#cgo nocallback firn_write
*/
import "C"

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

// A Batch gathers operations in memory of Go; Write applies them all in one commit and one call, or none. Each operation finds what those before it in the
// batch have done. The zero value is an empty batch. One goroutine at a time. Keys and values are copied when they are added.
type Batch struct {
	buf   []byte
	count int
	db    *DB // whose namespaces the operations speak of; nil: of none
	err   error
}

const opHeader = 24 // bytes: op, namespace, length of key, of value, time to live

// Len is the number of operations.
func (b *Batch) Len() int { return b.count }

// Bytes is the size of the batch, as it is passed to the engine.
func (b *Batch) Bytes() int { return len(b.buf) }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() { *b = Batch{buf: b.buf[:0]} }

// Put stores value under key, in the default namespace as all methods of Batch do: see In.
func (b *Batch) Put(key, value []byte) { b.add(C.FIRN_OP_PUT, 0, 0, key, value) }

// PutTTL is Put with a time to live; <= 0 means that the value never expires.
func (b *Batch) PutTTL(key, value []byte, ttl time.Duration) {
	b.add(C.FIRN_OP_PUT, 0, milliseconds(ttl), key, value)
}

// PutKeepTTL is Put that leaves the time to live of the present entry.
func (b *Batch) PutKeepTTL(key, value []byte) { b.add(C.FIRN_OP_PUT_KEEP_TTL, 0, 0, key, value) }

// Delete removes key.
func (b *Batch) Delete(key []byte) { b.add(C.FIRN_OP_DELETE, 0, 0, key, nil) }

// DeleteRange removes all keys from lower to below upper, at most 1,000,000; an empty upper means to the end of the namespace.
func (b *Batch) DeleteRange(lower, upper []byte) { b.add(C.FIRN_OP_DELETE_RANGE, 0, 0, lower, upper) }

// Add adds delta to a counter: see Keyspace.Add.
func (b *Batch) Add(key []byte, delta int64) {
	sum := counter(delta)
	b.add(C.FIRN_OP_ADD, 0, 0, key, sum[:])
}

// ExpectVersion makes Write fail with ErrConflict unless key has this version before the batch; 0 means that it is absent.
func (b *Batch) ExpectVersion(key []byte, version uint64) {
	b.add(C.FIRN_OP_EXPECT_VERSION, 0, int64(version), key, nil)
}

// In gives the same operations on a namespace. The batch is then for the database of that namespace: with another one, or with namespaces of two, it is ErrInvalid.
func (b *Batch) In(ns *Namespace) BatchIn { return BatchIn{b: b, ns: ns} }

// A BatchIn adds operations on one namespace to a batch.
type BatchIn struct {
	b  *Batch
	ns *Namespace
}

// Put is Batch.Put in the namespace.
func (b BatchIn) Put(key, value []byte) { b.add(C.FIRN_OP_PUT, 0, key, value) }

// PutTTL is Batch.PutTTL in the namespace.
func (b BatchIn) PutTTL(key, value []byte, ttl time.Duration) {
	b.add(C.FIRN_OP_PUT, milliseconds(ttl), key, value)
}

// PutKeepTTL is Batch.PutKeepTTL in the namespace.
func (b BatchIn) PutKeepTTL(key, value []byte) {
	b.add(C.FIRN_OP_PUT_KEEP_TTL, 0, key, value)
}

// Delete is Batch.Delete in the namespace.
func (b BatchIn) Delete(key []byte) { b.add(C.FIRN_OP_DELETE, 0, key, nil) }

// DeleteRange is Batch.DeleteRange in the namespace.
func (b BatchIn) DeleteRange(lower, upper []byte) {
	b.add(C.FIRN_OP_DELETE_RANGE, 0, lower, upper)
}

// Add is Batch.Add in the namespace.
func (b BatchIn) Add(key []byte, delta int64) {
	sum := counter(delta)
	b.add(C.FIRN_OP_ADD, 0, key, sum[:])
}

// ExpectVersion is Batch.ExpectVersion in the namespace.
func (b BatchIn) ExpectVersion(key []byte, version uint64) {
	b.add(C.FIRN_OP_EXPECT_VERSION, int64(version), key, nil)
}

// add is Batch.add in the namespace.
func (b BatchIn) add(op uint32, ttlMs int64, key, value []byte) {
	b.b.err = ofOneDatabase(&b.b.db, b.ns, b.b.err)
	if b.b.err == nil {
		b.b.add(op, uint32(b.ns.ns), ttlMs, key, value)
	}
}

// counter is a number as the engine keeps it.
func counter(n int64) (value [8]byte) {
	binary.LittleEndian.PutUint64(value[:], uint64(n))
	return value
}

func (b *Batch) add(op, ns uint32, ttlMs int64, key, value []byte) {
	if len(key) > MaxKeyLen || len(value) > MaxValueLen {
		b.err = ErrTooLarge // said when the batch is written; the lengths would not fit their fields
		return
	}
	begin := len(b.buf)
	end := begin + opHeader + len(key) + len(value)
	if end > cap(b.buf) {
		b.buf = slices.Grow(b.buf, end-begin)
	}
	b.buf = b.buf[:end]
	b.count++
	operation := b.buf[begin:end:end]
	header := (*[opHeader]byte)(operation)
	binary.LittleEndian.PutUint64(header[0:], uint64(op)|uint64(ns)<<32)
	binary.LittleEndian.PutUint64(header[8:], uint64(len(key))|uint64(len(value))<<32)
	binary.LittleEndian.PutUint64(header[16:], uint64(ttlMs))
	copy(operation[opHeader:], key)
	copy(operation[opHeader+len(key):], value)
}

// WriteOptions of WriteWith and Txn.CommitWith. The zero value is a plain write.
type WriteOptions struct {
	Sync    bool // durable when the call returns, whatever the durability of the database
	NoBlock bool // ErrWouldBlock, and nothing has happened, instead of waiting for room in memory
}

func (o WriteOptions) flags() C.uint32_t {
	return flag(o.Sync, C.FIRN_SYNC) | flag(o.NoBlock, C.FIRN_NO_BLOCK)
}

// fits tells why the batch cannot be written to db.
func (b *Batch) fits(db *DB) error {
	if b == nil {
		return ErrInvalid
	}
	return fits(b.db, db, b.err)
}

// fits is for what was filled with keys of namespaces of `of` (nil: of none), with what went wrong there, and is now to be used with db.
func fits(of, db *DB, err error) error {
	if err == nil && of != nil && of != db {
		return ErrInvalid
	}
	return err
}

// Write applies a batch as one commit and returns its version: all of it is visible, and survives, or nothing.
func (db *DB) Write(b *Batch) (version uint64, err error) { return db.WriteWith(b, WriteOptions{}) }

// WriteWith is Write with more durability, or without waiting.
func (db *DB) WriteWith(b *Batch, options WriteOptions) (version uint64, err error) {
	if err := b.fits(db); err != nil {
		return 0, err
	}
	n := db.write(b, options.flags())
	if n < 0 {
		return 0, db.failure("write", n)
	}
	return uint64(n), nil
}

// write applies a batch as one commit and returns its version, or a code.
func (db *DB) write(b *Batch, flags C.uint32_t) int64 {
	waits := forNothing
	if b.count > 0 {
		flags, waits = db.beginWrite(flags)
	}
	n := int64(C.firn_write(db.h, in(b.buf), size(b.buf), flags))
	return db.endWrite(waits, n)
}

// operations are batches of one operation, used again.
var operations = sync.Pool{New: func() any { return new(Batch) }}

// newOperation gives a batch of one operation, to be released.
func newOperation(kind uint32, ns C.uint32_t, ttlMs int64, key, value []byte) *Batch {
	b := operations.Get().(*Batch)
	b.Reset()
	b.add(kind, uint32(ns), ttlMs, key, value)
	return b
}

func (b *Batch) release() {
	if cap(b.buf) <= keptLookupBytes {
		operations.Put(b)
	}
}
