package firn

/*
#include "firn_go.h"
#cgo noescape firn_txn_begin
#cgo nocallback firn_txn_begin
#cgo noescape firn_txn_get
#cgo nocallback firn_txn_get
#cgo noescape firn_txn_get_entry
#cgo nocallback firn_txn_get_entry
#cgo noescape firn_txn_exists
#cgo nocallback firn_txn_exists
#cgo noescape firn_go_txn_pin
#cgo nocallback firn_go_txn_pin
#cgo noescape firn_txn_multi_get
#cgo nocallback firn_txn_multi_get
#cgo noescape firn_txn_put
#cgo nocallback firn_txn_put
#cgo noescape firn_txn_delete
#cgo nocallback firn_txn_delete
#cgo noescape firn_txn_add
#cgo nocallback firn_txn_add
#cgo noescape firn_txn_write
#cgo nocallback firn_txn_write
#cgo nocallback firn_go_txn_finish
#cgo nocallback firn_txn_close
*/
import "C"

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Txn is a transaction: it reads one snapshot of the database, taken at its beginning, and its own writes. Nobody sees these before the commit, which
// makes them visible all at once, or fails with ErrConflict when something that the transaction read is no longer so. Writing is not reading: two transactions
// that only write never conflict. Its operations are on the default namespace; In gives those on another. One goroutine at a time, its iterators
// included; a second one gets ErrMisuse. DB.Update does the committing, the closing and the trying again.
type Txn struct {
	TxnKeyspace
}

// A txnState is the handle of a transaction or a snapshot and what goes with it.
type txnState struct {
	h        *C.firn_txn
	db       *DB
	readOnly bool
	mayWrite atomic.Bool // a call that writes was made
	closed   bool
	finished bool // committed, or in conflict: what is asked of it now is ErrMisuse
	lent     bool // to the function of an Update, which must not end it
	misused  bool // that function has tried to
	orphans  *orphans
	watch    watch
	turn     sync.Mutex // held during each call when it is readOnly: the engine takes one at a time
}

// orphans are iterators of a transaction that were forgotten. The collector must not close them while the transaction is in use, since they count as the
// transaction, which takes one call at a time: they are closed with it.
type orphans struct {
	mutex   sync.Mutex
	handles []*C.firn_iter
	closed  bool
}

func (o *orphans) take(h *C.firn_iter) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.closed {
		C.firn_iter_close(h)
	} else {
		o.handles = append(o.handles, h)
	}
}

func (o *orphans) close() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.closed = true
	for _, h := range o.handles {
		C.firn_iter_close(h)
	}
	o.handles = nil
}

// enter gives the handle for one call of the engine, which leave ends. Those who share a snapshot wait for each other here; those who share a transaction
// that writes are told by the engine. A nil state is that of a zero Txn or Snapshot: its handle is one that the engine refuses.
func (t *txnState) enter() *C.firn_txn {
	if t == nil {
		return nil
	}
	if t.readOnly {
		t.turn.Lock()
	}
	return t.h
}

// enterWriting is enter for a call that may write.
func (t *txnState) enterWriting() *C.firn_txn {
	if t != nil {
		t.mayWrite.Store(true)
	}
	return t.enter()
}

func (t *txnState) leave() {
	if t != nil && t.readOnly {
		t.turn.Unlock()
	}
}

// database is the one that the transaction is of, nil for a nil state.
func (t *txnState) database() *DB {
	if t == nil {
		return nil
	}
	return t.db
}

func (t *txnState) close() {
	if t == nil {
		return
	}
	t.enter()
	defer t.leave()
	if !t.closed {
		C.firn_txn_close(t.h)
		t.gone()
	}
}

// gone is called when the engine has closed the transaction.
func (t *txnState) gone() {
	t.closed = true
	t.watch.end()
	t.orphans.close()
}

// failure is DB.failure for calls of the transaction.
func (t *txnState) failure(op string, code int64) error {
	if t == nil {
		return plainError(code)
	}
	if t.finished && Code(code) == CodeClosed {
		return ErrMisuse
	}
	return t.db.failure(op, code)
}

// A TxnOption of Begin and Update.
type TxnOption uint32

// Serializable makes the commit fail too when a new key has come into what the transaction scanned.
const Serializable TxnOption = C.FIRN_TXN_SERIALIZABLE

func (t *txnState) begin(db *DB, flags C.uint32_t, o *orphans) error {
	e := newCError()
	h := C.firn_txn_begin(db.h, flags, &e)
	runtime.KeepAlive(db)
	if h == nil {
		return detailedError("begin", &e)
	}
	t.h, t.db, t.orphans, t.readOnly = h, db, o, flags&C.FIRN_TXN_READ_ONLY != 0
	return nil
}

// A lentTxn is all of the transaction of an Update or a ReadTx, which cannot be forgotten, in one piece of memory.
type lentTxn struct {
	state   txnState
	orphans orphans
	txn     Txn
	view    Snapshot
}

// watchTxn sees to a transaction that may be forgotten.
func (t *txnState) watchTxn(kind string) {
	h, orphans := t.h, t.orphans
	t.watch.report = t.db.watch.report
	t.watch.begin(t, kind, 3, func() {
		C.firn_txn_close(h)
		orphans.close()
	})
}

func combine(options []TxnOption) (flags C.uint32_t) {
	for _, option := range options {
		flags |= C.uint32_t(option)
	}
	return flags
}

// Begin begins a transaction. Close it, after the commit or instead of it.
func (db *DB) Begin(options ...TxnOption) (*Txn, error) {
	state := new(txnState)
	if err := state.begin(db, combine(options), new(orphans)); err != nil {
		return nil, err
	}
	state.watchTxn("transaction")
	return &Txn{TxnKeyspace{TxnReader{txn: state}}}, nil
}

// Update runs change in a transaction and commits it. On a conflict it does so again, in a new transaction, after a short, growing pause, until it
// succeeds or ctx is done: then it returns an error that holds for both ErrConflict and the context's error. When change fails nothing is
// written and its error is returned. change may run many times: it must do nothing else that cannot be done again, and must not keep tx, nor commit or close it:
// those are ErrMisuse, and so is then the Update, which writes nothing.
func (db *DB) Update(ctx context.Context, change func(tx *Txn) error, options ...TxnOption) error {
	flags := combine(options)
	for attempt := 0; ; attempt++ {
		if err := ctx.Err(); err != nil {
			if attempt > 0 {
				err = &interrupted{err}
			}
			return err
		}
		conflict, err := db.tryUpdate(flags, change)
		if !conflict {
			return err
		}
		pause(ctx, attempt)
	}
}

func (db *DB) tryUpdate(flags C.uint32_t, change func(tx *Txn) error) (conflict bool, err error) {
	lent := new(lentTxn)
	state := &lent.state
	if err := state.begin(db, flags, &lent.orphans); err != nil {
		return false, err
	}
	defer state.close()
	state.lent = true
	lent.txn = Txn{TxnKeyspace{TxnReader{txn: state}}}
	err = change(&lent.txn)
	state.lent = false
	switch {
	case err != nil:
		return false, err
	case state.misused:
		return false, ErrMisuse
	}
	_, err = state.commit(0)
	return err == ErrConflict, err
}

// interrupted is a conflict that ctx did not let be tried again.
type interrupted struct{ cause error }

func (e *interrupted) Error() string   { return ErrConflict.Error() + ", and then: " + e.cause.Error() }
func (e *interrupted) Unwrap() []error { return []error{ErrConflict, e.cause} }

// The pauses between attempts: random below a bound that doubles.
const (
	firstPause   = 20 * time.Microsecond
	longestPause = 10 * time.Millisecond
)

// pause ends early when ctx is done.
func pause(ctx context.Context, attempt int) {
	if attempt < 2 {
		runtime.Gosched()
		return
	}
	bound := longestPause
	if doublings := attempt - 2; doublings < 9 {
		bound = min(firstPause<<doublings, longestPause)
	}
	timer := time.NewTimer(rand.N(bound))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// In gives the operations of the transaction on a namespace. One that was opened after the transaction began can be written to, not read;
// one of another database can be neither: ErrInvalid.
func (t *Txn) In(ns *Namespace) TxnKeyspace {
	return TxnKeyspace{TxnReader{txn: t.txn, ns: ns.idIn(t.txn.database())}}
}

// Write applies a batch to the transaction, all of it or nothing.
func (t *Txn) Write(b *Batch) error {
	if err := b.fits(t.txn.database()); err != nil {
		return err
	}
	n := int64(C.firn_txn_write(t.txn.enterWriting(), in(b.buf), size(b.buf)))
	t.txn.leave()
	return t.ended("write", min(n, 0))
}

// Commit makes the writes visible, all at once, and returns the version of the commit. It fails with ErrConflict when something that was read has
// changed. After either the transaction is closed, and every other call of it is ErrMisuse. When it fails for another reason the transaction stays as it was and may be committed again.
func (t *Txn) Commit() (version uint64, err error) { return t.txn.commit(0) }

// CommitWith is Commit with more durability, or without waiting.
func (t *Txn) CommitWith(options WriteOptions) (version uint64, err error) {
	return t.txn.commit(options.flags())
}

func (t *txnState) commit(flags C.uint32_t) (uint64, error) {
	if t == nil {
		return 0, ErrClosed
	}
	if t.lent {
		t.misused = true
		return 0, ErrMisuse
	}
	waits := forNothing
	if t.mayWrite.Load() {
		flags, waits = t.db.beginWrite(flags)
	}
	n := int64(C.firn_go_txn_finish(t.h, flags))
	runtime.KeepAlive(t)
	if n >= 0 || Code(n) == CodeConflict {
		t.finished = true
		t.gone()
	}
	n = t.db.endWrite(waits, n)
	if n < 0 {
		return 0, t.failure("commit", n)
	}
	return uint64(n), nil
}

// Close forgets what was not committed. After Commit, or a second time, it does nothing; it returns nil, so that it may be used as an io.Closer. The transaction
// of an Update is not its user's to close: ErrMisuse.
func (t *Txn) Close() error {
	if t == nil {
		return nil
	}
	if t.txn != nil && t.txn.lent {
		t.txn.misused = true
		return ErrMisuse
	}
	t.txn.close()
	return nil
}
