#include "db/scan_trigger.h"

#include <algorithm>

namespace firn {
namespace {

// In ns of one thread, 16-byte keys with values of 100 bytes, `bench/README.md`: what a scan pays for a memtable's array beside a run with the same entries, and for each entry in it; what
// a flush takes for an entry, and at least.
constexpr double kScanOfMemtableNs = 700;
constexpr double kEntryOfMemtableNs = 70;
constexpr uint64_t kFlushEntryNs = 150;
constexpr uint64_t kFlushNs = 5'000'000;
constexpr uint64_t kKeyCountMin = 16384;    // fewer stay in the processor's caches, where a run would be no faster
constexpr size_t kRunCountMaxForFlush = 4;  // another run must not bring writers nearer to kRunCountSlow

}  // namespace

ScanCounts ScanTrigger::counted() const {
  return {core_.stats.calls.sum(DbStats::kSeeks), core_.stats.calls.sum(DbStats::kScannedEntries),
          core_.stats.calls.sum(DbStats::kPassedEntries)};
}

// What was counted since. The lines of threads beyond the thousandth may go backwards.
ScanCounts ScanTrigger::since(const ScanCounts& then) const {
  const ScanCounts now = counted();
  return {now.seeks - std::min(now.seeks, then.seeks), now.entries - std::min(now.entries, then.entries),
          now.passed - std::min(now.passed, then.passed)};
}

bool ScanTrigger::wants_flush(const Memtable& active, const Version& version) {
  const uint64_t key_count = active.key_count();
  if (key_count < kKeyCountMin || version.runs.size() > kRunCountMaxForFlush) return false;
  uint64_t entry_count = key_count;
  for (const Run& run : version.runs) entry_count += run.entry_count();
  const double share = static_cast<double>(key_count) / static_cast<double>(entry_count);
  const std::lock_guard lock(mutex_);
  if (segment_id_ != active.segment()->id()) {
    segment_id_ = active.segment()->id();
    at_rotation_ = counted();
  }
  const ScanCounts paid = since(at_rotation_);
  const double paid_ns =
      static_cast<double>(paid.seeks) * kScanOfMemtableNs + static_cast<double>(paid.entries + paid.passed) * kEntryOfMemtableNs * share;
  return paid_ns >= static_cast<double>(kFlushNs + key_count * kFlushEntryNs);
}

void ScanTrigger::sealed() {
  const std::lock_guard lock(mutex_);
  at_rotation_ = counted();
}

std::optional<CompactionPlan> ScanTrigger::pick(const Version& version) const {
  const std::lock_guard lock(mutex_);
  return pick_for_scans(version, since(at_compaction_));
}

void ScanTrigger::compacted() {
  const std::lock_guard lock(mutex_);
  at_compaction_ = counted();
}

}  // namespace firn
