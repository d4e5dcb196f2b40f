package firn_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// told gives the changes from a version on as texts.
func told(t *testing.T, db *firn.DB, options firn.ChangesOptions) []string {
	t.Helper()
	var all []string
	changes, failure := db.Changes(options)
	for c := range changes {
		all = append(all, fmt.Sprintf("%d %d %s=%s", c.Kind, c.Namespace, c.Key, c.Value))
	}
	must(t, failure())
	return all
}

func TestChangesAreTheCommitsInTheirOrder(t *testing.T) {
	db := open(t)
	_, start, err := db.ChangesBounds()
	must(t, err)
	first, err := db.PutWith([]byte("k"), []byte("v"), firn.PutOptions{TTL: time.Hour})
	must(t, err)
	var batch firn.Batch
	batch.Put([]byte("k"), []byte("w"))
	batch.Delete([]byte("n"))
	_, err = db.Write(&batch)
	must(t, err)
	ns, err := db.Namespace("space")
	must(t, err)
	must(t, ns.Put([]byte("s"), nil))
	must(t, ns.Clear())
	must(t, ns.Drop())
	want := []string{"1 0 k=v", "1 0 k=w", "2 0 n="}
	for _, text := range []string{"16 %d space=", "1 %d s=", "17 %d space=", "18 %d space="} {
		want = append(want, fmt.Sprintf(text, ns.ID()))
	}
	if got := told(t, db, firn.ChangesOptions{From: start}); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	changes, _ := db.Changes(firn.ChangesOptions{From: start})
	for change := range changes {
		if left := time.Until(change.Expiry); change.Version != first || left < 50*time.Minute || left > 70*time.Minute {
			t.Errorf("%+v", change)
		}
		break
	}
	_, next, err := db.ChangesBounds()
	must(t, err)
	if got := told(t, db, firn.ChangesOptions{From: next}); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestChangesThatAreLargerThanAChunkComeWhole(t *testing.T) {
	db := open(t, firn.WithChangesRetentionBytes(64<<20)) // the first memtables are small: what is here is flushed soon
	_, start, err := db.ChangesBounds()
	must(t, err)
	must(t, db.Put([]byte("large"), make([]byte, 1<<20)))
	var batch firn.Batch
	for i := range 5000 {
		batch.Put(fmt.Appendf(nil, "%05d", i), make([]byte, 100))
	}
	_, err = db.Write(&batch)
	must(t, err)
	if got := told(t, db, firn.ChangesOptions{From: start}); len(got) != 5001 {
		t.Errorf("%d changes", len(got))
	}
}

func TestChangesThatAreNotKeptAreAnError(t *testing.T) {
	db := open(t, firn.WithChangesRetentionBytes(0))
	_, start, err := db.ChangesBounds()
	must(t, err)
	must(t, db.Put([]byte("k"), nil))
	must(t, db.Flush())
	must(t, db.Put([]byte("k"), nil))
	changes, failure := db.Changes(firn.ChangesOptions{From: start})
	for change := range changes {
		t.Errorf("%+v", change)
	}
	wantError(t, failure(), firn.ErrNotFound)
}

func TestOnlyDurableChanges(t *testing.T) {
	db := open(t, firn.WithDurability(firn.DurabilityInterval(time.Hour)))
	heldBack := false
	for range 20 { // a sync may come by
		must(t, db.Put([]byte("k"), nil))
		durable := told(t, db, firn.ChangesOptions{Durable: true})
		heldBack = heldBack || len(durable) < len(told(t, db, firn.ChangesOptions{}))
	}
	if !heldBack {
		t.Error("what is not durable is told as if it were")
	}
	must(t, db.Sync())
	if got := told(t, db, firn.ChangesOptions{Durable: true}); len(got) != 20 {
		t.Errorf("%q", got)
	}
}

func TestFollowersOfChangesGetWhatOthersWrite(t *testing.T) {
	db := open(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	for range 3 {
		group.Add(1)
		go func() {
			defer group.Done()
			seen := 0
			changes, failure := db.FollowChanges(ctx, firn.ChangesOptions{})
			for change := range changes {
				if string(change.Key) != fmt.Sprint(seen) {
					t.Errorf("%s, want %d", change.Key, seen)
				}
				if seen++; seen == 300 {
					break
				}
			}
			if err := failure(); err != nil || seen != 300 {
				t.Errorf("%d changes, %v", seen, err)
			}
		}()
	}
	for i := range 300 {
		must(t, db.Put(fmt.Append(nil, i), nil))
	}
	group.Wait()
}

func TestFollowingChangesEndsWithTheContextAndWithTheDatabase(t *testing.T) {
	descriptors := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(entries)
	}
	before := descriptors()
	db := open(t)
	follow := func(ctx context.Context) error {
		changes, failure := db.FollowChanges(ctx, firn.ChangesOptions{})
		for change := range changes {
			t.Errorf("%+v", change)
		}
		return failure()
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	wantError(t, follow(ctx), context.Canceled)
	wantError(t, follow(ctx), context.Canceled)
	time.AfterFunc(10*time.Millisecond, func() { db.Close() })
	wantError(t, follow(context.Background()), firn.ErrClosed)
	wantError(t, follow(context.Background()), firn.ErrClosed)
	must(t, db.Close())
	if now := descriptors(); now > before {
		t.Errorf("%d descriptors, there were %d", now, before)
	}
}

func TestAReaderFollowsAWriter(t *testing.T) {
	path := t.TempDir()
	writer := openAt(t, path)
	must(t, writer.Put([]byte("then"), nil))
	reader := openAt(t, path, firn.WithReadOnly())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	time.AfterFunc(20*time.Millisecond, func() {
		if err := writer.Put([]byte("now"), nil); err != nil && !errors.Is(err, firn.ErrClosed) {
			t.Error(err)
		}
	})
	changes, failure := reader.FollowChanges(ctx, firn.ChangesOptions{})
	for change := range changes {
		if string(change.Key) == "now" {
			return
		}
	}
	t.Error(failure())
}
