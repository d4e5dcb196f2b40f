// SyncGroup: who waits for durability waits together. One caller syncs the log for all that were there before; the next group gathers meanwhile. Writers
// are never held up: they append while a sync runs. Before a sync its caller waits a moment for those whom the last one released, who are about to come
// back: else they would just miss it, and two halves of the threads would take turns. The moment is bounded by an eighth of what the last sync took.
//
//   DUR-1  wait(position) returns ok only when everything below `position` is durable.
//   DUR-2  A failed sync is final: every wait for what was not durable then fails, now and later, until what it concerned is durable by other means (forgive).
//
// Threading: any number of threads.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/histogram.h"
#include "log/log.h"

namespace firn {

class SyncGroup {
 public:
  explicit SyncGroup(Log& log) : log_(log) {}

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
  void wait_for_others(std::unique_lock<std::mutex>& lock);

  Log& log_;
  mutable std::mutex mutex_;
  std::condition_variable synced_;
  bool is_syncing_ = false;
  Status error_;
  std::condition_variable all_came_;
  size_t waiting_count_ = 0;   // calls that go on
  size_t expected_count_ = 0;  // calls that went on when the last sync ended
  int64_t last_sync_ns_ = 0;
  uint64_t round_ = 0;     // syncs that have begun
  uint64_t gathered_ = 0;  // calls that came since the last of them began
  Counts counts_;
  Histogram sync_ns_;
};

}  // namespace firn
