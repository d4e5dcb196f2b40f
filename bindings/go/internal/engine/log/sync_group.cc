#include "log/sync_group.h"

#include <algorithm>
#include <chrono>

#include "base/schedule_point.h"
#include "env/giving_way.h"
#include "env/thread_mark.h"

namespace firn {

Status SyncGroup::wait(LogPosition position) {
  if (log_.durable() >= position) return {};
  const ThreadPark park;
  std::unique_lock lock(mutex_);
  came_count_.fetch_add(1, std::memory_order_relaxed);
  return wait_together(position, lock);
}

void SyncGroup::learn_of_crowd() {
  constexpr uint64_t kPauseMax = 1024;
  if (!gives_way()) return;  // another found it
  pause_ = std::min(2 * pause_ + 1, kPauseMax);
  crowded_until_round_ = round_ + pause_;
}

// A sync costs the device and everybody behind it more than a short wait costs those in front of it.
bool SyncGroup::wait_for_others(std::unique_lock<std::mutex>& lock) {
  constexpr int64_t kWaitMinNs = 10'000;  // less is not worth a sleep
  constexpr int64_t kWaitMaxNs = 500'000;
  const int64_t wait_ns = std::min(last_sync_ns_ / 4, kWaitMaxNs);
  if (have_all_come() || wait_ns < kWaitMinNs) return true;
  const uint64_t before = round_;
  const auto is_over = [&] { return have_all_come() || round_.load(std::memory_order_relaxed) != before; };
  is_gathering_ = true;
  if (gives_way()) {
    lock.unlock();
    const bool is_crowded = give_way_until(log_.env(), wait_ns, is_over) == GaveWay::kCrowded;
    lock.lock();
    if (is_crowded) learn_of_crowd();
  } else {
    synced_.wait_for(lock, std::chrono::nanoseconds(wait_ns), is_over);
  }
  return round_ == before;
}

bool SyncGroup::wait_for_sync(LogPosition position, uint64_t came_in_round, std::unique_lock<std::mutex>& lock) {
  constexpr int64_t kShortSyncNs = 500'000;
  const auto is_over = [&] { return log_.durable() >= position || !is_syncing_.load(std::memory_order_relaxed); };
  if (gives_way() && last_sync_ns_ < kShortSyncNs) {
    const int64_t wait_ns = 2 * last_sync_ns_;
    lock.unlock();
    const GaveWay how = give_way_until(log_.env(), wait_ns, is_over);
    // His round's sync has counted him, and those who come back want the mutex.
    if (how == GaveWay::kDone && log_.durable() >= position && round_.load(std::memory_order_relaxed) != came_in_round) return true;
    lock.lock();
    if (how == GaveWay::kCrowded) learn_of_crowd();
  }
  if (!is_over()) {
    FIRN_SCHEDULE_POINT("in front of the sleep");
    synced_.wait(lock);
  }
  return false;
}

Status SyncGroup::wait_together(LogPosition position, std::unique_lock<std::mutex>& lock) {
  const uint64_t came_in_round = round_;
  gathered_++;
  wanted_ = std::max(wanted_, position);
  while (log_.durable() < position) {
    if (!error_.ok()) {
      if (came_in_round == round_) gathered_--;
      return error_;
    }
    const bool takes_over = is_gathering_ && have_all_come();
    if (is_syncing_ && !takes_over) {
      if (wait_for_sync(position, came_in_round, lock)) return {};
      continue;
    }
    is_syncing_ = true;
    if (takes_over || wait_for_others(lock)) sync(lock);
  }
  // It came while a sync ran whose end lay behind its position: that one served it too.
  if (came_in_round == round_) {
    gathered_--;
    counts_.waits++;
  }
  if (is_gathering_ && have_all_come()) synced_.notify_all();  // he was the last, and takes nothing over
  return {};
}

void SyncGroup::sync(std::unique_lock<std::mutex>& lock) {
  is_gathering_ = false;
  round_++;
  const uint64_t group = gathered_;
  gathered_ = 0;
  const LogPosition wanted = wanted_;
  lock.unlock();
  const int64_t begin_ns = log_.env().monotonic_ns();
  // An exhausted memory leaves this function by an exception: the others must not wait for a sync that nobody does.
  struct Turn {
    SyncGroup* group;
    ~Turn() {
      if (group == nullptr) return;
      const std::lock_guard again(group->mutex_);
      group->is_syncing_ = false;
      group->synced_.notify_all();
    }
  } turn{this};
  FIRN_SCHEDULE_POINT("in front of the sync");
  Result<LogPosition> reached = log_.sync(wanted);
  FIRN_SCHEDULE_POINT("log synced");
  turn.group = nullptr;
  const int64_t sync_ns = log_.env().monotonic_ns() - begin_ns;
  sync_ns_.add(static_cast<uint64_t>(sync_ns));
  lock.lock();
  is_syncing_ = false;
  last_sync_ns_ = sync_ns;
  if (gives_way()) pause_ /= 2;
  expected_count_ = came_count_.load(std::memory_order_relaxed) + group;
  company_ = group + gathered_;
  counts_.syncs++;
  counts_.waits += group;
  counts_.group_max = std::max(counts_.group_max, group);
  if (!reached.ok()) error_ = reached.status();
  synced_.notify_all();
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
