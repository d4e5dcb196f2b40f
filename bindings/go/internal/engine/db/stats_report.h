// StatsReport: the statistics of a database at one moment, and their two texts. One table (kStatsFields) names every figure: the struct of the C API, the JSON object and
// the metrics of Prometheus have the same names in the same order.
// Threading: values and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/histogram.h"

namespace firn {

struct StatsReport {
  // Words.
  std::string path;
  std::string durability;
  bool is_read_only = false;
  bool log_is_mapped = false;
  bool tables_are_mapped = false;
  bool is_compacting = false;

  // Figures, in the order of firn_stats_t.
  uint64_t version = 0;
  uint64_t durable_version = 0;
  uint64_t uptime_ms = 0;
  uint64_t gets = 0;
  uint64_t get_misses = 0;
  uint64_t get_bytes = 0;
  uint64_t scans = 0;
  uint64_t commits = 0;
  uint64_t puts = 0;
  uint64_t deletes = 0;
  uint64_t write_bytes = 0;
  uint64_t transactions = 0;
  uint64_t conflicts = 0;
  uint64_t log_written_bytes = 0;
  uint64_t syncs = 0;
  uint64_t sync_waits = 0;
  uint64_t sync_group_max = 0;
  uint64_t flushes = 0;
  uint64_t flush_bytes = 0;
  uint64_t compactions = 0;
  uint64_t compaction_read_bytes = 0;
  uint64_t compaction_bytes = 0;
  uint64_t moved_tables = 0;
  uint64_t stalls = 0;
  uint64_t cache_misses = 0;
  uint64_t cache_miss_bytes = 0;
  uint64_t events = 0;
  uint64_t memtable_count = 0;
  uint64_t memtable_bytes = 0;
  uint64_t log_bytes = 0;
  uint64_t run_count = 0;
  uint64_t table_count = 0;
  uint64_t table_bytes = 0;
  uint64_t table_entries = 0;
  uint64_t table_tombstones = 0;
  uint64_t table_key_value_bytes = 0;
  uint64_t table_memory_bytes = 0;
  uint64_t flush_debt_bytes = 0;
  uint64_t compaction_debt_bytes = 0;
  uint64_t write_amplification_permille = 0;
  uint64_t read_amplification = 0;
  uint64_t space_amplification_permille = 0;
  uint64_t namespaces = 0;
  uint64_t retired_views = 0;
  uint64_t retired_oldest_ms = 0;
  uint64_t retired_table_bytes = 0;

  Histogram::Reading get;
  Histogram::Reading commit;
  Histogram::Reading sync;
  Histogram::Reading flush;
  Histogram::Reading compaction;
  Histogram::Reading stall;

  struct RunReport {
    uint64_t table_count = 0;
    uint64_t bytes = 0;
    uint64_t entry_count = 0;
  };
  std::vector<RunReport> runs;  // newest first
};

struct StatsField {
  const char* name;
  bool is_counter;  // only grows while the database is open; else it goes up and down
  const char* text;
  uint64_t StatsReport::*figure;
};
struct StatsLatency {
  const char* name;
  const char* text;
  Histogram::Reading StatsReport::*reading;
};
std::span<const StatsField> stats_fields();
std::span<const StatsLatency> stats_latencies();

std::string stats_as_json(const StatsReport& report);
// The text exposition format 0.0.4: HELP, TYPE and a sample a metric, names with firn_ in front, counters with _total behind, seconds and bytes as units.
std::string stats_as_prometheus(const StatsReport& report);

}  // namespace firn
