package firn_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
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

func TestNobodyCanChangeWhatAnErrorMeans(t *testing.T) {
	db := open(t)
	_, err := db.Get([]byte("none"))
	for _, err := range []error{err, firn.ErrNotFound} {
		var details *firn.Error
		if !errors.As(err, &details) || details.Code != firn.CodeNotFound {
			t.Fatalf("no details in %#v", err)
		}
		details.Code, details.Op, details.Message = firn.CodeIO, "spoilt", "spoilt"
	}
	_, err = db.Get([]byte("none"))
	wantError(t, err, firn.ErrNotFound)
	if errors.Is(err, firn.ErrIO) || strings.Contains(err.Error(), "spoilt") {
		t.Errorf("%v was changed by a caller", err)
	}
	wantError(t, &firn.Error{Code: firn.CodeConflict, Op: "commit"}, firn.ErrConflict)
	if err != firn.ErrNotFound {
		t.Error("the plain error is not the value itself")
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

// leaks collects reports, which come on goroutines of the runtime.
type leaks struct {
	mutex    sync.Mutex
	reported map[string]string // by kind
}

func (l *leaks) add(leak firn.Leak) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.reported[leak.Kind] = leak.String()
}

// await waits until the collector has come by for all kinds.
func (l *leaks) await(t *testing.T, kinds ...string) {
	t.Helper()
	missing := kinds
	for attempt := 0; attempt < 1000 && len(missing) > 0; attempt++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
		l.mutex.Lock()
		missing = slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return strings.Contains(l.reported[kind], t.Name()) })
		l.mutex.Unlock()
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, kind := range missing {
		t.Errorf("%s: the report is %q", kind, l.reported[kind])
	}
}

func retiredViews(t *testing.T, db *firn.DB) uint64 {
	t.Helper()
	stats, err := db.Stats()
	must(t, err)
	return stats.RetiredViews
}

func TestWhatIsForgottenIsReportedAndClosed(t *testing.T) {
	found := leaks{reported: map[string]string{}}
	path := t.TempDir()
	func() {
		db, err := firn.Open(path, firn.WithLeakReports(found.add))
		must(t, err)
		must(t, db.Put([]byte("k"), []byte("v")))
		forget(t, db)
		found.await(t, "iterator", "transaction", "snapshot")
		views := retiredViews(t, db)
		for attempt := 0; attempt < 1000 && views != 0; attempt++ { // of two iterators one may still be on its way
			runtime.GC()
			time.Sleep(time.Millisecond)
			views = retiredViews(t, db)
		}
		if views != 0 {
			t.Errorf("%d former states are kept for what was forgotten", views)
		}
	}()
	found.await(t, "database")
	openAt(t, path) // the forgotten database has let go of its lock
}

// forget makes one of everything that holds a former state of the database, and leaves it open.
func forget(t *testing.T, db *firn.DB) {
	it, err := db.NewIterator(firn.ScanOptions{})
	must(t, err)
	tx, err := db.Begin()
	must(t, err)
	_, err = tx.NewIterator(firn.ScanOptions{})
	must(t, err)
	snapshot, err := db.Snapshot()
	must(t, err)
	closed, err := db.NewIterator(firn.ScanOptions{})
	must(t, err)
	must(t, closed.Close())
	must(t, db.Put([]byte("k"), []byte("later")))
	must(t, db.Flush())
	if retiredViews(t, db) == 0 {
		t.Error("nothing holds a former state: the test sees nothing")
	}
	runtime.KeepAlive(it)
	runtime.KeepAlive(tx)
	runtime.KeepAlive(snapshot)
}
