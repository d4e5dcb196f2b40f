package firn_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
)

// syncedWrites are the kinds of writes that wait together for their sync, on a database whose every write does and, where there is a `with`, also on others.
func syncedWrites(db *firn.DB) map[string]func(key []byte) error {
	synced := firn.WriteOptions{Sync: true}
	batch := func(key []byte) *firn.Batch {
		b := new(firn.Batch)
		b.Put(key, key)
		return b
	}
	transaction := func(key []byte) *firn.Txn {
		tx, err := db.Begin()
		if err == nil {
			err = tx.Put(key, key)
		}
		if err != nil {
			panic(err)
		}
		return tx
	}
	return map[string]func(key []byte) error{
		"Put":    func(key []byte) error { return db.Put(key, key) },
		"Delete": func(key []byte) error { return db.Delete(key) },
		"Write": func(key []byte) error {
			_, err := db.Write(batch(key))
			return err
		},
		"Commit": func(key []byte) error {
			_, err := transaction(key).Commit()
			return err
		},
		"Update": func(key []byte) error {
			return db.Update(context.Background(), func(tx *firn.Txn) error { return tx.Put(key, key) })
		},
		"PutWith, with": func(key []byte) error {
			_, err := db.PutWith(key, key, firn.PutOptions{Sync: true})
			return err
		},
		"WriteWith, with": func(key []byte) error {
			_, err := db.WriteWith(batch(key), synced)
			return err
		},
		"CommitWith, with": func(key []byte) error {
			_, err := transaction(key).CommitWith(synced)
			return err
		},
	}
}

func TestASyncedWriteIsDurableWhenItReturns(t *testing.T) {
	for _, durability := range []firn.Durability{firn.DurabilitySync, firn.DurabilityProcess} {
		db := open(t, firn.WithDurability(durability))
		for _, alone := range []bool{true, false} {
			leave := func() {}
			if !alone {
				leave = firn.KeepCompany(db)
			}
			for name, write := range syncedWrites(db) {
				if durability != firn.DurabilitySync && !strings.HasSuffix(name, "with") {
					continue
				}
				before, err := db.Stats()
				must(t, err)
				must(t, write([]byte("k")))
				after, err := db.Stats()
				must(t, err)
				if after.Version != before.Version+1 || after.DurableVersion != after.Version || after.Syncs != before.Syncs+1 {
					t.Errorf("%s, %s, alone %v: commit %d, durable up to %d, %d syncs", durability, name, alone, after.Version, after.DurableVersion,
						after.Syncs-before.Syncs)
				}
			}
			leave()
		}
	}
}

func TestWritesThatWaitTogetherShareTheirSyncs(t *testing.T) {
	const goroutines, writes = 64, 20
	db := open(t, firn.WithDurability(firn.DurabilitySync))
	before, err := db.Stats()
	must(t, err)
	var group sync.WaitGroup
	for i := range goroutines {
		start(&group, func() {
			for j := range writes {
				version, err := db.PutWith(fmt.Append(nil, i, " ", j), nil, firn.PutOptions{})
				stats, failure := db.Stats()
				if err != nil || failure != nil || stats.DurableVersion < version {
					t.Errorf("commit %d, durable up to %d, %v, %v", version, stats.DurableVersion, err, failure)
				}
			}
		})
	}
	group.Wait()
	after, err := db.Stats()
	must(t, err)
	syncs, inEngine := after.Syncs-before.Syncs, after.SyncWaits-before.SyncWaits
	if syncs > goroutines*writes/4 || inEngine > 2*syncs {
		t.Errorf("%d syncs of %d commits, %d of which waited in the engine", syncs, goroutines*writes, inEngine)
	}
}

func TestASyncedWriteThatMeetsACloseIsDurableOrHasNotHappened(t *testing.T) {
	for range 10 {
		directory := t.TempDir()
		db := openAt(t, directory, firn.WithDurability(firn.DurabilitySync))
		var group sync.WaitGroup
		var puts atomic.Int64
		half := make(chan struct{})
		refused := make(chan []byte, 64)
		for i := range cap(refused) {
			start(&group, func() {
				for j := 0; ; j++ {
					key := fmt.Append(nil, i, " ", j)
					if err := db.Put(key, key); err != nil {
						if !errors.Is(err, firn.ErrClosed) {
							t.Error(err)
						}
						refused <- key
						return
					}
					if puts.Add(1) == 200 {
						close(half)
					}
				}
			})
		}
		<-half
		must(t, db.Close())
		group.Wait()
		close(refused)
		again := openAt(t, directory)
		for key := range refused {
			wantMissing(t, again, string(key))
		}
		stats, err := again.Stats()
		must(t, err)
		count := 0
		entries, failure := again.Scan(firn.ScanOptions{})
		for range entries {
			count++
		}
		if must(t, failure()); int64(count) != puts.Load() {
			t.Errorf("%d keys of %d puts; %+v", count, puts.Load(), stats)
		}
	}
}

// onAFailingDisk runs work while no sync of the log of the database in directory succeeds: its descriptors are those of a pipe.
func onAFailingDisk(t *testing.T, directory string, work func()) {
	t.Helper()
	var pipe [2]int
	must(t, syscall.Pipe2(pipe[:], syscall.O_CLOEXEC))
	descriptors, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	var restore []func()
	for _, entry := range descriptors {
		file, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err != nil || !strings.HasPrefix(file, directory+"/") || filepath.Ext(file) != ".log" {
			continue
		}
		var fd int
		_, err = fmt.Sscan(entry.Name(), &fd)
		must(t, err)
		kept, err := syscall.Dup(fd)
		must(t, err)
		must(t, syscall.Dup3(pipe[0], fd, syscall.O_CLOEXEC))
		restore = append(restore, func() {
			must(t, syscall.Dup3(kept, fd, syscall.O_CLOEXEC))
			must(t, syscall.Close(kept))
		})
	}
	if len(restore) == 0 {
		t.Fatal("the log has no descriptor")
	}
	work()
	for _, undo := range restore {
		undo()
	}
	must(t, syscall.Close(pipe[0]))
	must(t, syscall.Close(pipe[1]))
}

func TestAFailedSyncIsToldToEveryWriteThatWaitsForIt(t *testing.T) {
	directory := t.TempDir()
	db := openAt(t, directory, firn.WithDurability(firn.DurabilitySync))
	must(t, db.Put([]byte("before"), nil))
	defer firn.KeepCompany(db)()
	const goroutines = 64
	errs := make([]error, goroutines)
	onAFailingDisk(t, directory, func() {
		var group sync.WaitGroup
		for i := range goroutines {
			start(&group, func() { errs[i] = db.Put(fmt.Append(nil, i), nil) })
		}
		group.Wait()
	})
	indeterminate := 0
	for i, err := range errs {
		key := fmt.Append(nil, i)
		switch {
		case errors.Is(err, firn.ErrIndeterminate): // it is visible, and was not synced
			indeterminate++
			if found, failure := db.Has(key); !found || failure != nil {
				t.Errorf("%s: %v, and then %v, %v", key, err, found, failure)
			}
		case errors.Is(err, firn.ErrReadOnly): // it came too late
			wantMissing(t, db, string(key))
		default:
			t.Errorf("%s: %v", key, err)
		}
		var failure *firn.Error
		if !errors.Is(err, syscall.EINVAL) || !errors.As(err, &failure) || failure.Op != "put" || !strings.HasPrefix(failure.File, directory+"/") {
			t.Errorf("%s: %+v", key, err)
		}
	}
	if indeterminate == 0 {
		t.Error("no write has waited")
	}

	must(t, db.Resume())
	for name, write := range syncedWrites(db) {
		if err := write([]byte("after")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i, err := range errs {
		if errors.Is(err, firn.ErrIndeterminate) {
			wantValue(t, db, fmt.Sprint(i), "")
		}
	}
}

func TestATransactionWhoseSyncFailsIsOver(t *testing.T) {
	directory := t.TempDir()
	db := openAt(t, directory, firn.WithDurability(firn.DurabilitySync))
	must(t, db.Put([]byte("before"), nil))
	defer firn.KeepCompany(db)()
	tx, err := db.Begin()
	must(t, err)
	must(t, tx.Put([]byte("k"), nil))
	onAFailingDisk(t, directory, func() {
		_, err = tx.Commit()
		wantError(t, err, firn.ErrIndeterminate)
	})
	_, err = tx.Commit()
	wantError(t, err, firn.ErrMisuse)
	must(t, tx.Close())
	must(t, db.Update(context.Background(), func(tx *firn.Txn) error { // it reads only: there is nothing to sync
		_, err := tx.Get([]byte("before"))
		return err
	}))
	must(t, db.Resume())
	wantValue(t, db, "k", "")
}
