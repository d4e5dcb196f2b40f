// LogState: what a durable log consists of, as a small file names it. A change writes the next file, syncs it and its name, and then removes the one before: so one
// of the two is whole after a crash. FORMAT.md gives the bytes.
// Threading: one thread at a time.
#pragma once

#include <vector>

#include "base/result.h"
#include "env/env.h"
#include "log/log.h"

namespace firn {

inline constexpr uint64_t kIndexMax = (uint64_t{1} << 63) - 1;

// A segment and which indexes it holds: from `first` on, below `until`. What it holds beyond is trimmed.
struct PartRecord {
  uint64_t segment_id = 0;
  uint64_t first = 0;  // UINT64_MAX: not known, the first record says it (the segment was prepared and perhaps used)
  uint64_t until = UINT64_MAX;
  LogPosition base = 0;      // of the segment
  LogPosition end = 0;       // where its records end; 0: not known, it was being written to
  int64_t last_time_ms = 0;  // of its last record, if the end is known

  bool is_known() const { return first != UINT64_MAX; }
};

struct LogState {
  uint64_t number = 0;        // of the file
  uint64_t log_id = 0;        // 0: there is no log, and never was a state that counted
  uint64_t first = 0;         // the first index
  uint64_t next = 0;          // the next one; only if closed_clean
  LogPosition next_base = 0;  // no position of the log at or above it was ever used
  bool closed_clean = false;
  std::vector<PartRecord> parts;  // ascending
  bool is_newest = true;          // false: a file above it is torn, or being written beside the reader; `number` is that file's

  // The newest whole state. kCorrupt, kNewerFormat, kIo.
  static Result<LogState> load(Directory& directory);
  // Whether both were loaded from the same files in the same condition.
  bool is_same(const LogState& other) const { return number == other.number && is_newest == other.is_newest; }
  // Writes the state under the next number and removes older files.
  Status save(Directory& directory);
};

bool parse_state_name(const std::string& name, uint64_t* number);

}  // namespace firn
