package firn

/*
#include "firn_go.h"
#cgo noescape firn_checkpoint
#cgo nocallback firn_checkpoint
*/
import "C"

import (
	"runtime"
)

// Checkpoint makes a database of its own in directory, which must not exist while its parent must: everything that was acknowledged before the call, as one
// snapshot, whatever is written meanwhile. Tables are linked where the file system can, else copied. It is durable when Checkpoint returns. Writers are not
// held up. Works on read-only databases and on those without files too. On a failure nothing is left there. ErrExists, ErrNotFound (no parent), ErrNoSpace, ErrIO.
func (db *DB) Checkpoint(directory string) error {
	if err := noNUL("checkpoint", directory); err != nil {
		return err
	}
	e := newCError()
	code := C.firn_checkpoint(db.h, cString(directory), &e)
	runtime.KeepAlive(db)
	if code != 0 {
		return detailedError("checkpoint", &e)
	}
	return nil
}
