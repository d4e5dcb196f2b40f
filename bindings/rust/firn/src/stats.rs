//! Statistics: what a database counts, always, since it was opened.

use std::ffi::c_char;
use std::time::Duration;

use firn_sys as sys;

use crate::db::Db;
use crate::error::{Result, check, check_number};

/// Statistics of a database: [`Db::stats`]. Counted since the opening; the engine has the same names in [`Db::stats_json`] and [`Db::stats_prometheus`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The database takes no writes: opened so, or after a failure ([`Db::last_error`]).
    pub read_only: bool,
    /// The log is written through a mapping, else by pwrite.
    pub log_is_mapped: bool,
    /// Tables are mapped unless they are compressed, else read by pread.
    pub tables_are_mapped: bool,
    /// A compaction goes on.
    pub compacting: bool,
    /// Of the last commit.
    pub version: u64,
    /// Commits up to here are known to be durable.
    pub durable_version: u64,
    /// Since the opening.
    pub uptime: Duration,
    /// Keys looked up, each key of `multi_get` and `multi_pin`, in transactions too.
    pub gets: u64,
    /// Of these: not found.
    pub get_misses: u64,
    /// Bytes of values found.
    pub get_bytes: u64,
    /// Scans begun.
    pub scans: u64,
    /// Commits.
    pub commits: u64,
    /// Entries written.
    pub puts: u64,
    /// Deletions written.
    pub deletes: u64,
    /// Keys and values of the entries written.
    pub write_bytes: u64,
    /// Begun.
    pub transactions: u64,
    /// Of these: refused with [`Conflict`](crate::ErrorKind::Conflict).
    pub conflicts: u64,
    /// To the write-ahead log.
    pub log_written_bytes: u64,
    /// Of the write-ahead log.
    pub syncs: u64,
    /// Calls that waited for one of them: `sync_waits / syncs` is the mean size of a group.
    pub sync_waits: u64,
    /// The largest group.
    pub sync_group_max: u64,
    /// Flushes.
    pub flushes: u64,
    /// Of tables that flushes wrote.
    pub flush_bytes: u64,
    /// Compactions.
    pub compactions: u64,
    /// Of tables that compactions read.
    pub compaction_read_bytes: u64,
    /// Of tables that compactions wrote.
    pub compaction_bytes: u64,
    /// Taken over by a compaction as they were.
    pub moved_tables: u64,
    /// Times that a writer waited for a flush or a compaction.
    pub stalls: u64,
    /// Chunks of tables that were read, or verified for the first time where they are mapped, but for what jobs read back of new tables.
    pub cache_misses: u64,
    /// Bytes of these chunks.
    pub cache_miss_bytes: u64,
    /// The number of the last [`Event`](crate::Event).
    pub events: u64,
    /// Now, as everything below.
    pub memtable_count: u64,
    /// Memory of the memtables' indexes; their data are the log's images.
    pub memtable_bytes: u64,
    /// Memory, and disk, of the memtables' log segments.
    pub log_bytes: u64,
    /// Sorted runs.
    pub run_count: u64,
    /// Tables.
    pub table_count: u64,
    /// Of tables, on disk.
    pub table_bytes: u64,
    /// Entries in tables, deleted and expired ones included.
    pub table_entries: u64,
    /// Deletions in tables.
    pub table_tombstones: u64,
    /// Of keys and values in tables, uncompressed.
    pub table_key_value_bytes: u64,
    /// Data that tables hold in memory, and their bookkeeping.
    pub table_memory_bytes: u64,
    /// In memtables that wait for their flush.
    pub flush_debt_bytes: u64,
    /// Of tables that the next compaction rewrites; 0: none is due.
    pub compaction_debt_bytes: u64,
    /// Bytes written to disk for a byte written by the program; 0: nothing was written.
    pub write_amplification: f64,
    /// Places that a look-up of an absent key asks: memtables and runs.
    pub read_amplification: u64,
    /// Bytes of all tables for a byte of the largest run; 0: no tables.
    pub space_amplification: f64,
    /// Named ones.
    pub namespaces: u64,
    /// Former states that snapshots, scans, transactions or pins still read.
    pub retired_views: u64,
    /// Since the oldest of them was the present one: a forgotten snapshot shows here.
    pub retired_oldest: Duration,
    /// Of tables that only they need.
    pub retired_table_bytes: u64,
    /// [`get`](crate::Namespace::get) and the like, one call in 256.
    pub get: Latency,
    /// Every write: those that wait for the disk, and of the others one in 256.
    pub commit: Latency,
    /// Syncs of the write-ahead log.
    pub sync: Latency,
    /// Flushes.
    pub flush: Latency,
    /// Compactions.
    pub compaction: Latency,
    /// Waits of writers for a flush or a compaction.
    pub stall: Latency,
}

/// How long something took. Quantiles are upper bounds of their bucket: at most an eighth above the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    /// How many were timed.
    pub count: u64,
    /// All of them together.
    pub sum: Duration,
    /// The median.
    pub p50: Duration,
    /// Of a hundred, one took longer.
    pub p99: Duration,
    /// Of a thousand, one took longer.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

impl Latency {
    fn new(c: &sys::firn_latency) -> Self {
        Self {
            count: c.count,
            sum: Duration::from_nanos(c.sum_ns),
            p50: Duration::from_nanos(c.p50_ns),
            p99: Duration::from_nanos(c.p99_ns),
            p999: Duration::from_nanos(c.p999_ns),
            max: Duration::from_nanos(c.max_ns),
        }
    }
}

impl Stats {
    fn new(c: &sys::firn_stats_t) -> Self {
        Self {
            read_only: c.flags & sys::FIRN_STATS_READ_ONLY != 0,
            log_is_mapped: c.flags & sys::FIRN_STATS_LOG_MMAP != 0,
            tables_are_mapped: c.flags & sys::FIRN_STATS_TABLE_MMAP != 0,
            compacting: c.flags & sys::FIRN_STATS_COMPACTING != 0,
            version: c.version,
            durable_version: c.durable_version,
            uptime: Duration::from_millis(c.uptime_ms),
            gets: c.gets,
            get_misses: c.get_misses,
            get_bytes: c.get_bytes,
            scans: c.scans,
            commits: c.commits,
            puts: c.puts,
            deletes: c.deletes,
            write_bytes: c.write_bytes,
            transactions: c.transactions,
            conflicts: c.conflicts,
            log_written_bytes: c.log_written_bytes,
            syncs: c.syncs,
            sync_waits: c.sync_waits,
            sync_group_max: c.sync_group_max,
            flushes: c.flushes,
            flush_bytes: c.flush_bytes,
            compactions: c.compactions,
            compaction_read_bytes: c.compaction_read_bytes,
            compaction_bytes: c.compaction_bytes,
            moved_tables: c.moved_tables,
            stalls: c.stalls,
            cache_misses: c.cache_misses,
            cache_miss_bytes: c.cache_miss_bytes,
            events: c.events,
            memtable_count: c.memtable_count,
            memtable_bytes: c.memtable_bytes,
            log_bytes: c.log_bytes,
            run_count: c.run_count,
            table_count: c.table_count,
            table_bytes: c.table_bytes,
            table_entries: c.table_entries,
            table_tombstones: c.table_tombstones,
            table_key_value_bytes: c.table_key_value_bytes,
            table_memory_bytes: c.table_memory_bytes,
            flush_debt_bytes: c.flush_debt_bytes,
            compaction_debt_bytes: c.compaction_debt_bytes,
            write_amplification: c.write_amplification_permille as f64 / 1000.0,
            read_amplification: c.read_amplification,
            space_amplification: c.space_amplification_permille as f64 / 1000.0,
            namespaces: c.namespaces,
            retired_views: c.retired_views,
            retired_oldest: Duration::from_millis(c.retired_oldest_ms),
            retired_table_bytes: c.retired_table_bytes,
            get: Latency::new(&c.get),
            commit: Latency::new(&c.commit),
            sync: Latency::new(&c.sync),
            flush: Latency::new(&c.flush),
            compaction: Latency::new(&c.compaction),
            stall: Latency::new(&c.stall),
        }
    }
}

impl Db {
    /// The statistics of the database. Costs microseconds and does not allocate.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// db.put("ice", "old snow")?;
    /// assert!(db.get("fire")?.is_none());
    /// let stats = db.stats()?;
    /// assert_eq!((stats.puts, stats.get_misses, stats.write_bytes), (1, 1, 11));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stats(&self) -> Result<Stats> {
        let mut stats = sys::firn_stats_t::INIT;
        // SAFETY: `stats` is a firn_stats_t with its size set.
        self.explain(check(unsafe { sys::firn_stats(self.handle(), &mut stats) }))?;
        Ok(Stats::new(&stats))
    }

    /// The same as one JSON object, with the sorted runs one by one.
    pub fn stats_json(&self) -> Result<String> {
        // SAFETY: `text_of` hands out room for `capacity` bytes.
        self.text_of(|text, capacity| unsafe { sys::firn_stats_json(self.handle(), text, capacity) })
    }

    /// The same in the text format of Prometheus, to be served as `text/plain; version=0.0.4`: every metric with the label `db`, which is the path, and
    /// latencies as histograms.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// assert!(db.stats_prometheus()?.contains("# TYPE firn_gets_total counter"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stats_prometheus(&self) -> Result<String> {
        // SAFETY: `text_of` hands out room for `capacity` bytes.
        self.text_of(|text, capacity| unsafe { sys::firn_stats_prometheus(self.handle(), text, capacity) })
    }

    /// A text that `call` copies, with a NUL, when its length, which it returns, is below the capacity.
    fn text_of(&self, call: impl Fn(*mut c_char, usize) -> i64) -> Result<String> {
        let mut text = Vec::<u8>::with_capacity(4096);
        loop {
            let length = self.explain(check_number(call(text.as_mut_ptr().cast(), text.capacity())))? as usize;
            if length < text.capacity() {
                // SAFETY: `length` bytes and a NUL were copied, since the capacity is larger.
                unsafe { text.set_len(length) };
                return Ok(String::from_utf8_lossy(&text).into_owned());
            }
            text.reserve_exact(length + 1);
        }
    }
}
