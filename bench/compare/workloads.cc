#include "compare/workloads.h"

#include <unistd.h>

#include <algorithm>

#include "compare/results.h"

#include "compare/production_mix.h"

namespace bench {
namespace {

constexpr const char* kRate = "kops";
constexpr const char* kRateUnit = "k/s";
constexpr const char* kTail = "p999_us";
constexpr const char* kTailUnit = "us p99.9";

const Workload kWorkloads[] = {
    {"fillseq", "sequential", kRate, kRateUnit, true, kNothing, "each key once, in order, one put a commit"},
    {"fillrandom", "random", kRate, kRateUnit, true, kNothing, "each key once, in random order, one put a commit"},
    {"readrandom_fresh", "random", kRate, kRateUnit, true, kNothing, "uniform gets right after fillrandom, background work going on"},
    {"readseq_fresh", "random", kRate, kRateUnit, true, kOrder, "the first whole scan after fillrandom (entries)"},
    {"written", "random", "ratio", "x data", false, kFiles,
     "bytes written for fillrandom until quiet, against the bytes of keys and values"},
    {"overwrite", "random", kRate, kRateUnit, true, kNothing, "each key once more, in another random order"},
    {"compact", "random", "seconds", "s", false, kFiles, "the store's own compaction of everything"},
    {"space", "random", "ratio", "x data", false, kFiles, "blocks on disk after it, against the bytes of keys and values"},
    {"readseq", "random", kRate, kRateUnit, true, kOrder, "whole scan, compacted (entries)"},
    {"readrandom", "random", kRate, kRateUnit, true, kNothing, "uniform gets, compacted"},
    {"readrandom_mt", "random", kRate, kRateUnit, true, kThreads, "the same from --threads threads"},
    {"readmissing", "random", kRate, kRateUnit, true, kNothing, "gets of keys between the stored ones"},
    {"readhot", "random", kRate, kRateUnit, true, kNothing, "zipfian .99 gets, hot keys scattered"},
    {"read1000", "random", kRate, kRateUnit, true, kNothing, "uniform gets over 1,000 of the keys"},
    {"multiget100", "random", kRate, kRateUnit, true, kNothing, "100 uniform keys a call (keys)"},
    {"seek10", "random", kRate, kRateUnit, true, kOrder, "open a scan at a uniform key, 10 entries, close (scans)"},
    {"seek100", "random", kRate, kRateUnit, true, kOrder, "the same, 100 entries (scans)"},
    {"memory_anonymous", "random", "mb", "MB", false, kNothing, "anonymous memory after the reads, less the driver's own"},
    {"memory_file", "random", "mb", "MB", false, kNothing, "mapped file pages after the reads"},
    {"readwriting_reads", "random", kRate, kRateUnit, true, kThreads, "one thread reads, one overwrites, both flat out: reads"},
    {"readwriting_writes", "random", kRate, kRateUnit, true, kThreads, "the same: writes"},
    {"readheld", "random", kRate, kRateUnit, true, kThreads, "reads while one thread overwrites at --held-writes a second"},
    {"fillbatch1000", "batch", kRate, kRateUnit, true, kNothing, "random keys, 1000 puts a commit (puts)"},
    {"fillsync_1", "sync", kRate, kRateUnit, true, kNothing, "random puts, each on the device when it returns, 1 thread"},
    {"fillsync_4", "sync", kRate, kRateUnit, true, kThreads, "the same from 4 threads"},
    {"fillsync_16", "sync", kRate, kRateUnit, true, kThreads, "the same from 16 threads"},
    {"ycsb_a", "ycsb", kRate, kRateUnit, true, kNothing, "zipfian, 50 % reads, 50 % updates"},
    {"ycsb_b", "ycsb", kRate, kRateUnit, true, kNothing, "zipfian, 95 % reads, 5 % updates"},
    {"ycsb_c", "ycsb", kRate, kRateUnit, true, kNothing, "zipfian, reads"},
    {"ycsb_f", "ycsb", kRate, kRateUnit, true, kNothing, "zipfian, 50 % reads, 50 % read-modify-write"},
    {"ycsb_d", "ycsb", kRate, kRateUnit, true, kNothing, "95 % reads of the latest, 5 % inserts"},
    {"ycsb_e", "ycsb", kRate, kRateUnit, true, kOrder, "95 % scans of 1 to 100 from a zipfian key, 5 % inserts"},
    {"ycsb_a_mt", "ycsb", kRate, kRateUnit, true, kThreads, "A from --threads threads"},
    {"ycsb_b_mt", "ycsb", kRate, kRateUnit, true, kThreads, "B from --threads threads"},
    {"ycsb_c_mt", "ycsb", kRate, kRateUnit, true, kThreads, "C from --threads threads"},
    {"ycsb_f_mt", "ycsb", kRate, kRateUnit, true, kThreads, "F from --threads threads"},
    {"ycsb_d_mt", "ycsb", kRate, kRateUnit, true, kThreads, "D from --threads threads"},
    {"ycsb_e_mt", "ycsb", kRate, kRateUnit, true, kOrder | kThreads, "E from --threads threads"},
    {"mixed", "mixed", kRate, kRateUnit, true, kOrder,
     "83 % gets, 14 % puts, 3 % scans, sizes and keys as in production (production_mix.h)"},
    {"mixed_get", "mixed", kTail, kTailUnit, false, kOrder, "its gets: 99.9 % take at most this"},
    {"mixed_put", "mixed", kTail, kTailUnit, false, kOrder, "its puts"},
    {"mixed_scan", "mixed", kTail, kTailUnit, false, kOrder, "its scans"},
    {"mixed_mt", "mixed", kRate, kRateUnit, true, kOrder | kThreads, "the same from --threads threads"},
    {"mixed_get_mt", "mixed", kTail, kTailUnit, false, kOrder | kThreads, "its gets"},
    {"mixed_put_mt", "mixed", kTail, kTailUnit, false, kOrder | kThreads, "its puts"},
    {"mixed_scan_mt", "mixed", kTail, kTailUnit, false, kOrder | kThreads, "its scans"},
    {"ts_fill", "timeseries", kRate, kRateUnit, true, kNothing, "keys that grow with time (12 bytes), each window of 64 in some order"},
    {"ts_latest", "timeseries", kRate, kRateUnit, true, kNothing, "uniform gets of the newest tenth"},
    {"ts_scan100", "timeseries", kRate, kRateUnit, true, kOrder, "100 entries from a uniform key of the newest tenth (scans)"},
    {"ts_expire", "timeseries", kRate, kRateUnit, true, kNothing, "deletes the oldest tenth, key by key, in order"},
    {"ts_oldest", "timeseries", kRate, kRateUnit, true, kOrder, "scans of 10 from the first of the deleted keys (scans)"},
    {"counter", "counter", "ns_op", "ns", false, kCounters, "adds 1 to one counter"},
    {"sustained_put", "sustained", kRate, kRateUnit, true, kThreads,
     "one thread inserts random keys for --sustained-seconds, one reads random ones, flat out: inserts"},
    {"sustained_put_first", "sustained", kRate, kRateUnit, true, kThreads, "the same: inserts of the first tenth"},
    {"sustained_second", "sustained", "put_kops", kRateUnit, true, kThreads, "inserts of the median second"},
    {"sustained_put_last", "sustained", kRate, kRateUnit, true, kThreads, "inserts of the last tenth"},
    {"sustained_put_lowest", "sustained", "ratio", "x median", true, kThreads, "inserts of the slowest second, against the median one"},
    {"sustained_put_pause", "sustained", "ms", "ms", false, kThreads, "the longest insert"},
    {"sustained_get", "sustained", kRate, kRateUnit, true, kThreads, "its reads"},
    {"sustained_get_first", "sustained", kRate, kRateUnit, true, kThreads, "reads of the first tenth"},
    {"sustained_get_last", "sustained", kRate, kRateUnit, true, kThreads, "reads of the last tenth"},
    {"sustained_get_lowest", "sustained", "ratio", "x median", true, kThreads, "reads of the slowest second, against the median one"},
    {"sustained_get_pause", "sustained", "ms", "ms", false, kThreads, "the longest read"},
    {"sustained_memory", "sustained", "mb", "MB", false, kThreads,
     "growth of anonymous memory: its most in the second half over its most in the second quarter"},
    {"sustained_space", "sustained", "ratio", "x data", false, kThreads | kFiles,
     "the most blocks on disk in the second half, against the bytes of live keys and values"},
    {"recovery", "recovery", "seconds", "s", false, kFiles, "open and first get after fillrandom and kill -9; then every key is verified"},
    {"open_clean", "open", "ms", "ms", false, kFiles, "open and first get after fillrandom and close, new process"},
    {"open_empty", "empty", "ms", "ms", false, kFiles, "open and close of an empty database"},
    {"space_empty", "empty", "kib", "KiB", false, kFiles, "blocks of an empty, closed database"},
};

const Group kGroups[] = {{.name = "sequential"},
                         {.name = "random"},
                         {.name = "batch"},
                         {.name = "sync"},
                         {.name = "ycsb", .scattered_keys = true},
                         {.name = "mixed", .production_values = true},
                         {.name = "timeseries", .time_keys = true},
                         {.name = "counter"},
                         {.name = "sustained", .only_by_name = true, .scattered_keys = true},
                         {.name = "recovery", .stage_count = 2},
                         {.name = "open", .stage_count = 2},
                         {.name = "empty", .stage_count = 2}};

}  // namespace

std::span<const Workload> workloads() { return kWorkloads; }
std::span<const Group> groups() { return kGroups; }

const Workload* find_workload(std::string_view name) {
  for (const auto& workload : kWorkloads)
    if (workload.name == name) return &workload;
  return nullptr;
}

bool selected(const Options& options, const Workload& workload) {
  if (options.workloads.empty()) {
    const auto* group =
        std::find_if(std::begin(kGroups), std::end(kGroups), [&](const Group& g) { return g.name == std::string_view(workload.group); });
    return !group->only_by_name;
  }
  return std::any_of(options.workloads.begin(), options.workloads.end(),
                     [&](const std::string& name) { return name == workload.name || name == workload.group; });
}

bool can_run(const EngineInfo& engine, const Workload& workload) {
  const bool syncs = workload.group == std::string_view("sync");
  if (syncs && !engine.persistent && engine.name != "null") return false;
  const unsigned has = (engine.ordered ? kOrder : 0u) | (engine.persistent ? kFiles : 0u) | (engine.threads ? kThreads : 0u) |
                       (engine.counters ? kCounters : 0u);
  return (workload.needs & ~has) == 0;
}

Run::Run(const Options& options, const EngineInfo& engine, const Group& group)
    : options_(options),
      info_(engine),
      keys_(group.time_keys ? KeyKind::kTime : options.key_kind, options.key_bytes, group.scattered_keys, options.key_count),
      values_(group.production_values ? mix_value_sizes() : std::vector{static_cast<uint32_t>(options.value_bytes)}),
      baseline_(process_stats()) {}

bool Run::wants(std::string_view name) const {
  const Workload* workload = find_workload(name);
  return workload != nullptr && selected(options_, *workload) && can_run(info_, *workload);
}

void Run::open(Durability durability, uint64_t key_count) {
  engine_ = info_.open({.path = options_.child_dir,
                        .durability = durability,
                        .key_count = key_count,
                        .key_bytes = options_.key_bytes,
                        .value_bytes = values_.mean_bytes()});
}

void Run::emit(std::string_view workload, const Metrics& metrics) const {
  if (!wants(workload)) return;
  const std::string line = result_line(workload, metrics);
  if (::write(options_.child_fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) fail("cannot report a result");
}

void Run::require(bool right, const std::string& what) const {
  if (!right && info_.checks) fail(info_.name + ": " + options_.child_group + ": " + what);
}

Phase Run::phase(uint64_t operations, unsigned threads) const {
  return {.operations = std::max<uint64_t>(operations, threads), .threads = threads, .seconds_max = options_.seconds_max};
}

int run_child(const Options& options) {
  const EngineInfo* engine = find_engine(options.child_engine);
  const size_t slash = options.child_group.find('/');
  const std::string name = options.child_group.substr(0, slash);
  const auto stage = static_cast<unsigned>(std::stoul(options.child_group.substr(slash + 1)));
  const auto group = std::find_if(std::begin(kGroups), std::end(kGroups), [&](const Group& g) { return g.name == name; });
  if (engine == nullptr || group == std::end(kGroups)) fail("unknown child: " + options.child_engine + " " + options.child_group);
  Run run(options, *engine, *group);
  if (name == "sequential") run_sequential(run);
  if (name == "random") run_random(run);
  if (name == "batch") run_batch(run);
  if (name == "sync") run_sync(run);
  if (name == "ycsb") run_ycsb(run);
  if (name == "mixed") run_mixed(run);
  if (name == "timeseries") run_timeseries(run);
  if (name == "counter") run_counter(run);
  if (name == "sustained") run_sustained(run);
  if (name == "recovery") run_recovery(run, stage);
  if (name == "open") run_open(run, stage);
  if (name == "empty") run_empty(run, stage);
  return 0;
}

}  // namespace bench
