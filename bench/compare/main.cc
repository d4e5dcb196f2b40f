// firn_compare: firn beside its peers, one run, the same durability. See bench/README.md for the method.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "compare/machine.h"
#include "compare/report.h"
#include "compare/runner.h"
#include "compare/workloads.h"

namespace bench {
namespace {

std::vector<const EngineInfo*> chosen_engines(const Options& options) {
  std::vector<const EngineInfo*> chosen;
  for (const auto& name : options.engines)
    if (find_engine(name) == nullptr) std::fprintf(stderr, "firn_compare: %s was not built in and is left out\n", name.c_str());
  for (const auto& engine : engines())
    if (options.engines.empty() || std::find(options.engines.begin(), options.engines.end(), engine.name) != options.engines.end())
      chosen.push_back(&engine);
  return chosen;
}

bool workloads_known(const Options& options) {
  bool known = true;
  for (const auto& name : options.workloads) {
    bool found = find_workload(name) != nullptr;
    for (const auto& group : groups()) found |= name == group.name;
    if (!found) std::fprintf(stderr, "firn_compare: no row or group is called %s (--list shows them)\n", name.c_str());
    known &= found;
  }
  return known;
}

void print_list() {
  std::printf("stores:\n");
  for (const auto& engine : engines())
    std::printf("  %-18s %-8s %s\n", engine.name.c_str(), engine.version.c_str(), engine.settings.c_str());
  std::printf("rows (group row unit):\n");
  for (const auto& workload : workloads())
    std::printf("  %-10s %-19s %-7s %s\n", workload.group, workload.name, workload.unit, workload.text);
}

int run(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  if (!options.child_engine.empty()) return run_child(options);
  if (options.list) {
    print_list();
    return 0;
  }
  const auto chosen = chosen_engines(options);
  if (chosen.empty() || !workloads_known(options)) return 2;
  const RunSummary summary = run_all(options, chosen, argv);
  print_conditions(stdout, options, chosen, summary.rep_count);
  print_quietness(stdout, summary.results);
  print_nearness(stdout, summary.line_ns);
  print_throughput(stdout, options, chosen, summary.results);
  print_memory(stdout, summary.results);
  print_latency(stdout, options, chosen, summary.results);
  print_resources(stdout, options, chosen, summary.results);
  if (summary.failure_count > 0) std::printf("%u children FAILED: see the messages above\n", summary.failure_count);
  return summary.failure_count > 0 ? 1 : 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv); }
