package firn

/*
#include "firn_go.h"
#cgo noescape firn_stats
#cgo nocallback firn_stats
#cgo noescape firn_stats_json
#cgo nocallback firn_stats_json
#cgo noescape firn_stats_prometheus
#cgo nocallback firn_stats_prometheus
*/
import "C"

import (
	"time"
	"unsafe"
)

// Stats of a database: counted since it was opened, always on. The engine has the same figures under the same names in StatsJSON and StatsPrometheus.
type Stats struct {
	ReadOnly    bool // the database takes no writes: opened so, or after a failure, which Err tells
	LogMapped   bool // the log is written through a mapping, else by pwrite
	TableMapped bool // tables are mapped unless they are compressed, else read by pread
	Compacting  bool // a compaction goes on

	Version        uint64        // of the last commit
	DurableVersion uint64        // commits up to here are known to be durable
	Uptime         time.Duration // since the opening

	Gets      uint64 // keys looked up, each key of MultiGet and Lookup, in transactions too
	GetMisses uint64 // of these: not found
	GetBytes  uint64 // values found
	Scans     uint64 // begun

	Commits      uint64 // that wrote something
	Puts         uint64 // entries written
	Deletes      uint64 // of the entries written
	WriteBytes   uint64 // keys and values of the entries written
	Transactions uint64 // begun
	Conflicts    uint64 // of these: refused with ErrConflict

	LogWrittenBytes uint64 // to the write-ahead log
	Syncs           uint64 // of the write-ahead log
	SyncWaits       uint64 // calls of the engine that waited for one of them; goroutines that wait together are one
	SyncGroupMax    uint64 // the most such calls that one has served

	Flushes             uint64 // that have ended
	FlushBytes          uint64 // of tables written
	Compactions         uint64 // that have ended
	CompactionReadBytes uint64 // of tables read
	CompactionBytes     uint64 // of tables written
	MovedTables         uint64 // taken over by a compaction as they were
	Stalls              uint64 // times that a writer waited for a flush or a compaction
	CacheMisses         uint64 // chunks of tables that were read, or verified for the first time where they are mapped, but for what jobs read back of new tables
	CacheMissBytes      uint64 // of these chunks
	Events              uint64 // the number of the last event

	MemtableCount uint64 // now, as everything below
	MemtableBytes uint64 // memory of the memtables' indexes; their data are the log's images
	LogBytes      uint64 // memory, and disk, of the memtables' log segments

	RunCount           uint64 // of sorted runs, each of which a look-up may have to ask
	TableCount         uint64 // in all runs
	TableBytes         uint64 // on disk
	TableEntries       uint64 // deleted and expired ones included
	TableTombstones    uint64 // of these: deletions
	TableKeyValueBytes uint64 // uncompressed
	TableMemoryBytes   uint64 // data that tables hold in memory, and their bookkeeping

	FlushDebtBytes      uint64 // in memtables that wait for their flush
	CompactionDebtBytes uint64 // of tables that the next compaction rewrites; 0: none is due

	WriteAmplification float64 // bytes written to disk for a byte written by the program; 0: nothing was written
	ReadAmplification  uint64  // places that a look-up of an absent key asks: memtables and runs
	SpaceAmplification float64 // bytes of all tables for a byte of the largest run; 0: no tables

	Namespaces        uint64        // named ones
	RetiredViews      uint64        // former states that snapshots, scans, transactions or calls still read
	RetiredOldest     time.Duration // since the oldest of them was the present one: a forgotten snapshot shows here
	RetiredTableBytes uint64        // of tables that only they need

	Get        Latency // Get and GetAppend, one call in 256
	Commit     Latency // every write: those that wait for the disk in the engine, and of the others, which wait together or not at all, one in 256
	Sync       Latency // of the write-ahead log
	Flush      Latency // each one
	Compaction Latency // each one, pauses left out
	Stall      Latency // each one that a writer had to wait for
}

// A Latency tells how long something took. Quantiles are upper bounds of their bucket: at most an eighth above the truth.
type Latency struct {
	Count uint64        // that were timed
	Sum   time.Duration // of all of them
	P50   time.Duration // half were as short
	P99   time.Duration // 99 of 100 were as short
	P999  time.Duration // 999 of 1000 were as short
	Max   time.Duration // the longest one
}

func newLatency(from *C.firn_latency) Latency {
	return Latency{
		Count: uint64(from.count),
		Sum:   time.Duration(from.sum_ns),
		P50:   time.Duration(from.p50_ns),
		P99:   time.Duration(from.p99_ns),
		P999:  time.Duration(from.p999_ns),
		Max:   time.Duration(from.max_ns),
	}
}

// Stats gives the statistics of the database. It costs microseconds and does not allocate.
func (db *DB) Stats() (Stats, error) {
	var c C.firn_stats_t
	c.struct_size = C.sizeof_firn_stats_t
	if err := db.ended("stats", C.firn_stats(db.h, &c)); err != nil {
		return Stats{}, err
	}
	return Stats{
		ReadOnly:            c.flags&C.FIRN_STATS_READ_ONLY != 0,
		LogMapped:           c.flags&C.FIRN_STATS_LOG_MMAP != 0,
		TableMapped:         c.flags&C.FIRN_STATS_TABLE_MMAP != 0,
		Compacting:          c.flags&C.FIRN_STATS_COMPACTING != 0,
		Version:             uint64(c.version),
		DurableVersion:      uint64(c.durable_version),
		Uptime:              time.Duration(c.uptime_ms) * time.Millisecond,
		Gets:                uint64(c.gets),
		GetMisses:           uint64(c.get_misses),
		GetBytes:            uint64(c.get_bytes),
		Scans:               uint64(c.scans),
		Commits:             uint64(c.commits),
		Puts:                uint64(c.puts),
		Deletes:             uint64(c.deletes),
		WriteBytes:          uint64(c.write_bytes),
		Transactions:        uint64(c.transactions),
		Conflicts:           uint64(c.conflicts),
		LogWrittenBytes:     uint64(c.log_written_bytes),
		Syncs:               uint64(c.syncs),
		SyncWaits:           uint64(c.sync_waits),
		SyncGroupMax:        uint64(c.sync_group_max),
		Flushes:             uint64(c.flushes),
		FlushBytes:          uint64(c.flush_bytes),
		Compactions:         uint64(c.compactions),
		CompactionReadBytes: uint64(c.compaction_read_bytes),
		CompactionBytes:     uint64(c.compaction_bytes),
		MovedTables:         uint64(c.moved_tables),
		Stalls:              uint64(c.stalls),
		CacheMisses:         uint64(c.cache_misses),
		CacheMissBytes:      uint64(c.cache_miss_bytes),
		Events:              uint64(c.events),
		MemtableCount:       uint64(c.memtable_count),
		MemtableBytes:       uint64(c.memtable_bytes),
		LogBytes:            uint64(c.log_bytes),
		RunCount:            uint64(c.run_count),
		TableCount:          uint64(c.table_count),
		TableBytes:          uint64(c.table_bytes),
		TableEntries:        uint64(c.table_entries),
		TableTombstones:     uint64(c.table_tombstones),
		TableKeyValueBytes:  uint64(c.table_key_value_bytes),
		TableMemoryBytes:    uint64(c.table_memory_bytes),
		FlushDebtBytes:      uint64(c.flush_debt_bytes),
		CompactionDebtBytes: uint64(c.compaction_debt_bytes),
		WriteAmplification:  float64(c.write_amplification_permille) / 1000,
		ReadAmplification:   uint64(c.read_amplification),
		SpaceAmplification:  float64(c.space_amplification_permille) / 1000,
		Namespaces:          uint64(c.namespaces),
		RetiredViews:        uint64(c.retired_views),
		RetiredOldest:       time.Duration(c.retired_oldest_ms) * time.Millisecond,
		RetiredTableBytes:   uint64(c.retired_table_bytes),
		Get:                 newLatency(&c.get),
		Commit:              newLatency(&c.commit),
		Sync:                newLatency(&c.sync),
		Flush:               newLatency(&c.flush),
		Compaction:          newLatency(&c.compaction),
		Stall:               newLatency(&c.stall),
	}, nil
}

// StatsJSON gives the statistics of the database as one JSON object, with the sorted runs one by one.
func (db *DB) StatsJSON() ([]byte, error) {
	return db.text(func(buffer *C.char, size C.size_t) C.int64_t { return C.firn_stats_json(db.h, buffer, size) })
}

// StatsPrometheus gives the statistics in the text format of Prometheus, to be served as they are (Content-Type "text/plain; version=0.0.4"): every metric with
// the label db, which is the path, and latencies as histograms. Programs that have a registry use the collector of the package firnprom, beside this one.
func (db *DB) StatsPrometheus() ([]byte, error) {
	return db.text(func(buffer *C.char, size C.size_t) C.int64_t { return C.firn_stats_prometheus(db.h, buffer, size) })
}

// text calls write, which returns the length of a text and copies it when it fits, until it does.
func (db *DB) text(write func(buffer *C.char, size C.size_t) C.int64_t) ([]byte, error) {
	buffer := make([]byte, 4096)
	for {
		n := int64(write((*C.char)(unsafe.Pointer(unsafe.SliceData(buffer))), C.size_t(len(buffer))))
		if err := db.ended("stats", C.int32_t(min(n, 0))); err != nil {
			return nil, err
		}
		if int(n) < len(buffer) {
			return buffer[:n], nil
		}
		buffer = make([]byte, n+256) // the figures may grow meanwhile
	}
}
