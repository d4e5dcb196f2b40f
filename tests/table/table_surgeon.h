// Changes the bytes of a table file and makes its checksums right again, as only an attacker or a defect could.
// Threading: one thread at a time.
#pragma once

#include <string>

#include "base/checksum.h"
#include "base/coding.h"
#include "table/format.h"
#include "table/table_model.h"

namespace firn {

class TableSurgeon {
 public:
  explicit TableSurgeon(std::string file) : bytes_(std::move(file)), footer_(decoded(bytes_)) {}

  Footer& footer() { return footer_; }  // what seal() will write
  Layout layout() const { return Layout(decoded(bytes_)); }
  uint8_t* at(uint64_t offset) { return reinterpret_cast<uint8_t*>(bytes_.data()) + offset; }
  size_t size() const { return bytes_.size(); }

  // The file with right checksums.
  std::string seal() {
    const Layout where = layout();
    const Footer before = decoded(bytes_);
    const uint64_t owner = checksum_owner(footer_.identity);
    const size_t slot_bytes = slot_bytes_of(before.compression);
    uint64_t offset = 0;
    for (uint64_t chunk = 0; chunk < where.chunk_count; ++chunk) {
      uint8_t* const slot = at(where.directory_offset + chunk * slot_bytes);
      uint64_t bytes = std::min<uint64_t>(uint64_t{1} << where.chunk_shift, where.directory_offset - offset);
      if (slot_bytes == kPackedSlotBytes) bytes = std::min<uint64_t>(load_u32(slot + 4), where.directory_offset - offset);
      store(slot, crc32(crc32_seed(owner, chunk), Slice(at(offset), bytes)));
      offset += bytes;
    }
    footer_.directory_crc = crc32(crc32_seed(owner, kDirectoryPlace), Slice(at(where.directory_offset), where.directory_bytes));
    footer_.properties_crc = crc32(crc32_seed(owner, kPropertiesPlace), Slice(at(where.properties_offset), before.properties_bytes));
    std::string sealed = bytes_.substr(0, bytes_.size() - kFooterBytes);
    encode_footer(footer_, &sealed);
    return sealed;
  }

 private:
  static Footer decoded(const std::string& file) {
    const auto footer = decode_footer(Slice(std::string_view(file)), file.size(), kTestIdentity, "surgeon");
    EXPECT_TRUE(footer.ok());
    return footer.value();
  }

  std::string bytes_;
  Footer footer_;
};

}  // namespace firn
