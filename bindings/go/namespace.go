package firn

/*
#include "firn_go.h"
#cgo noescape firn_ns_open
#cgo nocallback firn_ns_open
#cgo noescape firn_ns_list
#cgo nocallback firn_ns_list
#cgo nocallback firn_ns_clear
#cgo nocallback firn_ns_drop
*/
import "C"

import (
	"encoding/binary"
	"math"
	"runtime"
)

// A Namespace is a named set of keys of its own; two namespaces never share a key. There is nothing to close. Its methods may be called from any goroutine.
type Namespace struct {
	Keyspace
	name string
}

// Namespace opens a namespace, and creates it when there is none of that name. A name is 1 to 255 bytes, any bytes.
func (db *DB) Namespace(name string) (*Namespace, error) { return db.openNamespace(name, 0) }

// ExistingNamespace opens a namespace, or fails with ErrNotFound.
func (db *DB) ExistingNamespace(name string) (*Namespace, error) {
	return db.openNamespace(name, C.FIRN_NS_EXISTING)
}

func (db *DB) openNamespace(name string, flags C.uint32_t) (*Namespace, error) {
	bytes := []byte(name)
	id := int64(C.firn_ns_open(db.h, in(bytes), size(bytes), flags))
	runtime.KeepAlive(db)
	if id < 0 {
		return nil, db.failure("open namespace", id)
	}
	return &Namespace{Keyspace: Keyspace{h: db.h, ns: C.uint32_t(id), db: db}, name: name}, nil
}

// Namespaces lists the names of all named namespaces, in their order.
func (db *DB) Namespaces() ([]string, error) {
	buffer := make([]byte, 4096)
	for {
		n := int64(C.firn_ns_list(db.h, in(buffer), size(buffer)))
		runtime.KeepAlive(db)
		if n < 0 {
			return nil, db.failure("list namespaces", n)
		}
		if int(n) > len(buffer) {
			buffer = make([]byte, n)
			continue
		}
		var names []string
		for rest := buffer[:n]; len(rest) > 0; {
			length := binary.LittleEndian.Uint32(rest[4:])
			names = append(names, string(rest[8:8+length]))
			rest = rest[8+length:]
		}
		return names, nil
	}
}

// noNamespace is an id that is never given out: the engine answers ErrInvalid.
const noNamespace C.uint32_t = math.MaxUint32

// idIn is the id by which db knows the namespace. Ids of another database, or of an earlier opening, would name something else there.
func (n *Namespace) idIn(db *DB) C.uint32_t {
	if n == nil || n.db == nil || n.db != db {
		return noNamespace
	}
	return n.ns
}

// ofOneDatabase keeps in *db whose namespaces something that is gathered speaks of. It returns the error that was there before, or ErrInvalid for a namespace of
// another database than the others.
func ofOneDatabase(db **DB, ns *Namespace, before error) error {
	switch {
	case before != nil:
		return before
	case ns == nil || ns.db == nil || *db != nil && *db != ns.db:
		return ErrInvalid
	}
	*db = ns.db
	return nil
}

// Name is the name under which the namespace was opened.
func (n *Namespace) Name() string { return n.name }

// ID is the number that Change.Namespace tells; it is never given to another namespace.
func (n *Namespace) ID() uint32 { return uint32(n.ns) }

// Clear removes all keys of the namespace at once, however many there are. Scans that are under way still see them.
func (n *Namespace) Clear() error { return n.ended("clear", C.firn_ns_clear(n.h, n.ns)) }

// Drop clears the namespace and forgets its name. Every later use of n is ErrInvalid; opening the name again gives a new, empty namespace.
func (n *Namespace) Drop() error { return n.ended("drop", C.firn_ns_drop(n.h, n.ns)) }

// Clear removes all keys of the default namespace at once.
func (db *DB) Clear() error { return db.ended("clear", C.firn_ns_clear(db.h, 0)) }
