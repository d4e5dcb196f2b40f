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
  NamespaceRange found;
  found.prefix = load_u32(record(index) + kPrefixField);
  found.index = index;
  found.begin = load_u32(record(index) + kBeginField);
  found.end = index + 1 < count() ? load_u32(record(index + 1) + kBeginField) : image_.layout().entries_bytes;
  if (found.begin >= found.end || found.end > image_.layout().entries_bytes) return does_not_ascend();
  *range = found;  // who has asked may go on with the range from before
  return {};
}

Status NamespaceDirectory::of_offset(uint64_t entry_offset, NamespaceRange* range) const {
  if (is_single_) {
    *range = single_;
    return {};
  }
  FIRN_TRY(ensure());
  const uint32_t behind = count_up_to(kBeginField, entry_offset);
  if (behind == 0) return image_.corrupt("the namespace directory does not begin at 0", image_.layout().namespaces_offset);
  NamespaceRange found;
  FIRN_TRY(at(behind - 1, &found));
  if (entry_offset < found.begin || entry_offset >= found.end) return does_not_ascend();  // a search in disorder finds anything
  *range = found;
  return {};
}

Status NamespaceDirectory::does_not_ascend() const {
  return image_.corrupt("the namespace directory does not ascend", image_.layout().namespaces_offset);
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
