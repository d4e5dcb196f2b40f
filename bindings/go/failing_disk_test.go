package firn_test

import (
	"context"
	"errors"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
)

// onAFullDisk runs work while this process can make no file larger than a byte: every write ends with EFBIG, as it would with ENOSPC on a full disk.
func onAFullDisk(t *testing.T, work func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var whole syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &whole))
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1, Max: whole.Max}))
	defer func() {
		must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &whole))
		signal.Reset(syscall.SIGXFSZ)
	}()
	work()
}

// wantCause checks that an error tells code, call, file and the system's error.
func wantCause(t *testing.T, err, want error, op, directory string) {
	t.Helper()
	var failure *firn.Error
	if !errors.Is(err, want) || !errors.Is(err, syscall.EFBIG) || !errors.As(err, &failure) {
		t.Fatalf("got error %v, want %v and %v", err, want, syscall.EFBIG)
	}
	if failure.Op != op || !strings.HasPrefix(failure.File, directory+"/") || failure.Message == "" {
		t.Errorf("%+v", failure)
	}
}

func TestADatabaseTellsOfAFailedDiskAndResumes(t *testing.T) {
	directory := t.TempDir()
	db := openAt(t, directory, firn.WithLogIO("pwrite"))
	must(t, db.Put([]byte("k"), []byte("before")))
	must(t, db.Err())
	onAFullDisk(t, func() {
		wantCause(t, db.Put([]byte("k"), []byte("lost")), firn.ErrIndeterminate, "put", directory)
	})
	wantCause(t, db.Delete([]byte("k")), firn.ErrReadOnly, "delete", directory)
	wantCause(t, db.Err(), firn.ErrIO, "background", directory)
	events, err := db.Events(0)
	if must(t, err); len(events) == 0 || events[len(events)-1].Kind != firn.EventError {
		t.Errorf("%+v", events)
	}

	must(t, db.Resume())
	must(t, db.Err())
	must(t, db.Put([]byte("k"), []byte("after")))
	wantValue(t, db, "k", "after")
	must(t, db.WaitDurable(context.Background(), 0))
}

func TestALogTellsOfAFailedDisk(t *testing.T) {
	directory := t.TempDir()
	l, err := firn.OpenLog(directory, firn.WithLogIO("pwrite"))
	must(t, err)
	_, err = l.Append([]byte("kept"))
	must(t, err)
	must(t, l.Err())
	onAFullDisk(t, func() {
		_, err = l.Append([]byte("lost"))
		wantCause(t, err, firn.ErrIndeterminate, "append", directory)
	})
	_, err = l.AppendBatch([][]byte{[]byte("refused")})
	wantCause(t, err, firn.ErrReadOnly, "append", directory)
	wantCause(t, l.Err(), firn.ErrIO, "background", directory)
	record, err := l.Read(0)
	if must(t, err); string(record) != "kept" {
		t.Errorf("%q", record)
	}
	if l.Close() == nil {
		t.Error("closing a log that has failed is no error")
	}
	wantError(t, l.Err(), firn.ErrClosed)
	again := openLog(t, directory)
	must(t, again.Err())
	if first, _, err := again.Bounds(); err != nil || first != 0 {
		t.Error(first, err)
	}
}
