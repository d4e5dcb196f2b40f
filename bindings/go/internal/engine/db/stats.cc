// Statistics as JSON: counters and the shape of the tree at this moment.
#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "db/db_impl.h"

namespace firn {
namespace {

// Appends members to a JSON object that is being written.
class JsonWriter {
 public:
  void number(const char* name, uint64_t value) { format(",\"%s\":%" PRIu64, name, value); }
  void boolean(const char* name, bool value) { format(",\"%s\":%s", name, value ? "true" : "false"); }
  void text(const char* name, const char* value) { format(",\"%s\":\"%s\"", name, value); }
  void begin_array(const char* name) {
    format(",\"%s\":[", name);
    first_ = text_.size();
  }
  void begin_object() { text_ += text_.size() == first_ ? "{" : ",{"; }
  void end_object() { text_ += "}"; }
  void end_array() { text_ += "]"; }
  std::string finish() {
    // A member begins with a comma; behind an opening brace it has nothing to separate.
    for (size_t at = 0; (at = text_.find("{,", at)) != std::string::npos;) text_.erase(at + 1, 1);
    return text_ + "}";
  }

 private:
  __attribute__((format(printf, 2, 3))) void format(const char* pattern, ...) {
    char buffer[256];
    va_list args;
    va_start(args, pattern);
    std::vsnprintf(buffer, sizeof buffer, pattern, args);
    va_end(args);
    text_ += buffer;
  }
  std::string text_ = "{";
  size_t first_ = 0;
};

const char* name_of(Durability durability) {
  switch (durability) {
    case Durability::kNone:
      return "none";
    case Durability::kProcess:
      return "process";
    case Durability::kEvery:
      return "every";
    case Durability::kInterval:
      return "interval";
    case Durability::kSync:
      return "sync";
  }
  return "";
}

}  // namespace

std::string DbImpl::stats_json() {
  const ReadView& view = *core_.views->current();
  JsonWriter json;
  json.number("version", core_.visible.load());
  json.text("durability", name_of(core_.options.durability));
  json.boolean("read_only", core_.options.read_only || core_.is_failed.load());
  uint64_t memtable_bytes = 0;
  uint64_t log_bytes = 0;
  const auto count_memtable = [&](const Memtable& memtable) {
    memtable_bytes += memtable.memory_bytes();
    log_bytes += memtable.segment()->capacity();
  };
  if (view.active() != nullptr) {
    count_memtable(*view.active());
    json.text("log_io", view.active()->segment()->io() == SegmentIo::kMmap ? "mmap" : "pwrite");
  }
  for (const auto& memtable : view.sealed()) count_memtable(*memtable);
  json.number("memtable_count", view.sealed().size() + (view.active() != nullptr ? 1 : 0));
  json.number("memtable_bytes", memtable_bytes);
  json.number("log_bytes", log_bytes);
  uint64_t table_memory_bytes = 0;
  uint64_t entry_count = 0;
  json.begin_array("runs");
  for (const Run& run : view.version()->runs) {
    uint64_t run_entry_count = 0;
    for (const TableRef& table : run.tables) {
      table_memory_bytes += table->table->memory_bytes();
      run_entry_count += table->table->properties().entry_count;
    }
    entry_count += run_entry_count;
    json.begin_object();
    json.number("tables", run.tables.size());
    json.number("bytes", run.bytes());
    json.number("entries", run_entry_count);
    json.end_object();
  }
  json.end_array();
  json.number("table_count", view.version()->table_count());
  json.number("table_bytes", view.version()->bytes());
  json.number("table_entries", entry_count);
  json.number("table_memory_bytes", table_memory_bytes);
  json.number("namespaces", view.catalog()->names().size());
  json.number("retired_views", core_.views->retired_count());
  json.number("stalls", core_.stall_count.load());
  if (core_.sync_group != nullptr) json.number("syncs", core_.sync_group->sync_count());
  const Jobs::Counts& counts = jobs_.counts();
  json.number("flushes", counts.flushes.load());
  json.number("flush_bytes", counts.flush_bytes.load());
  json.number("compactions", counts.compactions.load());
  json.number("compaction_bytes", counts.compaction_bytes.load());
  json.number("moved_tables", counts.moved_tables.load());
  return json.finish();
}

}  // namespace firn
