// What can be asked of a database's writers: operations (the results that go into the log), commands (which may depend on what is there), conditions, flags.
// Threading: value types.
#pragma once

#include "base/coding.h"
#include "base/internal_key.h"
#include "base/status.h"

namespace firn {

// One operation of a commit; borrows its bytes from the caller.
struct Operation {
  uint32_t ns = 0;
  EntryKind kind = EntryKind::kPut;
  int64_t expiry_ms = kNeverExpires;
  Slice key;
  Slice value;
};

// When a put happens at all, by what is there now; an expired key is absent.
struct PutCondition {
  enum class Kind : uint8_t { kAlways, kAbsent, kPresent, kVersion } kind = Kind::kAlways;
  Seq version;            // kVersion; 0: the key is absent
  bool keep_ttl = false;  // the expiry of what is there stays
};

struct WriteFlags {
  bool sync = false;      // durable when it returns
  bool no_block = false;  // kWouldBlock instead of waiting for room
  bool no_sync = false;   // returns when it is visible, whatever the durability; not together with sync
};

inline Operation make_put(uint32_t ns, Slice key, Slice value, int64_t expiry_ms) {
  return {ns, expiry_ms == kNeverExpires ? EntryKind::kPut : EntryKind::kPutExpiring, expiry_ms, key, value};
}

// The sum of a counter (8 bytes little-endian; nullptr: missing, 0) and delta. kTypeMismatch, kOverflow.
inline Code add_to_counter(const Slice* value, int64_t delta, int64_t* sum) {
  int64_t present = 0;
  if (value != nullptr) {
    if (value->size() != sizeof present) return Code::kTypeMismatch;
    present = load<int64_t>(value->data());
  }
  return __builtin_add_overflow(present, delta, sum) ? Code::kOverflow : Code::kOk;
}

inline constexpr uint64_t kDeleteRangeCountMax = 1'000'000;

// One step of a batch that may depend on what is there, the steps before it included. Borrows its bytes from the caller.
struct Command {
  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange, kAdd, kPutKeepTtl, kExpectVersion } kind = Kind::kPut;
  uint32_t ns = 0;
  Slice key;                              // kDeleteRange: where it begins
  Slice value;                            // kDeleteRange: where it ends, itself not in; kAdd: 8 bytes
  bool has_upper = true;                  // kDeleteRange: false: to the end of the namespace
  int64_t expiry_ms = kNeverExpires;      // kPut
  Seq version;                            // kExpectVersion; 0: absent
  uint64_t limit = kDeleteRangeCountMax;  // kDeleteRange: more keys are kTooLarge
};

struct TransactionFlags {
  bool read_only = false;
  bool serializable = false;
};

}  // namespace firn
