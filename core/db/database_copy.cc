#include "db/database_copy.h"

#include <algorithm>
#include <array>

#include "lsm/merging_iterator.h"
#include "lsm/read_view.h"
#include "table/format.h"

namespace firn {
namespace {

constexpr uint64_t kCopyBufferBytes = 1 << 20;
constexpr uint64_t kMergeSliceEntryCount = 4096;

}  // namespace

DatabaseCopy::DatabaseCopy(CopySource source, LinkSource links, Env& env) : source_(std::move(source)), links_(links), env_(env) {}

Result<std::unique_ptr<DatabaseCopy>> DatabaseCopy::begin(CopySource source, LinkSource links, Env& env, Directory& parent,
                                                          std::string name) {
  std::unique_ptr<DatabaseCopy> copy(new DatabaseCopy(std::move(source), links, env));
  for (const Run& run : copy->source_.snapshot.view()->version()->runs) {
    copy->next_run_id_ = std::max(copy->next_run_id_, run.id + 1);
    for (const TableRef& table : run.tables) {
      copy->items_.push_back({run.id, table});
      copy->next_table_id_ = std::max(copy->next_table_id_, table->id + 1);
      copy->progress_.bytes_total += table->file_bytes;
    }
  }
  copy->progress_.tables_total = copy->items_.size();
  FIRN_TRY_ASSIGN(copy->directory_, DatabaseDirectory::make(env, parent, name));
  FIRN_TRY(copy->start_memtables());
  return copy;
}

Status DatabaseCopy::start_memtables() {
  const ReadView& view = *source_.snapshot.view();
  std::vector<std::shared_ptr<Memtable>> memtables = view.sealed();
  if (view.active() != nullptr) memtables.insert(memtables.begin(), view.active());
  std::vector<std::unique_ptr<Iterator>> newest_first;
  MergeOptions options;
  options.seq_lower = kSeqMax;
  for (const auto& memtable : memtables) {
    if (memtable->empty()) continue;
    FIRN_TRY(memtable->add_iterators(source_.snapshot.seq(), &newest_first));
    options.seq_lower = std::min(options.seq_lower, memtable->seq_min());
  }
  if (newest_first.empty()) return {};
  options.db_id = source_.db_id;
  options.hash_seed = source_.hash_seed;
  options.compression = source_.compression;
  options.seq_upper = source_.snapshot.seq();
  options.is_live_prefix = [](Prefix) { return true; };  // the next compaction of the copy sees to them
  std::vector<std::unique_ptr<Iterator>> parts;
  parts.push_back(new_merging_iterator(std::move(newest_first)));
  memtables_ = std::make_unique<MergeJob>(
      std::move(options), directory_->tables(), [this] { return next_table_id_++; }, std::move(parts));
  return {};
}

Result<bool> DatabaseCopy::step(uint64_t bytes_max) {
  uint64_t budget = std::max<uint64_t>(bytes_max, 1);
  while (budget > 0 && item_ < items_.size()) FIRN_TRY(step_tables(&budget));
  if (item_ < items_.size()) return true;
  while (budget > 0 && memtables_ != nullptr) FIRN_TRY(step_memtables(&budget));
  return memtables_ != nullptr;
}

Status DatabaseCopy::step_tables(uint64_t* budget) {
  const TableHandle& table = *items_[item_].table;
  if (file_ == nullptr) {
    FIRN_TRY_ASSIGN(const bool is_linked, link_table(table));
    if (is_linked) {
      progress_.bytes_linked += table.file_bytes;
      progress_.bytes_done += table.file_bytes;
      progress_.tables_done++;
      item_++;
      *budget -= std::min<uint64_t>(*budget, kCopyBufferBytes / 16);  // not nothing: a step takes a bounded time
      return {};
    }
    FIRN_TRY(table.table->verify_stored());
    FIRN_TRY_ASSIGN(file_, directory_->tables().open_file(table_name(table.id), OpenMode::kCreate));
    offset_ = 0;
  }
  FIRN_TRY(copy_some(table, budget));
  if (offset_ < table.file_bytes) return {};
  FIRN_TRY(file_->sync());
  file_.reset();
  progress_.tables_done++;
  item_++;
  return {};
}

Status DatabaseCopy::copy_some(const TableHandle& table, uint64_t* budget) {
  const std::unique_ptr<uint8_t[]> buffer(new (std::nothrow) uint8_t[kCopyBufferBytes]);
  if (buffer == nullptr) return Code::kNoMemory;
  while (*budget > 0 && offset_ < table.file_bytes) {
    const auto bytes = static_cast<size_t>(std::min({*budget, kCopyBufferBytes, table.file_bytes - offset_}));
    FIRN_TRY(table.table->file().read(offset_, buffer.get(), bytes));
    FIRN_TRY(file_->write(offset_, Slice(buffer.get(), bytes)));
    offset_ += bytes;
    progress_.bytes_done += bytes;
    *budget -= bytes;
  }
  return {};
}

// Whether the table has a second name now. false: it has to be copied.
Result<bool> DatabaseCopy::link_table(const TableHandle& table) {
  if (links_.tables == nullptr) return false;
  if (!links_.is_same) {
    FIRN_TRY_ASSIGN(const bool alike, ends_alike(table));
    if (!alike) return false;
  }
  const Status status = links_.tables->link(table_name(table.id), directory_->tables());
  if (status.ok()) return true;
  if (status.is(Code::kUnsupported)) links_.tables = nullptr;
  // Gone: merged away meanwhile. The snapshot still has it open.
  if (status.is(Code::kUnsupported) || status.is(Code::kNotFound)) return false;
  return status;
}

// A table's footer has its number, its length, and the checksum of all its checksums: equal footers mean equal tables, unless one is damaged.
Result<bool> DatabaseCopy::ends_alike(const TableHandle& table) const {
  auto other = links_.tables->open_file(table_name(table.id), OpenMode::kRead);
  if (other.status().is(Code::kNotFound)) return false;
  if (!other.ok()) return other.status();
  FIRN_TRY_ASSIGN(const uint64_t bytes, (*other)->size());
  if (bytes != table.file_bytes || bytes < kFooterBytes) return false;
  std::array<uint8_t, kFooterBytes> mine;
  std::array<uint8_t, kFooterBytes> others;
  FIRN_TRY(table.table->file().read(bytes - kFooterBytes, mine.data(), mine.size()));
  FIRN_TRY((*other)->read(bytes - kFooterBytes, others.data(), others.size()));
  return mine == others;
}

Status DatabaseCopy::step_memtables(uint64_t* budget) {
  const uint64_t before = memtables_->bytes_written();
  FIRN_TRY_ASSIGN(const bool done, memtables_->step(kMergeSliceEntryCount));
  const uint64_t bytes = memtables_->bytes_written() - before;
  progress_.bytes_done += bytes;
  progress_.bytes_total += bytes;
  *budget -= std::min<uint64_t>(*budget, std::max<uint64_t>(bytes, kCopyBufferBytes / 16));
  if (!done) return {};
  for (TableRef& table : memtables_->take_outputs()) {
    items_.push_back({next_run_id_, std::move(table)});
    progress_.tables_total++;
    progress_.tables_done++;
  }
  item_ = items_.size();
  memtables_.reset();
  return {};
}

Status DatabaseCopy::finish() {
  FIRN_CHECK(item_ == items_.size() && memtables_ == nullptr, "COPY-1");
  ManifestState state;
  state.db_id = source_.db_id;
  state.hash_seed = source_.hash_seed;
  state.wal_id = env_.random();
  state.closed_clean = true;
  state.seq_floor = source_.snapshot.seq();
  state.next_table_id = next_table_id_;
  state.next_run_id = next_run_id_ + 1;
  for (const Item& item : items_) state.tables.push_back({item.run_id, item.table->id, item.table->file_bytes});
  return directory_->finish(state);
}

}  // namespace firn
