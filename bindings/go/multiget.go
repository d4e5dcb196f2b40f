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

// A Lookup gathers keys, of one or of several namespaces, that are looked up in one snapshot and one call, and holds the answers. Used again, it does not
// allocate. The zero value is empty. One goroutine at a time.
//
//	var l firn.Lookup
//	l.Add([]byte("a"))
//	l.AddIn(users, []byte("b"))
//	if err := db.Lookup(&l); err != nil {
//		return err
//	}
//	value, err := l.Value(1)
type Lookup struct {
	keys    []byte // packed
	answers []byte // packed; of length what there was room for
	found   []answer
	count   int
	db      *DB // whose namespaces the keys are of; nil: of none
	err     error
}

// An answer says where in answers the value lies, or why there is none.
type answer struct {
	begin  int
	length int64
}

// Add asks for a key of the default namespace. The key is copied.
func (l *Lookup) Add(key []byte) { l.add(0, key) }

// AddIn asks for a key of a namespace. One that does not exist is an error of that answer only; one of another database than that which is asked, or than that
// of another key, makes the whole lookup ErrInvalid.
func (l *Lookup) AddIn(ns *Namespace, key []byte) {
	if l.err = ofOneDatabase(&l.db, ns, l.err); l.err == nil {
		l.add(uint32(ns.ns), key)
	}
}

func (l *Lookup) add(ns uint32, key []byte) {
	switch {
	case len(key) == 0:
		l.err = ErrInvalid
	case len(key) > MaxKeyLen:
		l.err = ErrTooLarge
	default:
		l.keys = binary.LittleEndian.AppendUint32(l.keys, ns)
		l.keys = binary.LittleEndian.AppendUint32(l.keys, uint32(len(key)))
		l.keys = append(l.keys, key...)
	}
	l.count++
}

// Len is the number of keys.
func (l *Lookup) Len() int { return l.count }

// Reset empties the lookup and keeps its memory.
func (l *Lookup) Reset() { *l = Lookup{keys: l.keys[:0], answers: l.answers, found: l.found[:0]} }

// Value is the answer to the i-th key: the value, which is good until the lookup is used again, or ErrNotFound. An empty value is not nil. ErrInvalid: the last
// look-up has not answered an i-th key.
func (l *Lookup) Value(i int) ([]byte, error) {
	if i < 0 || i >= len(l.found) {
		return nil, ErrInvalid
	}
	a := l.found[i]
	if a.length < 0 {
		return nil, plainError(a.length)
	}
	end := a.begin + int(a.length)
	return l.answers[a.begin:end:end], nil
}

// Lookup answers all requests of l in one snapshot and one call.
func (db *DB) Lookup(l *Lookup) error {
	return l.run(db, func() error {
		n := int64(C.firn_multi_get(db.h, in(l.keys), size(l.keys), in(l.answers), size(l.answers)))
		runtime.KeepAlive(db)
		if n < 0 {
			return db.failure("lookup", n)
		}
		return l.answered(n, nil)
	})
}

const firstAnswerBytes = 4 << 10

// run calls get, which ends with answered, until the answers have had room.
func (l *Lookup) run(db *DB, get func() error) error {
	if l == nil {
		return ErrInvalid
	}
	l.found = l.found[:0]
	if err := fits(l.db, db, l.err); err != nil {
		return err
	}
	if len(l.answers) == 0 {
		l.answers = make([]byte, firstAnswerBytes)
	}
	for {
		l.found = l.found[:0]
		if err := get(); err != nil || len(l.found) == l.count {
			return err
		}
	}
}

// answered takes what multi-get has returned: unpacks n bytes of answers, or makes room for them.
func (l *Lookup) answered(n int64, err error) error {
	if err != nil {
		return err
	}
	if int(n) > len(l.answers) {
		l.answers = make([]byte, n+n/4)
		return nil
	}
	for at := 0; at < int(n); {
		length := int64(binary.LittleEndian.Uint64(l.answers[at:]))
		at += 8
		l.found = append(l.found, answer{begin: at, length: length})
		at += int(max(length, 0))
	}
	return nil
}

// Lookups of MultiGet are used again, but for large ones, which are left to the collector.
var lookups = sync.Pool{New: func() any { return new(Lookup) }}

const keptLookupBytes = 1 << 20

func multiGet(ns uint32, keys [][]byte, look func(*Lookup) error) ([][]byte, error) {
	l := lookups.Get().(*Lookup)
	defer func() {
		if cap(l.keys) <= keptLookupBytes && cap(l.answers) <= keptLookupBytes {
			lookups.Put(l)
		}
	}()
	l.Reset()
	for _, key := range keys {
		l.add(ns, key)
	}
	if err := look(l); err != nil {
		return nil, err
	}
	return l.copies()
}

// copies copies the values into one piece of memory. A missing one is nil.
func (l *Lookup) copies() ([][]byte, error) {
	total := 0
	for _, a := range l.found {
		if a.length < 0 && a.length != int64(CodeNotFound) {
			return nil, plainError(a.length)
		}
		total += int(max(a.length, 0))
	}
	values := make([][]byte, l.count)
	memory := make([]byte, 0, total)
	for i, a := range l.found {
		if a.length >= 0 {
			begin := len(memory)
			memory = append(memory, l.answers[a.begin:a.begin+int(a.length)]...)
			values[i] = memory[begin:len(memory):len(memory)]
		}
	}
	return values, nil
}

// MultiGet looks up all keys in one snapshot and one call. The values are in the order of the keys: nil for a key that is absent, empty but not nil for an
// empty value.
func (k *Keyspace) MultiGet(keys [][]byte) ([][]byte, error) {
	if k.db == nil {
		return nil, ErrClosed
	}
	return multiGet(uint32(k.ns), keys, k.db.Lookup)
}
