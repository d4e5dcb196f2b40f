package firn

/*
#include "firn_go.h"
#cgo noescape firn_iter_chunk
#cgo nocallback firn_iter_chunk
#cgo noescape firn_go_iter_one
#cgo nocallback firn_go_iter_one
#cgo noescape firn_go_iter_entries
#cgo nocallback firn_go_iter_entries
#cgo noescape firn_iter_seek
#cgo nocallback firn_iter_seek
#cgo nocallback firn_iter_close
*/
import "C"

import (
	"encoding/binary"
	"iter"
	"runtime"
	"sync"
	"unsafe"
)

// An Iterator walks over entries as they were when it was made, or as its transaction sees them. One goroutine at a time. Close it: until then the
// files of its snapshot stay.
type Iterator struct {
	h       *C.firn_iter
	db      *DB
	txn     *txnState // nil: outside of transactions
	buffer  *[]byte   // where chunks come to
	chunk   []byte    // entries, in buffer
	next    int       // where in the chunk the next entry begins
	key     int       // the present entry: where its key begins,
	value   int       // its value,
	end     int       // and where that ends; 0: there is no present entry
	entry   Entry
	entries bool
	single  bool // fetch one entry at a time
	all     bool // the chunk was the last one, and the C iterator is closed
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

// Next goes to the next entry, at first to the first one, and tells whether there is one.
func (it *Iterator) Next() bool {
	if it.next == len(it.chunk) && !it.fill() {
		return false
	}
	begin := it.next
	header := it.chunk[begin:]
	lengths := binary.LittleEndian.Uint64(header)
	it.key = begin + 8
	if it.entries {
		it.entry = newEntry(binary.LittleEndian.Uint64(header[8:]), int64(binary.LittleEndian.Uint64(header[16:])))
		it.key = begin + 24
	}
	it.value = it.key + int(uint32(lengths))
	it.end = it.value + int(lengths>>32)
	it.next = it.end
	return true
}

// fill fetches the next chunk.
func (it *Iterator) fill() bool {
	it.forget()
	if (it.closed || it.h == nil) && it.err == nil {
		it.err = ErrClosed
	}
	if it.err != nil || it.all {
		return false
	}
	it.grow()
	for {
		buffer := *it.buffer
		n := it.fetch(buffer)
		switch {
		case n > 0:
			it.chunk = buffer[:n]
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

// forget leaves the chunk: there is no present entry.
func (it *Iterator) forget() {
	it.chunk, it.next, it.key, it.value, it.end, it.entry = nil, 0, 0, 0, 0, Entry{}
}

// fetch is firn_iter_chunk, or that for one entry.
func (it *Iterator) fetch(buffer []byte) int64 {
	defer runtime.KeepAlive(it)
	it.txn.enter()
	defer it.txn.leave()
	if it.single {
		return int64(C.firn_go_iter_one(it.h, in(buffer), size(buffer)))
	}
	return int64(C.firn_iter_chunk(it.h, in(buffer), size(buffer)))
}

// How many entries a scan asks for in one crossing when it shows them in place.
const placesCount = 256

// An enginePlace says where in the engine's memory the key and the value of an entry are.
type enginePlace = C.firn_go_entry

var places = sync.Pool{New: func() any { return new([placesCount]enginePlace) }}

// eachInPlace yields what is left of the iteration, without a copy: the engine keeps the memory as it is until the next call on the iterator, also when the database is closed
// meanwhile. Not in a transaction that writes: what it has written may change. false: the loop was left.
func (it *Iterator) eachInPlace(yield func(key, value []byte) bool) bool {
	batch := places.Get().(*[placesCount]enginePlace)
	defer places.Put(batch)
	for {
		it.txn.enter()
		n := int64(C.firn_go_iter_entries(it.h, &batch[0], placesCount))
		it.txn.leave()
		if n < 0 {
			it.err = it.db.failure("scan", n)
		}
		if n <= 0 {
			return true
		}
		if !eachPlace(batch[:n], yield) {
			return false
		}
	}
}

func eachPlace(batch []enginePlace, yield func(key, value []byte) bool) bool {
	for i := range batch {
		entry := &batch[i]
		if !yield(inPlace(&entry.key, entry.key_len), inPlace(&entry.val, entry.val_len)) {
			return false
		}
	}
	return true
}

// inPlace gives memory of the engine, whose address is a number, as bytes, which are not nil.
func inPlace(address *C.uint64_t, length C.uint64_t) []byte {
	if length == 0 {
		return []byte{}
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(address)), int(length))
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
func (it *Iterator) Key() []byte {
	if it.end == 0 {
		return nil
	}
	return it.chunk[it.key:it.value:it.value]
}

// Value is the value of the present entry, under the same terms as Key.
func (it *Iterator) Value() []byte {
	if it.end == 0 {
		return nil
	}
	return it.chunk[it.value:it.end:it.end]
}

// Entry is the version and the expiry of the present entry, when ScanOptions.Entries was set.
func (it *Iterator) Entry() Entry { return it.entry }

// Err is the error that ended the iteration, nil when it came to its end. It stays.
func (it *Iterator) Err() error { return it.err }

// Seek moves the iterator so that Next goes to the first key >= key, in reverse to the last key <= key, within its bounds. The limit starts anew.
func (it *Iterator) Seek(key []byte) error {
	if it.closed || it.h == nil {
		return ErrClosed
	}
	it.txn.enter()
	code := C.firn_iter_seek(it.h, in(key), size(key))
	it.txn.leave()
	runtime.KeepAlive(it)
	it.forget()
	if code != 0 {
		return it.db.failure("seek", int64(code))
	}
	return nil
}

// All gives what is left of the iteration for a range loop, and leaves the iterator open. Look at Err after the loop.
func (it *Iterator) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for it.Next() && yield(it.Key(), it.Value()) {
		}
	}
}

// Close ends the iteration; key and value are no longer good. Closing again does nothing. It returns nil, so that it may be used as an io.Closer.
func (it *Iterator) Close() error {
	if it == nil || it.closed {
		return nil
	}
	it.closed = true
	it.watch.end()
	if !it.all {
		it.txn.enter()
		C.firn_iter_close(it.h)
		it.txn.leave()
	}
	putBuffer(it.buffer)
	it.buffer = nil
	it.forget()
	return nil
}
