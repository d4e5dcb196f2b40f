#include "table/hash_index.h"

#include <algorithm>
#include <new>

namespace firn {
namespace {

constexpr size_t kPrefetchKeys = 16;  // buckets that are on their way from memory while one is filled

void insert(uint8_t* buckets, uint32_t bucket_count, uint64_t hash, uint32_t entry_offset) {
  uint32_t at = home_bucket(hash, bucket_count);
  while (true) {
    uint8_t* const bucket = buckets + size_t{at} * kBucketBytes;
    const uint32_t used = bucket_used(bucket);
    if (used < kBucketSlots) {
      bucket[used] = fingerprint_of(hash);
      store(bucket + kBucketPlaceOffset + 4 * used, entry_offset);
      store(bucket + kBucketStateOffset, bucket_state(bucket) + 1);
      return;
    }
    store(bucket + kBucketStateOffset, bucket_state(bucket) | spill_bit_of(hash));
    at = at + 1 == bucket_count ? 0 : at + 1;
  }
}

}  // namespace

void HashIndexBuilder::add(uint64_t hash, uint32_t entry_offset) {
  const size_t at = static_cast<size_t>(key_count_ % kPageKeys);
  if (at == 0) pages_.push_back(std::make_unique_for_overwrite<Key[]>(kPageKeys));
  pages_.back()[at] = {static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32), entry_offset};
  ++key_count_;
}

std::unique_ptr<uint8_t[]> HashIndexBuilder::build() {
  const uint32_t bucket_count = bucket_count_for(key_count_);
  std::unique_ptr<uint8_t[]> buckets(new (std::nothrow) uint8_t[size_t{bucket_count} * kBucketBytes]());
  if (buckets == nullptr) return nullptr;
  for (std::unique_ptr<Key[]>& page : pages_) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(key_count_, kPageKeys));
    for (size_t i = 0; i < count; ++i) {
      const size_t ahead = std::min(i + kPrefetchKeys, count - 1);
      __builtin_prefetch(buckets.get() + size_t{home_bucket(page[ahead].hash_low, bucket_count)} * kBucketBytes, 1);
      insert(buckets.get(), bucket_count, uint64_t{page[i].hash_high} << 32 | page[i].hash_low, page[i].entry_offset);
    }
    key_count_ -= count;
    page.reset();
  }
  pages_.clear();
  return buckets;
}

}  // namespace firn
