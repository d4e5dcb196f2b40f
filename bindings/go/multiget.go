package firn

/*
#include "firn_go.h"
#cgo noescape firn_multi_get
#cgo nocallback firn_multi_get
*/
import "C"

import (
	"encoding/binary"
	"runtime"
	"sync"
)

// A lookup holds the packed keys and answers of one MultiGet; they are used again.
type lookup struct{ keys, answers []byte }

var lookups = sync.Pool{New: func() any { return &lookup{answers: make([]byte, 16<<10)} }}

const keptLookupBytes = 1 << 20 // larger buffers are left to the collector

func (l *lookup) putBack() {
	if cap(l.keys) <= keptLookupBytes && cap(l.answers) <= keptLookupBytes {
		lookups.Put(l)
	}
}

func (l *lookup) pack(ns uint32, keys [][]byte) error {
	l.keys = l.keys[:0]
	for _, key := range keys {
		if len(key) == 0 {
			return ErrInvalid
		}
		if len(key) > MaxKeyLen {
			return ErrTooLarge
		}
		l.keys = binary.LittleEndian.AppendUint32(l.keys, ns)
		l.keys = binary.LittleEndian.AppendUint32(l.keys, uint32(len(key)))
		l.keys = append(l.keys, key...)
	}
	return nil
}

// values copies the packed answers into one piece of memory. A missing key is nil.
func (l *lookup) values(n int, count int) ([][]byte, error) {
	found := make([][]byte, count)
	arena := make([]byte, 0, n-8*count)
	answers := l.answers[:n]
	for i := range found {
		length := int64(binary.LittleEndian.Uint64(answers))
		answers = answers[8:]
		if length == int64(CodeNotFound) {
			continue
		}
		if length < 0 {
			return nil, plainError(length)
		}
		begin := len(arena)
		arena = append(arena, answers[:length]...)
		answers = answers[length:]
		found[i] = arena[begin:len(arena):len(arena)]
	}
	return found, nil
}

// run packs the keys, asks get until the answers fit, and unpacks them.
func (l *lookup) run(ns uint32, keys [][]byte, get func(l *lookup) int64, fail func(op string, code int64) error) ([][]byte, error) {
	if err := l.pack(ns, keys); err != nil {
		return nil, err
	}
	for {
		n := get(l)
		if n < 0 {
			return nil, fail("multi-get", n)
		}
		if int(n) <= len(l.answers) {
			return l.values(int(n), len(keys))
		}
		l.answers = make([]byte, n+n/4)
	}
}

// MultiGet looks up all keys in one snapshot and one call. The values are in the order of the keys: nil for a key that is absent, empty but not nil for an
// empty value.
func (k *Keyspace) MultiGet(keys [][]byte) ([][]byte, error) {
	l := lookups.Get().(*lookup)
	defer l.putBack()
	return l.run(uint32(k.ns), keys, func(l *lookup) int64 {
		n := int64(C.firn_multi_get(k.h, in(l.keys), size(l.keys), in(l.answers), size(l.answers)))
		runtime.KeepAlive(k)
		return n
	}, k.failure)
}
