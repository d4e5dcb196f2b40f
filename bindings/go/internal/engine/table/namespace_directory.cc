#include "table/namespace_directory.h"

namespace firn {
namespace {

constexpr size_t kPrefixField = 0;
constexpr size_t kBeginField = 4;

}  // namespace

NamespaceDirectory::NamespaceDirectory(const Image& image, const TableProperties& properties)
    : image_(image), is_single_(image.layout().namespace_count == 1) {
  single_ = {properties.smallest_prefix, 0, 0, image.layout().entries_bytes};
}

Status NamespaceDirectory::find(Prefix prefix, NamespaceRange* range) const {
  FIRN_TRY(ensure());
  const uint32_t behind = count_up_to(kPrefixField, prefix);
  if (behind == 0 || load_u32(record(behind - 1) + kPrefixField) != prefix) return Code::kNotFound;
  return at(behind - 1, range);
}

Status NamespaceDirectory::at(uint32_t index, NamespaceRange* range) const {
  if (is_single_) {
    *range = single_;
    return {};
  }
  FIRN_TRY(ensure());
  range->prefix = load_u32(record(index) + kPrefixField);
  range->index = index;
  range->begin = load_u32(record(index) + kBeginField);
  range->end = index + 1 < count() ? load_u32(record(index + 1) + kBeginField) : image_.layout().entries_bytes;
  if (range->begin < range->end && range->end <= image_.layout().entries_bytes) return {};
  return image_.corrupt("the namespace directory does not ascend", image_.layout().namespaces_offset);
}

Status NamespaceDirectory::of_offset(uint64_t entry_offset, NamespaceRange* range) const {
  if (!is_single_) {
    FIRN_TRY(ensure());
    const uint32_t behind = count_up_to(kBeginField, entry_offset);
    if (behind == 0) return image_.corrupt("the namespace directory does not begin at 0", image_.layout().namespaces_offset);
    return at(behind - 1, range);
  }
  *range = single_;
  return {};
}

Status NamespaceDirectory::ensure() const {
  if (present_.load(std::memory_order_acquire)) return {};
  FIRN_TRY(image_.ensure(image_.layout().namespaces_offset, uint64_t{kNamespaceBytes} * count()));
  present_.store(true, std::memory_order_release);
  return {};
}

uint32_t NamespaceDirectory::count_up_to(size_t field, uint64_t value) const {
  uint32_t low = 0;
  uint32_t high = count();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (load_u32(record(middle) + field) <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace firn
