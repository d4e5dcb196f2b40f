#include "db/stats_report.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

namespace firn {
namespace {

using R = StatsReport;
constexpr bool kCounter = true;
constexpr bool kGauge = false;

constexpr StatsField kFields[] = {
    {"version", kGauge, "Version of the last commit.", &R::version},
    {"durable_version", kGauge, "Commits up to this version are known to be durable.", &R::durable_version},
    {"uptime_ms", kGauge, "Milliseconds since the opening.", &R::uptime_ms},
    {"gets", kCounter, "Keys looked up.", &R::gets},
    {"get_misses", kCounter, "Keys looked up that were not there.", &R::get_misses},
    {"get_bytes", kCounter, "Bytes of values found.", &R::get_bytes},
    {"scans", kCounter, "Scans opened.", &R::scans},
    {"commits", kCounter, "Commits.", &R::commits},
    {"puts", kCounter, "Entries written.", &R::puts},
    {"deletes", kCounter, "Deletions written.", &R::deletes},
    {"write_bytes", kCounter, "Bytes of keys and values written.", &R::write_bytes},
    {"transactions", kCounter, "Transactions begun.", &R::transactions},
    {"conflicts", kCounter, "Transactions refused because what they had read had changed.", &R::conflicts},
    {"log_written_bytes", kCounter, "Bytes appended to the write-ahead log.", &R::log_written_bytes},
    {"syncs", kCounter, "Syncs of the write-ahead log.", &R::syncs},
    {"sync_waits", kCounter, "Calls that waited for a sync.", &R::sync_waits},
    {"sync_group_max", kGauge, "The most calls that one sync served.", &R::sync_group_max},
    {"flushes", kCounter, "Flushes.", &R::flushes},
    {"flush_bytes", kCounter, "Bytes of tables written by flushes.", &R::flush_bytes},
    {"compactions", kCounter, "Compactions.", &R::compactions},
    {"compaction_read_bytes", kCounter, "Bytes of tables read by compactions.", &R::compaction_read_bytes},
    {"compaction_bytes", kCounter, "Bytes of tables written by compactions.", &R::compaction_bytes},
    {"moved_tables", kCounter, "Tables taken over by compactions as they were.", &R::moved_tables},
    {"stalls", kCounter, "Times that a writer waited for a flush or a compaction.", &R::stalls},
    {"cache_misses", kCounter,
     "Chunks of tables read, or verified for the first time where mapped, except what jobs read back of new tables.", &R::cache_misses},
    {"cache_miss_bytes", kCounter, "Bytes of these chunks.", &R::cache_miss_bytes},
    {"events", kCounter, "Events told.", &R::events},
    {"memtable_count", kGauge, "Memtables.", &R::memtable_count},
    {"memtable_bytes", kGauge, "Bytes of memory of the indexes of memtables.", &R::memtable_bytes},
    {"log_bytes", kGauge, "Bytes of the log segments of memtables.", &R::log_bytes},
    {"run_count", kGauge, "Sorted runs.", &R::run_count},
    {"table_count", kGauge, "Tables.", &R::table_count},
    {"table_bytes", kGauge, "Bytes of tables on disk.", &R::table_bytes},
    {"table_entries", kGauge, "Entries in tables, deleted and expired ones included.", &R::table_entries},
    {"table_tombstones", kGauge, "Deletions in tables.", &R::table_tombstones},
    {"table_key_value_bytes", kGauge, "Bytes of keys and values in tables, uncompressed.", &R::table_key_value_bytes},
    {"table_memory_bytes", kGauge, "Bytes of memory that tables hold.", &R::table_memory_bytes},
    {"flush_debt_bytes", kGauge, "Bytes in memtables that wait for their flush.", &R::flush_debt_bytes},
    {"compaction_debt_bytes", kGauge, "Bytes of tables that the next compaction rewrites.", &R::compaction_debt_bytes},
    {"write_amplification_permille", kGauge, "Thousandths of bytes written to disk for a byte written by the user.",
     &R::write_amplification_permille},
    {"read_amplification", kGauge, "Places that a look-up of an absent key asks.", &R::read_amplification},
    {"space_amplification_permille", kGauge, "Thousandths of bytes of all tables for a byte of the largest run.",
     &R::space_amplification_permille},
    {"namespaces", kGauge, "Named namespaces.", &R::namespaces},
    {"retired_views", kGauge, "Former states that somebody still reads.", &R::retired_views},
    {"retired_oldest_ms", kGauge, "Milliseconds since the oldest of them was the present one.", &R::retired_oldest_ms},
    {"retired_table_bytes", kGauge, "Bytes of tables that only they need.", &R::retired_table_bytes},
};

constexpr StatsLatency kLatencies[] = {
    {"get", "How long firn_get took, one call in 256.", &R::get},
    {"commit", "How long commits took: those that wait for the disk, and of the others one in 256.", &R::commit},
    {"sync", "How long syncs of the write-ahead log took.", &R::sync},
    {"flush", "How long flushes worked.", &R::flush},
    {"compaction", "How long compactions worked.", &R::compaction},
    {"stall", "How long writers waited for a flush or a compaction.", &R::stall},
};

__attribute__((format(printf, 2, 3))) void append(std::string* to, const char* pattern, ...) {
  char buffer[512];
  va_list args;
  va_start(args, pattern);
  std::vsnprintf(buffer, sizeof buffer, pattern, args);
  va_end(args);
  *to += buffer;
}

// As a JSON string, and as the value of a label; bytes that are no printable ASCII become '?', but for those of UTF-8.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return out + "\"";
}

const char* word(bool is_mapped, const char* other) { return is_mapped ? "mmap" : other; }

bool ends_with(const std::string& text, const char* end) { return std::string_view(text).ends_with(end); }

void append_metric(std::string* to, const StatsField& field, uint64_t value, const std::string& labels) {
  std::string name = std::string("firn_") + field.name;
  const std::string_view count = "_count";  // here the end of a histogram's name: a gauge is called after what it counts
  if (name.ends_with(count)) name.replace(name.size() - count.size(), count.size(), "s");
  const bool is_ms = ends_with(name, "_ms");
  const bool is_permille = ends_with(name, "_permille");
  if (is_ms) name.replace(name.size() - 2, 2, "seconds");
  if (is_permille) name.erase(name.size() - std::string_view("_permille").size());
  if (field.is_counter) name += "_total";
  append(to, "# HELP %s %s\n# TYPE %s %s\n", name.c_str(), field.text, name.c_str(), field.is_counter ? "counter" : "gauge");
  *to += name + labels;
  if (is_ms || is_permille)
    append(to, " %" PRIu64 ".%03" PRIu64 "\n", value / 1000, value % 1000);
  else
    append(to, " %" PRIu64 "\n", value);
}

// Buckets whose bounds are powers of two of nanoseconds, from 64 ns to 69 s: every other one.
void append_histogram(std::string* to, const StatsLatency& latency, const Histogram::Reading& reading, const std::string& db_label) {
  constexpr int kFirstBit = 6;
  constexpr int kLastBit = 36;
  const std::string name = std::string("firn_") + latency.name + "_seconds";
  append(to, "# HELP %s %s\n# TYPE %s histogram\n", name.c_str(), latency.text, name.c_str());
  for (int bit = kFirstBit; bit <= kLastBit; bit += 2) {
    const uint64_t bound_ns = (uint64_t{1} << bit) - 1;
    *to += name + "_bucket{" + db_label;
    append(to, ",le=\"%.9g\"} %" PRIu64 "\n", static_cast<double>(bound_ns + 1) * 1e-9, reading.count_up_to(bound_ns));
  }
  *to += name + "_bucket{" + db_label;
  append(to, ",le=\"+Inf\"} %" PRIu64 "\n", reading.count);
  *to += name + "_sum{" + db_label;
  append(to, "} %.9f\n", static_cast<double>(reading.sum) * 1e-9);
  *to += name + "_count{" + db_label;
  append(to, "} %" PRIu64 "\n", reading.count);
}

}  // namespace

std::span<const StatsField> stats_fields() { return kFields; }
std::span<const StatsLatency> stats_latencies() { return kLatencies; }

std::string stats_as_json(const StatsReport& report) {
  std::string json = "{\"durability\":" + quoted(report.durability);
  append(&json, ",\"read_only\":%s,\"log_io\":\"%s\",\"table_io\":\"%s\",\"compacting\":%s", report.is_read_only ? "true" : "false",
         word(report.log_is_mapped, "pwrite"), word(report.tables_are_mapped, "pread"), report.is_compacting ? "true" : "false");
  for (const StatsField& field : kFields) append(&json, ",\"%s\":%" PRIu64, field.name, report.*field.figure);
  json += ",\"runs\":[";
  for (const StatsReport::RunReport& run : report.runs) {
    append(&json, "%s{\"tables\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"entries\":%" PRIu64 "}", &run == &report.runs[0] ? "" : ",",
           run.table_count, run.bytes, run.entry_count);
  }
  json += "],\"latencies\":{";
  for (const StatsLatency& latency : kLatencies) {
    const Histogram::Reading& reading = report.*latency.reading;
    append(&json,
           "%s\"%s\":{\"count\":%" PRIu64 ",\"sum_ns\":%" PRIu64 ",\"p50_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64 ",\"p999_ns\":%" PRIu64
           ",\"max_ns\":%" PRIu64 "}",
           &latency == kLatencies ? "" : ",", latency.name, reading.count, reading.sum, reading.quantile(500), reading.quantile(990),
           reading.quantile(999), reading.max);
  }
  return json + "}}";
}

std::string stats_as_prometheus(const StatsReport& report) {
  const std::string db_label = "db=" + quoted(report.path);
  std::string text;
  for (const StatsField& field : kFields) append_metric(&text, field, report.*field.figure, "{" + db_label + "}");
  constexpr StatsField kReadOnly = {"read_only", kGauge, "Whether the database takes no writes.", nullptr};
  append_metric(&text, kReadOnly, report.is_read_only ? 1 : 0, "{" + db_label + "}");
  for (const StatsLatency& latency : kLatencies) append_histogram(&text, latency, report.*latency.reading, db_label);
  return text;
}

}  // namespace firn
