package firn

/*
#include "firn_go.h"
#cgo noescape firn_put
#cgo nocallback firn_put
#cgo noescape firn_get
#cgo nocallback firn_get
#cgo noescape firn_get_entry
#cgo nocallback firn_get_entry
#cgo noescape firn_delete
#cgo nocallback firn_delete
#cgo noescape firn_exists
#cgo nocallback firn_exists
#cgo noescape firn_go_view
#cgo nocallback firn_go_view
#cgo noescape firn_go_unpin
#cgo nocallback firn_go_unpin
*/
import "C"

import (
	"runtime"
	"slices"
	"sync"
	"time"
	"unsafe"
)

// Limits of the engine. A key has at least one byte.
const (
	MaxKeyLen   = 65535   // bytes
	MaxValueLen = 1 << 30 // bytes
)

// A Keyspace is one namespace of a database: what keys and values can be asked there. DB has one for the default namespace, Namespace for a named
// one. Its methods may be called from any goroutine. Keys and values that are passed in are copied before a call returns. A nil and an empty value are
// the same; an empty key is ErrInvalid.
type Keyspace struct {
	h  *C.firn_db
	ns C.uint32_t
	db *DB // that it belongs to: kept from being collected
}

// An Entry is what the engine knows about a value.
type Entry struct {
	Version uint64    // of the commit that wrote it; in a transaction 0 for an own write
	Expiry  time.Time // zero: never
}

// in passes bytes to C for the time of one call.
func in(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }

func size(b []byte) C.size_t { return C.size_t(len(b)) }

// Put stores value under key, replacing what was there, and its time to live.
func (k *Keyspace) Put(key, value []byte) error {
	if k.db.syncsEveryWrite() {
		_, err := k.PutWith(key, value, PutOptions{})
		return err
	}
	code := C.firn_put(k.h, k.ns, in(key), size(key), in(value), size(value))
	runtime.KeepAlive(k)
	if code != 0 {
		return k.failure("put", int64(code))
	}
	return nil
}

// Get returns a copy of the value, or ErrNotFound. An empty value is not nil.
func (k *Keyspace) Get(key []byte) ([]byte, error) {
	var buffer [256]byte
	n := int64(C.firn_get(k.h, k.ns, in(key), size(key), in(buffer[:]), C.size_t(len(buffer))))
	runtime.KeepAlive(k)
	if n < 0 {
		return nil, k.failure("get", n)
	}
	value := make([]byte, n)
	if int(n) <= len(buffer) {
		copy(value, buffer[:])
		return value, nil
	}
	return k.GetAppend(value[:0], key)
}

// GetAppend appends the value to dst and returns the longer slice. On failure, ErrNotFound included, it returns dst as it was. It does not allocate when
// dst has room.
func (k *Keyspace) GetAppend(dst, key []byte) ([]byte, error) {
	for {
		room := dst[len(dst):cap(dst)]
		n := int64(C.firn_get(k.h, k.ns, in(key), size(key), in(room), size(room)))
		runtime.KeepAlive(k)
		if n < 0 {
			return dst, k.failure("get", n)
		}
		if int(n) <= len(room) {
			return dst[:len(dst)+int(n)], nil
		}
		dst = slices.Grow(dst, int(n))
	}
}

// GetEntry is GetAppend, and tells the version and the expiry of the value too.
func (k *Keyspace) GetEntry(dst, key []byte) ([]byte, Entry, error) {
	for {
		room := dst[len(dst):cap(dst)]
		entry := C.firn_entry{struct_size: C.sizeof_firn_entry}
		n := int64(C.firn_get_entry(k.h, k.ns, in(key), size(key), in(room), size(room), &entry))
		runtime.KeepAlive(k)
		if n < 0 {
			return dst, Entry{}, k.failure("get", n)
		}
		if int(n) <= len(room) {
			return dst[:len(dst)+int(n)], newEntry(uint64(entry.version), int64(entry.expiry_ms)), nil
		}
		dst = slices.Grow(dst, int(n))
	}
}

func newEntry(version uint64, expiryMs int64) Entry {
	entry := Entry{Version: version}
	if expiryMs != 0 {
		entry.Expiry = time.UnixMilli(expiryMs)
	}
	return entry
}

// Values up to here View copies.
const viewCopyBytes = 1 << 10

var viewBuffers = sync.Pool{New: func() any { return new([viewCopyBytes]byte) }}

// View calls read with the value and returns what read returns, or ErrNotFound. A value of more than 1 KiB is shown in place; a shorter one in memory of the binding, which
// costs less. The bytes must not be changed, nor used after read has returned. They stay readable meanwhile even when the database is closed.
func (k *Keyspace) View(key []byte, read func(value []byte) error) error {
	buffer := viewBuffers.Get().(*[viewCopyBytes]byte)
	pinned := C.firn_go_view(k.h, k.ns, in(key), size(key), in(buffer[:]), viewCopyBytes)
	runtime.KeepAlive(k)
	if pinned.owner != 0 {
		viewBuffers.Put(buffer)
		defer C.firn_go_unpin(pinned)
		return read(pinnedBytes(pinned))
	}
	if pinned.code != 0 {
		viewBuffers.Put(buffer)
		return k.failure("view", int64(pinned.code))
	}
	err := read(buffer[:pinned.len:pinned.len])
	viewBuffers.Put(buffer)
	return err
}

// pinnedBytes gives the bytes of a pin, which are not nil.
func pinnedBytes(pinned C.firn_go_pinned) []byte {
	if pinned.len == 0 {
		return []byte{}
	}
	return unsafe.Slice((*byte)(pinned.data), int(pinned.len))
}

// Has tells whether key is there.
func (k *Keyspace) Has(key []byte) (bool, error) {
	code := C.firn_exists(k.h, k.ns, in(key), size(key))
	runtime.KeepAlive(k)
	if code < 0 {
		return false, k.failure("has", int64(code))
	}
	return code == 1, nil
}

// Delete removes key. That it was absent is no error.
func (k *Keyspace) Delete(key []byte) error {
	if k.db.syncsEveryWrite() {
		return k.deleteSynced(key)
	}
	code := C.firn_delete(k.h, k.ns, in(key), size(key))
	runtime.KeepAlive(k)
	if code != 0 {
		return k.failure("delete", int64(code))
	}
	return nil
}

// deleteSynced is Delete by the call that takes flags.
func (k *Keyspace) deleteSynced(key []byte) error {
	b := newOperation(C.FIRN_OP_DELETE, k.ns, 0, key, nil)
	defer b.release()
	if b.err != nil {
		return b.err
	}
	if n := k.db.write(b, 0); n < 0 {
		return k.failure("delete", n)
	}
	return nil
}
