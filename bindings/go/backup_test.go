package firn_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// filled gives a database with 20 MB under keys that end with a letter.
func filled(t *testing.T, letter byte) *firn.DB {
	t.Helper()
	db := open(t)
	fill(t, db, letter)
	return db
}

func fill(t *testing.T, db *firn.DB, letter byte) {
	t.Helper()
	var batch firn.Batch
	for i := range 2000 {
		batch.Put(fmt.Appendf(nil, "%04d%c", i, letter), make([]byte, 10_000))
	}
	_, err := db.Write(&batch)
	must(t, err)
	must(t, db.Flush())
}

func TestBackupsAreRestored(t *testing.T) {
	ctx := context.Background()
	db := filled(t, 'a')
	directory := filepath.Join(t.TempDir(), "backups")
	var last firn.BackupProgress
	calls := 0
	progress := func(p firn.BackupProgress) {
		if p.BytesDone < last.BytesDone || p.BytesDone > p.BytesTotal || p.TablesDone > p.TablesTotal {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
		calls++
	}
	first, err := db.Backup(ctx, directory, progress)
	must(t, err)
	if first != 1 || calls < 2 || last.BytesDone != last.BytesTotal || last.TablesDone == 0 || last.Version == 0 {
		t.Errorf("backup %d, %d calls, %+v", first, calls, last)
	}
	fill(t, db, 'b')
	last = firn.BackupProgress{}
	second, err := db.Backup(ctx, directory, progress)
	must(t, err)
	if second != 2 || last.BytesLinked == 0 {
		t.Errorf("backup %d, %+v", second, last)
	}
	infos, err := firn.Backups(directory)
	must(t, err)
	if len(infos) != 2 || infos[0].ID != first || infos[1].ID != second || infos[1].Bytes <= infos[0].Bytes || infos[1].Version <= infos[0].Version ||
		infos[0].Tables == 0 || infos[0].Bytes < 20_000_000 || time.Since(infos[0].Time) > time.Hour {
		t.Errorf("%+v", infos)
	}
	must(t, firn.VerifyBackup(directory, first))
	must(t, firn.DeleteBackup(directory, second))
	wantError(t, firn.VerifyBackup(directory, second), firn.ErrNotFound)

	path := filepath.Join(t.TempDir(), "restored")
	must(t, firn.Restore(ctx, directory, first, path, nil))
	restored := openAt(t, path)
	if _, err := restored.Get([]byte("1999a")); err != nil {
		t.Error(err)
	}
	wantMissing(t, restored, "0000b")
	wantError(t, firn.Restore(ctx, directory, first, path, nil), firn.ErrExists)
	wantError(t, firn.Restore(ctx, directory, 9, path+"2", nil), firn.ErrNotFound)
}

func TestABackupThatIsCancelledLeavesNothing(t *testing.T) {
	db := filled(t, 'a')
	directory := filepath.Join(t.TempDir(), "backups")
	ctx, cancel := context.WithCancel(context.Background())
	_, err := db.Backup(ctx, directory, func(firn.BackupProgress) { cancel() })
	wantError(t, err, context.Canceled)
	infos, err := firn.Backups(directory)
	if err != nil || len(infos) != 0 {
		t.Errorf("%+v, %v", infos, err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		_, _ = db.Backup(context.Background(), directory, func(firn.BackupProgress) { panic("of the caller") })
	}()
	id, err := db.Backup(context.Background(), directory, nil) // else ErrLocked: the other one goes on
	must(t, err)
	ctx, cancel = context.WithCancel(context.Background())
	path := filepath.Join(t.TempDir(), "restored")
	wantError(t, firn.Restore(ctx, directory, id, path, func(firn.BackupProgress) { cancel() }), context.Canceled)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
}

func TestABackupWhoseDatabaseIsClosedFails(t *testing.T) {
	db := filled(t, 'a')
	id, err := db.Backup(context.Background(), filepath.Join(t.TempDir(), "backups"), func(firn.BackupProgress) { _ = db.Close() })
	if id != 0 {
		t.Errorf("backup %d", id)
	}
	wantError(t, err, firn.ErrClosed)
}

func TestPathsOfBackups(t *testing.T) {
	db := open(t)
	const bad = "a\x00b"
	_, err := db.Backup(context.Background(), bad, nil)
	wantError(t, err, firn.ErrInvalid)
	wantError(t, firn.Restore(context.Background(), "a", 1, bad, nil), firn.ErrInvalid)
	_, err = firn.Backups(bad)
	wantError(t, err, firn.ErrInvalid)
	wantError(t, firn.VerifyBackup(bad, 1), firn.ErrInvalid)
	wantError(t, firn.DeleteBackup(bad, 1), firn.ErrInvalid)
	_, err = firn.Backups(t.TempDir() + "/missing")
	wantError(t, err, firn.ErrNotFound)
	_, err = db.Backup(context.Background(), t.TempDir()+"/missing/backups", nil)
	wantError(t, err, firn.ErrNotFound)
}

func TestJobsRunWhenThereAreNoThreads(t *testing.T) {
	_, err := open(t).RunJobs(time.Millisecond)
	wantError(t, err, firn.ErrMisuse)
	db := open(t, firn.Set("single_threaded", "true"))
	must(t, db.Put([]byte("k"), nil))
	for more := true; more; {
		more, err = db.RunJobs(time.Duration(math.MaxInt64))
		must(t, err)
	}
}
