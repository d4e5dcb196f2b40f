package firn

/*
#include "firn_go.h"
#cgo noescape firn_options_set
#cgo nocallback firn_options_set
#cgo noescape firn_open
#cgo nocallback firn_open
#cgo noescape firn_recovery
#cgo nocallback firn_recovery
#cgo nocallback firn_run_jobs
#cgo noescape firn_check
#cgo nocallback firn_check
#cgo nocallback firn_build_info
#cgo nocallback firn_close
#cgo nocallback firn_compact
#cgo nocallback firn_flush
*/
import "C"

import (
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// A DB is an open database. Its methods may be called from any goroutine at any time, also while it is being closed: calls that come too late
// fail with ErrClosed. The operations on keys and values, which it has from Keyspace, are on the default namespace.
type DB struct {
	Keyspace
	closing      sync.Mutex // held by Close until it has ended
	closed       bool
	closeFailed  bool
	syncsByClock bool // durability is interval:T: who waits for it needs not sync
	syncsWrites  bool // durability is sync: every write waits for it
	syncedWrites atomic.Int64
	events       *notifier
	syncs        syncGroup
	watch        watch
}

// Open opens the database in the directory path, and creates it when there is none. ":memory:" is a database without files. After a crash no flag
// is needed: what was acknowledged is there; Recovery tells what was found. Fails, among others, with ErrLocked when the database is open already, here
// or in another process.
func Open(path string, options ...Option) (*DB, error) {
	var config configuration
	if err := config.take("open", options); err != nil {
		return nil, err
	}
	if err := noNUL("open", path); err != nil {
		return nil, err
	}
	cOptions, err := newCOptions(config.settings)
	if err != nil {
		return nil, err
	}
	defer C.firn_options_free(cOptions)
	e := newCError()
	h := C.firn_open(cString(path), cOptions, &e)
	if h == nil {
		return nil, detailedError("open", &e)
	}
	events := new(notifier)
	db := &DB{events: events, syncsByClock: config.syncsByClock(), syncsWrites: config.syncsWrites(), watch: watch{report: config.reports}}
	db.Keyspace = Keyspace{h: h, db: db}
	db.watch.begin(db, "database", 2, func() {
		events.close()
		C.firn_close(h)
	})
	return db, nil
}

// Close makes everything acknowledged durable, in every mode, and closes the database; it can be opened again at once. It waits for calls in progress,
// not for iterators and transactions, which then fail with ErrClosed. It always closes, also when it returns an error. Closing again does nothing.
func (db *DB) Close() error {
	if db == nil {
		return nil
	}
	db.closing.Lock()
	defer db.closing.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	db.watch.end()
	db.events.close()
	if code := C.firn_close(db.h); code != 0 {
		db.closeFailed = true
		return &Error{Code: Code(code), Op: "close"}
	}
	return nil
}

// Flush writes what is in memory to tables and waits for it. Nothing needs it to be safe.
func (db *DB) Flush() error { return db.ended("flush", C.firn_flush(db.h)) }

// Compact brings the database into its smallest form, without deleted and expired entries, and waits for it.
func (db *DB) Compact() error { return db.ended("compact", C.firn_compact(db.h)) }

// ended turns the answer of a call of the whole database, or of a namespace, into an error, and keeps the database from being collected during the call.
func (k *Keyspace) ended(op string, code C.int32_t) error {
	runtime.KeepAlive(k)
	if code != 0 {
		return k.failure(op, int64(code))
	}
	return nil
}

// RunJobs does background work for at most d, in milliseconds rounded up, of a database that was opened with Set("single_threaded", "true"), and tells whether there is
// more. On a database with threads, which need nobody to call it, it is ErrMisuse.
func (db *DB) RunJobs(d time.Duration) (more bool, err error) {
	code := C.firn_run_jobs(db.h, C.int32_t(min(milliseconds(d), math.MaxInt32)))
	return code == 1, db.ended("run jobs", min(code, 0))
}

// Err is the last error of background work or of the disk, nil when there was none.
func (db *DB) Err() error {
	e := newCError()
	code := C.firn_db_error(db.h, &e)
	runtime.KeepAlive(db)
	return lastError(code, &e)
}

// A Recovery tells what Open found.
type Recovery struct {
	Clean           bool   // the last opening was closed in order, or the database is new
	RecordsReplayed uint64 // commits found in the write-ahead log
	BytesReplayed   uint64 // of these commits
	BytesDropped    uint64 // the torn tail: written, never made durable, cut
	DroppedFile     string // where it was cut; empty: nothing was
	DroppedOffset   uint64 // in DroppedFile
}

// Recovery tells what Open found.
func (db *DB) Recovery() (Recovery, error) {
	var info C.firn_recovery_info
	info.struct_size = C.sizeof_firn_recovery_info
	if err := db.ended("recovery", C.firn_recovery(db.h, &info)); err != nil {
		return Recovery{}, err
	}
	return newRecovery(&info), nil
}

func newRecovery(info *C.firn_recovery_info) Recovery {
	return Recovery{
		Clean:           info.clean == 1,
		RecordsReplayed: uint64(info.records_replayed),
		BytesReplayed:   uint64(info.bytes_replayed),
		BytesDropped:    uint64(info.bytes_dropped),
		DroppedFile:     text(info.dropped_file[:]),
		DroppedOffset:   uint64(info.dropped_offset),
	}
}

// Check verifies a database that nobody has open for writing: every checksum, the order of keys, tables against the manifest, the log. It writes nothing.
func Check(path string) error {
	if err := noNUL("check", path); err != nil {
		return err
	}
	e := newCError()
	if C.firn_check(cString(path), &e) != 0 {
		return detailedError("check", &e)
	}
	return nil
}

// Version is the version of the engine that is in use, "0.1.0".
func Version() string {
	info := C.GoString(C.firn_build_info())
	info, _, _ = strings.Cut(info, ";")
	return strings.TrimPrefix(info, "firn ")
}

// BuildInfo tells how the engine that is in use was built.
func BuildInfo() string { return C.GoString(C.firn_build_info()) }

// cString gives a C string in Go memory, for the time of one call. The caller has seen to it that s has no NUL.
func cString(s string) *C.char {
	terminated := append(make([]byte, 0, len(s)+1), s...)
	terminated = append(terminated, 0)
	return (*C.char)(unsafe.Pointer(unsafe.SliceData(terminated)))
}
