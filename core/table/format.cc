#include "table/format.h"

#include "base/checksum.h"
#include "base/coding.h"
#include "base/newer_format.h"

namespace firn {
namespace {

template <typename T>
void append(std::string* to, T value) {
  to->append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Takes integers off the front of bytes that are known to be long enough.
class FieldReader {
 public:
  explicit FieldReader(const uint8_t* at) : at_(at) {}
  template <typename T>
  T take() {
    const T value = load<T>(at_);
    at_ += sizeof(T);
    return value;
  }

 private:
  const uint8_t* at_;
};

Footer read_fields(const uint8_t* at, uint8_t* chunk_shift, uint8_t* zero) {
  FieldReader fields(at);
  Footer footer;
  footer.identity.db_id = fields.take<uint64_t>();
  footer.identity.table_id = fields.take<uint64_t>();
  footer.file_bytes = fields.take<uint64_t>();
  footer.stored_bytes = fields.take<uint64_t>();
  footer.entries_bytes = fields.take<uint64_t>();
  footer.entry_count = fields.take<uint64_t>();
  footer.tombstone_count = fields.take<uint64_t>();
  footer.expiring_count = fields.take<uint64_t>();
  footer.key_value_bytes = fields.take<uint64_t>();
  footer.seq_base = fields.take<uint64_t>();
  footer.seq_min = fields.take<uint64_t>();
  footer.seq_max = fields.take<uint64_t>();
  footer.expiry_median_ms = fields.take<int64_t>();
  footer.group_count = fields.take<uint32_t>();
  footer.bucket_count = fields.take<uint32_t>();
  footer.namespace_count = fields.take<uint32_t>();
  footer.properties_bytes = fields.take<uint32_t>();
  footer.directory_crc = fields.take<uint32_t>();
  footer.properties_crc = fields.take<uint32_t>();
  footer.seq_width = fields.take<uint8_t>();
  *chunk_shift = fields.take<uint8_t>();
  footer.compression = static_cast<Compression>(fields.take<uint8_t>());
  *zero = fields.take<uint8_t>();
  return footer;
}

// Bounds every count before a Layout is computed from it, then asks for a layout that fills the file exactly.
bool is_consistent(const Footer& f, uint64_t file_bytes) {
  if (f.file_bytes != file_bytes || f.stored_bytes > file_bytes || f.properties_bytes > file_bytes) return false;
  if (f.entries_bytes == 0 || f.entries_bytes > kEntriesBytesMax) return false;
  if (f.entry_count == 0 || f.entry_count > f.entries_bytes) return false;
  if (f.tombstone_count > f.entry_count || f.expiring_count > f.entry_count - f.tombstone_count) return false;
  if ((f.expiry_median_ms == kNeverExpires) != (f.expiring_count == 0)) return false;
  if (f.key_value_bytes > f.entries_bytes) return false;
  if (f.group_count == 0 || f.group_count > f.entry_count) return false;
  if (f.namespace_count == 0 || f.namespace_count > f.group_count) return false;
  if (f.bucket_count == 0 || f.bucket_count > f.entry_count) return false;
  if (f.seq_width > 8 || f.seq_base > f.seq_min || f.seq_min > f.seq_max || f.seq_max > kSeqMax.value) return false;
  const Layout layout(f);
  if (f.compression == Compression::kNone ? f.stored_bytes != layout.body_bytes : f.stored_bytes > layout.body_bytes) return false;
  return layout.file_bytes == file_bytes;
}

}  // namespace

Layout::Layout(const Footer& footer)
    : entries_bytes(footer.entries_bytes),
      heads_offset(round_up(entries_bytes, kSectionAlignment)),
      offsets_offset(heads_offset + uint64_t{8} * footer.group_count),
      index_offset(round_up(offsets_offset + uint64_t{4} * footer.group_count, kSectionAlignment)),
      namespaces_offset(index_offset + uint64_t{kBucketBytes} * footer.bucket_count),
      body_bytes(namespaces_offset + uint64_t{kNamespaceBytes} * footer.namespace_count),
      group_count(footer.group_count),
      bucket_count(footer.bucket_count),
      namespace_count(footer.namespace_count),
      chunk_shift(chunk_shift_of(footer.compression)),
      chunk_count((body_bytes + (uint64_t{1} << chunk_shift) - 1) >> chunk_shift),
      directory_offset(footer.stored_bytes),
      directory_bytes(chunk_count * slot_bytes_of(footer.compression)),
      properties_offset(directory_offset + directory_bytes),
      file_bytes(properties_offset + footer.properties_bytes + kFooterBytes) {}

uint64_t checksum_owner(const TableIdentity& identity) { return identity.db_id ^ (identity.table_id * 0xc2b2ae3d27d4eb4full); }

void encode_footer(const Footer& footer, std::string* to) {
  const size_t begin = to->size();
  for (uint64_t field : {footer.identity.db_id, footer.identity.table_id, footer.file_bytes, footer.stored_bytes, footer.entries_bytes,
                         footer.entry_count, footer.tombstone_count, footer.expiring_count, footer.key_value_bytes, footer.seq_base,
                         footer.seq_min, footer.seq_max, static_cast<uint64_t>(footer.expiry_median_ms)}) {
    append(to, field);
  }
  for (uint32_t field : {footer.group_count, footer.bucket_count, footer.namespace_count, footer.properties_bytes, footer.directory_crc,
                         footer.properties_crc}) {
    append(to, field);
  }
  append(to, footer.seq_width);
  append(to, static_cast<uint8_t>(chunk_shift_of(footer.compression)));
  append(to, static_cast<uint8_t>(footer.compression));
  append(to, uint8_t{0});
  append(to, static_cast<uint32_t>(kFooterBytes));
  append(to, kTableVersion);
  append(to, crc32(0, Slice(std::string_view(*to).substr(begin))));
  append(to, kTableMagic);
}

Result<Footer> decode_footer(Slice tail, uint64_t file_bytes, const TableIdentity& identity, const std::string& path) {
  const auto corrupt = [&](std::string_view what, uint64_t back) {
    return Status::corrupt(what, path, file_bytes - std::min(back, file_bytes));
  };
  if (tail.size() < kFooterTailBytes) return corrupt("the file is too short to be a table", 0);
  FieldReader fields(tail.end() - kFooterTailBytes);
  const auto footer_bytes = fields.take<uint32_t>();
  const auto version = fields.take<uint32_t>();
  const auto crc = fields.take<uint32_t>();
  if (fields.take<uint64_t>() != kTableMagic) return corrupt("the file does not end as a table does", 8);
  if (footer_bytes < kFooterTailBytes || footer_bytes > tail.size()) return corrupt("the footer's size is wrong", kFooterTailBytes);
  const Slice footer_slice(tail.end() - footer_bytes, footer_bytes);
  if (crc32(0, footer_slice.first(footer_bytes - 12)) != crc) return corrupt("the footer's checksum is wrong", footer_bytes);
  if (version > kTableVersion) return newer_format("the table", version, kTableVersion, path, file_bytes - kFooterTailBytes + 4);
  if (version != kTableVersion || footer_bytes != kFooterBytes) return corrupt("the table's version is unknown", kFooterTailBytes);

  uint8_t chunk_shift = 0;
  uint8_t zero = 0;
  const Footer footer = read_fields(footer_slice.data(), &chunk_shift, &zero);
  if (footer.identity.db_id != identity.db_id) return corrupt("the table belongs to another database", footer_bytes);
  if (footer.identity.table_id != identity.table_id) return corrupt("the table has another number", footer_bytes);
  if (footer.compression > Compression::kZstd || chunk_shift != chunk_shift_of(footer.compression) || zero != 0 ||
      !is_consistent(footer, file_bytes)) {
    return corrupt("the footer's fields contradict each other or the file's size", footer_bytes);
  }
  return footer;
}

std::optional<TableIdentity> table_identity(File& file) {
  const Result<uint64_t> bytes = file.size();
  uint8_t tail[kFooterBytes];
  if (!bytes.ok() || *bytes < sizeof tail || !file.read(*bytes - sizeof tail, tail, sizeof tail).ok()) return std::nullopt;
  FieldReader fields(tail + sizeof tail - 12);
  const auto crc = fields.take<uint32_t>();
  if (fields.take<uint64_t>() != kTableMagic || crc32(0, Slice(tail, sizeof tail - 12)) != crc) return std::nullopt;
  uint8_t chunk_shift = 0;
  uint8_t zero = 0;
  return read_fields(tail, &chunk_shift, &zero).identity;
}

TableProperties properties_of(const Footer& footer) {
  TableProperties properties;
  properties.file_bytes = footer.file_bytes;
  properties.entry_count = footer.entry_count;
  properties.tombstone_count = footer.tombstone_count;
  properties.expiring_count = footer.expiring_count;
  properties.expiry_median_ms = footer.expiry_median_ms;
  properties.key_value_bytes = footer.key_value_bytes;
  properties.seq_min = Seq{footer.seq_min};
  properties.seq_max = Seq{footer.seq_max};
  return properties;
}

void encode_properties(const InternalKey& smallest, const InternalKey& largest, std::string* to) {
  for (const InternalKey* key : {&smallest, &largest}) {
    append(to, key->prefix);
    append(to, static_cast<uint32_t>(key->user.size()));
    to->append(reinterpret_cast<const char*>(key->user.data()), key->user.size());
  }
}

bool decode_properties(Slice from, TableProperties* properties) {
  const auto take_key = [&from](Prefix* prefix, std::string* user) {
    if (from.size() < 8) return false;
    *prefix = load_u32(from.data());
    const uint32_t bytes = load_u32(from.data() + 4);
    from = from.without_first(8);
    if (bytes > kKeyBytesMax || bytes > from.size()) return false;
    *user = from.first(bytes).to_string();
    from = from.without_first(bytes);
    return true;
  };
  return take_key(&properties->smallest_prefix, &properties->smallest_user) &&
         take_key(&properties->largest_prefix, &properties->largest_user) && from.empty() &&
         properties->smallest().compare(properties->largest()) <= 0;
}

}  // namespace firn
