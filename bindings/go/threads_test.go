package firn_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// In the child each of these waits in 200 goroutines, while Go may have 150 threads, for all there is: one more, and it ends the process.
const (
	waitersOfAKind = 200
	threadsMax     = 150
)

func TestThoseWhoWaitHoldNoThread(t *testing.T) {
	const inChild = "FIRN_TEST_FEW_THREADS"
	if os.Getenv(inChild) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestThoseWhoWaitHoldNoThread$", "-test.v")
		child.Env = append(os.Environ(), inChild+"=1", "GOMAXPROCS=4")
		if said, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v: %.2000s", err, said)
		}
		return
	}
	debug.SetMaxThreads(threadsMax)
	// Nobody syncs here but those who are asked to: what is written stays without durability.
	db := open(t, firn.WithDurability(firn.DurabilityInterval(time.Hour)))
	plain := open(t)
	l := openLog(t, t.TempDir())
	undurable := func() uint64 {
		version, err := db.PutWith([]byte("k"), nil, firn.PutOptions{})
		must(t, err)
		return version
	}
	version := undurable()
	_, next, err := db.ChangesBounds()
	must(t, err)

	tail := func(ctx context.Context) error {
		records, failure := l.Tail(ctx, 0)
		for range records {
			return nil
		}
		return failure()
	}
	follow := func(ctx context.Context) error {
		changes, failure := db.FollowChanges(ctx, firn.ChangesOptions{From: next})
		for range changes {
			return nil
		}
		return failure()
	}
	waits := []func(ctx context.Context) error{
		tail, follow,
		func(ctx context.Context) error { return l.Wait(ctx, 0) },
		func(ctx context.Context) error { return db.WaitDurable(ctx, version) },
	}
	// all starts every wait, lets them come to rest, does what ends them, and gives how they ended.
	all := func(ctx context.Context, end func()) (failures []error) {
		var group sync.WaitGroup
		ended := make(chan error, len(waits)*waitersOfAKind)
		for _, wait := range waits {
			for range waitersOfAKind {
				start(&group, func() { ended <- wait(ctx) })
			}
		}
		time.Sleep(200 * time.Millisecond)
		end()
		group.Wait()
		close(ended)
		for err := range ended {
			failures = append(failures, err)
		}
		return failures
	}

	ctx, cancel := context.WithCancel(context.Background())
	synced := 0 // a sync may come by, when the engine makes files
	for _, err := range all(ctx, cancel) {
		if err == nil {
			synced++
			continue
		}
		wantError(t, err, context.Canceled)
	}
	if synced > waitersOfAKind {
		t.Errorf("%d waits ended before what they wait for has come", synced)
	}

	version = undurable()
	_, next, err = db.ChangesBounds()
	must(t, err)
	for _, err := range all(context.Background(), func() {
		must(t, db.Put([]byte("k"), nil))
		must(t, db.Sync())
		_, err := l.Append(nil)
		must(t, err)
	}) {
		must(t, err)
	}

	// Those who sync share one thread.
	var group sync.WaitGroup
	for i := range 4 * waitersOfAKind {
		start(&group, func() {
			version, err := plain.PutWith(fmt.Append(nil, i), nil, firn.PutOptions{})
			if err == nil {
				switch i % 4 {
				case 0:
					err = plain.Sync()
				case 1:
					err = l.Sync()
				case 2:
					err = plain.WaitDurable(context.Background(), version)
				default:
					err = plain.WaitDurable(context.Background(), 0)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	must(t, plain.Sync())
	stats, err := plain.Stats()
	must(t, err)
	if stats.DurableVersion != stats.Version {
		t.Errorf("durable up to %d of %d", stats.DurableVersion, stats.Version)
	}
}

func TestWaitsEndWhenWhatTheyWaitForIsClosed(t *testing.T) {
	db := open(t, firn.WithDurability(firn.DurabilityInterval(time.Hour)))
	l := openLog(t, t.TempDir())
	version, err := db.PutWith([]byte("k"), nil, firn.PutOptions{})
	must(t, err)
	ended := make(chan error)
	go func() { ended <- db.WaitDurable(context.Background(), version) }()
	go func() { ended <- l.Wait(context.Background(), 7) }()
	time.Sleep(10 * time.Millisecond)
	must(t, db.Close())
	must(t, l.Close())
	for range 2 {
		if err := <-ended; err != nil { // nil: a sync came by
			wantError(t, err, firn.ErrClosed)
		}
	}
	wantError(t, db.WaitDurable(context.Background(), 0), firn.ErrClosed)
	wantError(t, l.Wait(context.Background(), 0), firn.ErrClosed)
}
