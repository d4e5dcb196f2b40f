// ScanTrigger: when scans have paid for a flush or a merge. A scan pays for every sorted array and every run that its entries lie in; writing them together has a price, once.
// When what scans have paid since the last time has reached the price it is worth it, whatever comes: rent or buy. What is counted is rough: every seek pays for every run, also for one that
// lies elsewhere or came later. Gets pay next to nothing for another run, so they ask for nothing.
// What is deleted or expired and passed over is paid for too: by a merge down to the oldest run, which drops it.
// Threading: any thread.
#pragma once

#include <mutex>
#include <optional>

#include "db/db_core.h"
#include "lsm/compaction.h"

namespace firn {

class ScanTrigger {
 public:
  explicit ScanTrigger(DbCore& core) : core_(core) {}

  // Whether scans have paid for a flush of the active memtable, behind which no other waits for its own.
  bool wants_flush(const Memtable& active, const Version& version);
  void sealed();  // from now on they pay for one anew
  // The merge of runs that they have paid for, if there is one.
  std::optional<CompactionPlan> pick(const Version& version) const;
  void compacted();  // from now on they pay for one anew

 private:
  ScanCounts counted() const;
  ScanCounts since(const ScanCounts& then) const;

  DbCore& core_;
  mutable std::mutex mutex_;  // the rest
  ScanCounts at_compaction_;
  ScanCounts at_rotation_;
  uint64_t segment_id_ = 0;  // of the memtable that was active then
};

}  // namespace firn
