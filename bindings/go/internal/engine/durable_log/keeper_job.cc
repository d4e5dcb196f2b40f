// The keeper of a durable log: makes the next segment, the pages ahead and what was sealed durable, and syncs by count or by the clock. A thread, or (single_threaded) a
// piece of the appends that call it.
#include <algorithm>
#include <chrono>
#include <new>

#include "durable_log/durable_log.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr uint64_t kSpareAtFraction = 2;  // the next segment is made when so much of the active one is used
// Pages are made present so far ahead of the writer, so much at a time. When appends wait for the disk less is better: the next fdatasync writes what
// was made present.
constexpr uint64_t kPrefaultAheadBytes = 4 << 20;
constexpr uint64_t kPrefaultChunkBytes = 256 << 10;
constexpr uint64_t kPrefaultAheadSyncBytes = 128 << 10;

}  // namespace

Status DurableLog::start_keeper() {
  pthread_t thread;
  const auto body = [](void* self) -> void* {
    static_cast<DurableLog*>(self)->keep();
    return nullptr;
  };
  if (const int error = pthread_create(&thread, nullptr, body, this); error != 0) {
    return {Code::kNoMemory, "the system gave no thread for the log", path_, 0, error};
  }
  keeper_ = thread;
  return {};
}

void DurableLog::stop_keeper() {
  if (!keeper_) return;
  {
    const std::lock_guard lock(keeper_mutex_);
    keeper_stops_ = true;
  }
  keeper_wakes_.notify_all();
  pthread_join(*keeper_, nullptr);
  keeper_.reset();
}

void DurableLog::call_keeper() {
  {
    const std::lock_guard lock(keeper_mutex_);
    keeper_called_ = true;
  }
  keeper_wakes_.notify_one();
}

// A piece of what the writer will need: pages ahead of it, and the next segment. true: there is more to do.
bool DurableLog::upkeep() {
  std::shared_ptr<Segment> active;
  uint64_t offset = 0;
  {
    const std::lock_guard append_lock(append_mutex_);
    active = log_->active();
    offset = log_->active_offset();
  }
  if (active == nullptr) return false;
  const uint64_t ahead = options_.durability == Durability::kSync ? kPrefaultAheadSyncBytes : kPrefaultAheadBytes;
  // Best effort, both: an append that needs them does it itself, and reports what fails.
  const Result<bool> more = active->prefault(offset + ahead, std::min(ahead, kPrefaultChunkBytes));
  const uint64_t spare_due_at = active->capacity() / kSpareAtFraction;
  {
    const std::lock_guard state_lock(state_mutex_);
    if (spare_ == nullptr && offset >= spare_due_at) (void)make_spare(0).ok();
    if (spare_ != nullptr) (void)spare_->prefault(std::min(ahead, spare_->capacity()), kPrefaultChunkBytes).ok();
    reclaim();
  }
  const std::lock_guard append_lock(append_mutex_);
  if (log_->active() != active || (more.ok() && *more)) return true;
  upkeep_at_ = offset + ahead / 2;
  if (offset < spare_due_at) upkeep_at_ = std::min(upkeep_at_, spare_due_at);
  return false;
}

void DurableLog::keep() {
  register_membarrier();
  const ThreadMark mark;
  const bool by_clock = options_.durability == Durability::kInterval;
  bool more = false;
  const auto interval = std::chrono::milliseconds(options_.durability_interval_ms);
  auto next_sync = std::chrono::steady_clock::now() + interval;
  std::unique_lock lock(keeper_mutex_);
  while (!keeper_stops_) {
    {
      const ThreadPark park;
      const auto is_called = [&] { return more || keeper_called_ || keeper_stops_; };
      if (by_clock) {
        keeper_wakes_.wait_until(lock, next_sync, is_called);
      } else {
        keeper_wakes_.wait(lock, is_called);
      }
    }
    keeper_called_ = false;
    lock.unlock();
    // By the clock, not by the end of a wait: calls may never let a wait end by itself.
    const bool is_time = by_clock && std::chrono::steady_clock::now() >= next_sync;
    if (is_time) next_sync = std::chrono::steady_clock::now() + interval;
    more = keep_once(is_time);
    lock.lock();
  }
}

// Everything that may be due now. true: there is more upkeep to do. What fails for lack of memory is done again with the next call.
bool DurableLog::keep_once(bool is_time) try {
  const bool more = !is_failed_.load() && upkeep();
  std::shared_ptr<Segment> active;
  {
    const std::lock_guard append_lock(append_mutex_);
    active = log_->active();
  }
  const bool rolled = active != kept_ && kept_ != nullptr;
  kept_ = active;
  if (rolled && !is_failed_.load()) (void)retain().ok();  // done again with the next segment
  const uint64_t appended = appends_since_sync_.load(std::memory_order_relaxed);
  const bool is_due = options_.durability == Durability::kEvery && appended >= options_.durability_every_count;
  if ((rolled || is_time || is_due) && !is_failed_.load() && durable() < next()) {
    appends_since_sync_.store(0, std::memory_order_relaxed);
    (void)settle().ok();  // a failure makes the log read-only by itself
  }
  return more;
} catch (const std::bad_alloc&) {
  return false;
}

}  // namespace firn
