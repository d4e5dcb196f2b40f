package firn_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

func TestWhatWasWrittenIsThereAfterReopening(t *testing.T) {
	path := t.TempDir()
	db := openAt(t, path)
	must(t, db.Put([]byte("ice"), []byte("old snow")))
	must(t, db.Close())
	db = openAt(t, path)
	wantValue(t, db, "ice", "old snow")
	recovery, err := db.Recovery()
	must(t, err)
	if !recovery.Clean || recovery.DroppedFile != "" {
		t.Errorf("after an orderly close: %+v", recovery)
	}
}

func TestClosingTwiceIsFine(t *testing.T) {
	db := open(t)
	must(t, db.Close())
	must(t, db.Close())
}

func TestEveryCallAfterCloseIsAnError(t *testing.T) {
	db := open(t)
	ns, err := db.Namespace("n")
	must(t, err)
	must(t, db.Put([]byte("k"), []byte("v")))
	it, err := db.NewIterator(firn.ScanOptions{})
	must(t, err)
	tx, err := db.Begin()
	must(t, err)
	must(t, db.Close())

	key := []byte("k")
	_, getErr := db.Get(key)
	_, _, entryErr := db.GetEntry(nil, key)
	_, hasErr := db.Has(key)
	_, addErr := db.Add(key, 1)
	_, _, swapErr := db.Swap(key, key)
	_, casErr := db.CompareAndSwap(key, key, key, 0)
	_, putErr := db.PutWith(key, key, firn.PutOptions{})
	_, ttlErr := db.TTL(key)
	_, multiErr := db.MultiGet([][]byte{key})
	_, writeErr := db.Write(&firn.Batch{})
	_, beginErr := db.Begin()
	_, snapshotErr := db.Snapshot()
	_, iteratorErr := db.NewIterator(firn.ScanOptions{})
	_, nsErr := db.Namespace("m")
	_, listErr := db.Namespaces()
	_, statsErr := db.StatsJSON()
	_, recoveryErr := db.Recovery()
	_, rangeErr := db.DeleteRange(nil, nil, 0)
	_, txGetErr := tx.Get(key)
	_, commitErr := tx.Commit()
	entries, failure := db.Scan(firn.ScanOptions{})
	for range entries {
		t.Error("a closed database has entries")
	}
	if it.Next() {
		t.Error("an iterator of a closed database goes on")
	}
	for name, err := range map[string]error{
		"put": db.Put(key, key), "delete": db.Delete(key), "get": getErr, "entry": entryErr, "has": hasErr, "add": addErr, "swap": swapErr, "cas": casErr,
		"put with": putErr, "ttl": ttlErr, "expire": db.Expire(key, time.Second), "persist": db.Persist(key), "multi-get": multiErr, "write": writeErr,
		"begin": beginErr, "snapshot": snapshotErr, "iterator": iteratorErr, "namespace": nsErr, "list": listErr, "stats": statsErr, "view": db.View(key, nil),
		"recovery": recoveryErr, "range": rangeErr, "sync": db.Sync(), "flush": db.Flush(), "compact": db.Compact(), "in namespace": ns.Put(key, key),
		"clear": ns.Clear(), "drop": ns.Drop(), "scan": failure(), "next": it.Err(), "tx get": txGetErr, "tx put": tx.Put(key, key), "commit": commitErr,
		"background": db.Err(),
	} {
		if !errors.Is(err, firn.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	must(t, it.Close())
	must(t, tx.Close())
}

func TestOpenSaysWhyItFails(t *testing.T) {
	path := t.TempDir()
	db := openAt(t, path)
	_, err := firn.Open(path)
	wantError(t, err, firn.ErrLocked)
	var details *firn.Error
	if !errors.As(err, &details) || details.Op != "open" || details.Message == "" {
		t.Errorf("no details in %#v", err)
	}
	if !firn.IsRetryable(err) {
		t.Error("a lock is retryable")
	}
	must(t, db.Close())

	_, err = firn.Open(path, firn.WithErrorIfExists())
	wantError(t, err, firn.ErrExists)
	_, err = firn.Open(filepath.Join(path, "none"), firn.WithCreateIfMissing(false))
	wantError(t, err, firn.ErrNotFound)
	_, err = firn.Open("")
	wantError(t, err, firn.ErrInvalid)
	_, err = firn.Open("a\x00b")
	wantError(t, err, firn.ErrInvalid)
	_, err = firn.Open(path, firn.Set("no_such_option", "1"))
	wantError(t, err, firn.ErrInvalid)
	if !strings.Contains(err.Error(), "no_such_option") {
		t.Errorf("%q does not name the option", err)
	}
	_, err = firn.Open(path, firn.Set("memtable_bytes\x00", "1MiB"))
	wantError(t, err, firn.ErrInvalid)
	_, err = firn.Open("/proc/firn")
	if err == nil || !errors.As(err, &details) {
		t.Errorf("a database in /proc: %v", err)
	}
}

func TestReadOnlyReadsBesideTheWriter(t *testing.T) {
	path := t.TempDir()
	writer := openAt(t, path)
	must(t, writer.Put([]byte("k"), []byte("v")))
	reader := openAt(t, path, firn.WithReadOnly())
	wantValue(t, reader, "k", "v")
	wantError(t, reader.Put([]byte("k"), nil), firn.ErrReadOnly)
}

func TestEveryOptionOfTheEngineCanBeGiven(t *testing.T) {
	given := []firn.Option{
		firn.WithCreateIfMissing(true), firn.WithDurability(firn.DurabilityInterval(1500 * time.Microsecond)), firn.WithMemtableBytes(8 << 20),
		firn.WithCacheBytes(1 << 20), firn.WithCompression(firn.CompressionNone), firn.WithLogIO("pwrite"), firn.WithTableIO("pread"),
		firn.WithBackgroundThreads(2), firn.WithLockTimeout(time.Millisecond), firn.WithVerifyOnOpen(),
	}
	db := open(t, given...)
	json, err := db.StatsJSON()
	must(t, err)
	for _, want := range []string{`"log_io":"pwrite"`, `"durability":"interval`} {
		if !strings.Contains(string(json), want) {
			t.Errorf("%s is not in %s", want, json)
		}
	}
	for _, durability := range []firn.Durability{firn.DurabilityNone, firn.DurabilityProcess, firn.DurabilitySync, firn.DurabilityEvery(10)} {
		must(t, open(t, firn.WithDurability(durability)).Put([]byte("k"), nil))
	}
	for _, info := range firn.Options() {
		if info.Name == "" || info.Type == "" || info.Range == "" || info.Text == "" {
			t.Errorf("not described: %+v", info)
		}
		value := info.Default
		if info.Name == "read_only" {
			continue
		}
		if info.ForDB {
			open(t, firn.Set(info.Name, value))
		}
		if info.ForLog {
			openLog(t, t.TempDir(), firn.Set(info.Name, value))
		}
	}
}

func TestEveryCodeOfTheEngineHasAValue(t *testing.T) {
	all := []error{firn.ErrNotFound, firn.ErrExists, firn.ErrConflict, firn.ErrInvalid, firn.ErrTooLarge, firn.ErrTypeMismatch, firn.ErrClosed, firn.ErrMisuse,
		firn.ErrLocked, firn.ErrReadOnly, firn.ErrNoSpace, firn.ErrIO, firn.ErrCorrupt, firn.ErrNoMemory, firn.ErrUnsupported, firn.ErrTimeout,
		firn.ErrCancelled, firn.ErrForked, firn.ErrNoExpiry, firn.ErrWouldBlock, firn.ErrIndeterminate, firn.ErrNotADatabase, firn.ErrNewerFormat,
		firn.ErrOverflow, firn.ErrInternal}
	for code := firn.Code(-1); code >= -200; code-- {
		known := code.String() != "FIRN_UNKNOWN"
		named := false
		for _, err := range all {
			named = named || errors.Is(&firn.Error{Code: code, Op: "test"}, err)
		}
		if known != named {
			t.Errorf("%v (%d): known to the engine %v, has a value %v", code, code, known, named)
		}
	}
}

func TestAnErrorTellsWhatItKnows(t *testing.T) {
	err := error(&firn.Error{Code: firn.CodeNoSpace, Op: "put", Errno: syscall.ENOSPC, File: "/db/log", Offset: 7, Message: "the disk is full."})
	if !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, firn.ErrNoSpace) || errors.Is(err, firn.ErrIO) {
		t.Error("the error is not what it is")
	}
	want := "firn: put: the disk is full (/db/log at 7): no space left on device [FIRN_NO_SPACE]"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	if firn.IsRetryable(err) || firn.IsRetryable(nil) || !firn.IsRetryable(firn.ErrConflict) {
		t.Error("wrong about what is retryable")
	}
}

func TestStatsAreJSON(t *testing.T) {
	db := open(t)
	must(t, db.Put([]byte("k"), []byte("v")))
	text, err := db.StatsJSON()
	must(t, err)
	var stats map[string]any
	must(t, json.Unmarshal(text, &stats))
	if stats["durability"] != "process" {
		t.Errorf("%s", text)
	}
}

func TestMaintenanceKeepsTheData(t *testing.T) {
	path := t.TempDir()
	db := openAt(t, path)
	for _, step := range []func() error{db.Sync, db.Flush, db.Compact} {
		must(t, db.Put([]byte("k"), []byte("v")))
		must(t, step())
		wantValue(t, db, "k", "v")
	}
	must(t, db.Err())
	wantError(t, firn.Check(path), firn.ErrLocked)
	must(t, db.Close())
	must(t, firn.Check(path))
	wantError(t, firn.Check(filepath.Join(path, "none")), firn.ErrNotFound)
}

func TestWhatIsForgottenIsReportedAndClosed(t *testing.T) {
	var mutex sync.Mutex
	reported := map[string]string{}
	path := t.TempDir()
	func() {
		db, err := firn.Open(path, firn.WithLeakReports(func(l firn.Leak) {
			mutex.Lock()
			defer mutex.Unlock()
			reported[l.Kind] = l.String()
		}))
		must(t, err)
		must(t, db.Put([]byte("k"), []byte("v")))
		_, err = db.NewIterator(firn.ScanOptions{})
		must(t, err)
		_, err = db.Begin()
		must(t, err)
		_, err = db.Snapshot()
		must(t, err)
		closed, err := db.NewIterator(firn.ScanOptions{})
		must(t, err)
		must(t, closed.Close())
	}()
	kinds := []string{"iterator", "transaction", "snapshot", "database"}
	for attempt := 0; attempt < 1000; attempt++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
		mutex.Lock()
		seen := len(reported)
		mutex.Unlock()
		if seen == len(kinds) {
			break
		}
	}
	mutex.Lock()
	defer mutex.Unlock()
	for _, kind := range kinds {
		if !strings.Contains(reported[kind], "TestWhatIsForgottenIsReportedAndClosed") {
			t.Errorf("%s: the report is %q", kind, reported[kind])
		}
	}
	openAt(t, path) // the forgotten database has let go of its lock
}
