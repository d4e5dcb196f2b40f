#include "lsm/compaction.h"

#include <algorithm>

#include "base/coverage_mark.h"

namespace firn {
namespace {

constexpr size_t kRunCountTrigger = 4;  // fewer runs are left alone
constexpr uint64_t kPurgeFraction = 4;  // one in so many entries has to be expired for a purge
constexpr uint64_t kSizeRatio = 2;      // a run joins the merge when it is at most so many times larger than the newer ones together

// In ns of one thread: what a scan pays for each run that its entries lie in beyond one, to seek in it and with each entry; what a merge takes for an entry and for a byte (16-byte keys, values
// of 16 B to 16 KiB, bench/README.md), and at least.
constexpr uint64_t kSeekNs = 600;
constexpr uint64_t kScannedEntryNs = 3;
constexpr uint64_t kPassedEntryNs = 35;  // by any scan that passes over a tombstone, which a merge with the oldest run drops
constexpr uint64_t kMergeNs = 5'000'000;
constexpr uint64_t kMergeEntryNs = 100;
constexpr uint64_t kMergeByteNs = 1;

struct Placed {
  size_t run = 0;  // index in the version
  TableRef table;
  const TableProperties& properties() const { return table->table->properties(); }
};

// Neighbours that are both small are merged although they do not overlap: else a million tiny commits would leave a million tiny tables.
bool belong_together(bool gathered_is_small, const Placed& next, const InternalKey& largest) {
  if (next.properties().smallest().compare(largest) <= 0) return true;
  if (!gathered_is_small || next.table->file_bytes >= kTableBytesSmall) return false;
  FIRN_MARK("small tables that do not overlap are merged");
  return true;
}

// Whether a table has entries that a merge down to the oldest run would drop.
bool has_garbage(const TableProperties& properties, const NamespaceCatalog* catalog) {
  if (properties.tombstone_count + properties.expiring_count > 0) return true;
  return catalog != nullptr && !catalog->are_live(properties.smallest_prefix, properties.largest_prefix);
}

// Merges runs [first, last] of the version.
CompactionPlan plan_merge(const Version& version, size_t first, size_t last, const NamespaceCatalog* catalog) {
  CompactionPlan plan;
  plan.run_id = version.runs[first].id;
  plan.includes_oldest = last + 1 == version.runs.size();
  std::vector<Placed> tables;
  plan.seq_lower = kSeqMax;
  for (size_t run = first; run <= last; run++) {
    for (const TableRef& table : version.runs[run].tables) {
      tables.push_back({run, table});
      plan.inputs.push_back(table);
      plan.seq_lower = std::min(plan.seq_lower, table->table->properties().seq_min);
      plan.seq_upper = std::max(plan.seq_upper, table->table->properties().seq_max);
    }
  }
  std::sort(tables.begin(), tables.end(),
            [](const Placed& a, const Placed& b) { return a.properties().smallest().compare(b.properties().smallest()) < 0; });
  for (size_t from = 0; from < tables.size();) {
    // Tables [from, to) overlap in a chain.
    size_t to = from + 1;
    InternalKey largest = tables[from].properties().largest();
    uint64_t bytes = tables[from].table->file_bytes;
    while (to < tables.size() && belong_together(bytes < kTableBytesSmall, tables[to], largest)) {
      const InternalKey own = tables[to].properties().largest();
      if (own.compare(largest) > 0) largest = own;
      bytes += tables[to].table->file_bytes;
      to++;
    }
    if (to - from == 1 && !(plan.includes_oldest && has_garbage(tables[from].properties(), catalog))) {
      FIRN_MARK("a table moves as it is");
      plan.moved.push_back(tables[from].table);
    } else {
      CompactionPlan::Part part;
      part.newest_first.resize(last - first + 1);
      for (size_t i = from; i < to; i++) part.newest_first[tables[i].run - first].push_back(tables[i].table);
      std::erase_if(part.newest_first, [](const auto& run) { return run.empty(); });
      plan.parts.push_back(std::move(part));
    }
    from = to;
  }
  return plan;
}

// Among the newest `run_count` runs.
std::optional<CompactionPlan> pick_among_newest(const Version& version, size_t run_count) {
  if (run_count < kRunCountTrigger) return std::nullopt;
  uint64_t gathered = version.runs[0].bytes();
  size_t last = 0;
  while (last + 1 < run_count && version.runs[last + 1].bytes() <= gathered * kSizeRatio) {
    gathered += version.runs[++last].bytes();
  }
  if (last + 1 >= kRunCountTrigger || last + 1 == version.runs.size()) return plan_merge(version, 0, last, nullptr);
  // Sizes fall steeply, so few runs were gathered; still, too many runs make reads slow.
  if (run_count >= 2 * kRunCountTrigger) {
    FIRN_MARK("a merge of the newest runs, for there are too many");
    return plan_merge(version, 0, kRunCountTrigger - 1, nullptr);
  }
  return std::nullopt;
}

}  // namespace

std::optional<CompactionPlan> pick_compaction(const Version& version) { return pick_among_newest(version, version.runs.size()); }

std::optional<CompactionPlan> pick_above(const Version& version, uint64_t run_id) {
  const auto first_below = std::find_if(version.runs.begin(), version.runs.end(), [run_id](const Run& run) { return run.id <= run_id; });
  return pick_among_newest(version, static_cast<size_t>(first_below - version.runs.begin()));
}

std::optional<CompactionPlan> pick_purge(const Version& version, int64_t now_ms) {
  uint64_t entry_count = 0;
  uint64_t expired_count = 0;
  size_t first = version.runs.size();
  for (size_t run = version.runs.size(); run-- > 0;) {
    for (const TableRef& table : version.runs[run].tables) {
      const TableProperties& properties = table->table->properties();
      entry_count += properties.entry_count;
      if (properties.expiring_count == 0 || now_ms <= properties.expiry_median_ms) continue;
      expired_count += (properties.expiring_count + 1) / 2;
      first = run;
    }
  }
  if (expired_count == 0 || expired_count * kPurgeFraction < entry_count) return std::nullopt;
  FIRN_MARK("a purge of what has expired");
  // Down to the oldest run: an expired entry that hid an older one takes that with it.
  return plan_merge(version, first, version.runs.size() - 1, nullptr);
}

std::optional<CompactionPlan> pick_for_scans(const Version& version, const ScanCounts& counts) {
  const uint64_t paid_a_run_ns = counts.seeks * kSeekNs + counts.entries * kScannedEntryNs;
  const auto has_tombstones = [](const Run& run) {
    return std::any_of(run.tables.begin(), run.tables.end(),
                       [](const TableRef& table) { return table->table->properties().tombstone_count > 0; });
  };
  const auto newest = static_cast<size_t>(std::find_if(version.runs.begin(), version.runs.end(), has_tombstones) - version.runs.begin());
  uint64_t best_gain_ns = 0;
  size_t best_first = 0;
  size_t best_last = 0;
  for (size_t first = 0; first < version.runs.size(); first++) {
    uint64_t price_ns = kMergeNs;
    for (size_t last = first; last < version.runs.size(); last++) {
      price_ns += version.runs[last].entry_count() * kMergeEntryNs + version.runs[last].bytes() * kMergeByteNs;
      const bool drops_tombstones = last + 1 == version.runs.size() && first <= newest && newest <= last;
      const uint64_t paid_ns = paid_a_run_ns * (last - first) + (drops_tombstones ? counts.passed * kPassedEntryNs : 0);
      if (paid_ns <= price_ns + best_gain_ns) continue;
      best_gain_ns = paid_ns - price_ns;
      best_first = first;
      best_last = last;
    }
  }
  if (best_gain_ns == 0) return std::nullopt;
  FIRN_MARK("a merge that scans have paid for");
  return plan_merge(version, best_first, best_last, nullptr);
}

std::optional<CompactionPlan> plan_full_compaction(const Version& version, const NamespaceCatalog& catalog) {
  if (version.runs.empty()) return std::nullopt;
  if (version.runs.size() == 1) {
    const auto& tables = version.runs[0].tables;
    const auto is_dirty = [&catalog](const TableRef& table) { return has_garbage(table->table->properties(), &catalog); };
    if (std::none_of(tables.begin(), tables.end(), is_dirty)) return std::nullopt;
    FIRN_MARK("a full compaction of one run that holds garbage");
  }
  return plan_merge(version, 0, version.runs.size() - 1, &catalog);
}

}  // namespace firn
