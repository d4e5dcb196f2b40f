#include "table/table_reader.h"

#include "base/checksum.h"
#include "base/fast_path.h"
#include "base/prefetch.h"
#include "table/table_iterator.h"

namespace firn {
namespace {

// The footer and, as a rule, the properties are read with one call.
constexpr size_t kTailBytes = 1024;

// Of an entry that one call looks up among others, so much is asked for in advance; whoever reads or copies its value makes the processor ask for the rest (multi-gets of 1 KiB: 7 % faster).
constexpr uint64_t kLookupPrefetchBytes = 1024;

struct Tail {
  Footer footer;
  TableProperties properties;
};

Result<Tail> read_tail(File* file, const TableIdentity& identity) {
  FIRN_TRY_ASSIGN(const uint64_t file_bytes, file->size());
  uint8_t buffer[kTailBytes];
  Slice tail(buffer, static_cast<size_t>(std::min<uint64_t>(file_bytes, kTailBytes)));
  FIRN_TRY(file->read(file_bytes - tail.size(), buffer, tail.size()));
  Tail result;
  FIRN_TRY_ASSIGN(result.footer, decode_footer(tail, file_bytes, identity, file->path()));
  const Footer& footer = result.footer;
  if (!compression_is_built_in(footer.compression)) {
    return Status(Code::kUnsupported, "the table is compressed in a way that this build lacks", file->path());
  }
  std::string long_properties;
  const uint64_t offset = Layout(footer).properties_offset;
  if (footer.properties_bytes + kFooterBytes > tail.size()) {
    if (footer.properties_bytes > kPropertiesBytesMax) return Status::corrupt("the table's properties are too long", file->path(), offset);
    long_properties.resize(footer.properties_bytes);
    FIRN_TRY(file->read(offset, reinterpret_cast<uint8_t*>(long_properties.data()), long_properties.size()));
  }
  const Slice properties = long_properties.empty() ? Slice(tail.end() - kFooterBytes - footer.properties_bytes, footer.properties_bytes)
                                                   : Slice(std::string_view(long_properties));
  result.properties = properties_of(footer);
  if (crc32(crc32_seed(checksum_owner(identity), kPropertiesPlace), properties) != footer.properties_crc) {
    return Status::corrupt("the table's properties have a wrong checksum", file->path(), offset);
  }
  if (!decode_properties(properties, &result.properties)) {
    return Status::corrupt("the table's properties are not two keys in order", file->path(), offset);
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<Table>> Table::open(std::unique_ptr<File> file, const TableIdentity& identity, TableIo io) {
  return TableReader::open(std::move(file), identity, io);
}

Result<std::unique_ptr<Table>> TableReader::open(std::unique_ptr<File> file, const TableIdentity& identity, TableIo io) {
  FIRN_TRY_ASSIGN(Tail tail, read_tail(file.get(), identity));
  FIRN_TRY_ASSIGN(std::unique_ptr<Image> image, Image::open(file.get(), tail.footer, io));
  return std::unique_ptr<Table>(new TableReader(std::move(file), std::move(image), tail.footer, std::move(tail.properties)));
}

TableReader::TableReader(std::unique_ptr<File> file, std::unique_ptr<Image> image, const Footer& footer, TableProperties properties)
    : data_(image->data()),
      buckets_(data_ + image->layout().index_offset),
      bucket_count_(footer.bucket_count),
      seq_width_(footer.seq_width),
      seq_base_(footer.seq_base),
      mean_entry_bytes_(footer.entries_bytes / footer.entry_count),
      file_(std::move(file)),
      image_(std::move(image)),
      properties_(std::move(properties)),
      namespaces_(*image_, properties_),
      fences_(*image_, properties_) {}

// kNotFound: another key lies at `offset`, or an entry of another namespace.
inline Status TableReader::read_if_key(Slice user, uint64_t offset, const NamespaceRange& range, Entry* entry) const {
  if (offset < range.begin || offset >= range.end) [[unlikely]] {
    if (offset < image_->layout().entries_bytes) return Code::kNotFound;
    return image_->corrupt("a hash bucket points behind the entries", image_->layout().index_offset);
  }
  EntryHeader header;
  const uint8_t* const at = data_ + offset;
  const uint64_t limit = std::min(range.end, image_->chunk_end(offset));
  const bool is_whole = image_->has(offset, 1) && decode_entry_header(at, data_ + limit, seq_width_, &header);
  if (is_whole && FIRN_FAST_PATH("an entry lies in one chunk that is present")) [[likely]] {
    if (Slice(at + header.header_bytes, header.key_bytes) != user) return Code::kNotFound;
  } else {
    FIRN_TRY(read_header(offset, range.end, &header));
    if (Slice(at + header.header_bytes, header.key_bytes) != user) return Code::kNotFound;
    FIRN_TRY(image_->ensure(offset, header.total_bytes()));
  }
  fill_entry(at, header, range.prefix, seq_base_, entry);
  return {};
}

Status TableReader::find(const InternalKey& key, uint64_t hash, Entry* entry) const {
  NamespaceRange found;
  const NamespaceRange* range = &found;
  if (namespaces_.is_single() && FIRN_FAST_PATH("a table of one namespace")) [[likely]] {
    range = &namespaces_.single();
    if (key.prefix != range->prefix) return Code::kNotFound;
  } else {
    FIRN_TRY(namespaces_.find(key.prefix, &found));
  }
  uint32_t at = home_bucket(hash, bucket_count_);
  for (uint32_t probe = 0; probe < bucket_count_; ++probe) {
    const uint8_t* const line = bucket(at);
    FIRN_TRY(image_->ensure(static_cast<uint64_t>(line - data_), kBucketBytes));
    const uint32_t used = bucket_used(line);
    if (used > kBucketSlots) [[unlikely]]
      return image_->corrupt("a hash bucket holds too many", static_cast<uint64_t>(line - data_));
    uint32_t matches = match_fingerprints(line, fingerprint_of(hash)) & ((1u << used) - 1);
    for (; matches != 0; matches &= matches - 1) {
      const uint64_t offset = bucket_place(line, static_cast<uint32_t>(__builtin_ctz(matches)));
      prefetch_entry_lines(data_ + offset);
      __builtin_prefetch(data_ + offset + mean_entry_bytes_ - 1);  // where it ends, if it is as long as most: values of 1 KiB 680 -> 510 ns
      Status status = read_if_key(key.user, offset, *range, entry);
      if (!status.is(Code::kNotFound)) return status;
    }
    if (!has_spilled(line, hash)) [[likely]]
      return Code::kNotFound;
    at = at + 1 == bucket_count_ ? 0 : at + 1;
  }
  return Code::kNotFound;
}

Status TableReader::read_header(uint64_t offset, uint64_t limit, EntryHeader* header) const {
  FIRN_TRY(image_->ensure(offset, std::min<uint64_t>(kEntryHeaderBytesMax, limit - offset)));
  if (!decode_entry_header(data_ + offset, data_ + limit, seq_width_, header)) [[unlikely]] {
    return image_->corrupt("an entry does not decode", offset);
  }
  return image_->ensure(offset, uint64_t{header->header_bytes} + header->key_bytes);
}

bool TableReader::guess_place(uint64_t hash, uint64_t* offset) const {
  const uint8_t* const line = bucket(home_bucket(hash, bucket_count_));
  if (!image_->has(static_cast<uint64_t>(line - data_), kBucketBytes)) return false;
  const uint32_t used = bucket_used(line);
  if (used > kBucketSlots) return false;
  const uint32_t matches = match_fingerprints(line, fingerprint_of(hash)) & ((1u << used) - 1);
  if (matches == 0) return false;
  *offset = bucket_place(line, static_cast<uint32_t>(__builtin_ctz(matches)));
  return *offset < image_->layout().entries_bytes;
}

void TableReader::verify_bucket(uint64_t hash) const {
  const uint8_t* const line = bucket(home_bucket(hash, bucket_count_));
  if (image_->is_mapped()) (void)image_->ensure(static_cast<uint64_t>(line - data_), kBucketBytes).ok();
}

void TableReader::prefetch_entry(uint64_t hash) const {
  uint64_t offset = 0;
  if (!guess_place(hash, &offset)) return;
  prefetch_entry_lines(data_ + offset);
  const uint64_t bytes = std::min(mean_entry_bytes_, kLookupPrefetchBytes);
  for (uint64_t at = kEntryLinesBytes; at < bytes; at += kCacheLineBytes) __builtin_prefetch(data_ + offset + at);
}

Result<bool> TableReader::read_back(uint64_t offset, uint64_t bytes) const {
  const uint64_t body_bytes = image_->body_bytes();
  if (!image_->is_mapped() || offset >= body_bytes) return false;
  bytes = std::min(bytes, body_bytes - offset);
  FIRN_TRY(image_->ensure(offset, bytes));
  if (offset + bytes < body_bytes) return true;
  image_->forget_directory();
  return false;
}

Result<double> TableReader::part_below(const InternalKey& key) const {
  if (key.compare(properties_.smallest()) <= 0) return 0.0;
  if (key.compare(properties_.largest()) > 0) return 1.0;
  FIRN_TRY(fences_.ensure());
  // Between the two it begins as they do. It lies somewhere in the last group that begins below it.
  const uint32_t below = fences_.count_below(key_head(key, fences_.common_bytes()));
  return (below == 0 ? 0.5 : below - 0.5) / fences_.count();
}

std::unique_ptr<Iterator> TableReader::new_iterator(bool sequential) const { return std::make_unique<TableIterator>(*this, sequential); }

uint64_t TableReader::memory_bytes() const { return sizeof *this + image_->memory_bytes() + fences_.memory_bytes(); }

uint64_t TableReader::cached_bytes() const { return image_->cached_bytes() + fences_.memory_bytes(); }

}  // namespace firn
