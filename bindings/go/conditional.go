package firn

/*
#include "firn_go.h"
#cgo noescape firn_go_put_ex
#cgo nocallback firn_go_put_ex
#cgo noescape firn_compare_swap
#cgo nocallback firn_compare_swap
#cgo noescape firn_swap
#cgo nocallback firn_swap
#cgo noescape firn_add
#cgo nocallback firn_add
#cgo noescape firn_expire
#cgo nocallback firn_expire
#cgo noescape firn_persist
#cgo nocallback firn_persist
#cgo noescape firn_ttl
#cgo nocallback firn_ttl
#cgo noescape firn_delete_range
#cgo nocallback firn_delete_range
*/
import "C"

import (
	"math"
	"runtime"
	"time"
)

// A Condition of a put.
type Condition uint32

// The conditions of a put. A key whose time to live has run out is absent.
const (
	Always    Condition = 0                 // no condition
	IfAbsent  Condition = C.FIRN_IF_ABSENT  // else ErrExists
	IfPresent Condition = C.FIRN_IF_PRESENT // else ErrNotFound
	IfVersion Condition = C.FIRN_IF_VERSION // the version is PutOptions.Version, else ErrConflict; version 0: the key is absent now
)

// PutOptions of PutWith. The zero value is a plain put.
type PutOptions struct {
	TTL     time.Duration // <= 0: never expires. Counts in milliseconds, rounded up
	If      Condition     // what must hold, else nothing is written
	Version uint64        // for IfVersion
	KeepTTL bool          // the expiry of the present entry stays; TTL must be 0
	Sync    bool          // durable when PutWith returns, whatever the durability of the database
	NoBlock bool          // ErrWouldBlock instead of waiting for room in memory
}

func flag(set bool, bit C.uint32_t) C.uint32_t {
	if set {
		return bit
	}
	return 0
}

// PutWith is Put with a time to live, a condition or more durability. It returns the version of the commit. Versions are never used twice.
func (k *Keyspace) PutWith(key, value []byte, options PutOptions) (version uint64, err error) {
	flags := C.uint32_t(options.If) | flag(options.KeepTTL, C.FIRN_KEEP_TTL) | flag(options.Sync, C.FIRN_SYNC) | flag(options.NoBlock, C.FIRN_NO_BLOCK)
	flags, waits := k.db.beginWrite(flags)
	n := int64(C.firn_go_put_ex(k.h, k.ns, in(key), size(key), in(value), size(value), flags, C.uint64_t(options.Version),
		C.int64_t(milliseconds(options.TTL))))
	n = k.db.endWrite(waits, n)
	runtime.KeepAlive(k)
	if n < 0 {
		return 0, k.failure("put", n)
	}
	return uint64(n), nil
}

// CompareAndSwap replaces the value if it is old now, and tells whether it did. An absent key is never swapped. ttl becomes the time to live; <= 0
// means that the value never expires.
func (k *Keyspace) CompareAndSwap(key, old, new []byte, ttl time.Duration) (swapped bool, err error) {
	code := C.firn_compare_swap(k.h, k.ns, in(key), size(key), in(old), size(old), in(new), size(new), C.int64_t(milliseconds(ttl)))
	runtime.KeepAlive(k)
	if code < 0 {
		return false, k.failure("compare and swap", int64(code))
	}
	return code == 1, nil
}

// Swap stores value and returns what was there, and whether anything was. The time to live stays.
func (k *Keyspace) Swap(key, value []byte) (old []byte, loaded bool, err error) {
	buffer := make([]byte, 256)
	for {
		n := int64(C.firn_swap(k.h, k.ns, in(key), size(key), in(value), size(value), in(buffer), size(buffer)))
		runtime.KeepAlive(k)
		switch {
		case n == int64(CodeNotFound):
			return nil, false, nil
		case n < 0:
			return nil, false, k.failure("swap", n)
		case int(n) <= len(buffer):
			return buffer[:n:n], true, nil
		}
		buffer = make([]byte, n) // too small: nothing has changed
	}
}

// Add adds delta to a counter, an int64 in 8 bytes little-endian, and returns its new value. A missing key counts as 0; the time to live stays. A
// value that is not 8 bytes long is ErrTypeMismatch, a sum that leaves the range ErrOverflow.
func (k *Keyspace) Add(key []byte, delta int64) (int64, error) {
	sum := C.firn_add(k.h, k.ns, in(key), size(key), C.int64_t(delta))
	runtime.KeepAlive(k)
	if sum.status != 0 {
		return 0, k.failure("add", int64(sum.status))
	}
	return int64(sum.value), nil
}

// Expire gives a key that is there a time to live, which must be positive, else ErrInvalid. ErrNotFound when the key is absent.
func (k *Keyspace) Expire(key []byte, ttl time.Duration) error {
	code := C.firn_expire(k.h, k.ns, in(key), size(key), C.int64_t(milliseconds(ttl)))
	runtime.KeepAlive(k)
	if code != 0 {
		return k.failure("expire", int64(code))
	}
	return nil
}

// Persist takes the time to live away from a key. ErrNotFound when the key is absent.
func (k *Keyspace) Persist(key []byte) error {
	code := C.firn_persist(k.h, k.ns, in(key), size(key))
	runtime.KeepAlive(k)
	if code != 0 {
		return k.failure("persist", int64(code))
	}
	return nil
}

// NoExpiry is the time to live of a key that never expires.
const NoExpiry time.Duration = -1

const maxTTLMs = math.MaxInt64 / int64(time.Millisecond) // the longest time that a Duration tells, 292 years; those of other languages may be longer

// TTL is the time that is left to a key, NoExpiry when it never expires. ErrNotFound when the key is absent.
func (k *Keyspace) TTL(key []byte) (time.Duration, error) {
	n := int64(C.firn_ttl(k.h, k.ns, in(key), size(key)))
	runtime.KeepAlive(k)
	if n == int64(CodeNoExpiry) {
		return NoExpiry, nil
	}
	if n < 0 {
		return 0, k.failure("ttl", n)
	}
	return time.Duration(min(n, maxTTLMs)) * time.Millisecond, nil
}

// DeleteRange deletes all keys from lower to below upper as one commit and returns how many there were; nil is an open bound. When there are more than
// limit (0: 1,000,000) it fails with ErrTooLarge and nothing has changed. Namespace.Clear empties a namespace at once.
func (k *Keyspace) DeleteRange(lower, upper []byte, limit uint64) (deleted uint64, err error) {
	n := int64(C.firn_delete_range(k.h, k.ns, in(lower), size(lower), in(upper), size(upper), C.uint64_t(limit)))
	runtime.KeepAlive(k)
	if n < 0 {
		return 0, k.failure("delete range", n)
	}
	return uint64(n), nil
}
