package firn

/*
#include "firn_go.h"
#cgo nocallback firn_wait_durable
#cgo nocallback firn_wake
#cgo nocallback firn_refresh
*/
import "C"

import (
	"context"
	"runtime"
	"time"
)

// waitSlice bounds one wait in C: a wake that comes between looking at the context and waiting is not missed for longer.
const waitSlice = 100 * time.Millisecond

// waitFor waits in slices until wait answers something else than that its time ran out or that it was woken, or until ctx is done. wake ends the waits
// that go on.
func waitFor(ctx context.Context, wait func(timeoutMs C.int32_t) C.int32_t, wake func()) (code int64, err error) {
	stop := context.AfterFunc(ctx, wake)
	defer stop()
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		code := Code(wait(C.int32_t(waitSlice / time.Millisecond)))
		if code != CodeTimeout && code != CodeCancelled {
			return int64(code), nil
		}
	}
}

// WaitDurable waits until the commits up to version survive power loss, all that were acknowledged before the call when version is 0, or until ctx is
// done. Where nobody syncs by the clock it syncs itself, together with others who wait.
func (db *DB) WaitDurable(ctx context.Context, version uint64) error {
	code, err := waitFor(ctx, func(timeoutMs C.int32_t) C.int32_t {
		return C.firn_wait_durable(db.h, C.uint64_t(version), timeoutMs)
	}, func() { C.firn_wake(db.h) })
	runtime.KeepAlive(db)
	if err == nil && code != 0 {
		err = db.failure("wait", code)
	}
	return err
}

// Refresh moves a read-only database on to what a writer has made since. What was opened before stays where it is. On others it does nothing.
func (db *DB) Refresh() error { return db.ended("refresh", C.firn_refresh(db.h)) }
