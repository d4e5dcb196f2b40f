package firn

/*
#include "firn_go.h"
*/
import "C"

import "context"

// A Snapshot is the database as it was at one moment. Taking one costs nothing that grows with the data, but until it is closed the files stay that it
// reads. Its operations are on the default namespace; In gives those on another. Its methods may be called from any goroutine, also while it is being closed; one call of it runs at a time, so that for
// reading at the same time each goroutine takes one of its own.
type Snapshot struct {
	TxnReader
}

// Snapshot takes a snapshot. Close it.
func (db *DB) Snapshot() (*Snapshot, error) {
	state := new(txnState)
	if err := state.begin(db, C.FIRN_TXN_READ_ONLY, new(orphans)); err != nil {
		return nil, err
	}
	state.watchTxn("snapshot")
	return &Snapshot{TxnReader{txn: state}}, nil
}

// ReadTx runs read over one snapshot and closes it. It never conflicts. read must not keep s. When ctx is done before it begins it returns its error.
func (db *DB) ReadTx(ctx context.Context, read func(s *Snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lent := new(lentTxn)
	if err := lent.state.begin(db, C.FIRN_TXN_READ_ONLY, &lent.orphans); err != nil {
		return err
	}
	defer lent.state.close()
	lent.view = Snapshot{TxnReader{txn: &lent.state}}
	return read(&lent.view)
}

// In gives the operations of the snapshot on a namespace; with one of another database they are ErrInvalid.
func (s *Snapshot) In(ns *Namespace) TxnReader {
	return TxnReader{txn: s.txn, ns: ns.idIn(s.txn.database())}
}

// Close lets the files of the snapshot go. Closing again does nothing; it returns nil, so that it may be used as an io.Closer.
func (s *Snapshot) Close() error {
	if s != nil {
		s.txn.close()
	}
	return nil
}
