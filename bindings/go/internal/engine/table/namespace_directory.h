// NamespaceDirectory: which entries of a table belong to which namespace prefix. A table of one namespace, the usual case, never looks at
// the directory's bytes: the verified properties say the same.
// Threading: any thread may call the const methods.
#pragma once

#include <atomic>

#include "base/coding.h"
#include "table/image.h"

namespace firn {

// A namespace's part of a table.
struct NamespaceRange {
  Prefix prefix = 0;
  uint32_t index = 0;
  uint64_t begin = 0;  // of its entries, offsets into the body
  uint64_t end = 0;
};

class NamespaceDirectory {
 public:
  NamespaceDirectory(const Image& image, const TableProperties& properties);

  bool is_single() const { return is_single_; }
  const NamespaceRange& single() const { return single_; }  // needs is_single()

  // kNotFound: the table has no such namespace. kCorrupt, kIo, kNoMemory. After a failure *range is as it was.
  Status find(Prefix prefix, NamespaceRange* range) const;
  Status at(uint32_t index, NamespaceRange* range) const;                // index < count()
  Status of_offset(uint64_t entry_offset, NamespaceRange* range) const;  // the namespace that this place lies in
  uint32_t count() const { return image_.layout().namespace_count; }
  // The first group of a namespace as its directory entry says. Needs the directory to be present.
  uint32_t first_group(uint32_t index) const { return load_u32(record(index) + 8); }

 private:
  const uint8_t* record(uint32_t index) const {
    return image_.data() + image_.layout().namespaces_offset + uint64_t{index} * kNamespaceBytes;
  }
  Status ensure() const;
  Status does_not_ascend() const;
  // The number of records whose u32 at `field` is <= value.
  uint32_t count_up_to(size_t field, uint64_t value) const;

  const Image& image_;
  const bool is_single_;
  NamespaceRange single_;
  mutable std::atomic<bool> present_{false};
};

}  // namespace firn
