package firn_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// stormStep does something random and returns the error that it met.
func stormStep(db *firn.DB, ns *firn.Namespace, random *rand.Rand) error {
	key := fmt.Appendf(nil, "key %d", random.IntN(200))
	switch random.IntN(14) {
	case 0:
		_, err := db.Get(key)
		return err
	case 1:
		return db.View(key, func(value []byte) error {
			for _, b := range value {
				if b != value[0] {
					return fmt.Errorf("a torn value: %q", value)
				}
			}
			return nil
		})
	case 2:
		return db.Delete(key)
	case 3:
		_, err := db.Add([]byte("counter"), 1)
		return err
	case 4:
		var batch firn.Batch
		for range 20 {
			batch.Put(key, []byte{1})
			batch.In(ns).Put(key, []byte{2})
		}
		_, err := db.Write(&batch)
		return err
	case 5:
		_, err := db.MultiGet([][]byte{key, key[:4]})
		return err
	case 6:
		entries, failure := db.Scan(firn.ScanOptions{Limit: 50})
		for range entries {
		}
		return failure()
	case 7:
		it, err := ns.NewIterator(firn.ScanOptions{Reverse: true})
		if err != nil {
			return err
		}
		if random.IntN(2) == 0 {
			defer it.Close() // else forgotten
		}
		it.Next()
		return it.Err()
	case 8:
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return db.Update(ctx, func(tx *firn.Txn) error {
			if _, err := tx.Add([]byte("counter"), 1); err != nil {
				return err
			}
			return tx.In(ns).Put(key, key)
		})
	case 9:
		return db.ReadTx(context.Background(), func(s *firn.Snapshot) error {
			_, err := s.Has(key)
			return err
		})
	case 10:
		if random.IntN(20) == 0 {
			return db.Flush()
		}
		return db.Sync()
	case 11:
		_, err := db.PutWith(key, []byte{3, 3, 3}, firn.PutOptions{TTL: time.Millisecond, If: firn.IfAbsent})
		return err
	case 12:
		_, err := db.CompareAndSwap(key, []byte{1}, []byte{4, 4}, 0)
		return err
	default:
		return db.Put(key, []byte{9, 9, 9, 9})
	}
}

func TestAHundredGoroutinesAndACloseInTheirMidst(t *testing.T) {
	path := t.TempDir()
	db := openAt(t, path, firn.WithMemtableBytes(256<<10))
	ns, err := db.Namespace("n")
	must(t, err)
	var group sync.WaitGroup
	var steps, closed atomic.Int64
	half := make(chan struct{})
	for worker := range 100 {
		group.Add(1)
		go func() {
			defer group.Done()
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			for {
				err := stormStep(db, ns, random)
				switch {
				case errors.Is(err, firn.ErrClosed):
					closed.Add(1)
					return
				case err == nil, errors.Is(err, firn.ErrNotFound), errors.Is(err, firn.ErrExists), errors.Is(err, firn.ErrConflict),
					errors.Is(err, firn.ErrTypeMismatch), errors.Is(err, context.DeadlineExceeded):
				default:
					t.Error(err)
					return
				}
				if steps.Add(1) == 20_000 {
					close(half)
				}
			}
		}()
	}
	<-half
	must(t, db.Close())
	group.Wait()
	if closed.Load() != 100 {
		t.Errorf("%d of 100 goroutines met the close", closed.Load())
	}
	again := openAt(t, path)
	must(t, again.Compact())
}

func TestOfManyThatContendForAKeyOneWins(t *testing.T) {
	db := open(t)
	var group sync.WaitGroup
	var winners atomic.Int64
	for i := range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			_, err := db.PutWith([]byte("k"), []byte{byte(i)}, firn.PutOptions{If: firn.IfAbsent})
			if err == nil {
				winners.Add(1)
			} else if !errors.Is(err, firn.ErrExists) {
				t.Error(err)
			}
			for range 100 {
				if _, err := db.Add([]byte("n"), 1); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	sum, err := db.Add([]byte("n"), 0)
	if err != nil || sum != 1600 || winners.Load() != 1 {
		t.Errorf("sum %d, %v; %d winners", sum, err, winners.Load())
	}
}
