// Compaction: which runs to merge, and how. A pure decision over a version: it opens nothing and writes nothing.
//
// The policy is size-tiered (as in Bigtable's merging compactions and RocksDB's universal style): runs are merged from the newest on while each next one is not
// much larger than what was gathered, so that every byte is rewritten about log(size) times. Tables that overlap nothing in the other runs are taken over
// as they are, so that sequential loads are never rewritten.
// Threading: stateless.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lsm/namespace_catalog.h"
#include "lsm/version.h"

namespace firn {

struct CompactionPlan {
  uint64_t run_id = 0;           // of the result: that of the newest input
  bool includes_oldest = false;  // nothing lies below: tombstones can go
  std::vector<TableRef> inputs;  // all tables of the merged runs
  std::vector<TableRef> moved;   // those of them that are taken over
  // What is merged: parts with ascending key ranges; in each, one list of tables for every run that takes part, newest run first.
  struct Part {
    std::vector<std::vector<TableRef>> newest_first;
  };
  std::vector<Part> parts;
  Seq seq_lower;
  Seq seq_upper;
};

// What to do next, if anything.
std::optional<CompactionPlan> pick_compaction(const Version& version);
// The same among the runs that are newer than run `run_id`, while a merge of that one and older ones goes on.
std::optional<CompactionPlan> pick_above(const Version& version, uint64_t run_id);
// When at least a quarter of all entries have expired: the merge that drops them. Costs a look at the counts of tables, and nothing where nobody uses expiries.
std::optional<CompactionPlan> pick_purge(const Version& version, int64_t now_ms);
// What scans did since runs were merged last.
struct ScanCounts {
  uint64_t seeks = 0;
  uint64_t entries = 0;
  uint64_t passed = 0;  // entries that are deleted or expired
};
// The neighbouring runs that scans have paid most for, beyond the price of merging them.
std::optional<CompactionPlan> pick_for_scans(const Version& version, const ScanCounts& counts);
// Everything into one run without tombstones, expired entries, or entries of namespaces that `catalog` does not have any more. nullopt: the version is in
// that form already.
std::optional<CompactionPlan> plan_full_compaction(const Version& version, const NamespaceCatalog& catalog);
// How many runs stand between a read and its answer: from the first number on writers are slowed down, at the second they wait.
inline constexpr size_t kRunCountSlow = 12;
inline constexpr size_t kRunCountMax = 24;

}  // namespace firn
