#include "lsm/read_view.h"

#include <cmath>

#include "base/fast_path.h"
#include "lsm/merging_iterator.h"

namespace firn {

// table_of(i): the table of run i that may have the key.
template <typename TableOf>
Status ReadView::find_with(const InternalKey& key, uint64_t hash, Seq seq, const TableOf& table_of, Entry* entry) const {
  if (active_ != nullptr && active_->find(key, hash, seq, entry)) return {};
  for (const auto& memtable : sealed_) {
    if (memtable->find(key, hash, seq, entry)) return {};
  }
  for (size_t i = 0; i < version_->runs.size(); i++) {
    const Table* table = table_of(i);
    if (table == nullptr) continue;
    Status status = table->find(key, hash, entry);
    if (!status.is(Code::kNotFound)) return status;
  }
  return Code::kNotFound;
}

Status ReadView::find(const InternalKey& key, uint64_t hash, Seq seq, Entry* entry) const {
  // After a compaction. What `seq` may show of the active memtable has made it non-empty.
  const bool is_one_run = only_run_ != nullptr && (active_ == nullptr || active_->empty());
  if (is_one_run && FIRN_FAST_PATH("a get looks into the one run alone")) {
    const Table* table = only_run_->table_of(key);
    return table == nullptr ? Status(Code::kNotFound) : table->find(key, hash, entry);
  }
  // The first lines come together, whichever has the key.
  if (!is_one_run && FIRN_FAST_PATH("a get asks for all first lines at once")) {
    Probe probe;
    prefetch(key, hash, &probe);
    return find(key, hash, seq, &probe, entry);
  }
  const auto table_of = [&](size_t i) { return version_->runs[i].table_of(key); };
  return find_with(key, hash, seq, table_of, entry);
}

Status ReadView::find(const InternalKey& key, uint64_t hash, Seq seq, Probe* probe, Entry* entry) const {
  const auto table_of = [&](size_t i) {
    const Table*& place = probe->tables[i % Probe::kAheadCount];
    const Table* const table = place;
    if (i + Probe::kAheadCount < version_->runs.size()) {
      place = version_->runs[i + Probe::kAheadCount].table_of(key);
      if (place != nullptr) place->prefetch(hash);
    }
    return table;
  };
  return find_with(key, hash, seq, table_of, entry);
}

void ReadView::prefetch(const InternalKey& key, uint64_t hash, Probe* probe) const {
  if (active_ != nullptr) active_->prefetch(hash);
  for (const auto& memtable : sealed_) memtable->prefetch(hash);
  for (size_t i = 0; i < probed_count(); i++) {
    probe->tables[i] = version_->runs[i].table_of(key);
    if (probe->tables[i] != nullptr) probe->tables[i]->prefetch(hash);
  }
}

void ReadView::prefetch_entry(uint64_t hash, const Probe& probe) const {
  if (active_ != nullptr) active_->prefetch_entry(hash);
  for (const auto& memtable : sealed_) memtable->prefetch_entry(hash);
  for (size_t i = 0; i < probed_count(); i++) {
    if (probe.tables[i] != nullptr) probe.tables[i]->prefetch_entry(hash);
  }
}

Result<std::unique_ptr<Iterator>> ReadView::new_iterator(Seq seq, std::unique_ptr<Iterator> newest) const {
  std::vector<std::unique_ptr<Iterator>> newest_first;
  newest_first.reserve(8);
  if (newest != nullptr) newest_first.push_back(std::move(newest));
  if (active_ != nullptr) FIRN_TRY(active_->add_iterators(seq, &newest_first));
  for (const auto& memtable : sealed_) FIRN_TRY(memtable->add_iterators(seq, &newest_first));
  for (const Run& run : version_->runs) newest_first.push_back(new_run_iterator(run.tables, false));
  return new_merging_iterator(std::move(newest_first));
}

Result<ReadView::Extent> ReadView::approximate(const InternalKey& lower, const InternalKey& upper) const {
  Extent extent;
  if (lower.compare(upper) >= 0) return extent;
  std::vector<std::shared_ptr<Memtable>> memtables = sealed_;
  if (active_ != nullptr) memtables.push_back(active_);
  for (const auto& memtable : memtables) {
    if (memtable->empty()) continue;
    FIRN_TRY_ASSIGN(const uint64_t count, memtable->count(lower, upper));
    extent.entry_count += count;
    extent.bytes += (memtable->end() - kSegmentHeaderBytes) * count / std::max<uint64_t>(memtable->key_count(), 1);
  }
  for (const Run& run : version_->runs) {
    for (const TableRef& table : run.tables) {
      FIRN_TRY_ASSIGN(const double below_lower, table->table->part_below(lower));
      FIRN_TRY_ASSIGN(const double below_upper, table->table->part_below(upper));
      const double part = std::max(below_upper - below_lower, 0.0);
      extent.entry_count += static_cast<uint64_t>(std::llround(part * static_cast<double>(table->table->properties().entry_count)));
      extent.bytes += static_cast<uint64_t>(std::llround(part * static_cast<double>(table->file_bytes)));
    }
  }
  return extent;
}

bool ReadView::is_referenced() const {
  int64_t sum = 0;
  for (const Count& count : counts_) sum += count.value.load(std::memory_order_seq_cst);
  return sum != 0;
}

}  // namespace firn
