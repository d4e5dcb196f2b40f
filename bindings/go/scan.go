package firn

/*
#include "firn_go.h"
#cgo noescape firn_go_scan
#cgo nocallback firn_go_scan
#cgo noescape firn_iter_chunk
#cgo nocallback firn_iter_chunk
#cgo noescape firn_go_iter_one
#cgo nocallback firn_go_iter_one
#cgo noescape firn_iter_seek
#cgo nocallback firn_iter_seek
*/
import "C"

import (
	"encoding/binary"
	"iter"
	"runtime"
	"sync"
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

// An Iterator walks over entries as they were when it was made, or as its transaction sees them. One goroutine at a time. Close it: until then the
// files of its snapshot stay.
type Iterator struct {
	h       *C.firn_iter
	db      *DB
	txn     *txnState // nil: outside of transactions
	buffer  *[]byte   // where chunks come to
	rest    []byte    // what is left of the chunk
	key     []byte
	value   []byte
	entry   Entry
	entries bool
	single  bool // fetch one entry at a time
	closed  bool
	err     error
	watch   watch
}

// The first chunk is small, for those who read a few entries only.
const (
	firstChunkBytes = 4 << 10
	chunkBytes      = 64 << 10
)

var (
	firstChunks = sync.Pool{New: func() any { return newBuffer(firstChunkBytes) }}
	chunks      = sync.Pool{New: func() any { return newBuffer(chunkBytes) }}
)

func newBuffer(bytes int) *[]byte {
	buffer := make([]byte, bytes)
	return &buffer
}

func putBuffer(buffer *[]byte) {
	switch {
	case buffer == nil:
	case len(*buffer) == firstChunkBytes:
		firstChunks.Put(buffer)
	case len(*buffer) == chunkBytes:
		chunks.Put(buffer)
	}
}

// openIterator opens the C iterator; txn may be nil. The caller closes it.
func openIterator(db *DB, txn *txnState, ns C.uint32_t, options *ScanOptions) (*Iterator, error) {
	flags := flag(options.Reverse, C.FIRN_SCAN_REVERSE) | flag(options.KeysOnly, C.FIRN_SCAN_KEYS_ONLY) | flag(options.Entries, C.FIRN_SCAN_ENTRIES)
	e := newCError()
	h := C.firn_go_scan(db.h, txn.handle(), ns, flags, C.uint64_t(options.Limit), in(options.Lower), size(options.Lower), in(options.Upper),
		size(options.Upper), in(options.Prefix), size(options.Prefix), in(options.Glob), size(options.Glob), &e)
	runtime.KeepAlive(db)
	runtime.KeepAlive(txn)
	if h == nil {
		return nil, detailedError("scan", &e)
	}
	return &Iterator{h: h, db: db, txn: txn, entries: options.Entries, single: txn != nil && !txn.readOnly && !options.ReadAhead}, nil
}

// newIterator is openIterator for callers who may forget to close.
func newIterator(db *DB, txn *txnState, ns C.uint32_t, options *ScanOptions) (*Iterator, error) {
	it, err := openIterator(db, txn, ns, options)
	if err != nil {
		return nil, err
	}
	h := it.h
	it.watch.report = db.watch.report
	it.watch.begin(it, "iterator", 3, func() { C.firn_iter_close(h) })
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
	var failed error
	return func(yield func(key, value []byte) bool) {
		it, err := openIterator(db, txn, ns, &options)
		failed = err
		if err != nil {
			return
		}
		defer it.Close()
		for it.Next() {
			if !yield(it.key, it.value) {
				return
			}
		}
		failed = it.err
	}, func() error { return failed }
}

// Next goes to the next entry, at first to the first one, and tells whether there is one.
func (it *Iterator) Next() bool {
	if len(it.rest) == 0 && !it.fill() {
		return false
	}
	header := 8
	if it.entries {
		header = 24
		it.entry = newEntry(binary.LittleEndian.Uint64(it.rest[8:]), int64(binary.LittleEndian.Uint64(it.rest[16:])))
	}
	keyEnd := header + int(binary.LittleEndian.Uint32(it.rest))
	valueEnd := keyEnd + int(binary.LittleEndian.Uint32(it.rest[4:]))
	it.key = it.rest[header:keyEnd:keyEnd]
	it.value = it.rest[keyEnd:valueEnd:valueEnd]
	it.rest = it.rest[valueEnd:]
	return true
}

// fill fetches the next chunk.
func (it *Iterator) fill() bool {
	it.key, it.value, it.entry = nil, nil, Entry{}
	if it.closed && it.err == nil {
		it.err = ErrClosed
	}
	if it.err != nil {
		return false
	}
	it.grow()
	for {
		buffer := *it.buffer
		n := it.fetch(buffer)
		switch {
		case n > 0:
			it.rest = buffer[:n]
			return true
		case n == 0: // the end, or what was beyond the limit: a seek may go on from here
			return false
		case n == int64(CodeTooLarge):
			it.buffer = newBuffer(int(binary.LittleEndian.Uint64(buffer))) // one entry alone is larger than a chunk
		default:
			it.err = it.db.failure("scan", n)
			return false
		}
	}
}

// fetch is firn_iter_chunk, or that for one entry.
func (it *Iterator) fetch(buffer []byte) int64 {
	defer runtime.KeepAlive(it)
	if it.single {
		return int64(C.firn_go_iter_one(it.h, in(buffer), size(buffer)))
	}
	return int64(C.firn_iter_chunk(it.h, in(buffer), size(buffer)))
}

// grow gives the iterator its first buffer, then the larger one.
func (it *Iterator) grow() {
	if it.buffer == nil {
		it.buffer = firstChunks.Get().(*[]byte)
	} else if len(*it.buffer) != chunkBytes && !it.single {
		putBuffer(it.buffer)
		it.buffer = chunks.Get().(*[]byte)
	}
}

// Key is the key of the present entry: good until the next call of Next, Seek or Close, not to be changed. nil when there is no entry.
func (it *Iterator) Key() []byte { return it.key }

// Value is the value of the present entry, under the same terms as Key.
func (it *Iterator) Value() []byte { return it.value }

// Entry is the version and the expiry of the present entry, when ScanOptions.Entries was set.
func (it *Iterator) Entry() Entry { return it.entry }

// Err is the error that ended the iteration, nil when it came to its end. It stays.
func (it *Iterator) Err() error { return it.err }

// Seek moves the iterator so that Next goes to the first key >= key, in reverse to the last key <= key, within its bounds. The limit starts anew.
func (it *Iterator) Seek(key []byte) error {
	if it.closed {
		return ErrClosed
	}
	code := C.firn_iter_seek(it.h, in(key), size(key))
	runtime.KeepAlive(it)
	it.key, it.value, it.rest, it.entry = nil, nil, nil, Entry{}
	if code != 0 {
		return it.db.failure("seek", int64(code))
	}
	return nil
}

// All gives what is left of the iteration for a range loop, and leaves the iterator open. Look at Err after the loop.
func (it *Iterator) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for it.Next() && yield(it.key, it.value) {
		}
	}
}

// Close ends the iteration; key and value are no longer good. Closing again does nothing. It returns nil, so that it may be used as an io.Closer.
func (it *Iterator) Close() error {
	if it.closed {
		return nil
	}
	it.closed = true
	it.watch.end()
	C.firn_iter_close(it.h)
	putBuffer(it.buffer)
	it.buffer, it.rest, it.key, it.value = nil, nil, nil, nil
	return nil
}
