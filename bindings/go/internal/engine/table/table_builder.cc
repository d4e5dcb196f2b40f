#include "table/table_builder.h"

#include "base/checksum.h"
#include "table/chunk_writer.h"
#include "table/entry_codec.h"
#include "table/fences.h"
#include "table/hash_index.h"

namespace firn {
namespace {

// Invariant TABLE-3: what was accepted by add() lies in the writer, in the hash index and below a fence, or status_ is an error.
class TableFileBuilder final : public TableBuilder {
 public:
  TableFileBuilder(File* file, const TableBuilderOptions& options);

  Status add(const Entry& entry, uint64_t hash) override;
  uint64_t entry_count() const override { return footer_.entry_count; }
  uint64_t file_bytes_estimate() const override;
  Result<TableProperties> finish() override;

 private:
  struct Namespace {
    Prefix prefix;
    uint32_t first_offset;
    uint32_t first_group;
  };

  InternalKey smallest() const { return {smallest_prefix_, Slice(std::string_view(smallest_user_))}; }
  InternalKey last() const { return {last_prefix_, Slice(std::string_view(last_user_))}; }
  Status check(const Entry& entry) const;
  void begin_group_if_due(const Entry& entry);
  Status append(const Slice& header, const Entry& entry);
  void count(const Entry& entry);
  void remember_key(const InternalKey& key);
  Status write_fences();
  Status write_index();
  Status write_namespaces();
  Status write_trailer();
  TableProperties properties() const;

  File* const file_;
  const TableBuilderOptions options_;
  Footer footer_;
  std::vector<int64_t> expiries_;
  ChunkWriter writer_;
  HashIndexBuilder index_;
  FencesBuilder fences_;
  std::vector<Namespace> namespaces_;
  uint32_t group_entries_ = 0;  // in the group that is open
  uint64_t group_begin_ = 0;
  Prefix smallest_prefix_ = 0;
  std::string smallest_user_;
  Prefix last_prefix_ = 0;
  std::string last_user_;
  Status status_;  // the first failure of a write; final
};

TableFileBuilder::TableFileBuilder(File* file, const TableBuilderOptions& options)
    : file_(file), options_(options), writer_(file, options.identity, options.compression) {
  footer_.identity = options.identity;
  footer_.compression = options.compression;
  footer_.seq_base = options.seq_lower.value;
  footer_.seq_width = static_cast<uint8_t>(width_of(options.seq_upper.value - options.seq_lower.value));
  footer_.seq_min = kSeqMax.value;
  if (!compression_is_built_in(options.compression)) {
    status_ = Status(Code::kUnsupported, "this build lacks the compression that was asked for", file->path());
  } else if (options.seq_upper < options.seq_lower || options.seq_upper > kSeqMax) {
    status_ = Status(Code::kInvalid, "the bounds of the sequence numbers are wrong", file->path());
  }
}

Status TableFileBuilder::add(const Entry& entry, uint64_t hash) {
  FIRN_TRY(check(entry));
  uint8_t header[kEntryHeaderBytesMax];
  const uint8_t* const header_end = encode_entry_header(header, entry, entry.seq.value - footer_.seq_base, footer_.seq_width);
  const Slice header_slice(header, static_cast<size_t>(header_end - header));
  const uint64_t offset = writer_.body_bytes();
  const uint64_t entry_bytes = header_slice.size() + entry.key.user.size() + entry.value.size();
  if (offset + entry_bytes > kEntriesBytesMax) return Status(Code::kTooLarge, "the table is full", file_->path());

  begin_group_if_due(entry);
  index_.add(hash, static_cast<uint32_t>(offset));
  ++group_entries_;
  count(entry);
  remember_key(entry.key);
  Status status = append(header_slice, entry);
  if (!status.ok()) [[unlikely]]
    status_ = status;
  return status;
}

Status TableFileBuilder::check(const Entry& entry) const {
  if (!status_.ok()) [[unlikely]]
    return status_;
  if (entry.key.user.size() > kKeyBytesMax || entry.value.size() > kValueBytesMax) [[unlikely]] {
    return Status(Code::kInvalid, "a key or a value is over its limit", file_->path());
  }
  if (static_cast<uint32_t>(entry.kind) > kEntryKindMax || (entry.kind == EntryKind::kDelete && !entry.value.empty()) ||
      entry.seq < options_.seq_lower || entry.seq > options_.seq_upper) [[unlikely]] {
    return Status(Code::kInvalid, "an entry contradicts its kind or the bounds of the sequence numbers", file_->path());
  }
  if (footer_.entry_count != 0 && last().compare(entry.key) >= 0) [[unlikely]] {
    return Status(Code::kInvalid, "the keys of a table must ascend", file_->path());
  }
  return {};
}

void TableFileBuilder::begin_group_if_due(const Entry& entry) {
  const uint64_t offset = writer_.body_bytes();
  const bool is_first = footer_.entry_count == 0;
  const bool begins_namespace = is_first || entry.key.prefix != last_prefix_;
  if (!begins_namespace && group_entries_ < kGroupEntriesMax && offset - group_begin_ < kGroupBytes) return;
  if (is_first) {
    smallest_prefix_ = entry.key.prefix;
    smallest_user_ = entry.key.user.to_string();
  }
  if (begins_namespace) namespaces_.push_back({entry.key.prefix, static_cast<uint32_t>(offset), fences_.group_count()});
  fences_.add_group(entry.key, offset, smallest());
  group_begin_ = offset;
  group_entries_ = 0;
}

Status TableFileBuilder::append(const Slice& header, const Entry& entry) {
  const Slice parts[] = {header, entry.key.user, entry.value};
  const size_t bytes = header.size() + entry.key.user.size() + entry.value.size();
  uint8_t* to = writer_.room(bytes);
  for (const Slice& part : parts) {
    if (to == nullptr) {
      FIRN_TRY(writer_.append(part));
    } else if (!part.empty()) {
      std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
  }
  if (to != nullptr) writer_.advance(bytes);
  return {};
}

void TableFileBuilder::count(const Entry& entry) {
  ++footer_.entry_count;
  if (entry.kind == EntryKind::kDelete) ++footer_.tombstone_count;
  if (entry.kind == EntryKind::kPutExpiring) expiries_.push_back(entry.expiry_ms);
  footer_.key_value_bytes += entry.key.user.size() + entry.value.size();
  footer_.seq_min = std::min(footer_.seq_min, entry.seq.value);
  footer_.seq_max = std::max(footer_.seq_max, entry.seq.value);
}

void TableFileBuilder::remember_key(const InternalKey& key) {
  last_prefix_ = key.prefix;
  last_user_.assign(reinterpret_cast<const char*>(key.user.data()), key.user.size());
}

uint64_t TableFileBuilder::file_bytes_estimate() const {
  const uint64_t body_tail = uint64_t{12} * fences_.group_count() + kNamespaceBytes * namespaces_.size() + 2 * kSectionAlignment +
                             uint64_t{kBucketBytes} * HashIndexBuilder::bucket_count_for(footer_.entry_count);
  const uint64_t chunk_bytes = uint64_t{1} << chunk_shift_of(options_.compression);
  const uint64_t chunk_count = (writer_.body_bytes() + body_tail) / chunk_bytes + 1;
  return writer_.stored_bytes() + writer_.buffered_bytes() + body_tail + chunk_count * slot_bytes_of(options_.compression) +
         smallest_user_.size() + last_user_.size() + 16 + kFooterBytes;
}

Result<TableProperties> TableFileBuilder::finish() {
  if (!status_.ok()) return status_;
  if (footer_.entry_count == 0) return Status(Code::kInvalid, "a table needs an entry", file_->path());
  footer_.entries_bytes = writer_.body_bytes();
  footer_.expiring_count = expiries_.size();
  footer_.expiry_median_ms = median_of(&expiries_);
  FIRN_TRY(write_fences());
  FIRN_TRY(write_index());
  FIRN_TRY(write_namespaces());
  FIRN_TRY(writer_.finish());
  FIRN_TRY(write_trailer());
  FIRN_TRY(file_->sync());
  return properties();
}

Status TableFileBuilder::write_fences() {
  footer_.group_count = fences_.group_count();
  const size_t skip = shared_bytes(smallest(), last());
  FIRN_TRY(writer_.pad_to(kSectionAlignment));
  for (uint32_t group = 0; group < fences_.group_count(); ++group) {
    uint8_t bytes[8];
    store(bytes, fences_.head(group, smallest(), skip));
    FIRN_TRY(writer_.append(Slice(bytes, sizeof bytes)));
  }
  for (uint32_t group = 0; group < fences_.group_count(); ++group) {
    uint8_t bytes[4];
    store(bytes, fences_.offset(group));
    FIRN_TRY(writer_.append(Slice(bytes, sizeof bytes)));
  }
  return {};
}

Status TableFileBuilder::write_index() {
  FIRN_TRY(writer_.pad_to(kSectionAlignment));
  footer_.bucket_count = HashIndexBuilder::bucket_count_for(footer_.entry_count);
  const std::unique_ptr<uint8_t[]> buckets = index_.build();
  if (buckets == nullptr) return Code::kNoMemory;
  return writer_.append(Slice(buckets.get(), size_t{footer_.bucket_count} * kBucketBytes));
}

Status TableFileBuilder::write_namespaces() {
  footer_.namespace_count = static_cast<uint32_t>(namespaces_.size());
  for (const Namespace& space : namespaces_) {
    uint8_t bytes[kNamespaceBytes];
    store(bytes, space.prefix);
    store(bytes + 4, space.first_offset);
    store(bytes + 8, space.first_group);
    FIRN_TRY(writer_.append(Slice(bytes, sizeof bytes)));
  }
  return {};
}

// The chunk directory, the properties and the footer, with one write.
Status TableFileBuilder::write_trailer() {
  const uint64_t owner = checksum_owner(options_.identity);
  std::string trailer = writer_.directory().to_string();
  footer_.directory_crc = crc32(crc32_seed(owner, kDirectoryPlace), writer_.directory());
  const size_t properties_begin = trailer.size();
  encode_properties(smallest(), last(), &trailer);
  const Slice properties(std::string_view(trailer).substr(properties_begin));
  footer_.properties_bytes = static_cast<uint32_t>(properties.size());
  footer_.properties_crc = crc32(crc32_seed(owner, kPropertiesPlace), properties);
  footer_.stored_bytes = writer_.stored_bytes();
  footer_.file_bytes = footer_.stored_bytes + trailer.size() + kFooterBytes;
  encode_footer(footer_, &trailer);
  return file_->write(footer_.stored_bytes, Slice(std::string_view(trailer)));
}

TableProperties TableFileBuilder::properties() const {
  TableProperties properties = properties_of(footer_);
  properties.smallest_prefix = smallest_prefix_;
  properties.smallest_user = smallest_user_;
  properties.largest_prefix = last_prefix_;
  properties.largest_user = last_user_;
  return properties;
}

}  // namespace

int64_t median_of(std::vector<int64_t>* expiries) {
  if (expiries->empty()) return kNeverExpires;
  const auto middle = expiries->begin() + static_cast<ptrdiff_t>((expiries->size() - 1) / 2);
  std::nth_element(expiries->begin(), middle, expiries->end());
  return *middle;
}

std::unique_ptr<TableBuilder> TableBuilder::create(File* file, const TableBuilderOptions& options) {
  return std::make_unique<TableFileBuilder>(file, options);
}

}  // namespace firn
