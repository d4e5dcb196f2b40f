// WritePace: how fast writers may go. When the jobs fall behind, every few KiB of log cost a delay that grows with the square of how far they are behind, so that writers come to
// go as fast as the jobs and do not meet a wall: from three memtables, or kRunCountSlow runs, on; at the most 16 MiB a second is left, where the wall would be
// (kSealedCountMax, kRunCountMax). As LevelDB's and RocksDB's slowdowns, but without steps.
//
// Threading: inside the commit door.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "db/db_core.h"

namespace firn {

class WritePace {
 public:
  // What the jobs are behind with.
  struct Debt {
    double memtables = 0;  // sealed ones, and the part of the active one that is used
    size_t runs = 0;
  };

  // The log's active segment is another one.
  void begin_segment() { due_at_ = counted_until_ = 0; }
  // Whether a commit that ends at this offset of the active segment is to be paced.
  bool is_due(uint64_t offset) const { return offset >= due_at_; }
  // Of such a commit: until when its writer waits, by the monotonic clock; 0: not at all.
  int64_t wait_until(uint64_t offset, const Debt& debt, int64_t now_ns) {
    const double steps = static_cast<double>(offset - counted_until_) / kStepBytes;
    counted_until_ = offset;
    due_at_ = offset + kStepBytes;
    const double delay_ns = steps * delay_of_step_ns(debt);
    if (delay_ns == 0) return free_at_ns_ = 0;
    free_at_ns_ = std::max(free_at_ns_, now_ns) + static_cast<int64_t>(delay_ns);
    return free_at_ns_;
  }

  static double delay_of_step_ns(const Debt& debt) {
    const double memtables = (debt.memtables - kSealedCountSlow) / (kSealedCountMax - kSealedCountSlow);
    const double runs = (static_cast<double>(debt.runs) - kRunCountSlow) / (kRunCountMax - kRunCountSlow);
    const double behind = std::clamp(std::max(memtables, runs), 0.0, 1.0);
    return kDelayMaxNs * behind * behind;
  }

 private:
  static constexpr uint64_t kStepBytes = 64 << 10;
  static constexpr double kDelayMaxNs = 4e6;
  static constexpr double kSealedCountSlow = 3;

  uint64_t counted_until_ = 0;  // offsets in the active segment
  uint64_t due_at_ = 0;
  int64_t free_at_ns_ = 0;
};

}  // namespace firn
