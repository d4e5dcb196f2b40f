// The payload of a log record: one appended record, or the records of one batch.
//
//   u64 index      of the first
//   i64 time_ms    of the append, Unix time
//   u32 count
//   u32 0
//   count == 1: the bytes, up to the end of the payload
//   else: u32 end[count], where each ends behind this table, then the bytes of all
//
// Threading: pure functions.
#pragma once

#include "base/coding.h"
#include "log/record.h"

namespace firn {

inline constexpr size_t kBlockHeadBytes = 24;
inline constexpr uint64_t kLogBytesMax = uint64_t{1} << 30;  // of one record, and of a batch together

inline uint64_t block_bytes(size_t count, uint64_t data_bytes) {
  return kBlockHeadBytes + (count == 1 ? 0 : 4 * uint64_t{count}) + data_bytes;
}

inline void encode_block(uint8_t* to, uint64_t index, int64_t time_ms, const Slice* records, size_t count) {
  store(to, index);
  store(to + 8, time_ms);
  store(to + 16, static_cast<uint32_t>(count));
  store(to + 20, uint32_t{0});
  uint8_t* at = to + kBlockHeadBytes;
  if (count != 1) {
    uint32_t end = 0;
    for (size_t i = 0; i < count; i++, at += 4) store(at, end += static_cast<uint32_t>(records[i].size()));
  }
  for (size_t i = 0; i < count; i++) {
    if (!records[i].empty()) std::memcpy(at, records[i].data(), records[i].size());
    at += records[i].size();
  }
}

// The same of one record, and the checksum of its log record (whose header is the caller's to write) from `seed` on.
inline uint32_t encode_single(uint8_t* to, uint32_t seed, uint64_t index, int64_t time_ms, Slice record) {
  store(to, index);
  store(to + 8, time_ms);
  store(to + 16, uint64_t{1});  // the count, and zero
  const uint32_t word = record_word(RecordKind::kData, block_bytes(1, record.size()));
  return crc32_copy(seed, word, index, static_cast<uint64_t>(time_ms), 1, record, to + kBlockHeadBytes);
}

// A payload that this opening has written, or that check_block() has passed. Its length lies in the record's header, in front of it.
class BlockView {
 public:
  explicit BlockView(const uint8_t* payload) : at_(payload) {}
  uint64_t index() const { return load_u64(at_); }
  int64_t time_ms() const { return load<int64_t>(at_ + 8); }
  uint32_t count() const { return load_u32(at_ + 16); }
  Slice record(uint64_t index) const {
    const uint32_t count = this->count();
    if (count == 1) return {at_ + kBlockHeadBytes, (load_u32(at_ - 4) >> 1) - kBlockHeadBytes};
    const size_t i = index - this->index();
    const uint8_t* const ends = at_ + kBlockHeadBytes;
    const uint32_t begin = i == 0 ? 0 : load_u32(ends + 4 * (i - 1));
    return {ends + 4 * size_t{count} + begin, load_u32(ends + 4 * i) - begin};
  }

 private:
  const uint8_t* at_;
};

// Whether bytes from a file are such a payload.
inline bool check_block(Slice payload) {
  if (payload.size() < kBlockHeadBytes) return false;
  const uint32_t count = load_u32(payload.data() + 16);
  if (count == 1) return true;
  if (count == 0 || payload.size() - kBlockHeadBytes < 4 * uint64_t{count}) return false;
  const uint8_t* const ends = payload.data() + kBlockHeadBytes;
  uint32_t before = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t end = load_u32(ends + 4 * size_t{i});
    if (end < before) return false;
    before = end;
  }
  return payload.size() - kBlockHeadBytes - 4 * uint64_t{count} == before;
}

}  // namespace firn
