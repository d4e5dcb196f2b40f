#include "db/scan_trigger.h"

namespace firn {
namespace {

// In ns of one thread, 16-byte keys with values of 100 bytes, `bench/README.md`: what a scan pays for a memtable's array beside a run with the same entries, and for each entry in it; what
// a flush takes for an entry, and at least.
constexpr uint64_t kScanOfMemtableNs = 500;
constexpr uint64_t kEntryOfMemtableNs = 15;
constexpr uint64_t kFlushEntryNs = 150;
constexpr uint64_t kFlushNs = 5'000'000;
constexpr uint64_t kKeyCountMin = 16384;    // fewer stay in the processor's caches, where a run would be no faster
constexpr size_t kRunCountMaxForFlush = 4;  // another run must not bring writers nearer to kRunCountMax

}  // namespace

ScanCounts ScanTrigger::counted() const {
  return {core_.stats.calls.sum(DbStats::kSeeks), core_.stats.calls.sum(DbStats::kScannedEntries)};
}

bool ScanTrigger::wants_flush(const ReadView& view) {
  if (view.active() == nullptr || !view.sealed().empty() || view.version()->runs.size() > kRunCountMaxForFlush) return false;
  const uint64_t key_count = view.active()->key_count();
  if (key_count < kKeyCountMin) return false;
  const ScanCounts now = counted();
  const std::lock_guard lock(mutex_);
  if (segment_id_ != view.active()->segment()->id()) {
    segment_id_ = view.active()->segment()->id();
    at_rotation_ = now;
  }
  uint64_t entry_count = key_count;
  for (const Run& run : view.version()->runs) entry_count += run.entry_count();
  const double share = static_cast<double>(key_count) / static_cast<double>(entry_count);
  const double paid_ns = static_cast<double>((now.seeks - at_rotation_.seeks) * kScanOfMemtableNs) +
                         static_cast<double>((now.entries - at_rotation_.entries) * kEntryOfMemtableNs) * share;
  return paid_ns >= static_cast<double>(kFlushNs + key_count * kFlushEntryNs);
}

void ScanTrigger::sealed() {
  const ScanCounts now = counted();
  const std::lock_guard lock(mutex_);
  at_rotation_ = now;
}

std::optional<CompactionPlan> ScanTrigger::pick(const Version& version) {
  const ScanCounts now = counted();
  const std::lock_guard lock(mutex_);
  if (version.runs.size() < 2) {
    at_compaction_ = now;
    return std::nullopt;
  }
  return pick_for_scans(version, {now.seeks - at_compaction_.seeks, now.entries - at_compaction_.entries});
}

void ScanTrigger::compacted() {
  const ScanCounts now = counted();
  const std::lock_guard lock(mutex_);
  at_compaction_ = now;
}

}  // namespace firn
