#include "db/table_closer.h"

#include <algorithm>

namespace firn {
namespace {

// Nobody takes a reference from this list, and the versions that have the table are in no view any more: so a count of one stays one.
bool is_closable(const TableRef& table) { return table.use_count() == 1; }

}  // namespace

void TableCloser::add(const TableRef& table) {
  const std::lock_guard lock(mutex_);
  tables_.push_back(table);
}

bool TableCloser::close_one() {
  TableRef table;  // closed behind the lock
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(tables_.begin(), tables_.end(), is_closable);
  if (at == tables_.end()) return false;
  table = std::move(*at);
  tables_.erase(at);
  return true;
}

bool TableCloser::has_closable() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(tables_.begin(), tables_.end(), is_closable);
}

}  // namespace firn
