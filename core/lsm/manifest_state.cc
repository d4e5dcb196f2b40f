#include "lsm/manifest_state.h"

#include <algorithm>

#include "base/coding.h"

namespace firn {
namespace {

enum Tag : uint8_t {
  kIdentity = 1,
  kClosedClean = 2,
  kOpen = 3,
  kAddTable = 4,
  kRemoveTable = 5,
  kAddWalSegment = 6,
  kWalStart = 7,
  kNextIds = 8,
  kWalNext = 9,
  kDropWalSegment = 10,
  kRetainSegment = 11,
  kForgetSegments = 12,
};
constexpr uint8_t kTagCount = 13;
constexpr size_t kValueCounts[kTagCount] = {0, 3, 1, 1, 3, 1, 1, 1, 2, 2, 1, 5, 1};

}  // namespace

void ManifestEdit::put(uint8_t tag, std::initializer_list<uint64_t> values) {
  bytes_.push_back(static_cast<char>(tag));
  for (const uint64_t value : values) bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void ManifestEdit::set_identity(uint64_t db_id, uint64_t hash_seed, uint64_t wal_id) { put(kIdentity, {db_id, hash_seed, wal_id}); }
void ManifestEdit::set_closed_clean(Seq last) { put(kClosedClean, {last.value}); }
void ManifestEdit::set_open(Seq floor) { put(kOpen, {floor.value}); }
void ManifestEdit::add_table(const TableRecord& table) { put(kAddTable, {table.run_id, table.table_id, table.file_bytes}); }
void ManifestEdit::remove_table(uint64_t table_id) { put(kRemoveTable, {table_id}); }
void ManifestEdit::add_wal_segment(uint64_t id) { put(kAddWalSegment, {id}); }
void ManifestEdit::drop_wal_segment(uint64_t id) { put(kDropWalSegment, {id}); }
void ManifestEdit::set_wal_start(uint64_t id) { put(kWalStart, {id}); }
void ManifestEdit::retain_segment(const RetainedSegment& segment) {
  put(kRetainSegment, {segment.id, segment.seq_min.value, segment.seq_max.value, segment.end, static_cast<uint64_t>(segment.flushed_ms)});
}
void ManifestEdit::forget_segments(uint64_t id) { put(kForgetSegments, {id}); }
void ManifestEdit::set_next_ids(uint64_t next_table_id, uint64_t next_run_id) { put(kNextIds, {next_table_id, next_run_id}); }
void ManifestEdit::set_wal_next(uint64_t next_id, uint64_t next_base) { put(kWalNext, {next_id, next_base}); }

Status ManifestState::apply(Slice record, const std::string& file, uint64_t offset) {
  while (!record.empty()) {
    const uint8_t tag = record[0];
    if (tag == 0 || tag >= kTagCount || record.size() < 1 + 8 * kValueCounts[tag]) {
      return Status::corrupt("a record of the manifest is not well formed", file, offset);
    }
    const auto value = [&record](size_t i) { return load_u64(record.data() + 1 + 8 * i); };
    switch (tag) {
      case kIdentity:
        db_id = value(0);
        hash_seed = value(1);
        wal_id = value(2);
        break;
      case kClosedClean:
      case kOpen:
        if (value(0) > kSeqMax.value) return Status::corrupt("a sequence number of the manifest is out of range", file, offset);
        closed_clean = tag == kClosedClean;
        seq_floor = {value(0)};
        break;
      case kAddTable:
        tables.push_back({value(0), value(1), value(2)});
        break;
      case kRemoveTable: {
        const auto at = std::find_if(tables.begin(), tables.end(), [&](const TableRecord& table) { return table.table_id == value(0); });
        if (at == tables.end()) return Status::corrupt("the manifest removes a table that it does not have", file, offset);
        tables.erase(at);
        break;
      }
      case kAddWalSegment:
        if (!wal_segments.empty() && value(0) <= wal_segments.back()) {
          return Status::corrupt("the manifest's log segments do not ascend", file, offset);
        }
        wal_segments.push_back(value(0));
        break;
      case kDropWalSegment:
        if (std::erase(wal_segments, value(0)) == 0)
          return Status::corrupt("the manifest drops a log segment that it does not have", file, offset);
        break;
      case kWalStart:
        wal_start = value(0);
        std::erase_if(wal_segments, [this](uint64_t id) { return id < wal_start; });
        break;
      case kRetainSegment:
        if (value(1) > value(2) || value(2) > kSeqMax.value || (!retained.empty() && value(0) <= retained.back().id)) {
          return Status::corrupt("a segment that the manifest retains cannot be", file, offset);
        }
        retained.push_back({value(0), {value(1)}, {value(2)}, value(3), static_cast<int64_t>(value(4))});
        break;
      case kForgetSegments:
        std::erase_if(retained, [&](const RetainedSegment& segment) { return segment.id < value(0); });
        break;
      case kNextIds:
        // Of two jobs at once the one that asked first may record last.
        next_table_id = std::max(next_table_id, value(0));
        next_run_id = std::max(next_run_id, value(1));
        break;
      case kWalNext:
        wal_next_id = value(0);
        wal_next_base = value(1);
        break;
    }
    record = record.without_first(1 + 8 * kValueCounts[tag]);
  }
  return {};
}

ManifestEdit ManifestState::snapshot() const {
  ManifestEdit edit;
  edit.set_identity(db_id, hash_seed, wal_id);
  if (closed_clean)
    edit.set_closed_clean(seq_floor);
  else
    edit.set_open(seq_floor);
  edit.set_next_ids(next_table_id, next_run_id);
  edit.set_wal_next(wal_next_id, wal_next_base);
  edit.set_wal_start(wal_start);
  for (const uint64_t id : wal_segments) edit.add_wal_segment(id);
  for (const RetainedSegment& segment : retained) edit.retain_segment(segment);
  for (const TableRecord& table : tables) edit.add_table(table);
  return edit;
}

}  // namespace firn
