// Salvage: what can be read of a damaged database, written into a new one, and what could not. Nothing that does not verify is taken.
//
// Every table and every log segment is read by itself; of a key the version with the highest number wins, so the order of runs is not needed, nor the manifest, which only
// tells what should be there. It is read twice: first to learn what there is and what is missing, then to merge, one table of each chain of disjoint ones at a time.
// Threading: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env.h"

namespace firn {

enum class LossKind : uint32_t { kManifest = 1, kTable = 2, kRange = 3, kLog = 4, kTail = 5, kNames = 6 };

struct SalvageLoss {
  LossKind kind = LossKind::kTable;
  Code code = Code::kCorrupt;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint64_t entry_count = UINT64_MAX;  // UINT64_MAX: nobody knows
  std::string before;                 // keys that were read in front of it and behind it; empty: none
  std::string after;
  std::string file;
  std::string text;
};

struct SalvageReport {
  uint64_t tables = 0;
  uint64_t tables_damaged = 0;
  uint64_t tables_lost = 0;
  uint64_t log_records = 0;
  uint64_t entries_read = 0;
  uint64_t entries_written = 0;
  uint64_t entries_lost = 0;
  uint64_t bytes_lost = 0;
  std::vector<SalvageLoss> losses;
};

// kLocked, kNotFound, kNotADatabase, kNewerFormat, kCorrupt (nothing at all can be read), codes of the new place as find_new_place, kNoSpace, kIo, kNoMemory.
Result<SalvageReport> salvage(Env& env, const std::string& from, const std::string& to);

}  // namespace firn
