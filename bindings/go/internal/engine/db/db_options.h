// DbOptions: what a database, or a durable log, is opened with, after the text of firn_options was read. See options.h for names, ranges and defaults.
#pragma once

#include <cstdint>

#include "log/durability.h"
#include "table/table.h"

namespace firn {

inline constexpr size_t kBackgroundThreadCountMax = 2;

struct DbOptions {
  bool create_if_missing = true;
  bool error_if_exists = false;
  bool read_only = false;
  bool single_threaded = false;
  bool verify_on_open = false;
  Durability durability = Durability::kProcess;
  uint64_t durability_every_count = 0;  // kEvery
  uint64_t durability_interval_ms = 0;  // kInterval
  uint64_t memtable_bytes = uint64_t{64} << 20;
  uint64_t cache_bytes = uint64_t{256} << 20;
  Compression compression = Compression::kNone;
  LogIo log_io = LogIo::kMmap;
  TableIo table_io = TableIo::kMmap;
  uint64_t background_thread_count = 1;
  uint64_t lock_timeout_ms = 0;
  uint64_t changes_retention_bytes = 0;  // both 0: changes are kept only as long as the log needs them
  uint64_t changes_retention_ms = 0;     // one of them 0: only the other bounds

  // Options of a durable log: what both have means the same.
  uint64_t segment_bytes = uint64_t{64} << 20;
  uint64_t retention_bytes = 0;
  uint64_t retention_ms = 0;
  bool has_db_only = false;   // an option was set that a log does not have
  bool has_log_only = false;  // an option was set that a database does not have

  bool retains_changes() const { return changes_retention_bytes != 0 || changes_retention_ms != 0; }
};

}  // namespace firn
