// The bytes of a table file that are not entries: the layout of the body, the properties and the footer. FORMAT.md is the contract.
//
// Every place in the file follows from a handful of counts in the footer (Layout); decode_footer() accepts only counts whose layout
// fills the file to the byte, so nothing that is computed from a Layout leaves the file.
// Threading: value types and pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "base/coding.h"
#include "table/table.h"

namespace firn {

inline constexpr uint32_t kTableVersion = 1;
inline constexpr uint64_t kTableMagic = 0x0a4c42544e524946;  // "FIRNTBL\n"
inline constexpr size_t kFooterBytes = 152;
inline constexpr size_t kFooterTailBytes = 20;  // footer_bytes, version, crc, magic: the same in every version
inline constexpr size_t kSectionAlignment = 64;
inline constexpr size_t kBucketBytes = kCacheLineBytes;
inline constexpr size_t kNamespaceBytes = 12;
inline constexpr size_t kPlainChunkShift = 12;   // 4 KiB, a page
inline constexpr size_t kPackedChunkShift = 14;  // 16 KiB
inline constexpr size_t kPlainSlotBytes = 4;     // of the chunk directory: u32 crc
inline constexpr size_t kPackedSlotBytes = 8;    // u32 crc, u32 stored bytes
inline constexpr uint64_t kEntriesBytesMax = UINT32_MAX;
inline constexpr size_t kPropertiesBytesMax = 2 * (8 + kKeyBytesMax);
inline constexpr uint32_t kGroupEntriesMax = 16;
inline constexpr uint32_t kGroupBytes = 4096;  // a group that has this many bytes takes no more entries

// What the footer says.
struct Footer {
  TableIdentity identity;
  uint64_t file_bytes = 0;
  uint64_t stored_bytes = 0;  // of the body's chunks as they lie in the file
  uint64_t entries_bytes = 0;
  uint64_t entry_count = 0;
  uint64_t tombstone_count = 0;
  uint64_t expiring_count = 0;
  uint64_t key_value_bytes = 0;
  uint64_t seq_base = 0;
  uint64_t seq_min = 0;
  uint64_t seq_max = 0;
  int64_t expiry_median_ms = kNeverExpires;
  uint32_t group_count = 0;
  uint32_t bucket_count = 0;
  uint32_t namespace_count = 0;
  uint32_t properties_bytes = 0;
  uint32_t directory_crc = 0;
  uint32_t properties_crc = 0;
  uint8_t seq_width = 0;
  Compression compression = Compression::kNone;
};

// Offsets into the body (its logical address space), and of the sections behind it in the file.
struct Layout {
  explicit Layout(const Footer& footer);

  uint64_t entries_bytes;
  uint64_t heads_offset;       // of the fences: u64 a group
  uint64_t offsets_offset;     // of the fences: u32 a group
  uint64_t index_offset;       // 64 bytes a bucket
  uint64_t namespaces_offset;  // 12 bytes a namespace
  uint64_t body_bytes;
  uint32_t group_count;
  uint32_t bucket_count;
  uint32_t namespace_count;
  uint32_t chunk_shift;
  uint64_t chunk_count;
  uint64_t directory_offset;  // in the file
  uint64_t directory_bytes;
  uint64_t properties_offset;  // in the file
  uint64_t file_bytes;
};

// The owner of a table's checksum seeds, and the places that are not chunks (chunks have their index as place).
uint64_t checksum_owner(const TableIdentity& identity);
inline constexpr uint64_t kPropertiesPlace = UINT64_MAX;
inline constexpr uint64_t kDirectoryPlace = UINT64_MAX - 1;

inline uint32_t chunk_shift_of(Compression compression) { return compression == Compression::kNone ? kPlainChunkShift : kPackedChunkShift; }
inline size_t slot_bytes_of(Compression compression) { return compression == Compression::kNone ? kPlainSlotBytes : kPackedSlotBytes; }

void encode_footer(const Footer& footer, std::string* to);  // appends kFooterBytes
// `tail` are the last bytes of the file, at least kFooterBytes of them when the file has so many.
Result<Footer> decode_footer(Slice tail, uint64_t file_bytes, const TableIdentity& identity, const std::string& path);

// The counts of the footer; not the keys.
TableProperties properties_of(const Footer& footer);

// The properties section: the smallest and the largest key, each u32 prefix, u32 length, bytes.
void encode_properties(const InternalKey& smallest, const InternalKey& largest, std::string* to);
// Fills the keys of `properties`; false when the bytes are not two keys in order.
bool decode_properties(Slice from, TableProperties* properties);

}  // namespace firn
