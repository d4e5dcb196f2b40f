// SyncGroup: who waits for durability waits together. One caller syncs the log for all that were there before; the next group gathers meanwhile. Writers
// are never held up: they append while a sync runs. Before a sync its caller waits a moment for those whom the last one released, who are about to come
// back: else they would just miss it, and two halves of the threads would take turns. The moment is bounded by a quarter of what the last sync took, and the last who
// comes begins the sync himself: he runs already.
//
// Where more than two wait, they give the processor away and look again, for about a sync's time, before they sleep: waking 16 sleepers takes longer than the sync itself, and who
// has to be woken comes back too late for the next. Measured with 2 processors and 130 us a sync, thousands of commits a second: 16 threads 52 -> 72 for 20 -> 24 us of
// processor time each, 4 threads 18 -> 25 for 35 -> 68 (two threads gained a tenth for twice the time, so they sleep). Where a sync takes more than half a millisecond, or a
// turn tells that others compute, waiters sleep at once.
//
//   DUR-1  wait(position) returns ok only when everything below `position` is durable.
//   DUR-2  A failed sync is final: every wait for what was not durable then fails, now and later, until what it concerned is durable by other means (forgive).
//
// Threading: any number of threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/histogram.h"
#include "env/spinning_mutex.h"
#include "log/log.h"

namespace firn {

class SyncGroup {
 public:
  explicit SyncGroup(Log& log) : log_(log) { make_spinning(mutex_); }

  Status wait(LogPosition position);

  // Everything in the log is durable, the failure is of no concern any more.
  void forgive();

  // What happened so far.
  struct Counts {
    uint64_t syncs = 0;
    uint64_t waits = 0;      // calls that one of them served
    uint64_t group_max = 0;  // the most that one served
  };
  Counts counts() const;
  uint64_t sync_count() const { return counts().syncs; }
  const Histogram& sync_ns() const { return sync_ns_; }

 private:
  Status wait_together(LogPosition position, std::unique_lock<std::mutex>& lock);
  // Whether the sync is the caller's: somebody else may have begun it meanwhile.
  bool wait_for_others(std::unique_lock<std::mutex>& lock);
  // Whether the sync served the caller, who then does not hold the lock.
  bool wait_for_sync(LogPosition position, uint64_t came_in_round, std::unique_lock<std::mutex>& lock);
  void sync(std::unique_lock<std::mutex>& lock);
  bool have_all_come() const { return came_count_.load(std::memory_order_relaxed) >= expected_count_.load(std::memory_order_relaxed); }
  bool gives_way() const { return company_ > 2 && round_ >= crowded_until_round_; }
  void learn_of_crowd();

  Log& log_;
  mutable std::mutex mutex_;
  // Stored under the mutex, and looked at without it.
  std::atomic<bool> is_syncing_{false};      // somebody syncs, or waits for others
  std::atomic<uint64_t> came_count_{0};      // calls so far
  std::atomic<uint64_t> expected_count_{0};  // what it will be when those have come back whom the last sync released
  std::atomic<uint64_t> round_{0};           // syncs that have begun

  std::condition_variable synced_;
  Status error_;
  bool is_gathering_ = false;  // he who is about to sync waits for others
  int64_t last_sync_ns_ = 0;
  uint64_t gathered_ = 0;             // calls that came since the last of them began
  uint64_t company_ = 0;              // calls that the last sync served, or that came while it ran
  uint64_t pause_ = 0;                // rounds for which nobody looks again: grows when others are found to want the processors
  uint64_t crowded_until_round_ = 0;  // until then all sleep at once
  LogPosition wanted_ = 0;            // the highest position that a call has named
  Counts counts_;
  Histogram sync_ns_;
};

}  // namespace firn
