// The internal key: what every layer below `db` orders by. A key is a physical prefix (which namespace it lies in) and the
// user's bytes; the order is (prefix, bytes), both ascending. A key is stored with its sequence number and its kind.
// Threading: value types.
#pragma once

#include <compare>
#include <cstdint>

#include "base/slice.h"

namespace firn {

// A sequence number: one a commit, growing, never issued twice. 0 = no commit. 0 < seq < 2^63.
struct Seq {
  uint64_t value = 0;
  auto operator<=>(const Seq&) const = default;
};
inline constexpr Seq kSeqMax{(uint64_t{1} << 63) - 1};

// The physical prefix of a namespace; never used twice. 0 is the engine's own space (the namespace catalog).
using Prefix = uint32_t;
inline constexpr Prefix kSystemPrefix = 0;

struct InternalKey {
  Prefix prefix = 0;
  Slice user;

  int compare(const InternalKey& other) const {
    if (prefix != other.prefix) return prefix < other.prefix ? -1 : 1;
    return user.compare(other.user);
  }
  friend bool operator==(const InternalKey& a, const InternalKey& b) { return a.prefix == b.prefix && a.user == b.user; }
};

enum class EntryKind : uint8_t {
  kPut = 0,          // a value
  kDelete = 1,       // a tombstone: no value
  kPutExpiring = 2,  // a value with an expiry
};
inline constexpr uint32_t kEntryKindMax = 2;

inline constexpr int64_t kNeverExpires = 0;

// When a time to live that begins at now_ms ends. One that is not positive never does, nor one that leaves the range.
inline int64_t expiry_after(int64_t now_ms, int64_t ttl_ms) {
  return ttl_ms <= 0 || ttl_ms > INT64_MAX - now_ms ? kNeverExpires : now_ms + ttl_ms;
}

// One version of one key, borrowed from a memtable or a table: valid while the read view that it came from is pinned.
struct Entry {
  InternalKey key;
  Slice value;
  Seq seq;
  EntryKind kind = EntryKind::kPut;
  int64_t expiry_ms = kNeverExpires;  // Unix time in ms; kNeverExpires unless kPutExpiring

  // Whether a reader at `now_ms` finds a value.
  bool is_live(int64_t now_ms) const { return kind == EntryKind::kPut || (kind == EntryKind::kPutExpiring && now_ms <= expiry_ms); }
};

inline constexpr size_t kKeyBytesMax = 65535;
inline constexpr size_t kValueBytesMax = size_t{1} << 30;
inline constexpr size_t kBatchBytesMax = size_t{1} << 30;  // keys and values of one commit together

}  // namespace firn
