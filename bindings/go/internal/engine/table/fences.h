// Fences: for every group of entries the head of its first key and its offset, for seeks and for walking backwards. The fences become
// present as a whole on the first seek, and a sample of every 64th head is kept in memory, so that a search reads a few lines of the
// sample, which stay in the cache, and a run of 64 heads.
// Threading: any thread may call the const methods; those that look at fences need a successful ensure() before.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "base/key_head.h"
#include "table/image.h"

namespace firn {

class Fences {
 public:
  Fences(const Image& image, const TableProperties& properties);

  // The bytes that all keys of the table begin with are not part of the heads.
  size_t common_bytes() const { return common_bytes_; }
  // Compares `key` with them: 0 when it begins with them.
  int compare_to_common(const InternalKey& key) const;

  Status ensure() const {
    if (ready_.load(std::memory_order_acquire)) [[likely]]
      return {};
    return make_ready();
  }
  uint32_t count() const { return image_.layout().group_count; }
  uint64_t head(uint32_t group) const { return load_u64(image_.data() + image_.layout().heads_offset + uint64_t{group} * 8); }
  uint64_t begin(uint32_t group) const { return load_u32(image_.data() + image_.layout().offsets_offset + uint64_t{group} * 4); }
  uint64_t end(uint32_t group) const { return group + 1 < count() ? begin(group + 1) : image_.layout().entries_bytes; }

  // The number of groups with a head < `head`: the first that may hold a key with this head, or the one before it.
  uint32_t count_below(uint64_t head) const { return count_below(head, samples_below(head)); }
  // The same in two parts: the sample, which the cache has as a rule, and the heads behind it, which it has not.
  uint32_t samples_below(uint64_t head) const;
  uint32_t count_below(uint64_t head, uint32_t sampled) const;
  // The number of groups with a head <= `head`, given that `from` of them are known to be.
  uint32_t count_up_to(uint64_t head, uint32_t from) const;
  // The group that the entry at `offset` lies in. False: there is none (the fences are not what a builder wrote).
  bool group_of(uint64_t offset, uint32_t* group) const;
  uint64_t memory_bytes() const { return ready_.load(std::memory_order_acquire) ? uint64_t{8} * sample_count_ : 0; }

 private:
  static constexpr uint32_t kSampleStep = 64;

  Status make_ready() const;

  const Image& image_;
  const InternalKey smallest_;  // borrowed from the table's properties
  const size_t common_bytes_;
  mutable std::atomic<bool> ready_{false};
  mutable std::mutex mutex_;  // guards the making of the sample; readers look at ready_ first
  mutable std::unique_ptr<uint64_t[]> sample_;
  mutable uint32_t sample_count_ = 0;
};

// What a builder remembers of the groups until all keys, and with them the bytes that all keys have in common, are known: 16 bytes a
// group, however long the keys are. The bytes that a key shares with the smallest key need not be kept, and a later group never shares
// more of them than an earlier one.
class FencesBuilder {
 public:
  void add_group(const InternalKey& first_key, uint64_t offset, const InternalKey& smallest_key);
  uint32_t group_count() const { return static_cast<uint32_t>(groups_.size()); }
  // `skip`: the bytes that all keys have in common.
  uint64_t head(uint32_t group, const InternalKey& smallest_key, size_t skip) const;
  uint32_t offset(uint32_t group) const { return groups_[group].offset; }

 private:
  struct Group {
    uint32_t offset;
    uint32_t shared_bytes;  // with the smallest key
    uint64_t head;          // of what follows them
  };
  std::vector<Group> groups_;
};

}  // namespace firn
