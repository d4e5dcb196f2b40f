#include "db/read_set.h"

#include <bit>

namespace firn {
namespace {

constexpr size_t kUnhashedCountMax = 8;  // so few are searched one by one

void enter(std::vector<uint32_t>* buckets, uint64_t hash, size_t number) {
  const size_t mask = buckets->size() - 1;
  size_t at = hash & mask;
  while ((*buckets)[at] != 0) at = (at + 1) & mask;
  (*buckets)[at] = static_cast<uint32_t>(number);
}

}  // namespace

const PointRead* ReadSet::find(const InternalKey& key, uint64_t hash) const {
  if (buckets_.empty()) {
    for (const PointRead& point : points_) {
      if (point.hash == hash && point.key == key) return &point;
    }
    return nullptr;
  }
  const size_t mask = buckets_.size() - 1;
  for (size_t at = hash & mask; buckets_[at] != 0; at = (at + 1) & mask) {
    const PointRead& point = points_[buckets_[at] - 1];
    if (point.hash == hash && point.key == key) return &point;
  }
  return nullptr;
}

void ReadSet::add(uint32_t ns, const InternalKey& key, uint64_t hash, const Entry* entry) {
  if (entry != nullptr) note_expiry(entry->expiry_ms);
  if (find(key, hash) != nullptr) return;  // the snapshot is one: the version is the same
  const size_t count = points_.size() + 1;
  if (count > kUnhashedCountMax && count * 2 > buckets_.size()) rehash(count * 4);
  points_.push_back({ns, hash, {key.prefix, keys_.store(key.user)}, entry != nullptr ? entry->seq : Seq()});
  if (!buckets_.empty()) enter(&buckets_, hash, count);
}

void ReadSet::rehash(size_t bucket_count) {
  std::vector<uint32_t> buckets(std::bit_ceil(bucket_count));
  for (size_t i = 0; i < points_.size(); i++) enter(&buckets, points_[i].hash, i + 1);
  buckets_.swap(buckets);
}

}  // namespace firn
