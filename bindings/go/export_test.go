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

// KeepCompany makes db believe that a synced write is on its way, until company is told to go: others then wait in the group.
func KeepCompany(db *DB) (leave func()) {
	db.syncedWrites.Add(1)
	return func() { db.syncedWrites.Add(-1) }
}
