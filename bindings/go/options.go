package firn

/*
#include "firn_go.h"
#cgo nocallback firn_option_count
#cgo noescape firn_option_info_at
#cgo nocallback firn_option_info_at
#cgo nocallback firn_options_free
#cgo nocallback firn_options_new
*/
import "C"

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Option of Open and OpenLog. Those not given have the engine's defaults; Options tells them.
type Option func(*configuration)

type configuration struct {
	settings []setting
	reports  func(Leak)
}

// take applies the options that are given to op.
func (c *configuration) take(op string, options []Option) error {
	for _, option := range options {
		if option == nil {
			return &Error{Code: CodeInvalid, Op: op, Message: "an option is nil"}
		}
		option(c)
	}
	return nil
}

// value is what an option was set to, empty when it was not.
func (c *configuration) value(name string) (value string) {
	for _, s := range c.settings {
		if s.name == name {
			value = s.value
		}
	}
	return value
}

// syncsByClock tells whether the engine syncs by itself, in the end: then those who wait for it do not sync. Without threads it leaves that to them.
func (c *configuration) syncsByClock() bool {
	alone := c.value("single_threaded")
	return strings.HasPrefix(c.value("durability"), "interval:") && (alone == "" || alone == "false")
}

// syncsWrites tells whether every write waits for its sync.
func (c *configuration) syncsWrites() bool { return c.value("durability") == string(DurabilitySync) }

type setting struct{ name, value string }

// Set gives an option by its name in the engine, with a value as text: Set("cache_bytes", "64MiB"). An unknown name makes Open fail with ErrInvalid.
func Set(name, value string) Option {
	return func(c *configuration) { c.settings = append(c.settings, setting{name, value}) }
}

// A Durability says which failure an acknowledged write survives.
type Durability string

// The degrees of durability, from the cheapest to the strongest.
const (
	// DurabilityNone promises nothing until Sync.
	DurabilityNone Durability = "none"
	// DurabilityProcess is the default: a write survives kill -9 and a crash of the program; after power loss a prefix of the writes is left.
	DurabilityProcess Durability = "process"
	// DurabilitySync lets a write survive power loss: it waits for a sync, which it shares with all who wait for one.
	DurabilitySync Durability = "sync"
)

// DurabilityEvery syncs in the background after every n writes: power loss takes the last n at most.
func DurabilityEvery(n uint64) Durability { return Durability("every:" + strconv.FormatUint(n, 10)) }

// DurabilityInterval syncs in the background: power loss takes what was written in the last d at most. d counts in milliseconds, rounded up.
func DurabilityInterval(d time.Duration) Durability {
	return Durability(fmt.Sprintf("interval:%dms", milliseconds(d)))
}

// WithDurability chooses which failure a write survives. The default is DurabilityProcess.
func WithDurability(d Durability) Option { return Set("durability", string(d)) }

// WithCreateIfMissing(false) makes Open of a path without a database fail with ErrNotFound. The default is true.
func WithCreateIfMissing(create bool) Option {
	return Set("create_if_missing", strconv.FormatBool(create))
}

// WithErrorIfExists makes Open fail with ErrExists when there is a database already.
func WithErrorIfExists() Option { return Set("error_if_exists", "true") }

// WithReadOnly opens without a lock and without writing a byte, also beside a live writer.
func WithReadOnly() Option { return Set("read_only", "true") }

// WithMemtableBytes sets how much is gathered in memory before it is written as a table.
func WithMemtableBytes(n uint64) Option { return setBytes("memtable_bytes", n) }

// WithCacheBytes bounds the memory for tables that are read or decompressed rather than mapped.
func WithCacheBytes(n uint64) Option { return setBytes("cache_bytes", n) }

// A Compression of tables.
type Compression string

// The compressions; lz4 and zstd are there when the library was built with them, else Open fails with ErrUnsupported.
const (
	CompressionNone Compression = "none" // tables are mapped and read in place
	CompressionLZ4  Compression = "lz4"  // fast
	CompressionZstd Compression = "zstd" // small
)

// WithCompression compresses tables that are written from now on. The default is CompressionNone.
func WithCompression(c Compression) Option { return Set("compression", string(c)) }

// WithLogIO chooses "mmap" (the default) or "pwrite". Together with WithTableIO("pread") a failing disk becomes ErrIO instead of a SIGBUS.
func WithLogIO(way string) Option { return Set("log_io", way) }

// WithTableIO chooses "mmap" (the default) or "pread".
func WithTableIO(way string) Option { return Set("table_io", way) }

// WithBackgroundThreads sets the number of the engine's own threads for flushes and compactions.
func WithBackgroundThreads(n uint64) Option {
	return Set("background_threads", strconv.FormatUint(n, 10))
}

// WithLockTimeout waits so long for another opening to end before Open fails with ErrLocked.
func WithLockTimeout(d time.Duration) Option {
	return setMilliseconds("lock_timeout_ms", d)
}

// WithChangesRetentionBytes keeps commits readable by Changes after their flush, as long as they take no more than n bytes of log.
func WithChangesRetentionBytes(n uint64) Option { return setBytes("changes_retention_bytes", n) }

// WithChangesRetention keeps commits readable by Changes after their flush for d.
func WithChangesRetention(d time.Duration) Option { return setMilliseconds("changes_retention_ms", d) }

// WithVerifyOnOpen reads and verifies every table when the database is opened.
func WithVerifyOnOpen() Option { return Set("verify_on_open", "true") }

func setBytes(name string, n uint64) Option { return Set(name, strconv.FormatUint(n, 10)) }

func setMilliseconds(name string, d time.Duration) Option {
	return Set(name, strconv.FormatInt(milliseconds(d), 10))
}

// An OptionInfo describes one option of the engine.
type OptionInfo struct {
	Name    string // for Set
	Type    string // "bool", "u64", "bytes", "ms", "enum" or "durability"
	Default string // as Set takes it
	Range   string // "1MiB..1GiB", "none|lz4|zstd"
	Text    string // one sentence
	ForDB   bool   // Open takes it
	ForLog  bool   // OpenLog takes it
}

// Options lists all options that the engine knows.
func Options() []OptionInfo {
	infos := make([]OptionInfo, 0, int(C.firn_option_count()))
	for i := range C.firn_option_count() {
		info := C.firn_option_info{struct_size: C.sizeof_firn_option_info}
		if C.firn_option_info_at(i, &info) != 0 {
			break
		}
		infos = append(infos, OptionInfo{
			Name:    C.GoString(info.name),
			Type:    C.GoString(info._type),
			Default: C.GoString(info.default_value),
			Range:   C.GoString(info._range),
			Text:    C.GoString(info.text),
			ForDB:   info.flags&C.FIRN_OPTION_FOR_DB != 0,
			ForLog:  info.flags&C.FIRN_OPTION_FOR_LOG != 0,
		})
	}
	return infos
}

// newCOptions makes the C options of the settings. The caller frees them.
func newCOptions(settings []setting) (*C.firn_options, error) {
	options := C.firn_options_new()
	if options == nil {
		return nil, ErrNoMemory
	}
	for _, s := range settings {
		code := C.int32_t(CodeInvalid)
		if !strings.Contains(s.name, "\x00") && !strings.Contains(s.value, "\x00") {
			code = C.firn_options_set(options, cString(s.name), cString(s.value))
		}
		if code != 0 {
			C.firn_options_free(options)
			return nil, &Error{Code: Code(code), Op: "open", Message: fmt.Sprintf("the option %s cannot be %q", s.name, s.value)}
		}
	}
	return options, nil
}

// milliseconds rounds up, so that no positive duration becomes none.
func milliseconds(d time.Duration) int64 {
	ms := int64(d / time.Millisecond)
	if d > 0 && d%time.Millisecond != 0 {
		ms++
	}
	return ms
}
