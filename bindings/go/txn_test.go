package firn_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

func TestATransactionIsSeenWhenItIsCommitted(t *testing.T) {
	db := open(t)
	ns, err := db.Namespace("n")
	must(t, err)
	tx, err := db.Begin()
	must(t, err)
	must(t, tx.Put([]byte("k"), []byte("v")))
	must(t, tx.In(ns).Put([]byte("k"), []byte("in n")))
	must(t, tx.Delete([]byte("none")))
	sum, err := tx.Add([]byte("n"), 3)
	if err != nil || sum != 3 {
		t.Fatalf("%d, %v", sum, err)
	}
	var batch firn.Batch
	batch.Put([]byte("b"), nil)
	must(t, tx.Write(&batch))
	wantValue(t, tx, "k", "v")
	wantValue(t, tx.In(ns), "k", "in n")
	wantMissing(t, db, "k")
	version, err := tx.Commit()
	must(t, err)
	must(t, tx.Close())
	wantValue(t, db, "k", "v")
	wantValue(t, ns, "k", "in n")
	_, entry, err := db.GetEntry(nil, []byte("b"))
	must(t, err)
	if entry.Version != version {
		t.Errorf("written by %d, committed as %d", entry.Version, version)
	}
	if err := tx.Put([]byte("k"), nil); err == nil {
		t.Error("a committed transaction takes writes")
	}
}

func TestATransactionReadsInEveryWay(t *testing.T) {
	db := open(t)
	must(t, db.Put([]byte("a"), []byte("1")))
	tx, err := db.Begin(firn.Serializable)
	must(t, err)
	defer tx.Close()
	must(t, tx.Put([]byte("b"), make([]byte, 1000)))
	has, err := tx.Has([]byte("a"))
	if err != nil || !has {
		t.Fatalf("%v, %v", has, err)
	}
	value, entry, err := tx.GetEntry(nil, []byte("a"))
	if err != nil || string(value) != "1" || entry.Version == 0 || entry.Version != tx.Version() {
		t.Fatalf("%q, %+v, %v", value, entry, err)
	}
	value, err = tx.Get([]byte("b"))
	if err != nil || len(value) != 1000 {
		t.Fatalf("%d bytes, %v", len(value), err)
	}
	must(t, tx.View([]byte("b"), func(value []byte) error {
		if len(value) != 1000 {
			t.Errorf("%d bytes in place", len(value))
		}
		return nil
	}))
	values, err := tx.MultiGet([][]byte{[]byte("b"), []byte("none"), []byte("a")})
	if err != nil || len(values[0]) != 1000 || values[1] != nil || string(values[2]) != "1" {
		t.Fatalf("%v, %v", values, err)
	}
	entries, failure := tx.Scan(firn.ScanOptions{})
	if got := keys(t, entries, failure); got != "a b" {
		t.Errorf("%q", got)
	}
	it, err := tx.NewIterator(firn.ScanOptions{Reverse: true})
	must(t, err)
	if !it.Next() || string(it.Key()) != "b" {
		t.Errorf("%q", it.Key())
	}
	must(t, it.Close())
}

func TestAConflictIsAnError(t *testing.T) {
	db := open(t)
	tx, err := db.Begin()
	must(t, err)
	defer tx.Close()
	wantMissing(t, tx, "k")
	must(t, db.Put([]byte("k"), []byte("theirs")))
	must(t, tx.Put([]byte("k"), []byte("ours")))
	_, err = tx.CommitWith(firn.WriteOptions{Sync: true})
	wantError(t, err, firn.ErrConflict)
	wantValue(t, db, "k", "theirs")
}

func TestUpdateTriesAgainAfterConflicts(t *testing.T) {
	db := open(t)
	const workers, rounds = 8, 50
	var group sync.WaitGroup
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for range rounds {
				if err := db.Update(context.Background(), func(tx *firn.Txn) error {
					value, err := tx.Get([]byte("k"))
					if err != nil && !errors.Is(err, firn.ErrNotFound) {
						return err
					}
					return tx.Put([]byte("k"), append(value, 'x'))
				}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	value, err := db.Get([]byte("k"))
	if err != nil || len(value) != workers*rounds {
		t.Fatalf("%d bytes, %v; want %d", len(value), err, workers*rounds)
	}
}

func TestUpdateEndsWithItsContext(t *testing.T) {
	db := open(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	always := func(tx *firn.Txn) error {
		_, _ = tx.Get([]byte("k"))
		must(t, db.Put([]byte("k"), nil))
		return tx.Put([]byte("k"), []byte("never"))
	}
	err := db.Update(ctx, always)
	wantError(t, err, context.DeadlineExceeded)
	err = db.Update(ctx, always)
	wantError(t, err, context.DeadlineExceeded)
	wantError(t, db.ReadTx(ctx, nil), context.DeadlineExceeded)
	wantValue(t, db, "k", "")
}

func TestAFailedUpdateWritesNothing(t *testing.T) {
	db := open(t)
	failure := errors.New("of the caller")
	err := db.Update(context.Background(), func(tx *firn.Txn) error {
		must(t, tx.Put([]byte("k"), nil))
		return failure
	})
	wantError(t, err, failure)
	func() {
		defer func() { _ = recover() }()
		_ = db.Update(context.Background(), func(tx *firn.Txn) error {
			must(t, tx.Put([]byte("k"), nil))
			panic("of the caller")
		})
	}()
	wantMissing(t, db, "k")
}

func TestAnUpdateWhoseContextEndsBetweenAttemptsTellsOfTheConflictToo(t *testing.T) {
	db := open(t)
	for attempts := 1; attempts <= 4; attempts++ {
		ctx, cancel := context.WithCancel(context.Background())
		made := 0
		err := db.Update(ctx, func(tx *firn.Txn) error {
			if made++; made == attempts {
				cancel()
			}
			_, err := tx.Has([]byte("k"))
			must(t, err)
			must(t, db.Put([]byte("k"), nil))
			return tx.Put([]byte("k"), []byte("never"))
		})
		wantError(t, err, context.Canceled)
		wantError(t, err, firn.ErrConflict)
		if made != attempts {
			t.Errorf("%d attempts, want %d", made, attempts)
		}
	}
}

func TestTheTransactionOfAnUpdateIsNotItsUsersToEnd(t *testing.T) {
	db := open(t)
	for name, end := range map[string]func(tx *firn.Txn) error{
		"commit":      func(tx *firn.Txn) error { _, err := tx.Commit(); return err },
		"commit with": func(tx *firn.Txn) error { _, err := tx.CommitWith(firn.WriteOptions{Sync: true}); return err },
		"close":       (*firn.Txn).Close,
	} {
		for _, told := range []bool{true, false} {
			err := db.Update(context.Background(), func(tx *firn.Txn) error {
				must(t, tx.Put([]byte("k"), []byte(name)))
				err := end(tx)
				wantError(t, err, firn.ErrMisuse)
				if told {
					return err
				}
				return nil
			})
			if !errors.Is(err, firn.ErrMisuse) {
				t.Errorf("%s, told %v: %v", name, told, err)
			}
			wantMissing(t, db, "k")
		}
	}
}

func TestASnapshotStaysAsItWas(t *testing.T) {
	db := open(t)
	ns, err := db.Namespace("n")
	must(t, err)
	must(t, db.Put([]byte("k"), []byte("then")))
	must(t, ns.Put([]byte("k"), []byte("then, in n")))
	snapshot, err := db.Snapshot()
	must(t, err)
	must(t, db.Put([]byte("k"), []byte("now")))
	must(t, ns.Clear())
	must(t, db.Compact())
	wantValue(t, snapshot, "k", "then")
	wantValue(t, snapshot.In(ns), "k", "then, in n")
	must(t, snapshot.Close())
	must(t, snapshot.Close())
	_, err = snapshot.Get([]byte("k"))
	if err == nil {
		t.Error("a closed snapshot answers")
	}
	must(t, db.ReadTx(context.Background(), func(s *firn.Snapshot) error {
		wantValue(t, s, "k", "now")
		wantMissing(t, s.In(ns), "k")
		return nil
	}))
}

func TestOnlyWhatAScanHasShownIsReadUnlessItReadsAhead(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		db := letters(t)
		tx, err := db.Begin()
		must(t, err)
		entries, failure := tx.Scan(firn.ScanOptions{ReadAhead: ahead})
		for range entries {
			break
		}
		must(t, failure())
		must(t, tx.Put([]byte("sum"), nil))
		must(t, db.Put([]byte("c"), []byte("changed")))
		_, err = tx.Commit()
		if ahead {
			wantError(t, err, firn.ErrConflict)
		} else {
			must(t, err)
		}
		must(t, tx.Close())
	}
}

func TestUpdateRunsAgainAfterAConflict(t *testing.T) {
	db := open(t)
	attempts := 0
	must(t, db.Update(context.Background(), func(tx *firn.Txn) error {
		attempts++
		if _, err := tx.Has([]byte("k")); err != nil {
			return err
		}
		if attempts <= 4 {
			must(t, db.Put([]byte("k"), []byte{byte(attempts)}))
		}
		return tx.Put([]byte("k"), []byte("ours"))
	}))
	if attempts != 5 {
		t.Errorf("%d attempts", attempts)
	}
	wantValue(t, db, "k", "ours")
}

func TestIteratorsThatATransactionHasForgottenDoNotDisturbIt(t *testing.T) {
	db := letters(t)
	tx, err := db.Begin()
	must(t, err)
	defer tx.Close()
	for range 20 {
		for range 20 {
			_, err := tx.NewIterator(firn.ScanOptions{})
			must(t, err)
		}
		collected := make(chan struct{})
		go func() {
			runtime.GC()
			close(collected)
		}()
		for done := false; !done; {
			must(t, tx.Put([]byte("k"), nil))
			select {
			case <-collected:
				done = true
			default:
			}
		}
	}
	_, err = tx.Commit()
	must(t, err)
}

func TestATransactionKnowsTimesToLiveAndRanges(t *testing.T) {
	db := letters(t)
	ns, err := db.Namespace("n")
	must(t, err)
	ctx := context.Background()
	near := func(left time.Duration, err error, want time.Duration) {
		t.Helper()
		must(t, err)
		if left > want || left < want-time.Minute {
			t.Errorf("%v left, want %v", left, want)
		}
	}
	_, err = db.PutWith([]byte("mortal"), []byte("v"), firn.PutOptions{TTL: time.Hour})
	must(t, err)
	_, err = db.PutWith([]byte("kept"), []byte("v"), firn.PutOptions{TTL: 3 * time.Hour})
	must(t, err)
	must(t, db.Update(ctx, func(tx *firn.Txn) error {
		left, err := tx.TTL([]byte("mortal"))
		near(left, err, time.Hour)
		must(t, tx.Persist([]byte("mortal")))
		left, err = tx.TTL([]byte("mortal"))
		if err != nil || left != firn.NoExpiry {
			t.Errorf("%v, %v", left, err)
		}
		must(t, tx.PutKeepTTL([]byte("kept"), []byte("w")))
		must(t, tx.In(ns).PutTTL([]byte("new"), []byte("v"), 2*time.Hour))
		wantError(t, tx.Expire([]byte("missing"), time.Hour), firn.ErrNotFound)
		wantError(t, tx.Expire([]byte("a"), 0), firn.ErrInvalid)
		wantError(t, tx.Persist([]byte("missing")), firn.ErrNotFound)
		_, err = tx.TTL([]byte("missing"))
		wantError(t, err, firn.ErrNotFound)
		must(t, tx.DeleteRange([]byte("a"), []byte{}))
		wantValue(t, tx, "a", "a!")
		must(t, tx.Expire([]byte("a"), time.Hour))
		must(t, tx.DeleteRange([]byte("b"), []byte("c")))
		wantMissing(t, tx, "b")
		return nil
	}))
	left, err := db.TTL([]byte("a"))
	near(left, err, time.Hour)
	left, err = db.TTL([]byte("kept"))
	near(left, err, 3*time.Hour)
	left, err = ns.TTL([]byte("new"))
	near(left, err, 2*time.Hour)
	left, err = db.TTL([]byte("mortal"))
	if err != nil || left != firn.NoExpiry {
		t.Errorf("%v, %v", left, err)
	}
	wantValue(t, db, "kept", "w")
	wantValue(t, db, "a", "a!")
	wantMissing(t, db, "b")
	wantMissing(t, db, "bb")
	wantValue(t, db, "c", "c!")
	must(t, db.Update(ctx, func(tx *firn.Txn) error { return tx.DeleteRange(nil, nil) }))
	wantMissing(t, db, "a")
	_, err = ns.Get([]byte("new"))
	must(t, err)
	snapshot, err := db.Snapshot()
	must(t, err)
	defer snapshot.Close()
	left, err = snapshot.In(ns).TTL([]byte("new"))
	near(left, err, 2*time.Hour)
}

func TestATransactionExpectsVersions(t *testing.T) {
	db := open(t)
	version, err := db.PutWith([]byte("k"), nil, firn.PutOptions{})
	must(t, err)
	for expected, want := range map[uint64]error{version: nil, version + 1: firn.ErrConflict, 0: firn.ErrConflict} {
		tx, err := db.Begin()
		must(t, err)
		if err := tx.ExpectVersion([]byte("k"), expected); !errors.Is(err, want) {
			t.Errorf("version %d: %v, want %v", expected, err, want)
		}
		must(t, tx.Close())
	}
	tx, err := db.Begin()
	must(t, err)
	defer tx.Close()
	must(t, tx.ExpectVersion([]byte("k"), version))
	must(t, tx.Put([]byte("other"), nil))
	must(t, db.Put([]byte("k"), nil))
	_, err = tx.Commit()
	wantError(t, err, firn.ErrConflict)
}
