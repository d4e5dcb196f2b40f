// The C API as cgo takes it best: structs that would hold Go pointers are built on the C side, and handles inside structs travel as numbers, so that
// neither the garbage collector nor the pointer checks of cgo ever meet a number in a pointer's clothing.
// Included by every Go file that calls C. Threading: as firn.h says of the function that is called.
#pragma once

#include <firn.h>

// firn_pin by value: an out-pointer would put the pin's handle into Go memory as a pointer.
typedef struct firn_go_pinned {
  int64_t code;
  const uint8_t* data;
  uint64_t len;
  uint64_t version;
  uint64_t owner;
} firn_go_pinned;

static inline firn_go_pinned firn_go_from_pin(int32_t code, const firn_pin_t* pin) {
  firn_go_pinned pinned;
  pinned.code = code;
  pinned.data = pin->data;
  pinned.len = pin->len;
  pinned.version = pin->version;
  pinned.owner = (uint64_t)(uintptr_t)pin->owner;
  return pinned;
}

static inline firn_go_pinned firn_go_pin(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len) {
  firn_pin_t pin;
  const int32_t code = firn_pin(db, ns, key, key_len, &pin);
  return firn_go_from_pin(code, &pin);
}

static inline firn_go_pinned firn_go_txn_pin(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len) {
  firn_pin_t pin;
  const int32_t code = firn_txn_pin(txn, ns, key, key_len, &pin);
  return firn_go_from_pin(code, &pin);
}

static inline void firn_go_unpin(firn_go_pinned pinned) {
  firn_pin_t pin;
  pin.data = pinned.data;
  pin.len = pinned.len;
  pin.version = pinned.version;
  pin.owner = (void*)(uintptr_t)pinned.owner;
  firn_unpin(&pin);
}

// firn_txn_commit_ex, and firn_txn_close when nothing else can follow.
static inline int64_t firn_go_txn_finish(firn_txn* txn, uint32_t flags) {
  const int64_t version = firn_txn_commit_ex(txn, flags);
  if (version >= 0 || version == FIRN_CONFLICT) firn_txn_close(txn);
  return version;
}

// firn_scan without a struct in Go memory that holds Go pointers.
static inline firn_iter* firn_go_scan(firn_db* db, firn_txn* txn, uint32_t ns, uint32_t flags, uint64_t limit, const uint8_t* lower,
                                      size_t lower_len, const uint8_t* upper, size_t upper_len, const uint8_t* prefix, size_t prefix_len,
                                      const uint8_t* glob, size_t glob_len, firn_error* error) {
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  opts.flags = flags;
  opts.ns = ns;
  opts.lower = lower;
  opts.lower_len = lower_len;
  opts.upper = upper;
  opts.upper_len = upper_len;
  opts.prefix = prefix;
  opts.prefix_len = prefix_len;
  opts.limit = limit;
  opts.glob = glob != 0 && glob_len == 0 ? "" : (const char*)glob;  // bytes of Go have no NUL behind them
  opts.glob_len = glob_len;
  return firn_scan(db, txn, &opts, error);
}

// The first chunk of an iterator that was just opened, and whether that is all: then the iterator is closed. One crossing for a short scan.
typedef struct firn_go_first {
  int64_t filled;  // bytes, or a code
  int64_t is_all;
} firn_go_first;

static inline firn_go_first firn_go_first_chunk(firn_iter* iter, uint8_t* out, size_t cap) {
  firn_go_first first = {0, 0};
  for (;;) {
    const int64_t n = firn_iter_chunk(iter, out + first.filled, cap - (size_t)first.filled);
    if (n > 0) {
      first.filled += n;
      continue;
    }
    first.is_all = n == 0;
    if (n == 0) firn_iter_close(iter);
    if (n < 0 && first.filled == 0) first.filled = n;  // else it is met again when the next chunk is asked for: errors are sticky
    return first;
  }
}

typedef struct firn_go_begun {
  firn_iter* iter;
  firn_go_first first;
} firn_go_begun;

static inline firn_go_begun firn_go_scan_first(firn_db* db, firn_txn* txn, uint32_t ns, uint32_t flags, uint64_t limit,
                                               const uint8_t* lower, size_t lower_len, const uint8_t* upper, size_t upper_len,
                                               const uint8_t* prefix, size_t prefix_len, const uint8_t* glob, size_t glob_len, uint8_t* out,
                                               size_t cap, firn_error* error) {
  firn_go_begun begun = {0, {0, 0}};
  begun.iter = firn_go_scan(db, txn, ns, flags, limit, lower, lower_len, upper, upper_len, prefix, prefix_len, glob, glob_len, error);
  if (begun.iter != 0) begun.first = firn_go_first_chunk(begun.iter, out, cap);
  return begun;
}

// firn_iter_entries with the pointers as numbers: in Go memory the garbage collector would take those that the engine has given back for its own.
typedef struct firn_go_entry {
  uint64_t key;
  uint64_t key_len;
  uint64_t val;
  uint64_t val_len;
} firn_go_entry;

typedef char firn_go_entry_is_firn_kv[sizeof(firn_go_entry) == sizeof(firn_kv) ? 1 : -1];

static inline int64_t firn_go_iter_entries(firn_iter* iter, firn_go_entry* out, size_t max) {
  return firn_iter_entries(iter, (firn_kv*)out, max);
}

// firn_get when the value fits buf, else firn_pin, with an owner then: copying a short value costs less than a second crossing, to unpin it.
static inline firn_go_pinned firn_go_view(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap) {
  firn_go_pinned copied = {0, buf, 0, 0, 0};
  const int64_t len = firn_get(db, ns, key, key_len, buf, cap);
  if (len > (int64_t)cap) return firn_go_pin(db, ns, key, key_len);
  if (len < 0) copied.code = len;
  copied.len = (uint64_t)len;
  return copied;
}

static inline int64_t firn_go_put_ex(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* val, size_t val_len,
                                     uint32_t flags, uint64_t if_version, int64_t ttl_ms) {
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  opts.flags = flags;
  opts.if_version = if_version;
  opts.ttl_ms = ttl_ms;
  return firn_put_ex(db, ns, key, key_len, val, val_len, &opts);
}

// firn_iter_chunk for exactly one entry: what it returns is what it says there.
static inline int64_t firn_go_iter_one(firn_iter* iter, uint8_t* out, size_t cap) {
  uint64_t need;
  const int64_t probed = firn_iter_chunk(iter, (uint8_t*)&need, sizeof need);  // too small for any entry: tells the size
  if (probed != FIRN_TOO_LARGE) return probed;
  return firn_iter_chunk(iter, out, need < cap ? (size_t)need : cap);
}

static inline firn_go_pinned firn_go_log_pin(firn_log* log, uint64_t index) {
  firn_pin_t pin;
  const int32_t code = firn_log_pin(log, index, &pin);
  return firn_go_from_pin(code, &pin);
}
