package firn

/*
#include "firn_go.h"
#cgo nocallback firn_wait_durable
#cgo nocallback firn_notify_fd
#cgo nocallback firn_refresh
#cgo nocallback firn_sync
*/
import "C"

import (
	"context"
	"runtime"
)

// Sync makes everything acknowledged before the call durable. It joins the sync that is being prepared and does not block writers. However many call it, one
// thread is in the engine.
func (db *DB) Sync() error {
	code := db.syncs.wait(db)
	return db.ended("sync", C.int32_t(code))
}

func (db *DB) syncInEngine() int64 { return int64(C.firn_sync(db.h)) }

// WaitDurable waits until the commits up to version survive power loss, all that were acknowledged before the call when version is 0, or until ctx is
// done. Where nobody syncs by the clock it syncs, together with others who wait. Those who wait hold no thread.
func (db *DB) WaitDurable(ctx context.Context, version uint64) error {
	defer runtime.KeepAlive(db)
	if err := ctx.Err(); err != nil {
		return err
	}
	if version == 0 {
		_, next, err := db.ChangesBounds()
		if err != nil || next <= 1 {
			return err // there is no commit
		}
		version = next - 1
	}
	isDurable := func() (bool, error) {
		code := C.firn_wait_durable(db.h, C.uint64_t(version), 0) // looks
		if Code(code) == CodeTimeout {
			return false, nil
		}
		return true, db.ended("wait", code)
	}
	if db.syncsByClock {
		return db.events.await(ctx, db.descriptor, isDurable)
	}
	if done, err := isDurable(); done || err != nil {
		return err
	}
	code, err := db.syncs.waitContext(ctx, db)
	if err != nil {
		return err
	}
	return db.ended("wait", C.int32_t(code))
}

// descriptor gives the engine's descriptor to the notifier.
func (db *DB) descriptor() (int, error) {
	defer runtime.KeepAlive(db)
	fd := int64(C.firn_notify_fd(db.h))
	if fd < 0 {
		return 0, db.failure("wait", fd)
	}
	return int(fd), nil
}

// Refresh moves a read-only database on to what a writer has made since. What was opened before stays where it is. On others it does nothing.
func (db *DB) Refresh() error { return db.ended("refresh", C.firn_refresh(db.h)) }
