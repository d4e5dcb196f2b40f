package firn

/*
#include "firn_go.h"
*/
import "C"

import "runtime"

// What a write waits for.
type waiting uint8

const (
	forNothing waiting = iota // but what the engine does by its durability
	forEngine                 // the call of the engine returns when the commit is durable, and holds a thread until then
	forGroup                  // the call returns when the commit is visible; the sync of DB.syncs, which holds no thread of its own, makes it durable
)

// syncsEveryWrite tells whether every write waits for its sync. A nil DB is that of a zero Keyspace.
func (db *DB) syncsEveryWrite() bool { return db != nil && db.syncsWrites }

// beginWrite gives the flags with which the engine is called for a write with these, and what the write waits for; endWrite follows the call. A write that waits for its sync and is
// alone waits in the engine, which costs least; those that come while others are on their way wait together.
func (db *DB) beginWrite(flags C.uint32_t) (C.uint32_t, waiting) {
	if db == nil || !db.syncsWrites && flags&C.FIRN_SYNC == 0 {
		return flags, forNothing
	}
	if db.syncedWrites.Add(1) == 1 {
		return flags, forEngine
	}
	return flags&^C.FIRN_SYNC | C.FIRN_NO_SYNC, forGroup
}

// endWrite gives what the write returns: n is what the engine has returned, a code when negative.
func (db *DB) endWrite(waits waiting, n int64) int64 {
	if waits == forNothing {
		return n
	}
	if waits == forGroup && n >= 0 && !db.settle() {
		n = int64(CodeIndeterminate)
	}
	db.syncedWrites.Add(-1)
	runtime.KeepAlive(db)
	return n
}

// settle waits for a sync that begins after this call, and tells whether what is visible is durable. When it is not, a commit that the caller has made may or may not survive: it is
// visible already, whatever has gone wrong.
func (db *DB) settle() bool {
	switch code := db.syncs.wait(db); Code(code) {
	case 0:
		return true
	case CodeClosed: // Close has made it durable, or has failed
		db.closing.Lock()
		defer db.closing.Unlock()
		return !db.closeFailed
	default:
		return false
	}
}
