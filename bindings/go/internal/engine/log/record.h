// Record: the unit of a log segment. Eight bytes of header, then the payload, then zeros up to the next multiple of eight.
//
//   u32 checksum   CRC-32 of the next four bytes and the payload, seeded by (generation, offset)
//   u32 word       payload bytes << 1 | 1 for data, payload bytes << 1 for a mark; never 0
//
// A mark is a record of the log itself: {u64 tag, u64 durable, u64 previous_end}. See FORMAT.md.
#pragma once

#include "base/checksum.h"
#include "base/coding.h"
#include "base/slice.h"

namespace firn {

inline constexpr size_t kRecordHeaderBytes = 8;
inline constexpr size_t kRecordAlignment = 8;
inline constexpr uint64_t kRecordPayloadBytesMax = (uint64_t{1} << 31) - 1;
inline constexpr size_t kMarkPayloadBytes = 24;
inline constexpr size_t kMarkBytes = kRecordHeaderBytes + kMarkPayloadBytes;

// What a record of this payload takes in a segment.
inline constexpr uint64_t record_bytes(uint64_t payload_bytes) { return round_up(kRecordHeaderBytes + payload_bytes, kRecordAlignment); }

enum class RecordKind : uint32_t { kMark = 0, kData = 1 };

inline constexpr uint32_t record_word(RecordKind kind, uint64_t payload_bytes) {
  return static_cast<uint32_t>(payload_bytes << 1) | static_cast<uint32_t>(kind);
}

// Writes the header in front of a payload that lies at image + offset + kRecordHeaderBytes.
inline void seal_record(uint8_t* image, uint64_t offset, uint64_t generation, RecordKind kind, uint64_t payload_bytes) {
  uint8_t* at = image + offset;
  store<uint32_t>(at + 4, record_word(kind, payload_bytes));
  store<uint32_t>(at, crc32(crc32_seed(generation, offset), Slice(at + 4, 4 + payload_bytes)));
}

struct RecordView {
  RecordKind kind = RecordKind::kData;
  Slice payload;
};

// Reads the record at `offset`; false when there is none that verifies below `limit`.
inline bool read_record(const uint8_t* image, uint64_t offset, uint64_t limit, uint64_t generation, RecordView* record) {
  if (limit < kRecordHeaderBytes || offset > limit - kRecordHeaderBytes) return false;
  const uint8_t* at = image + offset;
  const uint32_t word = load_u32(at + 4);
  const uint64_t payload_bytes = word >> 1;
  if (word == 0 || payload_bytes > limit - offset - kRecordHeaderBytes) return false;
  if (load_u32(at) != crc32(crc32_seed(generation, offset), Slice(at + 4, 4 + payload_bytes))) return false;
  record->kind = static_cast<RecordKind>(word & 1);
  record->payload = Slice(at + kRecordHeaderBytes, payload_bytes);
  return record->kind == RecordKind::kData || payload_bytes == kMarkPayloadBytes;
}

// Positions in a log are linear: the base of the segment plus the offset in it. Bases grow from segment to segment.
struct Mark {
  uint64_t tag = 0;           // mark_tag(generation): what a search for marks looks for
  uint64_t durable = 0;       // every byte below this position was durable when the mark was written
  uint64_t previous_end = 0;  // where the records of the previous segment end; 0: there is none
};

inline uint64_t mark_tag(uint64_t generation) { return (generation ^ 0x4b52414d4e524946ull) * 0x9e3779b97f4a7c15ull | 1; }

inline Mark decode_mark(Slice payload) { return {load_u64(payload.data()), load_u64(payload.data() + 8), load_u64(payload.data() + 16)}; }
inline void encode_mark(uint8_t* to, const Mark& mark) {
  store(to, mark.tag);
  store(to + 8, mark.durable);
  store(to + 16, mark.previous_end);
}

}  // namespace firn
