// The keepers of a durable log: one makes pages present ahead of the writer and never waits for the disk; the other makes the next segment and what was sealed
// durable, and syncs by count or by the clock. Two threads, or (single_threaded) a piece of the appends that call them.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <new>

#include "durable_log/durable_log.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr uint64_t kSpareAtFraction = 2;  // the next segment is made when so much of the active one is used

}  // namespace

Status DurableLog::start_keepers() {
  register_membarrier();
  const auto marked = [](bool (DurableLog::*turn)(), DurableLog* log) {
    return [turn, log] {
      const ThreadMark mark;
      return (log->*turn)();
    };
  };
  FIRN_TRY(page_keeper_.start(marked(&DurableLog::keep_pages, this), {}, path_));
  const bool by_clock = options_.durability == Durability::kInterval;
  next_sync_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.durability_interval_ms);
  return disk_keeper_.start(marked(&DurableLog::keep_disk, this), std::chrono::milliseconds(by_clock ? options_.durability_interval_ms : 0),
                            path_);
}

void DurableLog::stop_keepers() {
  page_keeper_.stop();
  disk_keeper_.stop();
}

void DurableLog::call_keepers() {
  if (!options_.single_threaded) page_keeper_.call();
  call_disk_keeper();
}

void DurableLog::call_disk_keeper() {
  if (options_.single_threaded)
    is_keeping_due_ = true;
  else
    disk_keeper_.call();
}

// A piece of the pages that the writer will need. true: there is more to do. Best effort, all of it: an append that needs it does it itself, and reports what
// fails.
bool DurableLog::keep_pages() try {
  if (is_failed_.load()) return false;
  std::shared_ptr<Segment> active;
  uint64_t offset = 0;
  {
    const std::lock_guard append_lock(append_mutex_);
    active = log_->active();
    offset = log_->active_offset();
  }
  if (active == nullptr) return false;
  const Log::Ahead ahead = log_->ahead();
  const Result<bool> more = active->prefault(offset + ahead.bytes, ahead.step);
  bool more_of_spare = false;
  if (const std::unique_lock state_lock(state_mutex_, std::try_to_lock);
      state_lock.owns_lock()) {  // who has it may be waiting for the disk
    if (spare_ != nullptr) {
      const Result<bool> more_there = spare_->prefault(ahead.bytes, ahead.step);
      more_of_spare = more_there.ok() && *more_there;
    }
    reclaim();
  }
  const std::lock_guard append_lock(append_mutex_);
  if (log_->active() != active || (more.ok() && *more) || more_of_spare) return true;
  const uint64_t spare_due_at = active->capacity() / kSpareAtFraction;
  upkeep_at_ = offset + ahead.bytes / 2;
  if (offset < spare_due_at) upkeep_at_ = std::min(upkeep_at_, spare_due_at);
  return false;
} catch (const std::bad_alloc&) {
  return false;
}

// The next segment in time, retention and the sync of what was sealed, and syncs by count or by the clock. false: it is done. What fails for lack of memory is done
// again with the next call.
bool DurableLog::keep_disk() try {
  if (is_failed_.load()) return false;
  // By the clock, not by the end of a wait: calls may never let a wait end by itself.
  const bool by_clock = options_.durability == Durability::kInterval && !options_.single_threaded;
  const bool is_time = by_clock && std::chrono::steady_clock::now() >= next_sync_;
  if (is_time) next_sync_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.durability_interval_ms);
  std::shared_ptr<Segment> active;
  uint64_t offset = 0;
  {
    const std::lock_guard append_lock(append_mutex_);
    active = log_->active();
    offset = log_->active_offset();
  }
  // Also from a segment that no turn has seen, or to none: the end was cut off.
  const bool rolled = active != nullptr ? active->id() != kept_segment_id_ : has_sealed();
  const bool is_retention_due = rolled && (active == nullptr || kept_segment_id_.has_value());  // not with the first append of an opening
  if (active != nullptr && offset >= active->capacity() / kSpareAtFraction) {
    const std::lock_guard state_lock(state_mutex_);
    if (spare_ == nullptr && make_spare(0).ok() && !options_.single_threaded) page_keeper_.call();
  }
  if (is_retention_due) (void)retain().ok();  // done again with the next segment
  const uint64_t appended = appends_since_sync_.load(std::memory_order_relaxed);
  const bool is_due = options_.durability == Durability::kEvery && appended >= options_.durability_every_count;
  if (is_due || is_time) appends_since_sync_.store(0, std::memory_order_relaxed);  // also when somebody else's sync came first
  // A failure makes the log read-only by itself.
  if ((is_time || is_due) && durable() < next()) (void)settle().ok();
  if (rolled) (void)settle_sealed().ok();
  if (rolled && !is_failed_.load()) release_tails();
  if (active != nullptr) kept_segment_id_ = active->id();  // at the end: what was thrown out of here is done again
  return false;
} catch (const std::bad_alloc&) {
  return false;
}

// Whether a segment was sealed since release_tails() has looked.
bool DurableLog::has_sealed() {
  const std::lock_guard lock(state_mutex_);
  return !parts_.empty() && parts_.back().part->id() > released_id_ && parts_.back().end != 0;
}

// A segment is sealed early when a large record, or many small ones, do not fit behind what is there. Behind its end nothing will ever be stored.
void DurableLog::release_tails() try {
  Parts sealed;
  {
    const std::lock_guard lock(state_mutex_);
    std::copy_if(parts_.begin(), parts_.end(), std::back_inserter(sealed),
                 [this](const Part& part) { return part.part->id() > released_id_ && part.end != 0; });
  }
  for (const Part& part : sealed) {
    part.part->segment()->release_tail(part.end - part.base);
    released_id_ = part.part->id();
  }
} catch (const std::bad_alloc&) {
  // With the next segment, or not: it is only space.
}

}  // namespace firn
