#include "table/fences.h"

#include <new>

#include "base/partition.h"

namespace firn {
Fences::Fences(const Image& image, const TableProperties& properties)
    : image_(image), smallest_(properties.smallest()), common_bytes_(shared_bytes(properties.smallest(), properties.largest())) {}

int Fences::compare_to_common(const InternalKey& key) const {
  if (common_bytes_ < kPrefixBytes) {
    const unsigned other_bits = static_cast<unsigned>(8 * (kPrefixBytes - common_bytes_));
    const uint64_t theirs = uint64_t{key.prefix} >> other_bits;
    const uint64_t ours = uint64_t{smallest_.prefix} >> other_bits;
    return theirs < ours ? -1 : theirs > ours ? 1 : 0;
  }
  if (key.prefix != smallest_.prefix) return key.prefix < smallest_.prefix ? -1 : 1;
  return key.user.first(common_bytes_ - kPrefixBytes).compare(smallest_.user.first(common_bytes_ - kPrefixBytes));
}

Status Fences::make_ready() const {
  const Layout& layout = image_.layout();
  FIRN_TRY(image_.ensure(layout.heads_offset, layout.offsets_offset + uint64_t{4} * count() - layout.heads_offset));
  const std::lock_guard lock(mutex_);
  if (ready_.load(std::memory_order_relaxed)) return {};
  const uint32_t sample_count = (count() + kSampleStep - 1) / kSampleStep;
  std::unique_ptr<uint64_t[]> sample(new (std::nothrow) uint64_t[sample_count]);
  if (sample == nullptr) return Code::kNoMemory;
  for (uint32_t i = 0; i < sample_count; ++i) sample[i] = head(i * kSampleStep);
  sample_ = std::move(sample);
  sample_count_ = sample_count;
  ready_.store(true, std::memory_order_release);
  return {};
}

uint32_t Fences::samples_below(uint64_t wanted) const {
  return partition(
      sample_count_, [this](uint32_t i) { return sample_[i]; }, [wanted](uint64_t head) { return head < wanted; });
}

uint32_t Fences::count_below(uint64_t wanted, uint32_t sampled) const {
  if (sampled == 0) return 0;
  // The sample at sampled - 1 is below, the next one is not: the answer lies in the step between them.
  const uint32_t first = (sampled - 1) * kSampleStep;
  const uint32_t step = std::min(kSampleStep, count() - first);
  const uint8_t* const heads = image_.data() + image_.layout().heads_offset + uint64_t{first} * 8;
  const uint8_t* const offsets = image_.data() + image_.layout().offsets_offset + uint64_t{first} * 4;
  for (size_t byte = 0; byte < kSampleStep * 8; byte += kCacheLineBytes) __builtin_prefetch(heads + byte);
  for (size_t byte = 0; byte < kSampleStep * 4; byte += kCacheLineBytes)
    __builtin_prefetch(offsets + byte);  // of the groups: the next to be read
  return first +
         partition(
             step, [heads](uint32_t i) { return load_u64(heads + uint64_t{i} * 8); }, [wanted](uint64_t head) { return head < wanted; });
}

uint32_t Fences::count_up_to(uint64_t wanted, uint32_t from) const {
  if (from >= count() || head(from) > wanted) return from;
  return from +
         partition(
             count() - from, [this, from](uint32_t i) { return head(from + i); }, [wanted](uint64_t head) { return head <= wanted; });
}

bool Fences::group_of(uint64_t offset, uint32_t* group) const {
  const uint32_t behind = partition(
      count(), [this](uint32_t i) { return begin(i); }, [offset](uint64_t begin) { return begin <= offset; });
  if (behind == 0 || end(behind - 1) <= offset) return false;
  *group = behind - 1;
  return true;
}

void FencesBuilder::add_group(const InternalKey& first_key, uint64_t offset, const InternalKey& smallest_key) {
  const size_t shared = shared_bytes(first_key, smallest_key);
  groups_.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(shared), key_head(first_key, shared)});
}

uint64_t FencesBuilder::head(uint32_t group, const InternalKey& smallest_key, size_t skip) const {
  const Group& g = groups_[group];
  const size_t from_smallest = g.shared_bytes - skip;  // bytes of the head that lie in what the group shares with the smallest key
  const uint64_t front = key_head(smallest_key, skip);
  if (from_smallest >= 8) return front;
  const unsigned bits = static_cast<unsigned>(8 * from_smallest);
  if (bits == 0) return g.head;
  return (front & ~uint64_t{0} << (64 - bits)) | g.head >> bits;
}

}  // namespace firn
