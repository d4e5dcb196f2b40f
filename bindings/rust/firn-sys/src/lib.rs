//! The C API of [Firn](https://docs.rs/firn), an embedded storage engine, as it is: `firn.h` is the reference, and every function,
//! structure and constant of it stands here under its own name. Use the crate `firn` unless you are writing another binding.
//!
//! Written by hand; a test of this crate reads `firn.h` and fails when a declaration differs, and asks a C compiler for the layouts.
#![no_std]
#![allow(non_camel_case_types, missing_docs)]

use core::ffi::{c_char, c_void};
use core::marker::{PhantomData, PhantomPinned};

// These bring the libraries under a vendored engine into the link.
#[cfg(feature = "lz4")]
use lz4_sys as _;
#[cfg(feature = "zstd")]
use zstd_sys as _;
#[cfg(feature = "vendored")]
use {libdeflate_sys as _, libz_sys as _};

pub const FIRN_VERSION_MAJOR: u32 = 0;
pub const FIRN_VERSION_MINOR: u32 = 1;
pub const FIRN_VERSION_PATCH: u32 = 0;
pub const FIRN_OK: i32 = 0;
pub const FIRN_NOT_FOUND: i32 = -1;
pub const FIRN_EXISTS: i32 = -2;
pub const FIRN_CONFLICT: i32 = -3;
pub const FIRN_INVALID: i32 = -4;
pub const FIRN_TOO_LARGE: i32 = -5;
pub const FIRN_TYPE_MISMATCH: i32 = -6;
pub const FIRN_CLOSED: i32 = -7;
pub const FIRN_MISUSE: i32 = -8;
pub const FIRN_LOCKED: i32 = -9;
pub const FIRN_READ_ONLY: i32 = -10;
pub const FIRN_NO_SPACE: i32 = -11;
pub const FIRN_IO: i32 = -12;
pub const FIRN_CORRUPT: i32 = -13;
pub const FIRN_NO_MEMORY: i32 = -14;
pub const FIRN_UNSUPPORTED: i32 = -15;
pub const FIRN_TIMEOUT: i32 = -16;
pub const FIRN_CANCELLED: i32 = -17;
pub const FIRN_FORKED: i32 = -18;
pub const FIRN_NO_EXPIRY: i32 = -19;
pub const FIRN_WOULD_BLOCK: i32 = -20;
pub const FIRN_INDETERMINATE: i32 = -21;
pub const FIRN_NOT_A_DATABASE: i32 = -22;
pub const FIRN_NEWER_FORMAT: i32 = -23;
pub const FIRN_OVERFLOW: i32 = -24;
pub const FIRN_INTERNAL: i32 = -99;
pub const FIRN_OPTION_FOR_DB: u32 = 1;
pub const FIRN_OPTION_FOR_LOG: u32 = 2;
pub const FIRN_IF_ABSENT: u32 = 1;
pub const FIRN_IF_PRESENT: u32 = 2;
pub const FIRN_IF_VERSION: u32 = 4;
pub const FIRN_KEEP_TTL: u32 = 8;
pub const FIRN_SYNC: u32 = 16;
pub const FIRN_NO_BLOCK: u32 = 32;
pub const FIRN_NO_SYNC: u32 = 64;
pub const FIRN_OP_PUT: u32 = 1;
pub const FIRN_OP_DELETE: u32 = 2;
pub const FIRN_OP_DELETE_RANGE: u32 = 3;
pub const FIRN_OP_ADD: u32 = 4;
pub const FIRN_OP_PUT_KEEP_TTL: u32 = 5;
pub const FIRN_OP_EXPECT_VERSION: u32 = 6;
pub const FIRN_TXN_READ_ONLY: u32 = 1;
pub const FIRN_TXN_SERIALIZABLE: u32 = 2;
pub const FIRN_SCAN_REVERSE: u32 = 1;
pub const FIRN_SCAN_KEYS_ONLY: u32 = 2;
pub const FIRN_SCAN_ENTRIES: u32 = 4;
pub const FIRN_NS_EXISTING: u32 = 1;

pub const FIRN_CHANGE_NS_OPEN: u32 = 16;
pub const FIRN_CHANGE_NS_CLEAR: u32 = 17;
pub const FIRN_CHANGE_NS_DROP: u32 = 18;
pub const FIRN_CHANGES_DURABLE: u32 = 1;
pub const FIRN_STATS_READ_ONLY: u32 = 1;
pub const FIRN_STATS_LOG_MMAP: u32 = 2;
pub const FIRN_STATS_TABLE_MMAP: u32 = 4;
pub const FIRN_STATS_COMPACTING: u32 = 8;
pub const FIRN_EVENT_FLUSH: u32 = 1;
pub const FIRN_EVENT_COMPACTION: u32 = 2;
pub const FIRN_EVENT_STALL: u32 = 3;
pub const FIRN_EVENT_ERROR: u32 = 4;
pub const FIRN_EVENT_RESUMED: u32 = 5;
pub const FIRN_LOSS_MANIFEST: u32 = 1;
pub const FIRN_LOSS_TABLE: u32 = 2;
pub const FIRN_LOSS_RANGE: u32 = 3;
pub const FIRN_LOSS_LOG: u32 = 4;
pub const FIRN_LOSS_TAIL: u32 = 5;
pub const FIRN_LOSS_NAMES: u32 = 6;
pub const FIRN_INSPECT_MANIFEST: u32 = 1;
pub const FIRN_INSPECT_TABLES: u32 = 2;
pub const FIRN_INSPECT_LOG: u32 = 3;
#[repr(C)]
pub struct firn_options {
    _opaque: [u8; 0],
    _neither_send_nor_sync: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct firn_db {
    _opaque: [u8; 0],
    _neither_send_nor_sync: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct firn_txn {
    _opaque: [u8; 0],
    _neither_send_nor_sync: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct firn_iter {
    _opaque: [u8; 0],
    _neither_send_nor_sync: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_error {
    pub struct_size: u32,
    pub code: i32,
    pub os_errno: i32,
    pub reserved: u32,
    pub offset: u64,
    pub file: [c_char; 256],
    pub message: [c_char; 512],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_option_info {
    pub struct_size: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub r#type: *const c_char,
    pub default_value: *const c_char,
    pub range: *const c_char,
    pub text: *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_recovery_info {
    pub struct_size: u32,
    pub clean: i32,
    pub records_replayed: u64,
    pub bytes_replayed: u64,
    pub bytes_dropped: u64,
    pub dropped_offset: u64,
    pub dropped_file: [c_char; 256],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_pin_t {
    pub data: *const u8,
    pub len: usize,
    pub version: u64,
    pub owner: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_entry {
    pub struct_size: u32,
    pub reserved: u32,
    pub version: u64,
    pub expiry_ms: i64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_put_opts {
    pub struct_size: u32,
    pub flags: u32,
    pub if_version: u64,
    pub ttl_ms: i64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_i64 {
    pub value: i64,
    pub status: i64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_scan_opts {
    pub struct_size: u32,
    pub flags: u32,
    pub ns: u32,
    pub reserved: u32,
    pub lower: *const u8,
    pub lower_len: usize,
    pub upper: *const u8,
    pub upper_len: usize,
    pub prefix: *const u8,
    pub prefix_len: usize,
    pub limit: u64,
    pub glob: *const c_char,
    pub glob_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_kv {
    pub key: *const u8,
    pub key_len: usize,
    pub val: *const u8,
    pub val_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_answer {
    pub data: *const u8,
    pub len: usize,
    pub version: u64,
    pub code: i32,
    pub reserved: u32,
}

#[repr(C)]
pub struct firn_log {
    _opaque: [u8; 0],
    _neither_send_nor_sync: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_log_range {
    pub first: u64,
    pub next: u64,
}

#[repr(C)]
pub struct firn_backup {
    _opaque: [u8; 0],
    _neither_send_nor_sync: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_latency {
    pub count: u64,
    pub sum_ns: u64,
    pub p50_ns: u64,
    pub p99_ns: u64,
    pub p999_ns: u64,
    pub max_ns: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_stats_t {
    pub struct_size: u32,
    pub flags: u32,
    pub version: u64,
    pub durable_version: u64,
    pub uptime_ms: u64,
    pub gets: u64,
    pub get_misses: u64,
    pub get_bytes: u64,
    pub scans: u64,
    pub commits: u64,
    pub puts: u64,
    pub deletes: u64,
    pub write_bytes: u64,
    pub transactions: u64,
    pub conflicts: u64,
    pub log_written_bytes: u64,
    pub syncs: u64,
    pub sync_waits: u64,
    pub sync_group_max: u64,
    pub flushes: u64,
    pub flush_bytes: u64,
    pub compactions: u64,
    pub compaction_read_bytes: u64,
    pub compaction_bytes: u64,
    pub moved_tables: u64,
    pub stalls: u64,
    pub cache_misses: u64,
    pub cache_miss_bytes: u64,
    pub events: u64,
    pub memtable_count: u64,
    pub memtable_bytes: u64,
    pub log_bytes: u64,
    pub run_count: u64,
    pub table_count: u64,
    pub table_bytes: u64,
    pub table_entries: u64,
    pub table_tombstones: u64,
    pub table_key_value_bytes: u64,
    pub table_memory_bytes: u64,
    pub flush_debt_bytes: u64,
    pub compaction_debt_bytes: u64,
    pub write_amplification_permille: u64,
    pub read_amplification: u64,
    pub space_amplification_permille: u64,
    pub namespaces: u64,
    pub retired_views: u64,
    pub retired_oldest_ms: u64,
    pub retired_table_bytes: u64,
    pub get: firn_latency,
    pub commit: firn_latency,
    pub sync: firn_latency,
    pub flush: firn_latency,
    pub compaction: firn_latency,
    pub stall: firn_latency,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_event {
    pub number: u64,
    pub time_ms: i64,
    pub kind: u32,
    pub code: i32,
    pub duration_us: u64,
    pub bytes_read: u64,
    pub bytes_written: u64,
    pub reserved: [u64; 2],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_backup_progress {
    pub struct_size: u32,
    pub reserved: u32,
    pub bytes_total: u64,
    pub bytes_done: u64,
    pub bytes_linked: u64,
    pub tables_total: u64,
    pub tables_done: u64,
    pub version: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_loss {
    pub kind: u32,
    pub code: i32,
    pub offset: u64,
    pub bytes: u64,
    pub entries: u64,
    pub first_len: u32,
    pub last_len: u32,
    pub first_key: [u8; 64],
    pub last_key: [u8; 64],
    pub file: [c_char; 256],
    pub text: [c_char; 128],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct firn_salvage_report {
    pub struct_size: u32,
    pub reserved: u32,
    pub tables: u64,
    pub tables_damaged: u64,
    pub tables_lost: u64,
    pub log_records: u64,
    pub entries_read: u64,
    pub entries_written: u64,
    pub entries_lost: u64,
    pub bytes_lost: u64,
    pub losses: u64,
}

/// The table for those who load the library at run time; Rust links it, so only its address is of use here.
#[repr(C)]
pub struct firn_api {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    pub fn firn_status_name(code: i32) -> *const c_char;
    pub fn firn_status_text(code: i32) -> *const c_char;
    pub fn firn_status_is_retryable(code: i32) -> i32;
    pub fn firn_version() -> u32;
    pub fn firn_build_info() -> *const c_char;
    pub fn firn_options_new() -> *mut firn_options;
    pub fn firn_options_free(options: *mut firn_options);
    pub fn firn_options_set(options: *mut firn_options, name: *const c_char, value: *const c_char) -> i32;
    pub fn firn_options_set_u64(options: *mut firn_options, name: *const c_char, value: u64) -> i32;
    pub fn firn_options_parse(options: *mut firn_options, text: *const c_char) -> i32;
    pub fn firn_option_count() -> u32;
    pub fn firn_option_info_at(i: u32, info: *mut firn_option_info) -> i32;
    pub fn firn_open(path: *const c_char, options: *const firn_options, error: *mut firn_error) -> *mut firn_db;
    pub fn firn_close(db: *mut firn_db) -> i32;
    pub fn firn_recovery(db: *mut firn_db, info: *mut firn_recovery_info) -> i32;
    pub fn firn_sync(db: *mut firn_db) -> i32;
    pub fn firn_flush(db: *mut firn_db) -> i32;
    pub fn firn_compact(db: *mut firn_db) -> i32;
    pub fn firn_run_jobs(db: *mut firn_db, max_ms: i32) -> i32;
    pub fn firn_db_error(db: *mut firn_db, error: *mut firn_error) -> i32;
    pub fn firn_put(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize, val: *const u8, val_len: usize) -> i32;
    pub fn firn_get(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize, buf: *mut u8, cap: usize) -> i64;
    pub fn firn_delete(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize) -> i32;
    pub fn firn_exists(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize) -> i32;
    pub fn firn_pin(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize, pin: *mut firn_pin_t) -> i32;
    pub fn firn_unpin(pin: *mut firn_pin_t);
    pub fn firn_get_entry(
        db: *mut firn_db,
        ns: u32,
        key: *const u8,
        key_len: usize,
        buf: *mut u8,
        cap: usize,
        entry: *mut firn_entry,
    ) -> i64;
    pub fn firn_put_ex(
        db: *mut firn_db,
        ns: u32,
        key: *const u8,
        key_len: usize,
        val: *const u8,
        val_len: usize,
        opts: *const firn_put_opts,
    ) -> i64;
    pub fn firn_compare_swap(
        db: *mut firn_db,
        ns: u32,
        key: *const u8,
        key_len: usize,
        old_val: *const u8,
        old_len: usize,
        new_val: *const u8,
        new_len: usize,
        ttl_ms: i64,
    ) -> i32;
    pub fn firn_swap(
        db: *mut firn_db,
        ns: u32,
        key: *const u8,
        key_len: usize,
        new_val: *const u8,
        new_len: usize,
        buf: *mut u8,
        cap: usize,
    ) -> i64;
    pub fn firn_add(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize, delta: i64) -> firn_i64;
    pub fn firn_add_to(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize, delta: i64, result: *mut i64) -> i32;
    pub fn firn_expire(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize, ttl_ms: i64) -> i32;
    pub fn firn_persist(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize) -> i32;
    pub fn firn_ttl(db: *mut firn_db, ns: u32, key: *const u8, key_len: usize) -> i64;
    pub fn firn_write(db: *mut firn_db, batch: *const u8, len: usize, flags: u32) -> i64;
    pub fn firn_delete_range(
        db: *mut firn_db,
        ns: u32,
        lower: *const u8,
        lower_len: usize,
        upper: *const u8,
        upper_len: usize,
        limit: u64,
    ) -> i64;
    pub fn firn_multi_get(db: *mut firn_db, keys: *const u8, len: usize, out: *mut u8, cap: usize) -> i64;
    pub fn firn_multi_pin(
        db: *mut firn_db,
        keys: *const u8,
        len: usize,
        answers: *mut firn_answer,
        max: usize,
        pin: *mut firn_pin_t,
    ) -> i64;
    pub fn firn_txn_begin(db: *mut firn_db, flags: u32, error: *mut firn_error) -> *mut firn_txn;
    pub fn firn_txn_get(txn: *mut firn_txn, ns: u32, key: *const u8, key_len: usize, buf: *mut u8, cap: usize) -> i64;
    pub fn firn_txn_get_entry(
        txn: *mut firn_txn,
        ns: u32,
        key: *const u8,
        key_len: usize,
        buf: *mut u8,
        cap: usize,
        entry: *mut firn_entry,
    ) -> i64;
    pub fn firn_txn_exists(txn: *mut firn_txn, ns: u32, key: *const u8, key_len: usize) -> i32;
    pub fn firn_txn_pin(txn: *mut firn_txn, ns: u32, key: *const u8, key_len: usize, pin: *mut firn_pin_t) -> i32;
    pub fn firn_txn_multi_get(txn: *mut firn_txn, keys: *const u8, len: usize, out: *mut u8, cap: usize) -> i64;
    pub fn firn_txn_multi_pin(
        txn: *mut firn_txn,
        keys: *const u8,
        len: usize,
        answers: *mut firn_answer,
        max: usize,
        pin: *mut firn_pin_t,
    ) -> i64;
    pub fn firn_txn_put(txn: *mut firn_txn, ns: u32, key: *const u8, key_len: usize, val: *const u8, val_len: usize) -> i32;
    pub fn firn_txn_delete(txn: *mut firn_txn, ns: u32, key: *const u8, key_len: usize) -> i32;
    pub fn firn_txn_add(txn: *mut firn_txn, ns: u32, key: *const u8, key_len: usize, delta: i64) -> firn_i64;
    pub fn firn_txn_write(txn: *mut firn_txn, batch: *const u8, len: usize) -> i64;
    pub fn firn_txn_version(txn: *mut firn_txn) -> u64;
    pub fn firn_txn_commit(txn: *mut firn_txn) -> i64;
    pub fn firn_txn_commit_ex(txn: *mut firn_txn, flags: u32) -> i64;
    pub fn firn_txn_close(txn: *mut firn_txn);
    pub fn firn_scan(db: *mut firn_db, txn: *mut firn_txn, opts: *const firn_scan_opts, error: *mut firn_error) -> *mut firn_iter;
    pub fn firn_iter_chunk(iter: *mut firn_iter, out: *mut u8, cap: usize) -> i64;
    pub fn firn_iter_entries(iter: *mut firn_iter, out: *mut firn_kv, max: usize) -> i64;
    pub fn firn_iter_seek(iter: *mut firn_iter, key: *const u8, key_len: usize) -> i32;
    pub fn firn_iter_close(iter: *mut firn_iter);
    pub fn firn_ns_open(db: *mut firn_db, name: *const u8, name_len: usize, flags: u32) -> i64;
    pub fn firn_ns_clear(db: *mut firn_db, ns: u32) -> i32;
    pub fn firn_ns_drop(db: *mut firn_db, ns: u32) -> i32;
    pub fn firn_ns_list(db: *mut firn_db, out: *mut u8, cap: usize) -> i64;
    pub fn firn_stats_json(db: *mut firn_db, buf: *mut c_char, cap: usize) -> i64;
    pub fn firn_check(path: *const c_char, error: *mut firn_error) -> i32;
    pub fn firn_get_api(major: u32) -> *const firn_api;
    pub fn firn_refresh(db: *mut firn_db) -> i32;
    pub fn firn_wait_durable(db: *mut firn_db, version: u64, timeout_ms: i32) -> i32;
    pub fn firn_wake(db: *mut firn_db) -> i32;
    pub fn firn_notify_fd(db: *mut firn_db) -> i32;
    pub fn firn_approximate_count(db: *mut firn_db, ns: u32, lower: *const u8, lower_len: usize, upper: *const u8, upper_len: usize)
    -> i64;
    pub fn firn_approximate_bytes(db: *mut firn_db, ns: u32, lower: *const u8, lower_len: usize, upper: *const u8, upper_len: usize)
    -> i64;
    pub fn firn_changes(db: *mut firn_db, from_version: u64, out: *mut u8, cap: usize, flags: u32) -> i64;
    pub fn firn_changes_bounds(db: *mut firn_db, first: *mut u64, next: *mut u64) -> i32;
    pub fn firn_log_open(dir: *const c_char, options: *const firn_options, error: *mut firn_error) -> *mut firn_log;
    pub fn firn_log_close(log: *mut firn_log) -> i32;
    pub fn firn_log_append(log: *mut firn_log, data: *const u8, len: usize) -> i64;
    pub fn firn_log_append_batch(log: *mut firn_log, packed: *const u8, len: usize) -> i64;
    pub fn firn_log_read(log: *mut firn_log, index: u64, buf: *mut u8, cap: usize) -> i64;
    pub fn firn_log_read_chunk(log: *mut firn_log, from: u64, out: *mut u8, cap: usize) -> i64;
    pub fn firn_log_pin(log: *mut firn_log, index: u64, pin: *mut firn_pin_t) -> i32;
    pub fn firn_log_seek_time(log: *mut firn_log, time_ms: i64) -> i64;
    pub fn firn_log_bounds(log: *mut firn_log) -> firn_log_range;
    pub fn firn_log_bounds_to(log: *mut firn_log, first: *mut u64, next: *mut u64) -> i32;
    pub fn firn_log_durable(log: *mut firn_log) -> i64;
    pub fn firn_log_sync(log: *mut firn_log) -> i32;
    pub fn firn_log_wait(log: *mut firn_log, index: u64, timeout_ms: i32) -> i32;
    pub fn firn_log_wake(log: *mut firn_log) -> i32;
    pub fn firn_log_notify_fd(log: *mut firn_log) -> i32;
    pub fn firn_log_trim_before(log: *mut firn_log, index: u64) -> i32;
    pub fn firn_log_trim_after(log: *mut firn_log, index: u64) -> i32;
    pub fn firn_log_reset(log: *mut firn_log, next_index: u64) -> i32;
    pub fn firn_log_retain(log: *mut firn_log) -> i64;
    pub fn firn_log_refresh(log: *mut firn_log) -> i32;
    pub fn firn_log_recovery(log: *mut firn_log, info: *mut firn_recovery_info) -> i32;
    pub fn firn_log_error(log: *mut firn_log, error: *mut firn_error) -> i32;
    pub fn firn_stats(db: *mut firn_db, stats: *mut firn_stats_t) -> i32;
    pub fn firn_stats_prometheus(db: *mut firn_db, buf: *mut c_char, cap: usize) -> i64;
    pub fn firn_events_poll(db: *mut firn_db, from: u64, out: *mut firn_event, max: usize) -> i64;
    pub fn firn_resume(db: *mut firn_db) -> i32;
    pub fn firn_checkpoint(db: *mut firn_db, dir: *const c_char, error: *mut firn_error) -> i32;
    pub fn firn_backup_begin(db: *mut firn_db, dir: *const c_char, error: *mut firn_error) -> *mut firn_backup;
    pub fn firn_restore_begin(dir: *const c_char, id: u64, to: *const c_char, error: *mut firn_error) -> *mut firn_backup;
    pub fn firn_backup_step(backup: *mut firn_backup, max_bytes: u64, progress: *mut firn_backup_progress) -> i32;
    pub fn firn_backup_finish(backup: *mut firn_backup, error: *mut firn_error) -> i64;
    pub fn firn_backup_list(dir: *const c_char, out: *mut u8, cap: usize, error: *mut firn_error) -> i64;
    pub fn firn_backup_verify(dir: *const c_char, id: u64, error: *mut firn_error) -> i32;
    pub fn firn_backup_delete(dir: *const c_char, id: u64, error: *mut firn_error) -> i32;
    pub fn firn_salvage(
        from: *const c_char,
        to: *const c_char,
        losses: *mut firn_loss,
        max: usize,
        report: *mut firn_salvage_report,
        error: *mut firn_error,
    ) -> i64;
    pub fn firn_inspect(path: *const c_char, part: u32, buf: *mut c_char, cap: usize, error: *mut firn_error) -> i64;
    pub fn firn_explain_key(
        path: *const c_char,
        ns_name: *const u8,
        ns_name_len: usize,
        key: *const u8,
        key_len: usize,
        buf: *mut c_char,
        cap: usize,
        error: *mut firn_error,
    ) -> i64;
}

/// What the `_INIT` macros of `firn.h` stand for: everything zero but `struct_size`.
macro_rules! init {
    ($($name:ident),*) => {$(
        impl $name {
            pub const INIT: Self = {
                // SAFETY: integers, arrays of integers and pointers: all zero is a value of each.
                let mut zero: Self = unsafe { core::mem::zeroed() };
                zero.struct_size = core::mem::size_of::<Self>() as u32;
                zero
            };
        }
    )*};
}
init!(
    firn_error,
    firn_option_info,
    firn_recovery_info,
    firn_entry,
    firn_put_opts,
    firn_scan_opts,
    firn_stats_t,
    firn_backup_progress,
    firn_salvage_report
);
