package firn

/*
#include "firn_go.h"
#cgo noescape firn_backup_begin
#cgo nocallback firn_backup_begin
#cgo noescape firn_restore_begin
#cgo nocallback firn_restore_begin
#cgo noescape firn_backup_step
#cgo nocallback firn_backup_step
#cgo noescape firn_backup_finish
#cgo nocallback firn_backup_finish
#cgo noescape firn_backup_list
#cgo nocallback firn_backup_list
#cgo noescape firn_backup_verify
#cgo nocallback firn_backup_verify
#cgo noescape firn_backup_delete
#cgo nocallback firn_backup_delete
*/
import "C"

import (
	"context"
	"encoding/binary"
	"runtime"
	"strings"
	"time"
)

// BackupProgress tells how far a backup or a restore has come.
type BackupProgress struct {
	BytesTotal  uint64 // of tables; those that memtables become are added when they are written
	BytesDone   uint64 // linked ones included
	BytesLinked uint64 // that did not have to be copied: an earlier backup has them
	TablesTotal uint64 // grows with the memtables that are written
	TablesDone  uint64 // of TablesTotal
	Version     uint64 // of the snapshot
}

// BackupInfo is what Backups tells of one backup.
type BackupInfo struct {
	ID      uint64    // 1, 2, 3 and so on in its directory; never given again
	Time    time.Time // when it was made
	Version uint64    // of the last commit in it
	Bytes   uint64    // of its tables, linked ones included
	Tables  uint64    // in it
}

// Backup makes a backup of everything acknowledged before the call in directory, which is made when it is missing, and returns its number there. A table that an earlier
// backup has is linked, so the next one costs what is new. Writers are not held up. progress is called every few MiB; nil: it is not. When ctx is done nothing is left of the
// backup, and the context's error is returned. One backup, restore or deletion at a time works in a directory: else ErrLocked. A backup can be opened
// with WithReadOnly where it lies, and checked with Check.
func (db *DB) Backup(ctx context.Context, directory string, progress func(BackupProgress)) (id uint64, err error) {
	if err := noNUL("backup", directory); err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(db)
	e := newCError()
	h := C.firn_backup_begin(db.h, cString(directory), &e)
	if h == nil {
		return 0, detailedError("backup", &e)
	}
	return stepBackup(ctx, "backup", h, progress)
}

// Restore makes a database of its own in path, which must not exist, of a backup. Every table is verified before it is copied. progress and ctx as for DB.Backup;
// ErrNotFound: there is no such backup.
func Restore(ctx context.Context, directory string, id uint64, path string, progress func(BackupProgress)) error {
	if err := noNUL("restore", directory, path); err != nil {
		return err
	}
	e := newCError()
	h := C.firn_restore_begin(cString(directory), C.uint64_t(id), cString(path), &e)
	if h == nil {
		return detailedError("restore", &e)
	}
	_, err := stepBackup(ctx, "restore", h, progress)
	return err
}

// stepBackup does all of a backup or a restore and closes its handle.
func stepBackup(ctx context.Context, op string, h *C.firn_backup, progress func(BackupProgress)) (id uint64, err error) {
	finished := false
	defer func() {
		if !finished { // progress has panicked: cancels
			C.firn_backup_finish(h, nil)
		}
	}()
	c := C.firn_backup_progress{struct_size: C.sizeof_firn_backup_progress}
	for ctx.Err() == nil && C.firn_backup_step(h, 0, &c) == 1 {
		if progress != nil {
			progress(newBackupProgress(&c))
		}
	}
	e := newCError()
	finished = true
	n := int64(C.firn_backup_finish(h, &e)) // before the end it cancels; after an error it tells it
	if n >= 0 {
		if progress != nil {
			progress(newBackupProgress(&c))
		}
		return uint64(n), nil
	}
	if ctx.Err() != nil && Code(n) == CodeCancelled {
		return 0, ctx.Err()
	}
	return 0, detailedError(op, &e)
}

func newBackupProgress(c *C.firn_backup_progress) BackupProgress {
	return BackupProgress{
		BytesTotal:  uint64(c.bytes_total),
		BytesDone:   uint64(c.bytes_done),
		BytesLinked: uint64(c.bytes_linked),
		TablesTotal: uint64(c.tables_total),
		TablesDone:  uint64(c.tables_done),
		Version:     uint64(c.version),
	}
}

// Backups lists the backups in a directory, oldest first.
func Backups(directory string) ([]BackupInfo, error) {
	if err := noNUL("list backups", directory); err != nil {
		return nil, err
	}
	const entryBytes = 40
	buffer := make([]byte, 100*entryBytes)
	for {
		e := newCError()
		n := int64(C.firn_backup_list(cString(directory), in(buffer), size(buffer), &e))
		if n < 0 {
			return nil, detailedError("list backups", &e)
		}
		if int(n) > len(buffer) {
			buffer = make([]byte, n)
			continue
		}
		infos := make([]BackupInfo, 0, n/entryBytes)
		for rest := buffer[:n]; len(rest) > 0; rest = rest[entryBytes:] {
			infos = append(infos, BackupInfo{
				ID:      binary.LittleEndian.Uint64(rest),
				Time:    time.UnixMilli(int64(binary.LittleEndian.Uint64(rest[8:]))),
				Version: binary.LittleEndian.Uint64(rest[16:]),
				Bytes:   binary.LittleEndian.Uint64(rest[24:]),
				Tables:  binary.LittleEndian.Uint64(rest[32:]),
			})
		}
		return infos, nil
	}
}

// VerifyBackup reads all of a backup, as Check does a database.
func VerifyBackup(directory string, id uint64) error {
	if err := noNUL("verify backup", directory); err != nil {
		return err
	}
	e := newCError()
	if C.firn_backup_verify(cString(directory), C.uint64_t(id), &e) != 0 {
		return detailedError("verify backup", &e)
	}
	return nil
}

// DeleteBackup removes a backup; the others stay whole.
func DeleteBackup(directory string, id uint64) error {
	if err := noNUL("delete backup", directory); err != nil {
		return err
	}
	e := newCError()
	if C.firn_backup_delete(cString(directory), C.uint64_t(id), &e) != 0 {
		return detailedError("delete backup", &e)
	}
	return nil
}

// noNUL refuses paths that C would take for shorter ones.
func noNUL(op string, paths ...string) error {
	for _, path := range paths {
		if strings.Contains(path, "\x00") {
			return &Error{Code: CodeInvalid, Op: op, Message: "the path has a NUL in it"}
		}
	}
	return nil
}
