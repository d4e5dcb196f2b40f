// Statistics: what was counted, and the shape of the tree at this moment, gathered into a report.
#include "db/db_impl.h"

namespace firn {
namespace {

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

void report_tables(const Version& version, StatsReport* report) {
  uint64_t largest_run_bytes = 0;
  for (const Run& run : version.runs) {
    StatsReport::RunReport of_run{.table_count = run.tables.size(), .bytes = run.bytes(), .entry_count = run.entry_count()};
    for (const TableRef& table : run.tables) {
      const TableProperties& properties = table->table->properties();
      report->table_tombstones += properties.tombstone_count;
      report->table_key_value_bytes += properties.key_value_bytes;
      report->table_memory_bytes += table->table->memory_bytes();
    }
    report->table_count += of_run.table_count;
    report->table_bytes += of_run.bytes;
    report->table_entries += of_run.entry_count;
    largest_run_bytes = std::max(largest_run_bytes, of_run.bytes);
    report->runs.push_back(of_run);
  }
  report->run_count = report->runs.size();
  if (largest_run_bytes != 0) report->space_amplification_permille = report->table_bytes * 1000 / largest_run_bytes;
}

void report_memtables(const ReadView& view, StatsReport* report) {
  const auto add = [report](const Memtable& memtable) {
    report->memtable_count++;
    report->memtable_bytes += memtable.memory_bytes();
    report->log_bytes += memtable.segment()->capacity();
  };
  if (view.active() != nullptr) {
    add(*view.active());
    report->log_is_mapped = view.active()->segment()->io() == SegmentIo::kMmap;
  }
  for (const auto& memtable : view.sealed()) {
    add(*memtable);
    report->flush_debt_bytes += memtable->end();
  }
}

}  // namespace

void DbImpl::report_counts(StatsReport* report) {
  const DbStats& stats = core_.stats;
  report->gets = stats.calls.sum(DbStats::kGets);
  report->get_misses = stats.calls.sum(DbStats::kGetMisses);
  report->get_bytes = stats.calls.sum(DbStats::kGetBytes);
  report->scans = stats.calls.sum(DbStats::kScans);
  report->transactions = stats.calls.sum(DbStats::kTransactions);
  report->conflicts = stats.calls.sum(DbStats::kConflicts);
  report->commits = stats.written.commits.load();
  report->deletes = stats.written.deletes.load();
  report->puts = stats.written.operations.load() - report->deletes;
  report->write_bytes = stats.written.key_value_bytes.load();
  report->log_written_bytes = stats.written.log_bytes.load();
  const Jobs::Counts& jobs = jobs_.counts();
  report->flushes = jobs.flushes.load();
  report->flush_bytes = jobs.flush_bytes.load();
  report->compactions = jobs.compactions.load();
  report->compaction_read_bytes = jobs.compaction_read_bytes.load();
  report->compaction_bytes = jobs.compaction_bytes.load();
  report->moved_tables = jobs.moved_tables.load();
  report->cache_misses = stats.traffic->chunk_count.load();
  report->cache_miss_bytes = stats.traffic->chunk_bytes.load();
  report->events = core_.events.last_number();
  report->get = stats.get_ns.read();
  report->commit = stats.commit_ns.read();
  report->flush = stats.flush_ns.read();
  report->compaction = stats.compaction_ns.read();
  report->stall = stats.stall_ns.read();
  report->stalls = report->stall.count;
  if (core_.awaits_first_write.load(std::memory_order_acquire) || core_.sync_group == nullptr) return;
  const SyncGroup::Counts group = core_.sync_group->counts();
  report->syncs = group.syncs;
  report->sync_waits = group.waits;
  report->sync_group_max = group.group_max;
  report->sync = core_.sync_group->sync_ns().read();
}

StatsReport DbImpl::stats() {
  core_.views->reclaim();
  const ReadView& view = *core_.views->current();
  StatsReport report;
  report.path = core_.path;
  report.durability = name_of(core_.options.durability);
  report.is_read_only = core_.options.read_only || core_.is_failed.load();
  report.tables_are_mapped = core_.options.table_io == TableIo::kMmap;
  report.is_compacting = jobs_.is_compacting();
  report.version = core_.visible.load();
  report.durable_version = core_.durable_seq.load();
  report.uptime_ms = static_cast<uint64_t>(core_.env->monotonic_ns() - core_.opened_ns) / 1'000'000;
  report_counts(&report);
  report.log_is_mapped = core_.options.log_io == LogIo::kMmap;
  report_memtables(view, &report);
  report_tables(*view.version(), &report);
  report.compaction_debt_bytes = jobs_.debt_bytes(*view.version());
  const uint64_t written_bytes = report.log_written_bytes + report.flush_bytes + report.compaction_bytes;
  if (report.write_bytes != 0) report.write_amplification_permille = written_bytes * 1000 / report.write_bytes;
  report.read_amplification = report.memtable_count + report.run_count;
  report.namespaces = view.catalog()->names().size();
  const ViewStore::Held held = core_.views->held();
  report.retired_views = held.view_count;
  report.retired_oldest_ms = static_cast<uint64_t>(held.oldest_ms);
  report.retired_table_bytes = held.table_bytes;
  return report;
}

}  // namespace firn
