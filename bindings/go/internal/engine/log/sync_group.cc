#include "log/sync_group.h"

#include "env/thread_mark.h"

namespace firn {

Status SyncGroup::wait(LogPosition position) {
  if (log_.durable() >= position) return {};
  const ThreadPark park;
  std::unique_lock lock(mutex_);
  while (log_.durable() < position) {
    if (!error_.ok()) return error_;
    if (is_syncing_) {
      synced_.wait(lock);
      continue;
    }
    is_syncing_ = true;
    lock.unlock();
    Result<LogPosition> reached = log_.sync();
    lock.lock();
    is_syncing_ = false;
    sync_count_.fetch_add(1, std::memory_order_relaxed);
    if (!reached.ok()) error_ = reached.status();
    synced_.notify_all();
  }
  return {};
}

}  // namespace firn
