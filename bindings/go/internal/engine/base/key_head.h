// Key heads: eight bytes of a key as an integer whose order is the order of the keys, so that sorting and searching compare integers and
// look at the keys themselves only between equal heads. Where all keys of a set share their first bytes those are skipped.
// For this purpose an internal key is one string: the prefix in four bytes, big-endian, then the user's bytes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/coding.h"
#include "base/internal_key.h"

namespace firn {

inline constexpr size_t kPrefixBytes = 4;

// How many bytes at their beginning the two have in common.
inline size_t shared_bytes(const InternalKey& a, const InternalKey& b) {
  if (a.prefix != b.prefix) return static_cast<size_t>(std::countl_zero(a.prefix ^ b.prefix)) / 8;
  const size_t bytes = std::min(a.user.size(), b.user.size());
  size_t shared = 0;
  while (shared < bytes && a.user[shared] == b.user[shared]) shared++;
  return kPrefixBytes + shared;
}

// The eight bytes behind the first `skip` ones; zeros stand for what the key does not have. Equal heads say nothing; a < b of heads says
// a < b of keys that share their first `skip` bytes.
inline uint64_t key_head(const InternalKey& key, size_t skip) {
  uint8_t bytes[8] = {};
  if (skip >= kPrefixBytes) {
    const size_t from = skip - kPrefixBytes;
    if (key.user.size() >= from + 8) {
      return __builtin_bswap64(load_u64(key.user.data() + from));
    }
    if (from < key.user.size()) std::memcpy(bytes, key.user.data() + from, key.user.size() - from);
  } else {
    uint8_t prefix[kPrefixBytes];
    store(prefix, __builtin_bswap32(key.prefix));
    const size_t own = kPrefixBytes - skip;
    std::memcpy(bytes, prefix + skip, own);
    const size_t rest = std::min(key.user.size(), sizeof bytes - own);
    if (rest > 0) std::memcpy(bytes + own, key.user.data(), rest);
  }
  return __builtin_bswap64(load_u64(bytes));
}

}  // namespace firn
