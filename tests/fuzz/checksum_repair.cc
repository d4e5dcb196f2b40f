#include "fuzz/checksum_repair.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/coding.h"
#include "log/record.h"
#include "table/format.h"

namespace firn {
namespace {

// Of a segment's header, as core/log/FORMAT.md gives it.
constexpr size_t kHeaderCopyBytes = 64;
constexpr size_t kHeaderCrcOffset = 12;
constexpr size_t kGenerationOffset = 24;
// Of a table's footer.
constexpr size_t kFooterCrcBack = 12;
constexpr size_t kDirectoryCrcOffset = 120;
constexpr size_t kPropertiesCrcOffset = 124;
// Of the state of a durable log.
constexpr size_t kStateHeadBytes = 64;
constexpr size_t kStateCrcOffset = 12;

uint8_t* bytes_of(std::string* file) { return reinterpret_cast<uint8_t*>(file->data()); }

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The fields of a footer that say where things are, whatever they say.
Footer read_places(const uint8_t* from) {
  Footer footer;
  footer.identity = {load_u64(from), load_u64(from + 8)};
  footer.stored_bytes = load_u64(from + 24);
  footer.entries_bytes = load_u64(from + 32);
  footer.group_count = load_u32(from + 104);
  footer.bucket_count = load_u32(from + 108);
  footer.namespace_count = load_u32(from + 112);
  footer.properties_bytes = load_u32(from + 116);
  footer.compression = static_cast<Compression>(from[130]);
  return footer;
}

void repair_sections(const Footer& footer, std::string* file) {
  const size_t body_end = file->size() - kFooterBytes;
  if (footer.stored_bytes > body_end || footer.entries_bytes > UINT32_MAX) return;
  const Layout where(footer);
  if (where.directory_bytes > body_end || where.properties_offset > body_end ||
      footer.properties_bytes > body_end - where.properties_offset)
    return;
  const uint64_t owner = checksum_owner(footer.identity);
  const size_t slot_bytes = slot_bytes_of(footer.compression);
  uint8_t* const image = bytes_of(file);
  uint64_t offset = 0;
  for (uint64_t chunk = 0; chunk < where.chunk_count; ++chunk) {
    uint8_t* const slot = image + where.directory_offset + chunk * slot_bytes;
    const uint64_t left = where.directory_offset - offset;
    const uint64_t bytes = std::min<uint64_t>(slot_bytes == kPackedSlotBytes ? load_u32(slot + 4) : uint64_t{1} << where.chunk_shift, left);
    store(slot, crc32(crc32_seed(owner, chunk), Slice(image + offset, bytes)));
    offset += bytes;
  }
  uint8_t* const tail = image + body_end;
  store(tail + kDirectoryCrcOffset,
        crc32(crc32_seed(owner, kDirectoryPlace), Slice(image + where.directory_offset, where.directory_bytes)));
  store(tail + kPropertiesCrcOffset,
        crc32(crc32_seed(owner, kPropertiesPlace), Slice(image + where.properties_offset, footer.properties_bytes)));
}

}  // namespace

void repair_segment(std::string* file) {
  if (file->size() < 2 * kHeaderCopyBytes) return;
  uint8_t* const image = bytes_of(file);
  for (uint8_t* copy : {image, image + kHeaderCopyBytes})
    store(copy + kHeaderCrcOffset, crc32(crc32(0, Slice(copy, 12)), Slice(copy + 16, 48)));
  const uint64_t generation = load_u64(image + kGenerationOffset);
  for (uint64_t offset = 2 * kHeaderCopyBytes; offset + kRecordHeaderBytes <= file->size();) {
    const uint32_t word = load_u32(image + offset + 4);
    const uint64_t payload_bytes = word >> 1;
    if (word == 0 || payload_bytes > file->size() - offset - kRecordHeaderBytes) return;
    seal_record(image, offset, generation, static_cast<RecordKind>(word & 1), payload_bytes);
    offset += record_bytes(payload_bytes);
  }
}

void repair_table(std::string* file) {
  if (file->size() < kFooterBytes) return;
  uint8_t* const tail = bytes_of(file) + file->size() - kFooterBytes;
  repair_sections(read_places(tail), file);
  store(tail + kFooterBytes - kFooterCrcBack, crc32(0, Slice(tail, kFooterBytes - kFooterCrcBack)));
}

void repair_log_state(std::string* file) {
  if (file->size() < kStateHeadBytes) return;
  uint8_t* const image = bytes_of(file);
  store<uint32_t>(image + kStateCrcOffset, 0);
  store(image + kStateCrcOffset, crc32(0, Slice(image, file->size())));
}

void repair_file(const std::string& path, std::string* file) {
  if (ends_with(path, ".log")) repair_segment(file);
  if (ends_with(path, ".tbl")) repair_table(file);
  if (path.find("/state-") != std::string::npos) repair_log_state(file);
}

}  // namespace firn
