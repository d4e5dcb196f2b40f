/*
 * firn.h - Firn, an embedded storage engine: the C API, and the library's only public surface.
 *
 * C89-clean (with stdint.h and stddef.h), C++11-clean, without macros that a binding generator would have to guess.
 *
 * CONVENTIONS
 *
 * Bytes in:    (const uint8_t *p, size_t n), borrowed for the call only, never kept. NULL with n == 0 is the empty string;
 *              NULL with a length is FIRN_INVALID.
 * Results:     int32_t = FIRN_OK or a negative code; predicates: 1, 0 or a negative code.
 *              int64_t = a length, a count, an id or a version when >= 0, a negative code otherwise.
 * Bytes out:   (a) into the caller's buffer: the full length is returned; when it exceeds the capacity nothing was copied: call
 *              again with a larger buffer; (b) pinned: a pointer into the engine, readable until it is released, also after the
 *              database is closed; (c) packed: many entries in one buffer of the caller. Nothing returns memory to be freed.
 * Handles:     opaque and checked. A closed, foreign or wrong-type handle, NULL, and a handle from before a fork answer FIRN_CLOSED,
 *              FIRN_MISUSE or FIRN_FORKED; that is never undefined. Closing NULL does nothing. Functions that return void do
 *              nothing on misuse. Every function that takes a handle can return these three codes; they are not repeated below.
 * Threads:     firn_db: any thread at any time. firn_iter, firn_txn: one thread at a time, may move between threads.
 *              firn_options, firn_backup: one thread at a time. No callbacks, no thread-local errors.
 * Growth:      structs that are passed in begin with struct_size: set it to sizeof, or use the _INIT macro. Unknown non-zero bytes
 *              behind the known ones are FIRN_UNSUPPORTED. Of structs that are filled the library writes at most struct_size bytes.
 * Limits:      key 1 to 65,535 bytes; value 0 bytes to 1 GiB; keys and values of one batch together 1 GiB, and a packed argument with its
 *              headers 2 GiB; namespace name 1 to 255 bytes. Above: FIRN_TOO_LARGE, before one byte is read; an empty key is FIRN_INVALID.
 *              An empty value is not a missing one.
 * Units:       *_ms milliseconds, *_bytes and *_len bytes. All integers in packed formats are little-endian and unaligned.
 */
#ifndef FIRN_H
#define FIRN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(FIRN_BUILDING_LIBRARY)
#define FIRN_API __attribute__((visibility("default")))
#else
#define FIRN_API
#endif

#define FIRN_VERSION_MAJOR 0
#define FIRN_VERSION_MINOR 1
#define FIRN_VERSION_PATCH 0

/* ---- Codes: append-only, never reused -------------------------------------------------------------------------------- */

#define FIRN_OK 0
#define FIRN_NOT_FOUND (-1)        /* the key, the namespace or the database is not there */
#define FIRN_EXISTS (-2)           /* it is there already */
#define FIRN_CONFLICT (-3)         /* what was read has changed: retry the transaction */
#define FIRN_INVALID (-4)          /* an argument is outside its domain; nothing has changed */
#define FIRN_TOO_LARGE (-5)        /* over a limit; nothing has changed */
#define FIRN_TYPE_MISMATCH (-6)    /* a counter operation on a value that is not 8 bytes */
#define FIRN_CLOSED (-7)           /* the handle, or the database that it came from, was closed */
#define FIRN_MISUSE (-8)           /* not a handle of this type, or a call out of order */
#define FIRN_LOCKED (-9)           /* another opening owns the database */
#define FIRN_READ_ONLY (-10)       /* the database was opened, or has become, read-only */
#define FIRN_NO_SPACE (-11)        /* the disk is full; what was acknowledged is safe */
#define FIRN_IO (-12)              /* the operating system reported an error: see os_errno */
#define FIRN_CORRUPT (-13)         /* bytes on disk do not verify: see file and offset */
#define FIRN_NO_MEMORY (-14)       /* an allocation failed; nothing has changed */
#define FIRN_UNSUPPORTED (-15)     /* this build or this version cannot do it */
#define FIRN_TIMEOUT (-16)         /* the time given ran out */
#define FIRN_CANCELLED (-17)       /* a wait was woken on purpose */
#define FIRN_FORKED (-18)          /* the handle belongs to the parent process */
#define FIRN_NO_EXPIRY (-19)       /* the key is there and never expires */
#define FIRN_WOULD_BLOCK (-20)     /* FIRN_NO_BLOCK was given and the call would have waited */
#define FIRN_INDETERMINATE (-21)   /* the write may or may not survive; the database is now read-only */
#define FIRN_NOT_A_DATABASE (-22)  /* the path holds something else; nothing was touched */
#define FIRN_NEWER_FORMAT (-23)    /* written by a newer Firn */
#define FIRN_OVERFLOW (-24)        /* a counter would leave the range of int64_t; nothing has changed */
#define FIRN_INTERNAL (-99)        /* a defect of Firn: please report it */

/* The code's name ("FIRN_NOT_FOUND") and a sentence about it. Static data; an unknown code gives "FIRN_UNKNOWN". Any thread. */
FIRN_API const char *firn_status_name(int32_t code);
FIRN_API const char *firn_status_text(int32_t code);
/* 1 when the same call may succeed later without any other change (conflict, would-block, timeout, cancelled, locked), else 0. */
FIRN_API int32_t firn_status_is_retryable(int32_t code);

/* Details of a failure, owned by the caller: the last, nullable argument of cold calls. Set struct_size before the call; 12 bytes
 * are enough for a caller who wants the code only. message and file are NUL-terminated, cut if need be. On success code is 0. */
typedef struct firn_error {
  uint32_t struct_size;
  int32_t code;
  int32_t os_errno; /* 0: not from the operating system */
  uint32_t reserved;
  uint64_t offset;   /* byte offset in file, when it is about a file's content */
  char file[256];    /* the file's path; empty: not about a file */
  char message[512]; /* a sentence that says what to do; never to be parsed */
} firn_error;
#define FIRN_ERROR_INIT {(uint32_t)sizeof(firn_error), 0, 0, 0, 0, {0}, {0}}

/* ---- Version --------------------------------------------------------------------------------------------------------- */

FIRN_API uint32_t firn_version(void);        /* major << 16 | minor << 8 | patch, of the library that is loaded */
FIRN_API const char *firn_build_info(void);  /* static text: version, compiler, checksum and compression libraries, durability paths */

/* ---- Options --------------------------------------------------------------------------------------------------------- */

typedef struct firn_options firn_options;

/* New options, all at their defaults. Owned by the caller, released by firn_options_free; firn_open copies what it needs.
 * NULL: no memory. */
FIRN_API firn_options *firn_options_new(void);
FIRN_API void firn_options_free(firn_options *options);
/* Sets one option from text: "64MiB", "10ms", "true", "sync". Unknown name or a value out of range: FIRN_INVALID, unchanged.
 * FIRN_UNSUPPORTED: known, but this build lacks it (a compression library). */
FIRN_API int32_t firn_options_set(firn_options *options, const char *name, const char *value);
/* The same for options whose type is u64, bytes, ms or bool (0 or 1). Another type: FIRN_INVALID. */
FIRN_API int32_t firn_options_set_u64(firn_options *options, const char *name, uint64_t value);
/* "name=value,name=value"; white space around names and values is skipped. All or nothing: FIRN_INVALID or FIRN_UNSUPPORTED. */
FIRN_API int32_t firn_options_parse(firn_options *options, const char *text);

/* One option, for people and for bindings. All pointers are static data. */
typedef struct firn_option_info {
  uint32_t struct_size;
  uint32_t flags;            /* FIRN_OPTION_FOR_DB, FIRN_OPTION_FOR_LOG: where it may be used */
  const char *name;
  const char *type;          /* "bool", "u64", "bytes", "ms", "enum", "durability" */
  const char *default_value; /* as text that firn_options_set takes */
  const char *range;         /* "1MiB..1GiB", "none|lz4|zstd" */
  const char *text;          /* one sentence */
} firn_option_info;
#define FIRN_OPTION_FOR_DB 1u
#define FIRN_OPTION_FOR_LOG 2u
#define FIRN_OPTION_INFO_INIT {(uint32_t)sizeof(firn_option_info), 0, 0, 0, 0, 0, 0}
FIRN_API uint32_t firn_option_count(void);
/* FIRN_INVALID: i is not below firn_option_count(), or info is NULL. */
FIRN_API int32_t firn_option_info_at(uint32_t i, firn_option_info *info);

/* ---- Open and close -------------------------------------------------------------------------------------------------- */

typedef struct firn_db firn_db;
typedef struct firn_txn firn_txn;
typedef struct firn_iter firn_iter;

/* Opens the database in the directory `path` (":memory:": no files, gone when closed), creating it unless create_if_missing=false.
 * After a crash no flag is needed: what was acknowledged is recovered (firn_recovery tells what was found). options may be NULL.
 * A database that was closed in order is opened without writing anything; the first write makes its log, takes some syncs longer, and
 * fails with FIRN_NO_SPACE or FIRN_IO where an opening would have (then nothing has happened, and the next write tries again).
 * Returns NULL on failure with the code in *error (nullable): FIRN_NOT_FOUND (missing and create_if_missing=false, or the parent
 * directory is missing), FIRN_EXISTS (there, with error_if_exists), FIRN_NOT_A_DATABASE (a file, or a directory of something else;
 * nothing was touched), FIRN_NEWER_FORMAT, FIRN_LOCKED (at once, or after lock_timeout_ms; the message names the holder),
 * FIRN_CORRUPT (file and offset), FIRN_INVALID (path NULL or empty, an option that is for logs), FIRN_IO, FIRN_NO_SPACE, FIRN_NO_MEMORY. */
FIRN_API firn_db *firn_open(const char *path, const firn_options *options, firn_error *error);

/* Waits for calls in progress, makes everything acknowledged durable in every mode, releases the lock, closes; always closes, also
 * when it returns an error: the first one of FIRN_IO, FIRN_NO_SPACE, FIRN_INDETERMINATE, FIRN_CORRUPT. Iterators and transactions
 * then answer FIRN_CLOSED and still have to be closed; pinned bytes stay readable until unpinned. */
FIRN_API int32_t firn_close(firn_db *db);

/* What opening found. */
typedef struct firn_recovery_info {
  uint32_t struct_size;
  int32_t clean;               /* 1: the last opening was closed in order or wrote nothing, or the database is new */
  uint64_t records_replayed;   /* commits found in the write-ahead log */
  uint64_t bytes_replayed;
  uint64_t bytes_dropped;      /* the torn tail: written, never made durable, cut */
  uint64_t dropped_offset;     /* where in dropped_file the tail was cut */
  char dropped_file[256];      /* empty: nothing was dropped */
} firn_recovery_info;
#define FIRN_RECOVERY_INFO_INIT {(uint32_t)sizeof(firn_recovery_info), 0, 0, 0, 0, 0, {0}}
FIRN_API int32_t firn_recovery(firn_db *db, firn_recovery_info *info); /* FIRN_INVALID: info is NULL */

/* A read-only opening goes on to what a writer has made since; running scans, transactions and pins stay where they are. On others it does nothing. Codes as
 * firn_open; after a failure the state is the one from before. */
FIRN_API int32_t firn_refresh(firn_db *db);

/* Everything acknowledged before the call is durable after it; joins the group that is being synced. Does not block writers.
 * FIRN_OK at once on ":memory:". FIRN_INDETERMINATE, FIRN_READ_ONLY (after an earlier failure), FIRN_IO, FIRN_NO_SPACE. */
FIRN_API int32_t firn_sync(firn_db *db);
/* Waits until the commits up to `version` are durable; 0: all that were acknowledged before the call. timeout_ms -1: for ever; 0: only looks. Where nobody
 * syncs by the clock (every durability but interval:T) it syncs itself, in the group; a sync that has begun is not cut short by the timeout.
 * FIRN_TIMEOUT, FIRN_CANCELLED (firn_wake), FIRN_CLOSED (firn_close meanwhile), FIRN_INVALID (no such version yet, or timeout_ms below -1), and what firn_sync
 * returns. */
FIRN_API int32_t firn_wait_durable(firn_db *db, uint64_t version, int32_t timeout_ms);
/* Ends the waits that go on in firn_wait_durable (FIRN_CANCELLED) and makes the descriptor of firn_notify_fd readable. */
FIRN_API int32_t firn_wake(firn_db *db);
/* A descriptor for poll(2) and event loops: it becomes readable when the durable bound moves, when firn_wake is called, when the database closes, and with the
 * first commit after firn_changes has returned 0. Read 8 bytes from it to clear it. It belongs to the database, which closes it in firn_close: never close it. FIRN_IO: the
 * system gave none. */
FIRN_API int32_t firn_notify_fd(firn_db *db);
/* Writes the memtables to tables and waits for it. FIRN_READ_ONLY, FIRN_IO, FIRN_NO_SPACE, FIRN_CORRUPT, FIRN_NO_MEMORY. */
FIRN_API int32_t firn_flush(firn_db *db);
/* Flushes, and brings the whole tree into its smallest form: one sorted run without deleted or expired entries. Waits for it.
 * The tables that it replaced have no name any more when it returns; the system has their room back when nobody reads them and they are closed, one at a time, by a
 * background thread (single_threaded: here). FIRN_OK on ":memory:" too. Codes as firn_flush. */
FIRN_API int32_t firn_compact(firn_db *db);
/* single_threaded databases: does background work for at most max_ms milliseconds (what each write does a little of): flushes, merges, and the closing of
 * tables that were replaced and nobody reads any more. 1: there is more to do, 0: there is not.
 * FIRN_MISUSE on a database with threads. */
FIRN_API int32_t firn_run_jobs(firn_db *db, int32_t max_ms);
/* The last error of background work or of the disk: its code, or FIRN_OK; details in *error (nullable). */
FIRN_API int32_t firn_db_error(firn_db *db, firn_error *error);

/* ---- Keys and values: `ns` is a namespace id, 0 the default one. An id that was never given out or was dropped: FIRN_INVALID. - */

/* Write calls can also return FIRN_READ_ONLY, FIRN_NO_SPACE, FIRN_NO_MEMORY, FIRN_IO and FIRN_INDETERMINATE; read calls FIRN_CORRUPT, FIRN_IO
 * and FIRN_NO_MEMORY. */
FIRN_API int32_t firn_put(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len);
/* The value's length, copied into buf when it fits cap; FIRN_NOT_FOUND. cap 0 asks for the length only. */
FIRN_API int64_t firn_get(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap);
FIRN_API int32_t firn_delete(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len); /* FIRN_OK also when it was absent */
FIRN_API int32_t firn_exists(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len); /* 1, 0 or a code */

/* A value in place, without a copy. data stays readable, and unchanged, until firn_unpin, also after firn_close. A pin keeps the
 * files alive that it points into: release it soon. */
typedef struct firn_pin_t {
  const uint8_t *data;
  size_t len;
  uint64_t version; /* of the commit that wrote the value */
  void *owner;      /* a handle for firn_unpin */
} firn_pin_t;
/* FIRN_OK, FIRN_NOT_FOUND or a code; on failure *pin is zeroed. */
FIRN_API int32_t firn_pin(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, firn_pin_t *pin);
FIRN_API void firn_unpin(firn_pin_t *pin); /* zeroes *pin; a second time, or on a copy, does nothing. Any thread. */

/* The same as firn_get, and in *entry (nullable) the version and the expiry. */
typedef struct firn_entry {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t version;  /* of the commit that wrote it */
  int64_t expiry_ms; /* Unix time in ms; 0: never */
} firn_entry;
#define FIRN_ENTRY_INIT {(uint32_t)sizeof(firn_entry), 0, 0, 0}
FIRN_API int64_t firn_get_entry(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap, firn_entry *entry);

/* ---- Writes that depend on what is there, and times to live ------------------------------------------------------------ */

/* Each is one atomic commit; of several threads that contend for a key exactly one wins. An expired key is absent, for every call. Times to
 * live count on a clock that never steps back while the database is open. */

#define FIRN_IF_ABSENT 1u   /* else FIRN_EXISTS */
#define FIRN_IF_PRESENT 2u  /* else FIRN_NOT_FOUND */
#define FIRN_IF_VERSION 4u  /* else FIRN_CONFLICT; if_version 0: the key is absent now (never written, deleted or expired) */
#define FIRN_KEEP_TTL 8u    /* the expiry of the present entry stays; ttl_ms must be 0 */
#define FIRN_SYNC 16u       /* durable when the call returns, whatever the durability of the database */
#define FIRN_NO_BLOCK 32u   /* FIRN_WOULD_BLOCK instead of waiting for room in the memtables */
#define FIRN_NO_SYNC 64u    /* returns when the commit is visible, as with durability=process, also where durability=sync would wait; with FIRN_SYNC: FIRN_INVALID.
                             * Such a commit survives the death of the process; firn_wait_durable of its version or firn_sync makes it, and all before it, durable. Where these
                             * fail it may or may not survive, as after FIRN_INDETERMINATE. For several writes and one sync, and for runtimes that gather those who wait in a
                             * group of their own, without a thread for each. every:N counts it as any commit, interval:T and none are not changed by it. */

typedef struct firn_put_opts {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t if_version;
  int64_t ttl_ms; /* <= 0: never expires */
} firn_put_opts;
#define FIRN_PUT_OPTS_INIT {(uint32_t)sizeof(firn_put_opts), 0, 0, 0}
/* Returns the version of the commit. opts may be NULL. Versions are never used twice, so a compare with one from before a delete fails for ever. At most one
 * of the three conditions: else FIRN_INVALID; unknown flags are FIRN_INVALID. */
FIRN_API int64_t firn_put_ex(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len,
                             const firn_put_opts *opts);
/* Replaces the value if it is old_val now. 1 swapped, 0 not (also when the key is absent). ttl_ms <= 0 clears the expiry. */
FIRN_API int32_t firn_compare_swap(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *old_val, size_t old_len,
                                   const uint8_t *new_val, size_t new_len, int64_t ttl_ms);
/* Puts new_val and copies the old value into buf: returns its length; when that exceeds cap nothing has changed. Absent: stores, and returns FIRN_NOT_FOUND. The
 * expiry stays. */
FIRN_API int64_t firn_swap(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *new_val, size_t new_len, uint8_t *buf,
                           size_t cap);
/* A signed integer by value, and how the call ended. value is 0 unless status is FIRN_OK. */
typedef struct firn_i64 {
  int64_t value;
  int64_t status;
} firn_i64;
/* Adds to a counter (int64_t, 8 bytes little-endian; missing counts as 0) and returns its new value. The expiry stays. FIRN_TYPE_MISMATCH: the value is not 8 bytes
 * long; FIRN_OVERFLOW. */
FIRN_API firn_i64 firn_add(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, int64_t delta);
FIRN_API int32_t firn_add_to(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, int64_t delta, int64_t *result); /* result: nullable */
FIRN_API int32_t firn_expire(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, int64_t ttl_ms); /* FIRN_NOT_FOUND; ttl_ms <= 0: FIRN_INVALID */
FIRN_API int32_t firn_persist(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len);                /* never expires; FIRN_NOT_FOUND */
FIRN_API int64_t firn_ttl(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len); /* ms left, FIRN_NO_EXPIRY, FIRN_NOT_FOUND */

/* ---- Many at once: one crossing -------------------------------------------------------------------------------------- */

#define FIRN_OP_PUT 1u            /* ttl_ms <= 0: never expires */
#define FIRN_OP_DELETE 2u         /* val_len 0 */
#define FIRN_OP_DELETE_RANGE 3u   /* all keys in [key, value); val_len 0: to the end of the namespace. At most 1,000,000: else FIRN_TOO_LARGE */
#define FIRN_OP_ADD 4u            /* value: 8 bytes, the delta. Rules and codes as firn_add */
#define FIRN_OP_PUT_KEEP_TTL 5u   /* a put after which the key expires when it did before; ttl_ms 0 */
#define FIRN_OP_EXPECT_VERSION 6u /* writes nothing: before the batch the key has the version in ttl_ms (0: it is absent), else FIRN_CONFLICT; val_len 0 */

/* Applies a packed batch atomically: all of it is visible, and survives, or nothing. An operation is
 *     u32 op, u32 ns, u32 key_len, u32 val_len, i64 ttl_ms, key bytes, value bytes
 * one behind the other, little-endian, unaligned. The low 8 bits of op are the kind, the others 0. Each operation finds what those before it in the
 * batch have done, so of several puts and deletes of one key the last one counts. Returns the version of the commit; a batch that writes nothing returns
 * the present version. The whole batch is checked first: an unknown op or flag, a short or a trailing byte, a bad namespace or an empty key is
 * FIRN_INVALID, and nothing has changed. FIRN_TOO_LARGE, FIRN_TYPE_MISMATCH, FIRN_OVERFLOW, FIRN_CONFLICT (only from FIRN_OP_EXPECT_VERSION).
 * flags: FIRN_SYNC, FIRN_NO_BLOCK (FIRN_WOULD_BLOCK), FIRN_NO_SYNC. */
FIRN_API int64_t firn_write(firn_db *db, const uint8_t *batch, size_t len, uint32_t flags);

/* Deletes all keys in [lower, upper), NULL being an open bound, as one atomic commit, and returns how many there were. More than `limit` keys
 * (0: 1,000,000): FIRN_TOO_LARGE, nothing has changed. The cost grows with the keys; firn_ns_clear costs nothing. */
FIRN_API int64_t firn_delete_range(firn_db *db, uint32_t ns, const uint8_t *lower, size_t lower_len, const uint8_t *upper, size_t upper_len,
                                   uint64_t limit);

/* Looks up packed keys (u32 ns, u32 key_len, key bytes)* in one snapshot. Answers, in order: (i64 length_or_code, bytes)*. Returns
 * the bytes of all answers; when that exceeds cap nothing was copied. FIRN_INVALID: a short or trailing byte. One key that is empty (FIRN_INVALID) or over the limit
 * (FIRN_TOO_LARGE) refuses the whole call; an unknown namespace is the answer of its key alone. */
FIRN_API int64_t firn_multi_get(firn_db *db, const uint8_t *keys, size_t len, uint8_t *out, size_t cap);

/* An answer of firn_multi_pin: the value in place. Frozen. */
typedef struct firn_answer {
  const uint8_t *data; /* NULL where there is no value; of an empty one any pointer */
  size_t len;
  uint64_t version;    /* of the commit that wrote the value; 0 where there is none, and for a transaction's own write */
  int32_t code;        /* FIRN_OK, FIRN_NOT_FOUND, or, of this key alone: FIRN_INVALID (no such namespace), FIRN_CORRUPT, FIRN_IO, FIRN_NO_MEMORY */
  uint32_t reserved;   /* 0 */
} firn_answer;
/* As firn_multi_get, without copies: answers[i] is that of the i-th key. Returns the number of keys; when that exceeds max nothing was looked up. The answers are written,
 * and pin->owner is set (of *pin nothing else), when 1 to max is returned, whether a key was found or not; else *pin is zeroed. All data stay readable, and unchanged,
 * until one firn_unpin(pin) by any thread, also after firn_close. Until then the whole state that was read is kept, as by a snapshot: release it soon. Quicker than
 * firn_multi_get for values from about 1 KiB on. FIRN_INVALID and FIRN_TOO_LARGE as there, FIRN_INVALID also: pin is NULL; FIRN_NO_MEMORY. */
FIRN_API int64_t firn_multi_pin(firn_db *db, const uint8_t *keys, size_t len, firn_answer *answers, size_t max, firn_pin_t *pin);

/* ---- Transactions ---------------------------------------------------------------------------------------------------- */

/* A transaction reads one snapshot of the database, taken at its beginning, and its own writes. Nobody sees these before the commit; the commit makes
 * them visible, and durable as a put is, all at once. The commit fails with FIRN_CONFLICT, and nothing has changed, if and only if something that the
 * transaction read is no longer so: a key that was found has another version, was deleted or has expired; a key that was absent is there; a namespace that
 * was read in was cleared (a change of the keys found) or dropped. Keys that its scans returned are read keys. Writing is not reading: two transactions
 * that only write never conflict, the later commit wins. Values of its own writes are not reads either. With FIRN_TXN_SERIALIZABLE a new key inside what
 * was scanned (from where the scan began to the last key that it returned, or to its bound when it came to the end) is a conflict too.
 * However long a transaction lives, the answer is exact. A snapshot keeps the files alive that it reads: close it soon.
 *
 * Expiries are judged by the time at which the transaction first met one, for all its reads; at the commit by the time of the commit.
 * One thread at a time, may move between threads; the transaction's iterators count as the transaction. Overlapping calls: FIRN_MISUSE.
 * A read of many keys that ends with FIRN_NO_MEMORY may count as a read of some of them.
 * After a commit or a conflict every call but firn_txn_close is FIRN_MISUSE, and its iterators answer FIRN_CLOSED. When a commit fails for another
 * reason the transaction stays as it was and may be committed again. After firn_close: FIRN_CLOSED; close it nevertheless. */

#define FIRN_TXN_READ_ONLY 1u    /* a snapshot: costs O(1), always commits; writes answer FIRN_READ_ONLY */
#define FIRN_TXN_SERIALIZABLE 2u

/* flags: of the two above. NULL on failure, code in *error (nullable): FIRN_INVALID (unknown flag), FIRN_NO_MEMORY. */
FIRN_API firn_txn *firn_txn_begin(firn_db *db, uint32_t flags, firn_error *error);
/* As firn_get, firn_get_entry, firn_exists, firn_pin, firn_multi_get and firn_multi_pin, in the transaction's state. The version of an own write is 0. A namespace that
 * was opened after the transaction began can be written to, not read: FIRN_INVALID. */
FIRN_API int64_t firn_txn_get(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap);
FIRN_API int64_t firn_txn_get_entry(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap, firn_entry *entry);
FIRN_API int32_t firn_txn_exists(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len);
/* Pins stay readable after the transaction and the database are closed, until firn_unpin, and keep the transaction's snapshot and its writes until then. */
FIRN_API int32_t firn_txn_pin(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, firn_pin_t *pin);
FIRN_API int64_t firn_txn_multi_get(firn_txn *txn, const uint8_t *keys, size_t len, uint8_t *out, size_t cap);
FIRN_API int64_t firn_txn_multi_pin(firn_txn *txn, const uint8_t *keys, size_t len, firn_answer *answers, size_t max, firn_pin_t *pin);
/* Writes, kept in memory until the commit: keys and values together at most 1 GiB, else FIRN_TOO_LARGE. FIRN_READ_ONLY, FIRN_NO_MEMORY. */
FIRN_API int32_t firn_txn_put(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len);
FIRN_API int32_t firn_txn_delete(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len);
/* As firn_add: reads the key and writes it. */
FIRN_API firn_i64 firn_txn_add(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, int64_t delta);
/* A packed batch, as firn_write takes it; all of it is applied to the transaction, or nothing. Returns the number of its operations. What an operation needs to
 * know is read (FIRN_OP_ADD, _PUT_KEEP_TTL, _EXPECT_VERSION, the keys of _DELETE_RANGE, with its range in a serializable transaction). */
FIRN_API int64_t firn_txn_write(firn_txn *txn, const uint8_t *batch, size_t len);
/* The version of the last commit that the transaction sees; 0 when the handle is not a transaction. */
FIRN_API uint64_t firn_txn_version(firn_txn *txn);
/* The version of the commit (without writes: the one that the transaction sees), or FIRN_CONFLICT, FIRN_INVALID (a namespace that was written to has been
 * dropped) and what write calls return. */
FIRN_API int64_t firn_txn_commit(firn_txn *txn);
FIRN_API int64_t firn_txn_commit_ex(firn_txn *txn, uint32_t flags); /* FIRN_SYNC, FIRN_NO_BLOCK (FIRN_WOULD_BLOCK: nothing happened, commit again), FIRN_NO_SYNC */
FIRN_API void firn_txn_close(firn_txn *txn); /* forgets what was not committed */

/* ---- Scans ----------------------------------------------------------------------------------------------------------- */

#define FIRN_SCAN_REVERSE 1u
#define FIRN_SCAN_KEYS_ONLY 2u /* values come as length 0 */
#define FIRN_SCAN_ENTRIES 4u   /* chunks also carry version and expiry */

/* lower is inclusive, upper exclusive, NULL an open bound; prefix and bounds intersect; limit 0 = none. The bytes are copied. */
typedef struct firn_scan_opts {
  uint32_t struct_size;
  uint32_t flags;
  uint32_t ns;
  uint32_t reserved; /* 0 */
  const uint8_t *lower;
  size_t lower_len;
  const uint8_t *upper;
  size_t upper_len;
  const uint8_t *prefix;
  size_t prefix_len;
  uint64_t limit;
  const char *glob; /* NULL: none. '*' any run of bytes, '?' one byte, '[a-z]', '\' escapes; a bad pattern: FIRN_INVALID */
  size_t glob_len;  /* 0: up to the NUL */
} firn_scan_opts;
#define FIRN_SCAN_OPTS_INIT {(uint32_t)sizeof(firn_scan_opts), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

typedef struct firn_kv {
  const uint8_t *key;
  size_t key_len;
  const uint8_t *val;
  size_t val_len;
} firn_kv;

/* A scan in key order (bytewise), not disturbed by later writes: over a snapshot of now, or, when txn is not NULL, over what the transaction (of this
 * database) sees, with the own writes made before the scan was opened. opts may be NULL: the whole default namespace. NULL on failure: FIRN_INVALID,
 * FIRN_UNSUPPORTED, FIRN_NO_MEMORY, FIRN_CORRUPT, FIRN_IO in *error (nullable). Close it with firn_iter_close: until then it keeps the files of its
 * snapshot alive. */
FIRN_API firn_iter *firn_scan(firn_db *db, firn_txn *txn, const firn_scan_opts *opts, firn_error *error);
/* Fills out with (u32 key_len, u32 val_len, key, value)*, with FIRN_SCAN_ENTRIES (u32 key_len, u32 val_len, u64 version, i64 expiry_ms (0: never), key,
 * value)*. Returns the bytes filled; 0 = the end. When the next entry alone exceeds cap: FIRN_TOO_LARGE, nothing moved, and, if cap >= 8, the
 * size that it needs as u64 in the first 8 bytes. Errors (FIRN_CORRUPT, FIRN_IO, FIRN_NO_MEMORY) are sticky. */
FIRN_API int64_t firn_iter_chunk(firn_iter *iter, uint8_t *out, size_t cap);
/* Up to max entries without a copy: the pointers are valid until the next call on the iterator. Returns their number, 0 = the end. */
FIRN_API int64_t firn_iter_entries(firn_iter *iter, firn_kv *out, size_t max);
/* Moves to the first key >= key (reverse: the last key <= key), clamped to the bounds. The limit starts anew. */
FIRN_API int32_t firn_iter_seek(firn_iter *iter, const uint8_t *key, size_t key_len);
FIRN_API void firn_iter_close(firn_iter *iter);

/* ---- Namespaces ------------------------------------------------------------------------------------------------------ */

#define FIRN_NS_EXISTING 1u

/* The id of the namespace `name`, created when missing (durable as a put is). Names are any bytes; two names never share a key; ids
 * are never used again. FIRN_NOT_FOUND with FIRN_NS_EXISTING; FIRN_INVALID (empty name, unknown flag), FIRN_TOO_LARGE; FIRN_OVERFLOW after
 * 2^24 creations. */
FIRN_API int64_t firn_ns_open(firn_db *db, const uint8_t *name, size_t name_len, uint32_t flags);
/* Removes all keys of the namespace, in O(1); running scans still see them. The space comes back with compaction. FIRN_OVERFLOW after 2^32
 * creations and clearings together. */
FIRN_API int32_t firn_ns_clear(firn_db *db, uint32_t ns);
/* Clears the namespace and forgets its name and id. Namespace 0: FIRN_INVALID. */
FIRN_API int32_t firn_ns_drop(firn_db *db, uint32_t ns);
/* (u32 id, u32 name_len, name)* of all named namespaces, by name. Returns the bytes; when that exceeds cap nothing was copied. */
FIRN_API int64_t firn_ns_list(firn_db *db, uint8_t *out, size_t cap);

/* About how many entries lie in [lower, upper) (NULL: an open bound), and how many bytes they take on disk. Costs a few look-ups, however large the range. Keys that were
 * written several times or deleted count until compaction. FIRN_INVALID: no such namespace. */
FIRN_API int64_t firn_approximate_count(firn_db *db, uint32_t ns, const uint8_t *lower, size_t lower_len, const uint8_t *upper, size_t upper_len);
FIRN_API int64_t firn_approximate_bytes(firn_db *db, uint32_t ns, const uint8_t *lower, size_t lower_len, const uint8_t *upper, size_t upper_len);

/* ---- Change feed ------------------------------------------------------------------------------------------------------- */

/* What firn_changes reports besides FIRN_OP_PUT and FIRN_OP_DELETE. */
#define FIRN_CHANGE_NS_OPEN 16u  /* a namespace was created; key: its name */
#define FIRN_CHANGE_NS_CLEAR 17u /* all its keys are gone; key: its name, empty for namespace 0 */
#define FIRN_CHANGE_NS_DROP 18u  /* it is gone; key: its name */
#define FIRN_CHANGES_DURABLE 1u  /* only commits that are durable */

/* Reads what was committed, in order, from version `from` on (0: from the beginning of a database that still has it):
 *     (u64 version, u32 op, u32 ns, u32 key_len, u32 val_len, i64 expiry_ms (0: never), key bytes, value bytes)*
 * The operations of a commit have its version, follow one another, and are never split between two calls; operations are the results (of a counter, a swap, a deleted
 * range). To go on, pass the last version + 1. Returns the bytes; 0: there are no more commits yet (firn_notify_fd tells of the next one). FIRN_NOT_FOUND: the
 * commits from there on are not kept any more: firn_changes_bounds tells what is (kept are the commits in memtables, and flushed ones as far as the options
 * changes_retention_bytes and changes_retention_ms say). FIRN_TOO_LARGE: the next commit alone needs more than cap; if cap >= 8 the size that it needs is in the first
 * 8 bytes. FIRN_INVALID: from is above the next version, or unknown flags. FIRN_CORRUPT, FIRN_IO, FIRN_NO_MEMORY. */
FIRN_API int64_t firn_changes(firn_db *db, uint64_t from_version, uint8_t *out, size_t cap, uint32_t flags);
/* *first: the first version from which on every commit can be read; *next: one above the last commit. FIRN_INVALID: a pointer is NULL. */
FIRN_API int32_t firn_changes_bounds(firn_db *db, uint64_t *first, uint64_t *next);

/* ---- The durable log ------------------------------------------------------------------------------------------------- */

/* A log of its own, in a directory of its own: records with dense indexes 0, 1, 2 ..., appended at the end, removed at either end. Every function may be called by any
 * thread at any time; appends are ordered by their indexes. What an acknowledged record survives is the option durability, as for databases. Options of a
 * log: segment_bytes, retention_bytes, retention_ms, durability, log_io, verify_on_open, create_if_missing, error_if_exists, read_only, lock_timeout_ms; others: FIRN_INVALID. */
typedef struct firn_log firn_log;

/* The indexes that can be read: first <= index < next. */
typedef struct firn_log_range {
  uint64_t first;
  uint64_t next;
} firn_log_range;

/* Opens the log in the directory `dir`, creating it unless create_if_missing=false. NULL on failure; codes as firn_open (FIRN_NOT_A_DATABASE: a database or something
 * else lies there). read_only takes no lock, works beside a live writer, and sees what was there when it was opened, and more after firn_log_refresh. */
FIRN_API firn_log *firn_log_open(const char *dir, const firn_options *options, firn_error *error);
/* Ends waits (FIRN_CLOSED), waits for calls in progress, makes everything durable in every mode, closes; pinned records stay readable. Codes as firn_close;
 * FIRN_READ_ONLY: a call before had failed already (firn_log_error tells why), and nothing more was made durable. */
FIRN_API int32_t firn_log_close(firn_log *log);
/* Appends a record of 0 bytes to 1 GiB and returns its index. FIRN_TOO_LARGE, FIRN_READ_ONLY, FIRN_NO_SPACE, FIRN_NO_MEMORY, FIRN_IO, FIRN_INDETERMINATE. */
FIRN_API int64_t firn_log_append(firn_log *log, const uint8_t *data, size_t len);
/* Appends (u32 len, bytes)*, all or nothing, and returns the index of the first; readers see all of them at once. An empty batch: the next index. Together at most 1 GiB.
 * FIRN_INVALID: malformed; nothing was appended. */
FIRN_API int64_t firn_log_append_batch(firn_log *log, const uint8_t *packed, size_t len);
/* The record's length, copied into buf when it fits cap; FIRN_NOT_FOUND outside the bounds. Read calls can also return FIRN_CORRUPT, FIRN_IO and FIRN_NO_MEMORY. */
FIRN_API int64_t firn_log_read(firn_log *log, uint64_t index, uint8_t *buf, size_t cap);
/* Fills out with (u64 index, i64 time_ms, u32 len, bytes)* from index `from` on; time_ms: Unix time of the append, never falling. Returns the bytes; 0: `from` is the next index.
 * FIRN_NOT_FOUND: outside the bounds. FIRN_TOO_LARGE: the first record alone exceeds cap; if cap >= 8 the size that it needs is in the first 8 bytes. */
FIRN_API int64_t firn_log_read_chunk(firn_log *log, uint64_t from, uint8_t *out, size_t cap);
/* A record in place, until firn_unpin, also after firn_log_close. pin->version is the index. */
FIRN_API int32_t firn_log_pin(firn_log *log, uint64_t index, firn_pin_t *pin);
/* The first index whose record was appended at time_ms or later; the next index when there is none. */
FIRN_API int64_t firn_log_seek_time(firn_log *log, int64_t time_ms);
/* By value; on a bad handle both are UINT64_MAX. The twin for runtimes that cannot take a struct: FIRN_INVALID: a pointer is NULL. */
FIRN_API firn_log_range firn_log_bounds(firn_log *log);
FIRN_API int32_t firn_log_bounds_to(firn_log *log, uint64_t *first, uint64_t *next);
/* Records below this index are durable. */
FIRN_API int64_t firn_log_durable(firn_log *log);
/* Everything appended before the call is durable after it; joins the group; never blocks appends. As all calls below that change or sync the log it can also return
 * FIRN_READ_ONLY, FIRN_NO_SPACE, FIRN_NO_MEMORY, FIRN_IO and FIRN_INDETERMINATE (from then on the log is read-only). */
FIRN_API int32_t firn_log_sync(firn_log *log);
/* Waits until the record `index` is there. timeout_ms -1: for ever, 0: only looks. FIRN_TIMEOUT, FIRN_CANCELLED (firn_log_wake), FIRN_CLOSED, FIRN_NOT_FOUND (trimmed at the front, or the log was reset to behind it).
 * Records of a writer in another process: FIRN_UNSUPPORTED on a read-only opening; poll with firn_log_refresh. */
FIRN_API int32_t firn_log_wait(firn_log *log, uint64_t index, int32_t timeout_ms);
FIRN_API int32_t firn_log_wake(firn_log *log); /* ends the waits that go on, and makes the descriptor readable */
/* A descriptor for event loops, as firn_notify_fd: readable with the first append after a call of firn_log_read_chunk has returned 0, when the durable bound moves, and with
 * resets, trims at the end, wakes and closing. The log's: not to be closed. FIRN_IO: the system gave none. */
FIRN_API int32_t firn_log_notify_fd(firn_log *log);
/* Removes records at the front: first becomes exactly `index` (space goes by whole segments). Durable when it returns. FIRN_INVALID: outside [first, next]. */
FIRN_API int32_t firn_log_trim_before(firn_log *log, uint64_t index);
/* Removes records at the end: `index` is the last one kept, index + 1 is given again. Durable when it returns. FIRN_INVALID: not in [first, next). To empty the log: firn_log_reset. */
FIRN_API int32_t firn_log_trim_after(firn_log *log, uint64_t index);
/* Empties the log; it goes on at next_index. Durable when it returns. FIRN_INVALID: above INT64_MAX. */
FIRN_API int32_t firn_log_reset(firn_log *log, uint64_t next_index);
/* Applies retention_bytes and retention_ms now (it is also applied whenever a segment is full); returns how many segments were deleted. The newest is never. */
FIRN_API int64_t firn_log_retain(firn_log *log);
/* A read-only opening goes on to what the writer has made; others do nothing. Costs what was appended since; with a segment begun or removed since, and always
 * with log_io=pwrite, that segment is read as a whole.
 * FIRN_CORRUPT, FIRN_IO, FIRN_NO_MEMORY: it goes on showing what it showed. */
FIRN_API int32_t firn_log_refresh(firn_log *log);
/* What opening found. FIRN_INVALID: info is NULL. */
FIRN_API int32_t firn_log_recovery(firn_log *log, firn_recovery_info *info);
/* The error that has made the log read-only: its code, or FIRN_OK; details in *error (nullable). */
FIRN_API int32_t firn_log_error(firn_log *log, firn_error *error);

/* ---- Operate: statistics --------------------------------------------------------------------------------------------- */

/* Counted since the opening, always on. Of firn_get, and of commits that do not wait for the disk, one call in 256 of a thread is timed; everything else always. */

/* How long something took. Quantiles are upper bounds of their bucket: at most an eighth above the truth. Frozen. */
typedef struct firn_latency {
  uint64_t count; /* that were timed */
  uint64_t sum_ns;
  uint64_t p50_ns;
  uint64_t p99_ns;
  uint64_t p999_ns;
  uint64_t max_ns;
} firn_latency;

#define FIRN_STATS_READ_ONLY 1u    /* the database takes no writes: opened so, or after a failure (firn_db_error) */
#define FIRN_STATS_LOG_MMAP 2u     /* the log is written through a mapping, else by pwrite */
#define FIRN_STATS_TABLE_MMAP 4u   /* tables are mapped unless they are compressed, else read by pread */
#define FIRN_STATS_COMPACTING 8u   /* a compaction goes on */

typedef struct firn_stats_t {
  uint32_t struct_size;
  uint32_t flags;                        /* FIRN_STATS_* */
  uint64_t version;                      /* of the last commit */
  uint64_t durable_version;              /* commits up to here are known to be durable */
  uint64_t uptime_ms;
  uint64_t gets;                         /* keys looked up: firn_get, _get_entry, _exists, _pin, each key of _multi_get and _multi_pin; in transactions too */
  uint64_t get_misses;                   /* of these: not found */
  uint64_t get_bytes;                    /* values found */
  uint64_t scans;                        /* opened */
  uint64_t commits;
  uint64_t puts;                         /* entries written */
  uint64_t deletes;
  uint64_t write_bytes;                  /* keys and values of the entries written */
  uint64_t transactions;                 /* begun */
  uint64_t conflicts;                    /* of these: refused with FIRN_CONFLICT */
  uint64_t log_written_bytes;            /* to the write-ahead log */
  uint64_t syncs;                        /* of the write-ahead log */
  uint64_t sync_waits;                   /* calls that waited for one of them: sync_waits / syncs is the mean size of a group */
  uint64_t sync_group_max;               /* the largest group */
  uint64_t flushes;
  uint64_t flush_bytes;                  /* of tables written */
  uint64_t compactions;
  uint64_t compaction_read_bytes;
  uint64_t compaction_bytes;             /* of tables written */
  uint64_t moved_tables;                 /* taken over by a compaction as they were */
  uint64_t stalls;                       /* times that a writer waited for a flush or a compaction */
  uint64_t cache_misses;                 /* chunks of tables that were read (table_io=pread, compression) or verified for the first time (mapped), but
                                          * for those that a flush or a compaction has written and verified itself */
  uint64_t cache_miss_bytes;
  uint64_t events;                       /* the number of the last event */
  uint64_t memtable_count;               /* now, as everything below */
  uint64_t memtable_bytes;               /* memory of the memtables' indexes; their data are the log's images */
  uint64_t log_bytes;                    /* memory, and disk, of the memtables' log segments */
  uint64_t run_count;
  uint64_t table_count;
  uint64_t table_bytes;                  /* on disk */
  uint64_t table_entries;                /* deleted and expired ones included */
  uint64_t table_tombstones;
  uint64_t table_key_value_bytes;        /* uncompressed */
  uint64_t table_memory_bytes;           /* data that tables hold in memory, and their bookkeeping */
  uint64_t flush_debt_bytes;             /* in sealed memtables */
  uint64_t compaction_debt_bytes;        /* of tables that the next compaction rewrites; 0: none is due */
  uint64_t write_amplification_permille; /* (log_written_bytes + flush_bytes + compaction_bytes) * 1000 / write_bytes; 0: nothing was written */
  uint64_t read_amplification;           /* places that a look-up of an absent key asks: memtables and runs */
  uint64_t space_amplification_permille; /* table_bytes * 1000 / bytes of the largest run; 0: no tables */
  uint64_t namespaces;                   /* named ones */
  uint64_t retired_views;                /* former states that snapshots, scans, transactions, pins or calls still read */
  uint64_t retired_oldest_ms;            /* how long ago the oldest of them was the present one: a leaked snapshot shows here */
  uint64_t retired_table_bytes;          /* of tables that only they need */
  firn_latency get;                      /* firn_get */
  firn_latency commit;                   /* every write call, its wait for the disk included */
  firn_latency sync;
  firn_latency flush;
  firn_latency compaction;
  firn_latency stall;
} firn_stats_t;
#define FIRN_STATS_SIZE ((uint32_t)sizeof(firn_stats_t))
/* Set stats->struct_size before the call; the rest need not be set. Costs microseconds, and some more with thousands of tables. FIRN_INVALID: stats is NULL. */
FIRN_API int32_t firn_stats(firn_db *db, firn_stats_t *stats);
/* The same as one JSON object with the same names, durability, log_io and table_io as words, and the runs one by one, NUL-terminated when it fits. Returns the length
 * without the NUL; nothing was copied unless cap > length. Names stay; new ones may come. */
FIRN_API int64_t firn_stats_json(firn_db *db, char *buf, size_t cap);
/* The same in the text format of Prometheus (exposition format 0.0.4), every metric with the label db (the path) and latencies as histograms. Returns as firn_stats_json. */
FIRN_API int64_t firn_stats_prometheus(firn_db *db, char *buf, size_t cap);

/* ---- Operate: events ------------------------------------------------------------------------------------------------- */

#define FIRN_EVENT_FLUSH 1u      /* memtables became tables; code: FIRN_OK or why it failed (it is tried again) */
#define FIRN_EVENT_COMPACTION 2u /* likewise */
#define FIRN_EVENT_STALL 3u      /* a writer had to wait for a flush or a compaction; told when the wait is over */
#define FIRN_EVENT_ERROR 4u      /* the database has become read-only: firn_db_error tells why, firn_resume ends it */
#define FIRN_EVENT_RESUMED 5u    /* firn_resume has ended it */

/* Frozen. */
typedef struct firn_event {
  uint64_t number;      /* 1, 2, 3 ... since the opening; a gap: older events gave way to newer ones */
  int64_t time_ms;      /* Unix time of its end */
  uint32_t kind;        /* FIRN_EVENT_* */
  int32_t code;
  uint64_t duration_us; /* of flush, compaction (work alone, not the pauses) and stall */
  uint64_t bytes_read;  /* by a compaction */
  uint64_t bytes_written;
  uint64_t reserved[2]; /* 0 */
} firn_event;
/* Copies the events from number `from` on, oldest first, at most max; returns how many. The last 256 are kept. To go on, pass the last number + 1; several readers do not
 * disturb each other. firn_notify_fd becomes readable with every event. FIRN_INVALID: out is NULL and max is not 0. */
FIRN_API int64_t firn_events_poll(firn_db *db, uint64_t from, firn_event *out, size_t max);

/* After a failed write or sync has made the database read-only (FIRN_INDETERMINATE, firn_db_error), and its cause is gone (space was freed): writes everything that
 * readers see to new tables, verified and synced, goes on in new files, and takes writes again. Commits that ended with FIRN_INDETERMINATE and are visible are
 * durable then. Versions jump, as after a crash. Also tries failed background work again at once. FIRN_OK at once on a database that has no failure. After an error
 * (FIRN_NO_SPACE, FIRN_IO, FIRN_CORRUPT, FIRN_NO_MEMORY) the database is as before: call again. FIRN_READ_ONLY: it was opened so. */
FIRN_API int32_t firn_resume(firn_db *db);

/* ---- Operate: checkpoint and backup ---------------------------------------------------------------------------------- */

/* Makes a database of its own in the directory `dir`, which must not exist (its parent must): everything that was acknowledged before the call, as one snapshot, whatever is
 * written meanwhile. Tables are linked where the file system can, else copied; memtables are written as tables; retained changes are left out. Durable when it returns. Writers
 * are not held up. Works on read-only openings and on ":memory:" too. On a failure nothing is left; after a crash in the middle something that every opening refuses
 * (FIRN_NOT_A_DATABASE): remove it. FIRN_EXISTS, FIRN_NOT_FOUND (no parent), FIRN_NO_SPACE, FIRN_IO, FIRN_CORRUPT (the database is damaged), FIRN_NO_MEMORY. */
FIRN_API int32_t firn_checkpoint(firn_db *db, const char *dir, firn_error *error);

/* Backups lie in a directory of their own, one database a backup, numbered 1, 2, 3 ...; a table that an earlier backup has is linked there, not copied, so the next one costs what
 * is new. Each can be opened read_only where it lies, checked with firn_check, restored and deleted by itself. One backup, restore or deletion at a time works in a directory:
 * else FIRN_LOCKED. */
typedef struct firn_backup firn_backup; /* one thread at a time, may move between threads */

typedef struct firn_backup_progress {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t bytes_total;  /* of tables; those that memtables become are added when they are written */
  uint64_t bytes_done;   /* linked ones included */
  uint64_t bytes_linked; /* that did not have to be copied */
  uint64_t tables_total;
  uint64_t tables_done;
  uint64_t version;      /* of the snapshot */
} firn_backup_progress;
#define FIRN_BACKUP_PROGRESS_INIT {(uint32_t)sizeof(firn_backup_progress), 0, 0, 0, 0, 0, 0, 0}

/* Begins a backup of everything that was acknowledged before the call into the directory `dir` (made when missing; its parent must exist). Until firn_backup_finish it
 * keeps that state alive. What an earlier backup that was cut short has left there is removed. NULL on failure: FIRN_NOT_A_DATABASE (the directory holds something else), FIRN_LOCKED,
 * and codes as firn_checkpoint. */
FIRN_API firn_backup *firn_backup_begin(firn_db *db, const char *dir, firn_error *error);
/* Begins to restore backup `id` of `dir` as a database of its own in `to`, which must not exist. Every table is verified before it is copied. The handle is stepped and
 * finished as that of a backup. FIRN_NOT_FOUND: no such backup. */
FIRN_API firn_backup *firn_restore_begin(const char *dir, uint64_t id, const char *to, firn_error *error);
/* Works on about max_bytes bytes (0: 8 MiB) and returns 1: there is more to do, 0: everything is there, now finish; or a code, which is sticky: FIRN_NO_SPACE, FIRN_IO,
 * FIRN_CORRUPT, FIRN_NO_MEMORY, FIRN_CLOSED (a backup whose database was closed). progress: nullable. */
FIRN_API int32_t firn_backup_step(firn_backup *backup, uint64_t max_bytes, firn_backup_progress *progress);
/* Ends it and closes the handle, in every case. When firn_backup_step has returned 0: makes it count, durable when this returns, and returns the backup's number (of a restore:
 * its own). Earlier: cancels, removes what was written and returns FIRN_CANCELLED; after an error: the error. NULL: FIRN_MISUSE. */
FIRN_API int64_t firn_backup_finish(firn_backup *backup, firn_error *error);
/* The backups of a directory, oldest first: (u64 id, i64 time_ms, u64 version, u64 bytes, u64 tables)*. Returns the bytes; nothing was copied when that exceeds cap.
 * FIRN_NOT_FOUND, FIRN_NOT_A_DATABASE, FIRN_CORRUPT, FIRN_IO. */
FIRN_API int64_t firn_backup_list(const char *dir, uint8_t *out, size_t cap, firn_error *error);
FIRN_API int32_t firn_backup_verify(const char *dir, uint64_t id, firn_error *error); /* as firn_check */
FIRN_API int32_t firn_backup_delete(const char *dir, uint64_t id, firn_error *error); /* the others stay whole */

/* ---- Operate: check and salvage -------------------------------------------------------------------------------------- */

/* Verifies a database that no one has open for writing: every checksum, the order of keys within tables and of versions between runs, indexes, counts and properties, tables against
 * the manifest, every record of the log, retained ones included, and the names of namespaces. Reads everything, writes nothing. FIRN_OK, FIRN_CORRUPT with file and offset, FIRN_LOCKED,
 * FIRN_NOT_FOUND, FIRN_NOT_A_DATABASE, FIRN_NEWER_FORMAT, FIRN_IO, FIRN_NO_MEMORY. */
FIRN_API int32_t firn_check(const char *path, firn_error *error);

#define FIRN_LOSS_MANIFEST 1u /* the manifest cannot be read: all files that lie there are taken */
#define FIRN_LOSS_TABLE 2u    /* a whole table */
#define FIRN_LOSS_RANGE 3u    /* entries of a table between two keys that were read */
#define FIRN_LOSS_LOG 4u      /* a part of the write-ahead log, or a whole segment */
#define FIRN_LOSS_TAIL 5u     /* the end of the log, which was never durable: an opening would have cut it too */
#define FIRN_LOSS_NAMES 6u    /* namespaces without a name: their keys are in namespaces "salvaged-N" */

/* What salvage could not read. Frozen. Keys are cut to 64 bytes; first_len and last_len are their true lengths. */
typedef struct firn_loss {
  uint32_t kind;          /* FIRN_LOSS_* */
  int32_t code;           /* why: FIRN_CORRUPT, FIRN_IO, FIRN_NOT_FOUND (a file is missing) */
  uint64_t offset;        /* in the file (of a table: in its uncompressed body) */
  uint64_t bytes;
  uint64_t entries;       /* UINT64_MAX: nobody knows */
  uint32_t first_len;     /* lost entries lie behind this key; 0: from the beginning */
  uint32_t last_len;      /* and before this one; 0: to the end */
  uint8_t first_key[64];
  uint8_t last_key[64];
  char file[256];
  char text[128];         /* for people */
} firn_loss;

typedef struct firn_salvage_report {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t tables;            /* that should be there, or lie there */
  uint64_t tables_damaged;    /* of these: read in part */
  uint64_t tables_lost;       /* of these: not read at all */
  uint64_t log_records;       /* commits read from the log */
  uint64_t entries_read;      /* all versions */
  uint64_t entries_written;   /* into the new database: newest versions */
  uint64_t entries_lost;      /* as far as known: what damaged tables should have had and did not give */
  uint64_t bytes_lost;        /* of files */
  uint64_t losses;
} firn_salvage_report;
#define FIRN_SALVAGE_REPORT_INIT {(uint32_t)sizeof(firn_salvage_report), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
/* Writes what can be read of the database in `from`, which nobody has open for writing and which stays as it is, into a new one in `to`, which must not exist. Of a key the newest
 * version that can be read wins: where a newer one or a deletion was lost an older one comes back. Returns the number of losses; the first `max` of them are in `losses`; 0: nothing was
 * lost. report: nullable. Codes: those of firn_check but for FIRN_CORRUPT, those of firn_checkpoint for `to`, and FIRN_CORRUPT when there is nothing at all to be read. */
FIRN_API int64_t firn_salvage(const char *from, const char *to, firn_loss *losses, size_t max, firn_salvage_report *report, firn_error *error);

/* ---- Operate: look inside -------------------------------------------------------------------------------------------- */

#define FIRN_INSPECT_MANIFEST 1u /* what the database consists of, and the files that lie there */
#define FIRN_INSPECT_TABLES 2u   /* the runs, newest first, with every table: sizes, counts, versions, smallest and largest key */
#define FIRN_INSPECT_LOG 3u      /* the segments of the write-ahead log, walked record by record */
/* What lies in the directory of a database, as one JSON object for people and tools. Takes no lock and writes nothing: also beside a writer, also where firn_open fails; a part that does
 * not verify has a member "error" in its place. Returns the length without the NUL; nothing was copied unless cap > length. Names stay; new ones may come. FIRN_NOT_FOUND,
 * FIRN_NOT_A_DATABASE, FIRN_CORRUPT (no manifest that can be read), FIRN_INVALID, FIRN_IO, FIRN_NO_MEMORY. */
FIRN_API int64_t firn_inspect(const char *path, uint32_t part, char *buf, size_t cap, firn_error *error);
/* Where the versions of a key lie, newest first: in which segment of the log and at which offset, in which table of which run; and what a reader gets ("found", "deleted", "expired",
 * "absent"). ns_name: NULL with 0 is the default namespace. Reads the whole log: slow beside a large one. As firn_inspect; FIRN_NOT_FOUND also: no such namespace. */
FIRN_API int64_t firn_explain_key(const char *path, const uint8_t *ns_name, size_t ns_name_len, const uint8_t *key, size_t key_len, char *buf, size_t cap,
                                  firn_error *error);

/* ---- For dlopen: one symbol that gives the others -------------------------------------------------------------------- */

/* Grows at its end only: compare struct_size before using a later member. */
typedef struct firn_api {
  uint32_t struct_size;
  uint32_t version;
  const char *(*status_name)(int32_t code);
  const char *(*status_text)(int32_t code);
  int32_t (*status_is_retryable)(int32_t code);
  const char *(*build_info)(void);
  firn_options *(*options_new)(void);
  void (*options_free)(firn_options *options);
  int32_t (*options_set)(firn_options *options, const char *name, const char *value);
  int32_t (*options_set_u64)(firn_options *options, const char *name, uint64_t value);
  int32_t (*options_parse)(firn_options *options, const char *text);
  uint32_t (*option_count)(void);
  int32_t (*option_info_at)(uint32_t i, firn_option_info *info);
  firn_db *(*open)(const char *path, const firn_options *options, firn_error *error);
  int32_t (*close)(firn_db *db);
  int32_t (*recovery)(firn_db *db, firn_recovery_info *info);
  int32_t (*sync)(firn_db *db);
  int32_t (*flush)(firn_db *db);
  int32_t (*compact)(firn_db *db);
  int32_t (*run_jobs)(firn_db *db, int32_t max_ms);
  int32_t (*db_error)(firn_db *db, firn_error *error);
  int32_t (*put)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len);
  int64_t (*get)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap);
  int32_t (*del)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len);
  int32_t (*exists)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len);
  int32_t (*pin)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, firn_pin_t *pin);
  void (*unpin)(firn_pin_t *pin);
  int64_t (*write)(firn_db *db, const uint8_t *batch, size_t len, uint32_t flags);
  int64_t (*multi_get)(firn_db *db, const uint8_t *keys, size_t len, uint8_t *out, size_t cap);
  firn_iter *(*scan)(firn_db *db, firn_txn *txn, const firn_scan_opts *opts, firn_error *error);
  int64_t (*iter_chunk)(firn_iter *iter, uint8_t *out, size_t cap);
  int64_t (*iter_entries)(firn_iter *iter, firn_kv *out, size_t max);
  int32_t (*iter_seek)(firn_iter *iter, const uint8_t *key, size_t key_len);
  void (*iter_close)(firn_iter *iter);
  int64_t (*ns_open)(firn_db *db, const uint8_t *name, size_t name_len, uint32_t flags);
  int32_t (*ns_clear)(firn_db *db, uint32_t ns);
  int32_t (*ns_drop)(firn_db *db, uint32_t ns);
  int64_t (*ns_list)(firn_db *db, uint8_t *out, size_t cap);
  int64_t (*stats_json)(firn_db *db, char *buf, size_t cap);
  int32_t (*check)(const char *path, firn_error *error);
  int64_t (*get_entry)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap, firn_entry *entry);
  int64_t (*put_ex)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len, const firn_put_opts *opts);
  int32_t (*compare_swap)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *old_val, size_t old_len,
                          const uint8_t *new_val, size_t new_len, int64_t ttl_ms);
  int64_t (*swap)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *new_val, size_t new_len, uint8_t *buf, size_t cap);
  firn_i64 (*add)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, int64_t delta);
  int32_t (*add_to)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, int64_t delta, int64_t *result);
  int32_t (*expire)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len, int64_t ttl_ms);
  int32_t (*persist)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len);
  int64_t (*ttl)(firn_db *db, uint32_t ns, const uint8_t *key, size_t key_len);
  int64_t (*delete_range)(firn_db *db, uint32_t ns, const uint8_t *lower, size_t lower_len, const uint8_t *upper, size_t upper_len, uint64_t limit);
  firn_txn *(*txn_begin)(firn_db *db, uint32_t flags, firn_error *error);
  int64_t (*txn_get)(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap);
  int64_t (*txn_get_entry)(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap, firn_entry *entry);
  int32_t (*txn_exists)(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len);
  int32_t (*txn_pin)(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, firn_pin_t *pin);
  int64_t (*txn_multi_get)(firn_txn *txn, const uint8_t *keys, size_t len, uint8_t *out, size_t cap);
  int32_t (*txn_put)(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len);
  int32_t (*txn_delete)(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len);
  firn_i64 (*txn_add)(firn_txn *txn, uint32_t ns, const uint8_t *key, size_t key_len, int64_t delta);
  int64_t (*txn_write)(firn_txn *txn, const uint8_t *batch, size_t len);
  uint64_t (*txn_version)(firn_txn *txn);
  int64_t (*txn_commit)(firn_txn *txn);
  int64_t (*txn_commit_ex)(firn_txn *txn, uint32_t flags);
  void (*txn_close)(firn_txn *txn);
  int32_t (*wait_durable)(firn_db *db, uint64_t version, int32_t timeout_ms);
  int32_t (*wake)(firn_db *db);
  int32_t (*notify_fd)(firn_db *db);
  int64_t (*changes)(firn_db *db, uint64_t from_version, uint8_t *out, size_t cap, uint32_t flags);
  int32_t (*changes_bounds)(firn_db *db, uint64_t *first, uint64_t *next);
  int32_t (*refresh)(firn_db *db);
  int64_t (*approximate_count)(firn_db *db, uint32_t ns, const uint8_t *lower, size_t lower_len, const uint8_t *upper, size_t upper_len);
  int64_t (*approximate_bytes)(firn_db *db, uint32_t ns, const uint8_t *lower, size_t lower_len, const uint8_t *upper, size_t upper_len);
  firn_log *(*log_open)(const char *dir, const firn_options *options, firn_error *error);
  int32_t (*log_close)(firn_log *log);
  int64_t (*log_append)(firn_log *log, const uint8_t *data, size_t len);
  int64_t (*log_append_batch)(firn_log *log, const uint8_t *packed, size_t len);
  int64_t (*log_read)(firn_log *log, uint64_t index, uint8_t *buf, size_t cap);
  int64_t (*log_read_chunk)(firn_log *log, uint64_t from, uint8_t *out, size_t cap);
  int32_t (*log_pin)(firn_log *log, uint64_t index, firn_pin_t *pin);
  int64_t (*log_seek_time)(firn_log *log, int64_t time_ms);
  firn_log_range (*log_bounds)(firn_log *log);
  int32_t (*log_bounds_to)(firn_log *log, uint64_t *first, uint64_t *next);
  int64_t (*log_durable)(firn_log *log);
  int32_t (*log_sync)(firn_log *log);
  int32_t (*log_wait)(firn_log *log, uint64_t index, int32_t timeout_ms);
  int32_t (*log_wake)(firn_log *log);
  int32_t (*log_notify_fd)(firn_log *log);
  int32_t (*log_trim_before)(firn_log *log, uint64_t index);
  int32_t (*log_trim_after)(firn_log *log, uint64_t index);
  int32_t (*log_reset)(firn_log *log, uint64_t next_index);
  int64_t (*log_retain)(firn_log *log);
  int32_t (*log_refresh)(firn_log *log);
  int32_t (*log_recovery)(firn_log *log, firn_recovery_info *info);
  int32_t (*stats)(firn_db *db, firn_stats_t *stats);
  int64_t (*stats_prometheus)(firn_db *db, char *buf, size_t cap);
  int64_t (*events_poll)(firn_db *db, uint64_t from, firn_event *out, size_t max);
  int64_t (*inspect)(const char *path, uint32_t part, char *buf, size_t cap, firn_error *error);
  int64_t (*explain_key)(const char *path, const uint8_t *ns_name, size_t ns_name_len, const uint8_t *key, size_t key_len, char *buf, size_t cap,
                         firn_error *error);
  int32_t (*checkpoint)(firn_db *db, const char *dir, firn_error *error);
  firn_backup *(*backup_begin)(firn_db *db, const char *dir, firn_error *error);
  firn_backup *(*restore_begin)(const char *dir, uint64_t id, const char *to, firn_error *error);
  int32_t (*backup_step)(firn_backup *backup, uint64_t max_bytes, firn_backup_progress *progress);
  int64_t (*backup_finish)(firn_backup *backup, firn_error *error);
  int64_t (*backup_list)(const char *dir, uint8_t *out, size_t cap, firn_error *error);
  int32_t (*backup_verify)(const char *dir, uint64_t id, firn_error *error);
  int32_t (*backup_delete)(const char *dir, uint64_t id, firn_error *error);
  int32_t (*resume)(firn_db *db);
  int64_t (*salvage)(const char *from, const char *to, firn_loss *losses, size_t max, firn_salvage_report *report, firn_error *error);
  int32_t (*log_error)(firn_log *log, firn_error *error);
  int64_t (*multi_pin)(firn_db *db, const uint8_t *keys, size_t len, firn_answer *answers, size_t max, firn_pin_t *pin);
  int64_t (*txn_multi_pin)(firn_txn *txn, const uint8_t *keys, size_t len, firn_answer *answers, size_t max, firn_pin_t *pin);
} firn_api;

/* The table of function pointers for major version `major` (0 now), NULL when unknown. Static data. */
FIRN_API const firn_api *firn_get_api(uint32_t major);

#ifdef __cplusplus
}
#endif

#endif /* FIRN_H */
