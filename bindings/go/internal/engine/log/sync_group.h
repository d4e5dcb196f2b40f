// SyncGroup: who waits for durability waits together. One caller syncs the log for all that were there before; the next group gathers meanwhile. Writers
// are never held up: they append while a sync runs.
//
//   DUR-1  wait(position) returns ok only when everything below `position` is durable.
//   DUR-2  A failed sync is final: every wait for what was not durable then fails, now and later.
//
// Threading: any number of threads.
#pragma once

#include <condition_variable>
#include <mutex>

#include "log/log.h"

namespace firn {

class SyncGroup {
 public:
  explicit SyncGroup(Log& log) : log_(log) {}

  Status wait(LogPosition position);
  uint64_t sync_count() const { return sync_count_.load(std::memory_order_relaxed); }

 private:
  Log& log_;
  std::mutex mutex_;
  std::condition_variable synced_;
  bool is_syncing_ = false;
  Status error_;
  std::atomic<uint64_t> sync_count_{0};
};

}  // namespace firn
