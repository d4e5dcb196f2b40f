package firn

/*
#include "firn_go.h"
#cgo noescape firn_go_scan
#cgo nocallback firn_go_scan
#cgo noescape firn_go_scan_first
#cgo nocallback firn_go_scan_first
*/
import "C"

import (
	"encoding/binary"
	"iter"
	"runtime"
)

// ScanOptions say which entries a scan gives. The zero value: all of the namespace, in key order, which is the order of bytes.
type ScanOptions struct {
	Lower    []byte // the first key; nil: from the beginning
	Upper    []byte // the scan ends before it; nil: to the end
	Prefix   []byte // only keys that begin so; together with bounds: both hold
	Glob     []byte // only keys that match: '*' any bytes, '?' one byte, '[a-z]', '\' escapes; nil: all
	Limit    uint64 // at most so many entries; 0: no limit
	Reverse  bool   // from the last key to the first
	KeysOnly bool   // values come as empty
	Entries  bool   // Iterator.Entry tells versions and expiries

	// ReadAhead matters in transactions that write. Without, entries are fetched one by one, so that only those that were shown count as read. With it they are
	// fetched in chunks, as in all other scans, which is faster; those that were fetched and not shown count as read too.
	ReadAhead bool
}

func (o *ScanOptions) flags() C.uint32_t {
	return flag(o.Reverse, C.FIRN_SCAN_REVERSE) | flag(o.KeysOnly, C.FIRN_SCAN_KEYS_ONLY) | flag(o.Entries, C.FIRN_SCAN_ENTRIES)
}

// open opens the C iterator; txn may be nil. The caller closes it.
func (it *Iterator) open(db *DB, txn *txnState, ns C.uint32_t, o *ScanOptions) error {
	if db == nil {
		return ErrClosed
	}
	e := newCError()
	h := C.firn_go_scan(db.h, txn.enter(), ns, o.flags(), C.uint64_t(o.Limit), in(o.Lower), size(o.Lower), in(o.Upper), size(o.Upper),
		in(o.Prefix), size(o.Prefix), in(o.Glob), size(o.Glob), &e)
	txn.leave()
	runtime.KeepAlive(db)
	runtime.KeepAlive(txn)
	if h == nil {
		return detailedError("scan", &e)
	}
	it.h, it.db, it.txn, it.entries = h, db, txn, o.Entries
	it.single = txn != nil && !txn.readOnly && !o.ReadAhead
	return nil
}

// openFilled is open, with the first chunk in the same crossing. When that chunk is all there is, the C iterator is closed already.
func (it *Iterator) openFilled(db *DB, txn *txnState, ns C.uint32_t, o *ScanOptions) error {
	if db == nil {
		return ErrClosed
	}
	e := newCError()
	it.db, it.txn, it.entries = db, txn, o.Entries
	it.grow()
	buffer := *it.buffer
	begun := C.firn_go_scan_first(db.h, txn.enter(), ns, o.flags(), C.uint64_t(o.Limit), in(o.Lower), size(o.Lower), in(o.Upper), size(o.Upper),
		in(o.Prefix), size(o.Prefix), in(o.Glob), size(o.Glob), in(buffer), size(buffer), &e)
	txn.leave()
	runtime.KeepAlive(db)
	runtime.KeepAlive(txn)
	if begun.iter == nil {
		putBuffer(it.buffer)
		return detailedError("scan", &e)
	}
	it.h = begun.iter
	it.chunk = buffer[:max(begun.first.filled, 0)] // a code is met again by the next fill
	it.all = begun.first.is_all != 0
	return nil
}

// newIterator is open for callers who may forget to close.
func newIterator(db *DB, txn *txnState, ns C.uint32_t, options *ScanOptions) (*Iterator, error) {
	it := new(Iterator)
	if err := it.open(db, txn, ns, options); err != nil {
		return nil, err
	}
	h := it.h
	closeForgotten := func() { C.firn_iter_close(h) }
	if txn != nil {
		orphans := txn.orphans
		closeForgotten = func() { orphans.take(h) }
	}
	it.watch.report = db.watch.report
	it.watch.begin(it, "iterator", 3, closeForgotten)
	return it, nil
}

// NewIterator opens a scan in classic form: Next until it says false, then Err; Close it in the end.
func (k *Keyspace) NewIterator(options ScanOptions) (*Iterator, error) {
	return newIterator(k.db, nil, k.ns, &options)
}

// Scan gives the entries for a range loop; each loop is a scan of its own, over the database as it is when the loop begins. Key and value are good until the
// next step of the loop and must not be changed. After the loop the function tells the error that ended it, nil when it came to its end or was left.
//
//	entries, failure := db.Scan(firn.ScanOptions{Prefix: []byte("user/")})
//	for key, value := range entries {
//		...
//	}
//	if err := failure(); err != nil {
//		return err
//	}
func (k *Keyspace) Scan(options ScanOptions) (entries iter.Seq2[[]byte, []byte], failure func() error) {
	return scan(k.db, nil, k.ns, options)
}

func scan(db *DB, txn *txnState, ns C.uint32_t, options ScanOptions) (iter.Seq2[[]byte, []byte], func() error) {
	options.Entries = false // a range loop has no place for them
	var failed error
	return func(yield func(key, value []byte) bool) {
		var it Iterator
		if txn != nil && !txn.readOnly && !options.ReadAhead {
			failed = it.open(db, txn, ns, &options) // entry by entry
		} else {
			failed = it.openFilled(db, txn, ns, &options)
		}
		if failed != nil {
			return
		}
		defer it.Close()
		for len(it.chunk) > 0 || it.inChunks() && it.fill() {
			if !eachEntry(it.chunk, yield) {
				return
			}
			it.chunk = nil
		}
		if !it.inChunks() && !it.all && !it.eachInPlace(yield) {
			return
		}
		failed = it.err
	}, func() error { return failed }
}

// inChunks tells whether entries have to be copied, as they are in a transaction that writes: what it has written may change while it is shown.
func (it *Iterator) inChunks() bool { return it.txn != nil && !it.txn.readOnly }

// eachEntry yields the entries of a chunk that has only keys and values; false: the loop was left.
func eachEntry(chunk []byte, yield func(key, value []byte) bool) bool {
	for len(chunk) > 0 {
		lengths := binary.LittleEndian.Uint64(chunk)
		keyEnd := 8 + int(uint32(lengths))
		end := keyEnd + int(lengths>>32)
		if !yield(chunk[8:keyEnd:keyEnd], chunk[keyEnd:end:end]) {
			return false
		}
		chunk = chunk[end:]
	}
	return true
}
