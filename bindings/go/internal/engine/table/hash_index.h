// The hash index of a table: filter and locator in one. A bucket is one cache line: 12 fingerprints, the number of slots in use, a mask
// of what has spilled, 12 entry offsets. A key that finds its home bucket full goes to the next one, around the end; it sets one of 24
// bits, which its hash chooses, in the mask of every bucket that it passes. A reader looks on only when its bit is set, so an absent key
// nearly always costs one line, also when a quarter of the buckets have overflowed.
// Threading: pure functions; a builder has one user at a time.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <memory>
#include <vector>

#include "base/coding.h"
#include "table/format.h"

namespace firn {

inline constexpr uint32_t kBucketSlots = 12;
inline constexpr size_t kBucketStateOffset = 12;  // u32: the number of slots in use, from bit 8 on the spill mask
inline constexpr size_t kBucketPlaceOffset = 16;  // 12 x u32

// Low 32 bits of the hash: the bucket. Top 8: the fingerprint. The 8 below them: the bit of the spill mask.
inline uint32_t home_bucket(uint64_t hash, uint32_t bucket_count) {
  return static_cast<uint32_t>((hash & UINT32_MAX) * bucket_count >> 32);
}
inline uint8_t fingerprint_of(uint64_t hash) { return static_cast<uint8_t>(hash >> 56); }
inline uint32_t spill_bit_of(uint64_t hash) { return 0x100u << ((hash >> 48 & 0xff) * 24 >> 8); }

inline uint32_t bucket_state(const uint8_t* bucket) { return load_u32(bucket + kBucketStateOffset); }
inline uint32_t bucket_used(const uint8_t* bucket) { return bucket_state(bucket) & 0xff; }
inline bool has_spilled(const uint8_t* bucket, uint64_t hash) { return (bucket_state(bucket) & spill_bit_of(hash)) != 0; }
inline uint32_t bucket_place(const uint8_t* bucket, uint32_t slot) { return load_u32(bucket + kBucketPlaceOffset + 4 * slot); }

// A bit for each of the 12 fingerprints that equals `fingerprint`, whether its slot is in use or not.
inline uint32_t match_portable(const uint8_t* bucket, uint8_t fingerprint) {
  constexpr uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  const auto zero_bytes = [](uint64_t x) { return ~(((x & kLow) + kLow) | x | kLow); };  // 0x80 in each byte that is zero, exactly
  const auto gather = [](uint64_t x) { return static_cast<uint32_t>((x >> 7) * 0x0102040810204080 >> 56); };
  const uint64_t wanted = uint64_t{0x0101010101010101} * fingerprint;
  const uint32_t low = gather(zero_bytes(load_u64(bucket) ^ wanted));
  const uint32_t high = gather(zero_bytes(load_u32(bucket + 8) ^ (wanted & UINT32_MAX)) & 0x80808080);
  return low | high << 8;
}

inline uint32_t match_fingerprints(const uint8_t* bucket, uint8_t fingerprint) {
#if defined(__SSE2__)
  const __m128i line = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bucket));
  const __m128i wanted = _mm_set1_epi8(static_cast<char>(fingerprint));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(line, wanted))) & 0xfff;
#else
  return match_portable(bucket, fingerprint);
#endif
}

class HashIndexBuilder {
 public:
  void add(uint64_t hash, uint32_t entry_offset);
  uint64_t key_count() const { return key_count_; }
  // For a mean fill of 10.2 of 12.
  static uint32_t bucket_count_for(uint64_t key_count) { return static_cast<uint32_t>((key_count * 5 + 50) / 51); }
  // The buckets, bucket_count_for(key_count()) of them; nullptr without memory. Gives the builder's memory back on the way: it is empty after.
  std::unique_ptr<uint8_t[]> build();

 private:
  struct Key {
    uint32_t hash_low;
    uint32_t hash_high;
    uint32_t entry_offset;
  };
  static constexpr size_t kPageKeys = 4096;

  std::vector<std::unique_ptr<Key[]>> pages_;
  uint64_t key_count_ = 0;
};

}  // namespace firn
