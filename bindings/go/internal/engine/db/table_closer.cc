#include "db/table_closer.h"

#include <algorithm>
#include <utility>

namespace firn {
namespace {

constexpr uint64_t kClosedBytesPerMerged = 16;              // 64 MiB: 15 to 30 ms to close, 4 MiB: about as long to merge
constexpr uint64_t kClosingBytesMin = uint64_t{64} << 10;   // a small table counts as one of this size
constexpr uint64_t kEarnedBytesMin = 4 * kClosingBytesMin;  // so many tables are merged into one

// Nobody takes a reference from this list, and the versions that have the table are in no view any more: so a count of one stays one.
bool is_closable(const TableRef& table) { return table.use_count() == 1; }

}  // namespace

void TableCloser::add(const TableRef& table) {
  const std::lock_guard lock(mutex_);
  tables_.push_back(table);
}

// mutex_ is held in both.
std::vector<TableRef>::iterator TableCloser::first_closable() { return std::find_if(tables_.begin(), tables_.end(), is_closable); }

TableRef TableCloser::take(std::vector<TableRef>::iterator at) {
  TableRef table = std::move(*at);
  tables_.erase(at);
  return table;
}

bool TableCloser::close_one() {
  TableRef table;  // closed behind the lock
  const std::lock_guard lock(mutex_);
  const auto at = first_closable();
  if (at == tables_.end()) return false;
  table = take(at);
  return true;
}

void TableCloser::close_beside_merge(uint64_t merged_bytes) {
  for (uint64_t earned_bytes = std::max(kClosedBytesPerMerged * merged_bytes, kEarnedBytesMin);; earned_bytes = 0) {
    TableRef table;  // closed behind the lock
    const std::lock_guard lock(mutex_);
    credit_bytes_ += earned_bytes;
    const auto at = first_closable();
    if (at == tables_.end()) credit_bytes_ = 0;
    const uint64_t cost_bytes = at == tables_.end() ? 1 : std::max((*at)->file_bytes, kClosingBytesMin);
    if (credit_bytes_ < cost_bytes) return;
    credit_bytes_ -= cost_bytes;
    table = take(at);
  }
}

bool TableCloser::has_closable() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(tables_.begin(), tables_.end(), is_closable);
}

}  // namespace firn
