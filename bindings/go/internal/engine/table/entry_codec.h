// The bytes of one entry: varint32 (key bytes << 2 | kind), varint32 value bytes, the sequence number less the table's base in a fixed
// width, the expiry of a kPutExpiring entry (i64), the user's key, the value.
// Threading: pure functions.
#pragma once

#include "base/coding.h"
#include "base/internal_key.h"

namespace firn {

// A header has at most this many bytes: two varints (3 and 5), 8 of sequence number, 8 of expiry.
inline constexpr size_t kEntryHeaderBytesMax = 24;

struct EntryHeader {
  uint32_t key_bytes;
  uint32_t value_bytes;
  uint32_t header_bytes;
  EntryKind kind;
  uint64_t seq_delta;
  int64_t expiry_ms;

  uint64_t total_bytes() const { return uint64_t{header_bytes} + key_bytes + value_bytes; }
};

namespace entry_codec {

// The general case; decode_entry_header() is the entry point.
inline bool decode_slow(const uint8_t* at, const uint8_t* limit, size_t seq_width, EntryHeader* header) {
  const uint8_t* const begin = at;
  uint32_t key_and_kind = 0;
  at = get_varint32(at, limit, &key_and_kind);
  if (at == nullptr) return false;
  at = get_varint32(at, limit, &header->value_bytes);
  if (at == nullptr) return false;
  header->key_bytes = key_and_kind >> 2;
  if ((key_and_kind & 3) > kEntryKindMax || header->key_bytes > kKeyBytesMax || header->value_bytes > kValueBytesMax) return false;
  header->kind = static_cast<EntryKind>(key_and_kind & 3);
  if (header->kind == EntryKind::kDelete && header->value_bytes != 0) return false;
  const bool expires = header->kind == EntryKind::kPutExpiring;
  if (static_cast<size_t>(limit - at) < seq_width + (expires ? 8 : 0)) return false;
  header->seq_delta = load_width(at, seq_width);
  at += seq_width;
  header->expiry_ms = kNeverExpires;
  if (expires) {
    header->expiry_ms = load<int64_t>(at);
    at += 8;
  }
  header->header_bytes = static_cast<uint32_t>(at - begin);
  return header->total_bytes() <= static_cast<uint64_t>(limit - begin);
}

}  // namespace entry_codec

// Decodes the header at `at` of an entry that must end at `limit` or before. The bytes up to min(limit, at + kEntryHeaderBytesMax)
// are readable. False: it is not the header of such an entry.
inline bool decode_entry_header(const uint8_t* at, const uint8_t* limit, size_t seq_width, EntryHeader* header) {
  // A short key with a plain value, and room behind it: the whole header is decoded from two bytes and one load.
  if (static_cast<size_t>(limit - at) >= kEntryHeaderBytesMax && (at[0] & 0x83) == 0 && at[1] < 0x80) [[likely]] {
    header->key_bytes = at[0] >> 2;
    header->value_bytes = at[1];
    header->kind = EntryKind::kPut;
    header->header_bytes = static_cast<uint32_t>(2 + seq_width);
    header->seq_delta = seq_width == 0 ? 0 : load_u64(at + 2) & (~uint64_t{0} >> (64 - 8 * seq_width));
    header->expiry_ms = kNeverExpires;
    return header->total_bytes() <= static_cast<uint64_t>(limit - at);
  }
  return entry_codec::decode_slow(at, limit, seq_width, header);
}

// Writes the header of `entry`, at most kEntryHeaderBytesMax bytes, and returns the byte behind it.
inline uint8_t* encode_entry_header(uint8_t* to, const Entry& entry, uint64_t seq_delta, size_t seq_width) {
  to = put_varint32(to, static_cast<uint32_t>(entry.key.user.size()) << 2 | static_cast<uint32_t>(entry.kind));
  to = put_varint32(to, static_cast<uint32_t>(entry.value.size()));
  store_width(to, seq_delta, seq_width);
  to += seq_width;
  if (entry.kind == EntryKind::kPutExpiring) {
    store(to, entry.expiry_ms);
    to += 8;
  }
  return to;
}

// What a decoded header and the bytes behind it say.
inline void fill_entry(const uint8_t* at, const EntryHeader& header, Prefix prefix, uint64_t seq_base, Entry* entry) {
  const uint8_t* const key = at + header.header_bytes;
  entry->key.prefix = prefix;
  entry->key.user = Slice(key, header.key_bytes);
  entry->value = Slice(key + header.key_bytes, header.value_bytes);
  entry->seq = Seq{seq_base + header.seq_delta};
  entry->kind = header.kind;
  entry->expiry_ms = header.expiry_ms;
}

}  // namespace firn
