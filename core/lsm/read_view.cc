#include "lsm/read_view.h"

#include "lsm/merging_iterator.h"

namespace firn {

Status ReadView::find(const InternalKey& key, uint64_t hash, Seq seq, Entry* entry) const {
  if (active_ != nullptr && active_->find(key, hash, seq, entry)) return {};
  for (const auto& memtable : sealed_) {
    if (memtable->find(key, hash, seq, entry)) return {};
  }
  for (const Run& run : version_->runs) {
    const Table* table = run.table_of(key);
    if (table == nullptr) continue;
    Status status = table->find(key, hash, entry);
    if (!status.is(Code::kNotFound)) return status;
  }
  return Code::kNotFound;
}

void ReadView::prefetch(const InternalKey& key, uint64_t hash) const {
  if (active_ != nullptr) active_->prefetch(hash);
  for (const auto& memtable : sealed_) memtable->prefetch(hash);
  for (const Run& run : version_->runs) {
    if (const Table* table = run.table_of(key)) table->prefetch(hash);
  }
}

void ReadView::prefetch_entry(const InternalKey& key, uint64_t hash) const {
  if (active_ != nullptr) active_->prefetch_entry(hash);
  for (const auto& memtable : sealed_) memtable->prefetch_entry(hash);
  for (const Run& run : version_->runs) {
    if (const Table* table = run.table_of(key)) table->prefetch_entry(hash);
  }
}

Result<std::unique_ptr<Iterator>> ReadView::new_iterator(Seq seq, std::unique_ptr<Iterator> newest) const {
  std::vector<std::unique_ptr<Iterator>> newest_first;
  if (newest != nullptr) newest_first.push_back(std::move(newest));
  if (active_ != nullptr) FIRN_TRY(active_->add_iterators(seq, &newest_first));
  for (const auto& memtable : sealed_) FIRN_TRY(memtable->add_iterators(seq, &newest_first));
  for (const Run& run : version_->runs) newest_first.push_back(new_run_iterator(run.tables, false));
  return new_merging_iterator(std::move(newest_first));
}

bool ReadView::is_referenced() const {
  int64_t sum = 0;
  for (const Count& count : counts_) sum += count.value.load(std::memory_order_acquire);
  return sum != 0;
}

}  // namespace firn
