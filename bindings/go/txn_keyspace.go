package firn

/*
#include "firn_go.h"
#cgo nocallback firn_txn_version
*/
import "C"

import (
	"iter"
	"runtime"
	"slices"
	"time"
)

// A TxnReader reads one namespace as a transaction or a snapshot sees it: of a snapshot from any goroutine, of a transaction one goroutine at a time.
type TxnReader struct {
	txn *txnState
	ns  C.uint32_t
}

// A TxnKeyspace reads and writes one namespace in a transaction. Writes stay in memory until the commit. One goroutine at a time.
type TxnKeyspace struct {
	TxnReader
}

// ended turns the answer of a call into an error, and keeps the transaction from being collected during the call.
func (r *TxnReader) ended(op string, code int64) error {
	runtime.KeepAlive(r.txn)
	if code < 0 {
		return r.txn.failure(op, code)
	}
	return nil
}

// Get returns a copy of the value, or ErrNotFound. An empty value is not nil.
func (r TxnReader) Get(key []byte) ([]byte, error) {
	var buffer [256]byte
	n := int64(C.firn_txn_get(r.txn.enter(), r.ns, in(key), size(key), in(buffer[:]), C.size_t(len(buffer))))
	r.txn.leave()
	if err := r.ended("get", n); err != nil {
		return nil, err
	}
	value := make([]byte, n)
	if int(n) <= len(buffer) {
		copy(value, buffer[:])
		return value, nil
	}
	return r.GetAppend(value[:0], key)
}

// GetAppend appends the value to dst: see Keyspace.GetAppend.
func (r TxnReader) GetAppend(dst, key []byte) ([]byte, error) {
	for {
		room := dst[len(dst):cap(dst)]
		n := int64(C.firn_txn_get(r.txn.enter(), r.ns, in(key), size(key), in(room), size(room)))
		r.txn.leave()
		if err := r.ended("get", n); err != nil {
			return dst, err
		}
		if int(n) <= len(room) {
			return dst[:len(dst)+int(n)], nil
		}
		dst = slices.Grow(dst, int(n))
	}
}

// GetEntry is GetAppend, and tells the version and the expiry of the value too.
func (r TxnReader) GetEntry(dst, key []byte) ([]byte, Entry, error) {
	for {
		room := dst[len(dst):cap(dst)]
		entry := C.firn_entry{struct_size: C.sizeof_firn_entry}
		n := int64(C.firn_txn_get_entry(r.txn.enter(), r.ns, in(key), size(key), in(room), size(room), &entry))
		r.txn.leave()
		if err := r.ended("get", n); err != nil {
			return dst, Entry{}, err
		}
		if int(n) <= len(room) {
			return dst[:len(dst)+int(n)], newEntry(uint64(entry.version), int64(entry.expiry_ms)), nil
		}
		dst = slices.Grow(dst, int(n))
	}
}

// View calls read with the value in place: see Keyspace.View.
func (r TxnReader) View(key []byte, read func(value []byte) error) error {
	pinned := C.firn_go_txn_pin(r.txn.enter(), r.ns, in(key), size(key))
	r.txn.leave()
	if err := r.ended("view", int64(pinned.code)); err != nil {
		return err
	}
	defer C.firn_go_unpin(pinned)
	return read(pinnedBytes(pinned))
}

// Has tells whether key is there.
func (r TxnReader) Has(key []byte) (bool, error) {
	code := C.firn_txn_exists(r.txn.enter(), r.ns, in(key), size(key))
	r.txn.leave()
	return code == 1, r.ended("has", int64(code))
}

// MultiGet looks up all keys in one call: see Keyspace.MultiGet.
func (r TxnReader) MultiGet(keys [][]byte) ([][]byte, error) {
	return multiGet(uint32(r.ns), keys, r.Lookup)
}

// Lookup answers all requests of l in one call: see DB.Lookup.
func (r TxnReader) Lookup(l *Lookup) error {
	return l.run(r.txn.database(), func() error {
		n := int64(C.firn_txn_multi_get(r.txn.enter(), in(l.keys), size(l.keys), in(l.answers), size(l.answers)))
		r.txn.leave()
		return l.answered(n, r.ended("lookup", n))
	})
}

// NewIterator opens a scan in classic form, with the own writes made before: see Keyspace.NewIterator.
func (r TxnReader) NewIterator(options ScanOptions) (*Iterator, error) {
	return newIterator(r.txn.database(), r.txn, r.ns, &options)
}

// Scan gives the entries for a range loop, with the own writes made before the loop: see Keyspace.Scan.
func (r TxnReader) Scan(options ScanOptions) (entries iter.Seq2[[]byte, []byte], failure func() error) {
	return scan(r.txn.database(), r.txn, r.ns, options)
}

// TTL is the time that is left to a key, NoExpiry when it never expires: see Keyspace.TTL. A transaction judges by the time at which it first met an expiry, so it may
// show a key of which nothing is left: 0.
func (r TxnReader) TTL(key []byte) (time.Duration, error) {
	entry := C.firn_entry{struct_size: C.sizeof_firn_entry}
	n := int64(C.firn_txn_get_entry(r.txn.enter(), r.ns, in(key), size(key), nil, 0, &entry))
	r.txn.leave()
	if err := r.ended("ttl", n); err != nil {
		return 0, err
	}
	if entry.expiry_ms == 0 {
		return NoExpiry, nil
	}
	left := max(int64(entry.expiry_ms)-time.Now().UnixMilli(), 0)
	return time.Duration(min(left, maxTTLMs)) * time.Millisecond, nil
}

// Version is the version of the last commit that the transaction or the snapshot sees; 0 when it is closed.
func (r TxnReader) Version() uint64 {
	version := uint64(C.firn_txn_version(r.txn.enter()))
	r.txn.leave()
	runtime.KeepAlive(r.txn)
	return version
}

// Put stores value under key.
func (k TxnKeyspace) Put(key, value []byte) error {
	code := C.firn_txn_put(k.txn.enterWriting(), k.ns, in(key), size(key), in(value), size(value))
	k.txn.leave()
	return k.ended("put", int64(code))
}

// Delete removes key. That it was absent is no error.
func (k TxnKeyspace) Delete(key []byte) error {
	code := C.firn_txn_delete(k.txn.enterWriting(), k.ns, in(key), size(key))
	k.txn.leave()
	return k.ended("delete", int64(code))
}

// Add adds delta to a counter, which is reading and writing it: see Keyspace.Add.
func (k TxnKeyspace) Add(key []byte, delta int64) (int64, error) {
	sum := C.firn_txn_add(k.txn.enterWriting(), k.ns, in(key), size(key), C.int64_t(delta))
	k.txn.leave()
	return int64(sum.value), k.ended("add", int64(sum.status))
}

// apply does one operation of those that batches have.
func (k TxnKeyspace) apply(op string, kind uint32, ttlMs int64, key, value []byte) error {
	b := newOperation(kind, k.ns, ttlMs, key, value)
	defer b.release()
	if b.err != nil {
		return b.err
	}
	n := int64(C.firn_txn_write(k.txn.enterWriting(), in(b.buf), size(b.buf)))
	k.txn.leave()
	return k.ended(op, n)
}

// PutTTL is Put with a time to live, which counts from now, not from the commit; <= 0 means that the value never expires.
func (k TxnKeyspace) PutTTL(key, value []byte, ttl time.Duration) error {
	return k.apply("put", C.FIRN_OP_PUT, milliseconds(ttl), key, value)
}

// PutKeepTTL is Put that leaves the time to live of the present entry, which is reading it.
func (k TxnKeyspace) PutKeepTTL(key, value []byte) error {
	return k.apply("put", C.FIRN_OP_PUT_KEEP_TTL, 0, key, value)
}

// Expire gives a key that is there a time to live, which must be positive, else ErrInvalid. ErrNotFound when the key is absent. It reads the value and writes it.
func (k TxnKeyspace) Expire(key []byte, ttl time.Duration) error {
	value, err := k.Get(key)
	if err == nil && ttl <= 0 {
		err = ErrInvalid
	}
	if err != nil {
		return err
	}
	return k.PutTTL(key, value, ttl)
}

// Persist takes the time to live away from a key. ErrNotFound when the key is absent. It reads the value and writes it.
func (k TxnKeyspace) Persist(key []byte) error {
	value, err := k.Get(key)
	if err != nil {
		return err
	}
	return k.PutTTL(key, value, 0)
}

// DeleteRange deletes all keys from lower to below upper, at most 1,000,000, else ErrTooLarge; nil is an open bound. The keys count as read.
func (k TxnKeyspace) DeleteRange(lower, upper []byte) error {
	if upper != nil && len(upper) == 0 { // no key lies before it; in a batch it would be an open bound
		lower, upper = []byte{0}, []byte{0}
	}
	return k.apply("delete range", C.FIRN_OP_DELETE_RANGE, 0, lower, upper)
}

// ExpectVersion fails with ErrConflict unless key has this version for the transaction; 0 means that it is absent. The key counts as read.
func (k TxnKeyspace) ExpectVersion(key []byte, version uint64) error {
	return k.apply("expect version", C.FIRN_OP_EXPECT_VERSION, int64(version), key, nil)
}
