package firn

/*
#include "firn_go.h"
#cgo noescape firn_changes
#cgo nocallback firn_changes
#cgo noescape firn_changes_bounds
#cgo nocallback firn_changes_bounds
*/
import "C"

import (
	"context"
	"encoding/binary"
	"iter"
	"runtime"
	"time"
)

// A ChangeKind says what a Change did.
type ChangeKind uint32

// The kinds of changes.
const (
	ChangePut            ChangeKind = C.FIRN_OP_PUT          // the key has the value
	ChangeDelete         ChangeKind = C.FIRN_OP_DELETE       // the key is gone
	ChangeNamespaceOpen  ChangeKind = C.FIRN_CHANGE_NS_OPEN  // a namespace was created; its name is the key, as below
	ChangeNamespaceClear ChangeKind = C.FIRN_CHANGE_NS_CLEAR // all its keys are gone; the name of the default one is empty
	ChangeNamespaceDrop  ChangeKind = C.FIRN_CHANGE_NS_DROP  // it is gone
)

// A Change is one operation of a commit, as a result: what is there after a counter, a swap or a deleted range. Key and Value are good until the next step of
// the loop, and not to be changed.
type Change struct {
	Version   uint64     // of the commit; changes of one commit follow one another
	Kind      ChangeKind // what was done
	Namespace uint32     // the ID of the namespace, 0 for the default one
	Key       []byte     // or the name of a namespace: see the kinds
	Value     []byte     // of a ChangePut
	Expiry    time.Time  // zero: never
}

// ChangesOptions of Changes and FollowChanges. The zero value is every commit that is there.
type ChangesOptions struct {
	From    uint64 // the first version; 0: the first of the database. To go on, give the last version + 1
	Durable bool   // only commits that are durable
}

// A changeReader reads changes in chunks.
type changeReader struct {
	db     *DB
	next   uint64
	flags  C.uint32_t
	buffer *[]byte
	chunk  []byte
}

const changeHeader = 32 // bytes: version, operation, namespace, length of key, of value, expiry

// fill fetches whole commits; false and no error: there are no more yet.
func (r *changeReader) fill() (bool, error) {
	if r.buffer == nil {
		r.buffer = chunks.Get().(*[]byte)
	}
	for {
		buffer := *r.buffer
		n := int64(C.firn_changes(r.db.h, C.uint64_t(r.next), in(buffer), size(buffer), r.flags))
		runtime.KeepAlive(r.db)
		if n == int64(CodeTooLarge) {
			r.buffer = newBuffer(int(binary.LittleEndian.Uint64(buffer))) // one commit alone is larger than a chunk
			continue
		}
		if n < 0 {
			return false, r.db.failure("changes", n)
		}
		r.chunk = buffer[:n]
		return n > 0, nil
	}
}

// each yields what has been fetched; false: the loop was left.
func (r *changeReader) each(yield func(Change) bool) bool {
	for len(r.chunk) > 0 {
		header := r.chunk[:changeHeader]
		value := changeHeader + int(binary.LittleEndian.Uint32(header[16:]))
		end := value + int(binary.LittleEndian.Uint32(header[20:]))
		entry := newEntry(binary.LittleEndian.Uint64(header), int64(binary.LittleEndian.Uint64(header[24:])))
		change := Change{
			Version:   entry.Version,
			Kind:      ChangeKind(binary.LittleEndian.Uint32(header[8:])),
			Namespace: binary.LittleEndian.Uint32(header[12:]),
			Key:       r.chunk[changeHeader:value:value],
			Value:     r.chunk[value:end:end],
			Expiry:    entry.Expiry,
		}
		r.chunk = r.chunk[end:]
		r.next = change.Version + 1
		if !yield(change) {
			return false
		}
	}
	return true
}

// run yields what more fetches, until it fetches nothing.
func (r *changeReader) run(yield func(Change) bool, more func() (bool, error)) error {
	defer func() { putBuffer(r.buffer) }()
	for {
		filled, err := more()
		if err != nil || !filled || !r.each(yield) {
			return err
		}
	}
}

func (db *DB) changeReader(options ChangesOptions) changeReader {
	return changeReader{db: db, next: options.From, flags: flag(options.Durable, C.FIRN_CHANGES_DURABLE)}
}

// Changes gives what was committed, in order, for a range loop that ends where there is no more. After the loop the function tells the error that ended it:
// ErrNotFound when the commits from there on are not kept any more. Kept are those in memtables, and older ones as far as
// WithChangesRetention and WithChangesRetentionBytes say.
func (db *DB) Changes(options ChangesOptions) (changes iter.Seq[Change], failure func() error) {
	var failed error
	return func(yield func(Change) bool) {
		r := db.changeReader(options)
		failed = r.run(yield, r.fill)
	}, func() error { return failed }
}

// FollowChanges is Changes that does not end: it waits for the next commit, without holding a thread, until ctx is done, whose error the function then tells, or the
// database is closed. A read-only database is refreshed many times a second.
func (db *DB) FollowChanges(ctx context.Context, options ChangesOptions) (changes iter.Seq[Change], failure func() error) {
	var failed error
	return func(yield func(Change) bool) {
		r := db.changeReader(options)
		failed = r.run(func(change Change) bool { return ctx.Err() == nil && yield(change) }, r.follow(ctx))
		if failed == nil {
			failed = ctx.Err()
		}
	}, func() error { return failed }
}

// follow gives a function that fetches commits and waits for them when there are none.
func (r *changeReader) follow(ctx context.Context) (more func() (bool, error)) {
	stats, err := r.db.Stats()
	if err != nil {
		return func() (bool, error) { return false, err }
	}
	if stats.ReadOnly { // whoever writes, in another process, cannot wake it
		return func() (bool, error) { return true, poll(ctx, r.fill, r.db.Refresh) }
	}
	return func() (bool, error) { return true, r.db.events.await(ctx, r.db.descriptor, r.fill) }
}

// ChangesBounds are the versions that Changes can read: every commit from first on, and next is one above the last.
func (db *DB) ChangesBounds() (first, next uint64, err error) {
	var from, to C.uint64_t
	if err := db.ended("changes", C.firn_changes_bounds(db.h, &from, &to)); err != nil {
		return 0, 0, err
	}
	return uint64(from), uint64(to), nil
}
