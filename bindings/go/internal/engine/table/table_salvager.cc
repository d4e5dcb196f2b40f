#include "table/table_salvager.h"

#include <algorithm>
#include <array>
#include <new>

#include "base/checksum.h"
#include "base/coding.h"
#include "table/compression.h"
#include "table/entry_codec.h"
#include "table/hash_index.h"

namespace firn {
namespace {

constexpr size_t kFooterCrcOffset = kFooterBytes - 12;  // it covers what lies before it

bool verifies(const uint8_t* tail) {
  return load_u64(tail + kFooterBytes - 8) == kTableMagic && crc32(0, Slice(tail, kFooterCrcOffset)) == load_u32(tail + kFooterCrcOffset);
}

// A footer that verifies; with one flipped bit put right if need be.
bool repair(uint8_t* tail) {
  if (verifies(tail)) return true;
  for (size_t bit = 0; bit < 8 * kFooterBytes; bit++) {
    tail[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    if (verifies(tail)) return true;
    tail[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
  }
  return false;
}

}  // namespace

TableSalvager::TableSalvager(const Footer& footer, std::unique_ptr<uint8_t[]> body)
    : footer_(footer), layout_(footer), body_(std::move(body)), present_(static_cast<size_t>(layout_.chunk_count), false) {}

Result<std::unique_ptr<TableSalvager>> TableSalvager::open(File& file, uint64_t db_id) {
  FIRN_TRY_ASSIGN(const uint64_t file_bytes, file.size());
  std::array<uint8_t, kFooterBytes> tail;
  if (file_bytes < tail.size()) return Status::corrupt("the file is too short to be a table", file.path(), file_bytes);
  FIRN_TRY(file.read(file_bytes - tail.size(), tail.data(), tail.size()));
  if (!repair(tail.data())) return Status::corrupt("the footer of the table does not verify", file.path(), file_bytes - tail.size());
  TableIdentity identity{load_u64(tail.data()), load_u64(tail.data() + 8)};
  if (db_id != 0) identity.db_id = db_id;
  FIRN_TRY_ASSIGN(const Footer footer, decode_footer(Slice(tail.data(), tail.size()), file_bytes, identity, file.path()));
  if (!compression_is_built_in(footer.compression)) {
    return Status(Code::kUnsupported, "this build lacks the compression of the table", file.path());
  }
  std::unique_ptr<uint8_t[]> body(new (std::nothrow) uint8_t[static_cast<size_t>(Layout(footer).body_bytes)]());
  if (body == nullptr) return Status(Code::kNoMemory, "no memory for the body of a table", file.path());
  std::unique_ptr<TableSalvager> table(new TableSalvager(footer, std::move(body)));
  FIRN_TRY(table->read_body(file));
  FIRN_TRY(table->read_namespaces(file));
  table->read_starts();
  return table;
}

Status TableSalvager::read_body(File& file) {
  const auto bytes = static_cast<size_t>(layout_.directory_bytes);
  std::unique_ptr<uint8_t[]> slots(new (std::nothrow) uint8_t[bytes]);
  if (slots == nullptr) return Code::kNoMemory;
  FIRN_TRY(file.read(layout_.directory_offset, slots.get(), bytes));
  const bool is_packed = footer_.compression != Compression::kNone;
  uint64_t offset = 0;
  for (uint64_t chunk = 0; chunk < layout_.chunk_count; chunk++) {
    const uint64_t begin = chunk << layout_.chunk_shift;
    const uint64_t chunk_bytes = std::min(uint64_t{1} << layout_.chunk_shift, layout_.body_bytes - begin);
    const uint8_t* const slot = slots.get() + chunk * (is_packed ? kPackedSlotBytes : kPlainSlotBytes);
    const uint64_t stored_bytes = is_packed ? load_u32(slot + 4) : chunk_bytes;
    // A wrong length misplaces every chunk behind it; then they do not verify, and are lost.
    if (stored_bytes == 0 || stored_bytes > chunk_bytes || offset + stored_bytes > footer_.stored_bytes) break;
    const Code code = read_chunk(file, chunk, offset, stored_bytes, load_u32(slot));
    present_[static_cast<size_t>(chunk)] = code == Code::kOk;
    if (code == Code::kNoMemory) return code;
    if (code == Code::kIo) damage_ = code;
    offset += stored_bytes;
  }
  return {};
}

Code TableSalvager::read_chunk(File& file, uint64_t chunk, uint64_t stored_offset, uint64_t stored_bytes, uint32_t crc) {
  uint8_t* const place = body_.get() + (chunk << layout_.chunk_shift);
  const auto bytes = static_cast<size_t>(std::min(uint64_t{1} << layout_.chunk_shift, layout_.body_bytes - (chunk << layout_.chunk_shift)));
  std::array<uint8_t, size_t{1} << kPackedChunkShift> stored;
  if (Status status = file.read(stored_offset, stored.data(), static_cast<size_t>(stored_bytes)); !status.ok()) return status.code();
  const Slice packed(stored.data(), static_cast<size_t>(stored_bytes));
  if (crc32(crc32_seed(checksum_owner(footer_.identity), chunk), packed) != crc) return Code::kCorrupt;
  if (stored_bytes != bytes) return decompress(footer_.compression, packed, place, bytes);
  std::memcpy(place, packed.data(), bytes);
  return Code::kOk;
}

Status TableSalvager::read_namespaces(File& file) {
  if (has(layout_.namespaces_offset, uint64_t{kNamespaceBytes} * layout_.namespace_count)) {
    for (uint32_t i = 0; i < layout_.namespace_count; i++) {
      const uint8_t* const record = body_.get() + layout_.namespaces_offset + uint64_t{i} * kNamespaceBytes;
      const uint64_t begin = std::min<uint64_t>(load_u32(record + 4), layout_.entries_bytes);
      if (!ranges_.empty()) ranges_.back().end = begin;
      ranges_.push_back({load_u32(record), begin, layout_.entries_bytes});
    }
    return {};
  }
  // Without it all entries may be of one namespace, which the properties name.
  TableProperties properties;
  std::string bytes(footer_.properties_bytes, '\0');
  FIRN_TRY(file.read(layout_.properties_offset, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()));
  const bool verifies = crc32(crc32_seed(checksum_owner(footer_.identity), kPropertiesPlace), Slice(bytes)) == footer_.properties_crc;
  if (layout_.namespace_count != 1 || !verifies || !decode_properties(Slice(bytes), &properties)) {
    return Status::corrupt("the namespaces of the table cannot be read", file.path(), layout_.namespaces_offset);
  }
  ranges_.push_back({properties.smallest_prefix, 0, layout_.entries_bytes});
  return {};
}

void TableSalvager::read_starts() {
  for (uint32_t group = 0; group < layout_.group_count; group++) {
    const uint64_t offset = layout_.offsets_offset + uint64_t{4} * group;
    if (has(offset, 4)) starts_.push_back(load_u32(body_.get() + offset));
  }
  for (uint32_t bucket = 0; bucket < layout_.bucket_count; bucket++) {
    const uint64_t offset = layout_.index_offset + uint64_t{kBucketBytes} * bucket;
    if (!has(offset, kBucketBytes)) {
      knows_all_starts_ = false;
      continue;
    }
    const uint8_t* const line = body_.get() + offset;
    for (uint32_t slot = 0; slot < std::min(bucket_used(line), kBucketSlots); slot++) starts_.push_back(bucket_place(line, slot));
  }
  std::sort(starts_.begin(), starts_.end());
  starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
}

bool TableSalvager::has(uint64_t offset, uint64_t bytes) const {
  for (uint64_t chunk = offset >> layout_.chunk_shift; chunk <= (offset + bytes - 1) >> layout_.chunk_shift; chunk++) {
    if (!present_[static_cast<size_t>(chunk)]) return false;
  }
  return true;
}

void TableSalvager::seek_to_first() {
  at_ = 0;
  range_ = 0;
  in_loss_ = false;
  has_last_ = false;
  losses_.clear();
  find_entry();
}

// Whether an entry that can be trusted lies at `offset`; found_ is it then.
bool TableSalvager::read_entry(uint64_t offset, uint64_t* bytes) {
  while (range_ + 1 < ranges_.size() && offset >= ranges_[range_].end) range_++;
  const Range& range = ranges_[range_];
  if (offset < range.begin || offset >= range.end || !has(offset, std::min<uint64_t>(kEntryHeaderBytesMax, range.end - offset)))
    return false;
  EntryHeader header;
  if (!decode_entry_header(body_.get() + offset, body_.get() + range.end, footer_.seq_width, &header)) return false;
  if (header.key_bytes == 0 && range.prefix != kSystemPrefix) return false;
  if (!has(offset, header.total_bytes())) return false;
  fill_entry(body_.get() + offset, header, range.prefix, footer_.seq_base, &found_);
  const InternalKey last{last_prefix_, Slice(std::string_view(last_user_))};
  if (found_.seq > kSeqMax || (has_last_ && last.compare(found_.key) >= 0)) return false;
  *bytes = header.total_bytes();
  return true;
}

uint64_t TableSalvager::next_start(uint64_t offset) const {
  const auto at = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return at == starts_.end() ? layout_.entries_bytes : std::min(*at, layout_.entries_bytes);
}

void TableSalvager::end_loss(uint64_t behind, const std::string& after) {
  if (!in_loss_) return;
  in_loss_ = false;
  Loss loss;
  loss.code = damage_;
  loss.offset = loss_at_;
  loss.bytes = behind - loss_at_;
  loss.before = last_user_;
  loss.after = after;
  loss.prefix = has_last_ ? last_prefix_ : ranges_[0].prefix;
  const auto first = std::lower_bound(starts_.begin(), starts_.end(), loss_at_);
  loss.entry_count = knows_all_starts_ ? static_cast<uint64_t>(std::lower_bound(first, starts_.end(), behind) - first) : UINT64_MAX;
  losses_.push_back(std::move(loss));
}

void TableSalvager::find_entry() {
  valid_ = false;
  while (at_ < layout_.entries_bytes) {
    uint64_t bytes = 0;
    if (read_entry(at_, &bytes)) {
      end_loss(at_, found_.key.user.to_string());
      has_last_ = true;
      last_prefix_ = found_.key.prefix;
      last_user_ = found_.key.user.to_string();
      at_ += bytes;
      entry_ = &found_;
      valid_ = true;
      return;
    }
    if (!in_loss_) {
      in_loss_ = true;
      loss_at_ = at_;
    }
    at_ = next_start(at_);
  }
  end_loss(layout_.entries_bytes, "");
}

}  // namespace firn
