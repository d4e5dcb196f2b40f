package firn

import "unsafe"

// NamespaceWithID gives the namespace of an id, also of one that does not exist.
func NamespaceWithID(db *DB, id uint32) *Namespace {
	ns := &Namespace{Keyspace: Keyspace{h: db.h, db: db}}
	*(*uint32)(unsafe.Pointer(&ns.ns)) = id
	return ns
}

// NamespaceID is the id of a namespace.
func NamespaceID(ns *Namespace) uint32 { return uint32(ns.ns) }
