package firn

/*
#include "firn_go.h"
*/
import "C"

import "context"

// A Snapshot is the database as it was at one moment. Taking one costs nothing that grows with the data, but until it is closed the files stay that it
// reads. Its operations are on the default namespace; In gives those on another. One goroutine at a time; take one for each.
type Snapshot struct {
	TxnReader
}

// Snapshot takes a snapshot. Close it.
func (db *DB) Snapshot() (*Snapshot, error) {
	state, err := beginTxn(db, C.FIRN_TXN_READ_ONLY)
	if err != nil {
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
	state, err := beginTxn(db, C.FIRN_TXN_READ_ONLY)
	if err != nil {
		return err
	}
	defer state.close()
	return read(&Snapshot{TxnReader{txn: state}})
}

// In gives the operations of the snapshot on a namespace.
func (s *Snapshot) In(ns *Namespace) TxnReader { return TxnReader{txn: s.txn, ns: ns.ns} }

// Close lets the files of the snapshot go. Closing again does nothing; it returns nil, so that it may be used as an io.Closer.
func (s *Snapshot) Close() error {
	s.txn.close()
	return nil
}
