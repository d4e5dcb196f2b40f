package firn_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

func TestWaitDurableEndsWhenTheCommitIsDurableOrTheContextIsDone(t *testing.T) {
	db := open(t, firn.WithDurability(firn.DurabilityInterval(time.Hour)))
	version, err := db.PutWith([]byte("k"), nil, firn.PutOptions{})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(5*time.Millisecond, cancel)
	if err := db.WaitDurable(ctx, version); err != nil { // nil: a sync came by; else the clock syncs in an hour
		wantError(t, err, context.Canceled)
	}
	<-ctx.Done()
	wantError(t, db.WaitDurable(ctx, version), context.Canceled)
	must(t, db.Sync())
	must(t, db.WaitDurable(context.Background(), version))
	must(t, db.WaitDurable(context.Background(), 0))
	wantError(t, db.WaitDurable(context.Background(), version+1<<40), firn.ErrInvalid)

	waiting := make(chan error)
	version, err = db.PutWith([]byte("k"), nil, firn.PutOptions{})
	must(t, err)
	go func() { waiting <- db.WaitDurable(context.Background(), version) }()
	time.Sleep(5 * time.Millisecond)
	must(t, db.Close())
	if err := <-waiting; err != nil && !errors.Is(err, firn.ErrClosed) {
		t.Error(err)
	}
}

func TestAReaderMovesOnWhenItIsRefreshed(t *testing.T) {
	path := t.TempDir()
	writer := openAt(t, path)
	must(t, writer.Put([]byte("k"), []byte("then")))
	reader := openAt(t, path, firn.WithReadOnly())
	must(t, writer.Put([]byte("k"), []byte("now")))
	wantValue(t, reader, "k", "then")
	must(t, reader.Refresh())
	wantValue(t, reader, "k", "now")
	must(t, writer.Refresh())
}

func TestApproximationsAreAboutRight(t *testing.T) {
	db := open(t)
	var batch firn.Batch
	for i := range 10_000 {
		batch.Put([]byte{byte(i >> 8), byte(i)}, make([]byte, 100))
	}
	_, err := db.Write(&batch)
	must(t, err)
	must(t, db.Compact())
	count, err := db.ApproximateCount(nil, []byte{20})
	must(t, err)
	if count < 4000 || count > 6500 {
		t.Errorf("about %d keys, there are 5120", count)
	}
	bytes, err := db.ApproximateBytes(nil, nil)
	must(t, err)
	if bytes < 1_000_000 || bytes > 4_000_000 {
		t.Errorf("about %d bytes", bytes)
	}
}

func TestDamageIsReportedWithFileAndOffset(t *testing.T) {
	path := t.TempDir()
	db := openAt(t, path)
	must(t, db.Put([]byte("k"), make([]byte, 100_000)))
	must(t, db.Close())
	var damaged string
	must(t, filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && damaged == "" {
			if info, err := entry.Info(); err == nil && info.Size() > 100_000 {
				damaged = name
			}
		}
		return err
	}))
	content, err := os.ReadFile(damaged)
	must(t, err)
	content[50_000] ^= 1
	must(t, os.WriteFile(damaged, content, 0o600))

	db, err = firn.Open(path)
	if err == nil {
		_, err = db.Get([]byte("k"))
		must(t, db.Close())
	}
	var details *firn.Error
	if !errors.Is(err, firn.ErrCorrupt) || !errors.As(err, &details) || !strings.HasSuffix(damaged, filepath.Base(details.File)) || details.File == "" {
		t.Errorf("%s is damaged: %#v", damaged, err)
	}
}
