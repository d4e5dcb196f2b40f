package firn_test

import (
	"context"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
)

// strangers are a database with a namespace, and a namespace of another database with the same id.
func strangers(t *testing.T) (db *firn.DB, own, foreign *firn.Namespace) {
	t.Helper()
	db, other := open(t), open(t)
	own, err := db.Namespace("mine")
	must(t, err)
	foreign, err = other.Namespace("theirs")
	must(t, err)
	if own.ID() != foreign.ID() {
		t.Fatalf("the ids are %d and %d: the test needs the same", own.ID(), foreign.ID())
	}
	must(t, own.Put([]byte("k"), []byte("mine")))
	must(t, foreign.Put([]byte("k"), []byte("theirs")))
	return db, own, foreign
}

func TestANamespaceOfAnotherDatabaseIsRefused(t *testing.T) {
	db, own, foreign := strangers(t)
	key, value := []byte("k"), []byte("wrong")
	for name, stranger := range map[string]*firn.Namespace{"foreign": foreign, "nil": nil, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			tx, err := db.Begin()
			must(t, err)
			defer tx.Close()
			_, err = tx.In(stranger).Get(key)
			wantError(t, err, firn.ErrInvalid)
			wantError(t, tx.In(stranger).Put(key, value), firn.ErrInvalid)
			wantError(t, tx.In(stranger).Delete(key), firn.ErrInvalid)
			_, err = tx.In(stranger).NewIterator(firn.ScanOptions{})
			wantError(t, err, firn.ErrInvalid)
			must(t, db.ReadTx(context.Background(), func(s *firn.Snapshot) error {
				_, err := s.In(stranger).Get(key)
				wantError(t, err, firn.ErrInvalid)
				return nil
			}))

			var batch firn.Batch
			for _, add := range []func(){
				func() { batch.In(stranger).Put(key, value) },
				func() { batch.In(stranger).PutTTL(key, value, 1) },
				func() { batch.In(stranger).PutKeepTTL(key, value) },
				func() { batch.In(stranger).Delete(key) },
				func() { batch.In(stranger).DeleteRange(nil, nil) },
				func() { batch.In(stranger).Add([]byte("n"), 1) },
				func() { batch.In(stranger).ExpectVersion([]byte("n"), 0) },
				func() { batch.In(stranger).Put(key, value); batch.In(own).Put(key, value) },
				func() { batch.In(own).Put(key, value); batch.In(stranger).Put(key, value) },
			} {
				batch.Reset()
				add()
				_, err = db.Write(&batch)
				wantError(t, err, firn.ErrInvalid)
				wantError(t, tx.Write(&batch), firn.ErrInvalid)
			}

			var lookup firn.Lookup
			lookup.AddIn(stranger, key)
			wantError(t, db.Lookup(&lookup), firn.ErrInvalid)
			wantError(t, tx.Lookup(&lookup), firn.ErrInvalid)
			lookup.Reset()
			lookup.AddIn(own, key)
			lookup.AddIn(stranger, key)
			wantError(t, db.Lookup(&lookup), firn.ErrInvalid)
			_, err = tx.Commit()
			must(t, err)
			wantValue(t, own, "k", "mine")
		})
	}
}

func TestABatchAndALookupCanBeUsedForAnotherDatabaseAfterAReset(t *testing.T) {
	db, own, foreign := strangers(t)
	var batch firn.Batch
	kept := batch.In(own) // from before the reset
	batch.In(foreign).Put([]byte("k"), nil)
	batch.Reset()
	kept.Put([]byte("k"), []byte("again"))
	_, err := db.Write(&batch)
	must(t, err)
	wantValue(t, own, "k", "again")

	var lookup firn.Lookup
	lookup.AddIn(foreign, []byte("k"))
	lookup.Reset()
	lookup.AddIn(own, []byte("k"))
	must(t, db.Lookup(&lookup))
	value, err := lookup.Value(0)
	if err != nil || string(value) != "again" {
		t.Errorf("%q, %v", value, err)
	}
}

func TestANamespaceOfAnEarlierOpeningIsRefused(t *testing.T) {
	path := t.TempDir()
	db := openAt(t, path)
	before, err := db.Namespace("n")
	must(t, err)
	must(t, db.Close())
	db = openAt(t, path)
	var batch firn.Batch
	batch.In(before).Put([]byte("k"), nil)
	_, err = db.Write(&batch)
	wantError(t, err, firn.ErrInvalid)
}
