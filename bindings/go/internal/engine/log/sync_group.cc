#include "log/sync_group.h"

#include <algorithm>

#include "env/thread_mark.h"

namespace firn {

Status SyncGroup::wait(LogPosition position) {
  if (log_.durable() >= position) return {};
  const ThreadPark park;
  std::unique_lock lock(mutex_);
  const uint64_t came_in_round = round_;
  gathered_++;
  while (log_.durable() < position) {
    if (!error_.ok()) {
      if (came_in_round == round_) gathered_--;
      return error_;
    }
    if (is_syncing_) {
      synced_.wait(lock);
      continue;
    }
    is_syncing_ = true;
    round_++;
    const uint64_t group = gathered_;
    gathered_ = 0;
    lock.unlock();
    const int64_t begin_ns = log_.env().monotonic_ns();
    Result<LogPosition> reached = log_.sync();
    sync_ns_.add(static_cast<uint64_t>(log_.env().monotonic_ns() - begin_ns));
    lock.lock();
    is_syncing_ = false;
    counts_.syncs++;
    counts_.waits += group;
    counts_.group_max = std::max(counts_.group_max, group);
    if (!reached.ok()) error_ = reached.status();
    synced_.notify_all();
  }
  // It came while a sync ran whose end lay behind its position: that one served it too.
  if (came_in_round == round_) {
    gathered_--;
    counts_.waits++;
  }
  return {};
}

SyncGroup::Counts SyncGroup::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace firn
