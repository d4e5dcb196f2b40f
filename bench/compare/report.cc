#include "compare/report.h"

#include <algorithm>

#include "compare/machine.h"
#include "compare/targets.h"
#include "compare/verdict.h"
#include "compare/workloads.h"

namespace bench {
namespace {

bool any(const std::vector<const EngineInfo*>& engines, const Results& results, const Workload& workload, const char* metric) {
  return std::any_of(engines.begin(), engines.end(),
                     [&](const EngineInfo* engine) { return results.median(engine->name, workload.name, metric) >= 0; });
}

// A whole scan is one operation: it has no distribution.
bool has_latencies(const std::vector<const EngineInfo*>& engines, const Results& results, const Workload& workload) {
  return any(engines, results, workload, "p50_us") && !std::string_view(workload.name).starts_with("readseq");
}

// firn's median latency against the best peer's, scaled as above. It hardly changes when other processes take the processors, as a mean does.
double median_latency_ratio(const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results,
                            const Workload& workload) {
  double best = -1;
  for (const auto* engine : engines) {
    double value = results.median(engine->name, workload.name, "p50_us");
    if (!engine->peer || value <= 0) continue;
    if (engine->debug_package && options.package_factor) value /= kPackageFactor;
    if (best < 0 || value < best) best = value;
  }
  const double firn = results.median("firn", workload.name, "p50_us");
  return firn > 0 && best > 0 ? best / firn : -1;
}

std::string title(const Options& options, const Workload& workload) {
  const std::string name = workload.name;
  if (name.size() > 3 && name.ends_with("_mt")) return name.substr(0, name.size() - 3) + " /" + std::to_string(options.threads);
  return name;
}

}  // namespace

void print_conditions(std::FILE* out, const Options& options, const std::vector<const EngineInfo*>& engines, unsigned rep_count) {
  print_machine(out, options.dir);
  std::fprintf(out,
               "%llu keys of %zu B (%s), values of %zu B; medians of %u interleaved repetitions; nothing lost on kill -9 (fillsync: on the "
               "device)\n\n",
               static_cast<unsigned long long>(options.key_count), options.key_bytes, key_kind_name(options.key_kind), options.value_bytes,
               rep_count);
  bool packages = false;
  for (const auto* engine : engines) {
    packages |= engine->debug_package;
    std::fprintf(out, "- %s %s%s: %s\n", engine->name.c_str(), engine->version.c_str(), engine->debug_package ? " (Debian's package)" : "",
                 engine->settings.c_str());
  }
  if (packages && options.package_factor)
    std::fprintf(out,
                 "\nDebian's packages of RocksDB and LevelDB carry assertions and no hardware CRC. Their columns are as measured; as "
                 "\"best\" (*) they count %.1f times.\n",
                 kPackageFactor);
  std::fprintf(out, "\n");
}

void print_throughput(std::FILE* out, const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results) {
  const bool with_firn = std::any_of(engines.begin(), engines.end(), [](const EngineInfo* engine) { return engine->name == "firn"; });
  std::string head = "| row | unit |", rule = "| --- | --- |";
  for (const auto* engine : engines) {
    head += " " + engine->name + " |";
    rule += " ---: |";
  }
  head += with_firn ? " best peer | firn / best | by p50 | / tkrzw | asked | |" : " best peer |";
  rule += with_firn ? " ---: | ---: | ---: | ---: | --- | --- |" : " ---: |";
  std::fprintf(out, "%s\n%s\n", head.c_str(), rule.c_str());
  for (const auto& workload : workloads()) {
    if (!any(engines, results, workload, workload.metric)) continue;
    std::fprintf(out, "| %s | %s |", title(options, workload).c_str(), workload.unit);
    for (const auto* engine : engines)
      std::fprintf(out, " %s |", figure(results.median(engine->name, workload.name, workload.metric)).c_str());
    std::string name;
    const double best = best_peer(options, engines, results, workload, name);
    std::fprintf(out, " %s %s |", figure(best).c_str(), name.c_str());
    if (with_firn) {
      const double firn = results.median("firn", workload.name, workload.metric);
      const double to_best = advantage(workload, firn, best);
      const auto all = demands(options, engines, results, workload, to_best);
      std::fprintf(out, " %s | %s | %s | %s | %s |", ratio(to_best).c_str(),
                   ratio(median_latency_ratio(options, engines, results, workload)).c_str(),
                   ratio(advantage_over(options, engines, results, workload, "tkrzw_hash")).c_str(), asked(workload, all).c_str(),
                   verdict(workload, all, to_best).c_str());
    }
    std::fprintf(out, "\n");
  }
  std::fprintf(out, "\n");
}

void print_memory(std::FILE* out, const Results& results) {
  std::string lines;
  const auto add = [&](const char* row, double firn, double map, double have, double most, const std::string& asked) {
    if (have >= 0)
      lines += std::string("| ") + row + " | " + figure(firn) + " | " + figure(map) + " | " + asked + " | " +
               (have <= most ? "reached" : "not yet") + " |\n";
  };
  for (const auto& target : kMemoryTargets) {
    const double firn = results.median("firn_single", target.workload, "ns_op");
    const double map = results.median("std_unordered_map_single", target.workload, "ns_op");
    add(target.workload, firn, map, firn < 0 || map <= 0 ? -1 : firn / map, target.times,
        ratio(firn / map) + ", at most " + ratio(target.times));
  }
  const double counter = results.median("firn_single", "counter", "ns_op");
  add("counter", counter, results.median("std_unordered_map_single", "counter", "ns_op"), counter, kCounterNs,
      "at most " + figure(kCounterNs) + " ns");
  if (lines.empty()) return;
  std::fprintf(out, "In memory, one thread: ns an operation\n\n| row | firn_single | std_unordered_map_single | asked | |\n");
  std::fprintf(out, "| --- | ---: | ---: | --- | --- |\n%s\n", lines.c_str());
}

void print_latency(std::FILE* out, const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results) {
  std::fprintf(out, "Latencies in us: mean / p50 / p95 / p99 / p99.9 / longest pause of all repetitions (an upper bound)\n\n| row |");
  for (const auto* engine : engines) std::fprintf(out, " %s |", engine->name.c_str());
  std::fprintf(out, "\n| --- |");
  for (size_t i = 0; i < engines.size(); ++i) std::fprintf(out, " ---: |");
  std::fprintf(out, "\n");
  for (const auto& workload : workloads()) {
    if (!has_latencies(engines, results, workload)) continue;
    std::fprintf(out, "| %s |", title(options, workload).c_str());
    for (const auto* engine : engines) {
      const double mean_us = results.median(engine->name, workload.name, "ns_op") / 1e3;
      std::fprintf(out, " %s", figure(mean_us < 0 ? -1 : mean_us).c_str());
      for (const char* metric : {"p50_us", "p95_us", "p99_us", "p999_us"})
        std::fprintf(out, " / %s", figure(results.median(engine->name, workload.name, metric)).c_str());
      std::fprintf(out, " / %s |", figure(results.largest(engine->name, workload.name, "pause_max_us")).c_str());
    }
    std::fprintf(out, "\n");
  }
  std::fprintf(out,
               "\n(batches and multi-gets: mean per entry, the rest per call; these, seek*, ts_scan100, ts_oldest, fillsync_*, mixed_* and "
               "sustained_*: every call is timed; others: one in about 32)\n\n");
}

void print_resources(std::FILE* out, const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results) {
  std::fprintf(out,
               "Processor time of all threads (ns an operation) / syncs / MB written, while the row ran / MB of anonymous memory at its "
               "end, the driver's own included\n\n| row |");
  for (const auto* engine : engines) std::fprintf(out, " %s |", engine->name.c_str());
  std::fprintf(out, "\n| --- |");
  for (size_t i = 0; i < engines.size(); ++i) std::fprintf(out, " ---: |");
  std::fprintf(out, "\n");
  for (const auto& workload : workloads()) {
    if (!any(engines, results, workload, "cpu_ns_op")) continue;
    std::fprintf(out, "| %s |", title(options, workload).c_str());
    for (const auto* engine : engines) {
      const double written = results.median(engine->name, workload.name, "written_bytes");
      std::fprintf(out, " %s / %s / %s / %s |", figure(results.median(engine->name, workload.name, "cpu_ns_op")).c_str(),
                   figure(results.median(engine->name, workload.name, "syncs")).c_str(), figure(written < 0 ? -1 : written / 1e6).c_str(),
                   figure(results.median(engine->name, workload.name, "anonymous_mb")).c_str());
    }
    std::fprintf(out, "\n");
  }
  std::fprintf(out, "\n");
}

}  // namespace bench
