#include "log/sync_group.h"

#include <algorithm>
#include <chrono>

#include "env/thread_mark.h"

namespace firn {

Status SyncGroup::wait(LogPosition position) {
  if (log_.durable() >= position) return {};
  const ThreadPark park;
  std::unique_lock lock(mutex_);
  if (++waiting_count_ == expected_count_) all_came_.notify_one();
  Status status = wait_together(position, lock);
  waiting_count_--;
  return status;
}

// A sync costs the device and everybody behind it more than a short wait costs those in front of it.
void SyncGroup::wait_for_others(std::unique_lock<std::mutex>& lock) {
  constexpr int64_t kWaitMinNs = 10'000;  // less is not worth a sleep
  constexpr int64_t kWaitMaxNs = 500'000;
  const int64_t wait_ns = std::min(last_sync_ns_ / 8, kWaitMaxNs);
  if (waiting_count_ >= expected_count_ || wait_ns < kWaitMinNs) return;
  all_came_.wait_for(lock, std::chrono::nanoseconds(wait_ns), [this] { return waiting_count_ >= expected_count_; });
}

Status SyncGroup::wait_together(LogPosition position, std::unique_lock<std::mutex>& lock) {
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
    wait_for_others(lock);
    round_++;
    const uint64_t group = gathered_;
    gathered_ = 0;
    lock.unlock();
    const int64_t begin_ns = log_.env().monotonic_ns();
    // An exhausted memory leaves this function by an exception: the others must not wait for a sync that nobody does.
    struct Turn {
      SyncGroup* group;
      ~Turn() {
        if (group == nullptr) return;
        const std::lock_guard again(group->mutex_);
        group->is_syncing_ = false;
        group->waiting_count_--;  // wait() does not come to it
        group->synced_.notify_all();
      }
    } turn{this};
    Result<LogPosition> reached = log_.sync();
    turn.group = nullptr;
    const int64_t sync_ns = log_.env().monotonic_ns() - begin_ns;
    sync_ns_.add(static_cast<uint64_t>(sync_ns));
    lock.lock();
    is_syncing_ = false;
    last_sync_ns_ = sync_ns;
    expected_count_ = waiting_count_;
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

void SyncGroup::forgive() {
  std::unique_lock lock(mutex_);
  synced_.wait(lock, [this] { return !is_syncing_; });
  error_ = {};
}

SyncGroup::Counts SyncGroup::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace firn
