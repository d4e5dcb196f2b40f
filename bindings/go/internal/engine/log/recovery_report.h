// RecoveryReport: what opening a database or a durable log found (firn_recovery_info).
// Threading: a value type.
#pragma once

#include <string>

#include "log/recovery.h"

namespace firn {

struct RecoveryReport {
  bool clean = true;
  uint64_t records_replayed = 0;
  uint64_t bytes_replayed = 0;
  uint64_t bytes_dropped = 0;
  uint64_t dropped_offset = 0;
  std::string dropped_file;

  void note(const LogRecovery& found) {
    records_replayed = found.record_count;
    bytes_replayed = found.record_payload_bytes;
    bytes_dropped = found.dropped_bytes;
    dropped_offset = found.dropped_offset;
    dropped_file = found.dropped_file;
  }
};

}  // namespace firn
