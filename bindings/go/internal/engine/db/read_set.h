// ReadSet: what a transaction has read: single keys with the version that they had, and ranges that were scanned. Ranges are not taken apart into
// keys: what a scan returned is known from the snapshot and the range.
// Threading: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/arena.h"
#include "db/write_set.h"

namespace firn {

struct PointRead {
  uint32_t ns = 0;
  uint64_t hash = 0;  // of `key`
  InternalKey key;
  Seq version;  // 0: absent
};

// A part of a namespace that a scan has passed over, and whose keys it returned all but those of the overlay.
struct RangeRead {
  uint32_t ns = 0;
  Prefix prefix = 0;
  bool keys_are_read = true;               // false: only that no others are there (the keys are read one by one)
  std::string lower;                       // inclusive
  std::optional<std::string> upper;        // exclusive; nothing: to the end of the namespace
  std::shared_ptr<const Overlay> overlay;  // own writes that the scan returned, or passed over, instead; nullptr: none

  bool contains(Slice key) const { return !(key < Slice(lower)) && (!upper || key < Slice(*upper)); }
  bool is_own(Slice key) const { return overlay != nullptr && overlay->contains(key); }
};

class ReadSet {
 public:
  // entry: what was found and is live; nullptr: the key is absent.
  void add(uint32_t ns, const InternalKey& key, uint64_t hash, const Entry* entry);
  // An entry with this expiry was returned.
  void note_expiry(int64_t expiry_ms) {
    if (expiry_ms != kNeverExpires && (earliest_expiry_ms_ == kNeverExpires || expiry_ms < earliest_expiry_ms_))
      earliest_expiry_ms_ = expiry_ms;
  }
  // The range stays where it is; the scan widens it as it goes.
  RangeRead* add_range(RangeRead range) { return ranges_.emplace_back(std::make_unique<RangeRead>(std::move(range))).get(); }

  bool empty() const { return points_.empty() && ranges_.empty(); }
  const std::vector<PointRead>& points() const { return points_; }
  const std::vector<std::unique_ptr<RangeRead>>& ranges() const { return ranges_; }
  const PointRead* find(const InternalKey& key, uint64_t hash) const;
  int64_t earliest_expiry_ms() const { return earliest_expiry_ms_; }  // of all that was found; kNeverExpires: none expires

 private:
  void rehash(size_t bucket_count);

  Arena keys_;
  std::vector<PointRead> points_;
  std::vector<uint32_t> buckets_;  // 1 + index of a point, 0: free; linear probing. Empty while there are few points
  std::vector<std::unique_ptr<RangeRead>> ranges_;
  int64_t earliest_expiry_ms_ = kNeverExpires;
};

}  // namespace firn
