// LogEntry: one operation of a commit as it lies in a record of the write-ahead log, which is also where the memtable reads it. A record's payload is
// one or more entries. Every entry begins at a multiple of eight:
//
//   u64 seq        of the commit; equal in all entries of a record
//   u32 previous   where the key's previous version in this segment lies, in units of eight bytes; 0: there is none
//   u32 key_word   key bytes | kind << 24
//   u32 value_bytes
//   u32 prefix
//   i64 expiry_ms  only if the kind is kPutExpiring
//   key, value, zeros up to the next multiple of eight
#pragma once

#include "base/coding.h"
#include "base/internal_key.h"

namespace firn {

inline constexpr uint64_t kLogEntryHeaderBytes = 24;
inline constexpr uint64_t kLogEntryAlignment = 8;

inline constexpr uint64_t log_entry_bytes(EntryKind kind, size_t key_bytes, size_t value_bytes) {
  return round_up(kLogEntryHeaderBytes + (kind == EntryKind::kPutExpiring ? 8 : 0) + key_bytes + value_bytes, kLogEntryAlignment);
}

inline constexpr uint64_t kLogEntryBytesMin = log_entry_bytes(EntryKind::kPut, 1, 0);

// Writes the entry; returns its length. `previous` in bytes.
inline uint64_t encode_log_entry(uint8_t* to, const Entry& entry, uint64_t previous) {
  store<uint64_t>(to, entry.seq.value);
  store<uint32_t>(to + 8, static_cast<uint32_t>(previous / kLogEntryAlignment));
  store<uint32_t>(to + 12, static_cast<uint32_t>(entry.key.user.size()) | static_cast<uint32_t>(entry.kind) << 24);
  store<uint32_t>(to + 16, static_cast<uint32_t>(entry.value.size()));
  store<uint32_t>(to + 20, entry.key.prefix);
  uint8_t* at = to + kLogEntryHeaderBytes;
  if (entry.kind == EntryKind::kPutExpiring) {
    store<int64_t>(at, entry.expiry_ms);
    at += 8;
  }
  if (!entry.key.user.empty()) std::memcpy(at, entry.key.user.data(), entry.key.user.size());
  at += entry.key.user.size();
  if (!entry.value.empty()) std::memcpy(at, entry.value.data(), entry.value.size());
  at += entry.value.size();
  const uint64_t bytes = log_entry_bytes(entry.kind, entry.key.user.size(), entry.value.size());
  std::memset(at, 0, static_cast<size_t>(to + bytes - at));
  return bytes;
}

inline uint64_t log_entry_previous(const uint8_t* at) { return uint64_t{load_u32(at + 8)} * kLogEntryAlignment; }
inline Seq log_entry_seq(const uint8_t* at) { return {load_u64(at)}; }

// An entry that was written by this opening, or that check_log_entry() has passed.
inline Entry decode_log_entry(const uint8_t* at) {
  Entry entry;
  entry.seq = log_entry_seq(at);
  const uint32_t key_word = load_u32(at + 12);
  entry.kind = static_cast<EntryKind>(key_word >> 24);
  entry.key.prefix = load_u32(at + 20);
  const uint8_t* key = at + kLogEntryHeaderBytes;
  if (entry.kind == EntryKind::kPutExpiring) {
    entry.expiry_ms = load<int64_t>(key);
    key += 8;
  }
  const size_t key_bytes = key_word & 0xffffff;
  entry.key.user = Slice(key, key_bytes);
  entry.value = Slice(key + key_bytes, load_u32(at + 16));
  return entry;
}

// The length of such an entry.
inline uint64_t log_entry_bytes_at(const uint8_t* at) {
  const uint32_t key_word = load_u32(at + 12);
  return log_entry_bytes(static_cast<EntryKind>(key_word >> 24), key_word & 0xffffff, load_u32(at + 16));
}

// The key alone: what a probe compares.
inline InternalKey log_entry_key(const uint8_t* at) {
  const uint32_t key_word = load_u32(at + 12);
  const bool expiring = static_cast<EntryKind>(key_word >> 24) == EntryKind::kPutExpiring;
  return {load_u32(at + 20), Slice(at + kLogEntryHeaderBytes + (expiring ? 8 : 0), key_word & 0xffffff)};
}

// The length of the entry at the beginning of `rest`; 0 when it is not well formed (the bytes come from a file).
inline uint64_t check_log_entry(Slice rest) {
  if (rest.size() < kLogEntryHeaderBytes) return 0;
  const uint32_t key_word = load_u32(rest.data() + 12);
  if (key_word >> 24 > kEntryKindMax) return 0;
  const size_t key_bytes = key_word & 0xffffff;
  const uint64_t value_bytes = load_u32(rest.data() + 16);
  if (key_bytes == 0 || key_bytes > kKeyBytesMax || value_bytes > kValueBytesMax) return 0;
  const uint64_t bytes = log_entry_bytes(static_cast<EntryKind>(key_word >> 24), key_bytes, value_bytes);
  return bytes <= rest.size() ? bytes : 0;
}

// How many well-formed entries a record's payload begins with.
inline size_t count_log_entries(Slice payload) {
  size_t count = 0;
  while (!payload.empty()) {
    const uint64_t bytes = check_log_entry(payload);
    if (bytes == 0) break;
    count++;
    payload = payload.without_first(bytes);
  }
  return count;
}

}  // namespace firn
