#include "compare/verdict.h"

#include <algorithm>

#include "compare/targets.h"

namespace bench {
namespace {

// An engine's figure as firn has to take it, a negative one when there is none: Debian's debug packages count kPackageFactor times their throughput.
double figure_to_beat(const Options& options, const EngineInfo& engine, const Results& results, const Workload& workload) {
  const double value = results.median(engine.name, workload.name, workload.metric);
  if (value < 0 || !engine.debug_package || !options.package_factor) return value;
  if (workload.higher_is_better) return value * kPackageFactor;
  return workload.metric == std::string_view("p999_us") ? value / kPackageFactor : value;
}

}  // namespace

double best_peer(const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results, const Workload& workload,
                 std::string& name) {
  double best = -1;
  for (const auto* engine : engines) {
    const double value = figure_to_beat(options, *engine, results, workload);
    if (!engine->peer || value < 0) continue;
    if (best >= 0 && (workload.higher_is_better ? value <= best : value >= best)) continue;
    best = value;
    name = engine->name + (value != results.median(engine->name, workload.name, workload.metric) ? "*" : "");
  }
  return best;
}

double advantage(const Workload& workload, double firn, double other) {
  if (firn <= 0 || other <= 0) return -1;
  return workload.higher_is_better ? firn / other : other / firn;
}

double advantage_over(const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results,
                      const Workload& workload, std::string_view other) {
  for (const auto* engine : engines)
    if (engine->name == other)
      return advantage(workload, results.median("firn", workload.name, workload.metric),
                       figure_to_beat(options, *engine, results, workload));
  return -1;
}

std::vector<Demand> demands(const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results,
                            const Workload& workload, double against_best) {
  std::vector<Demand> all;
  const Target* target = find_target(workload.name);
  if (target == nullptr) return all;
  const auto at_least = [&](double want, double have, const char* of) {
    if (want > 0) all.push_back({ratio(want) + of, have, want, false, have >= 0});
  };
  const auto at_most = [&](double want, double have, const char* of) {
    if (want > 0) all.push_back({"at most " + figure(want) + of, have, want, true, have >= 0});
  };
  const auto over = [&](const char* other) { return advantage_over(options, engines, results, workload, other); };
  const auto took_part = [&](const char* peer) { return results.median(peer, workload.name, workload.metric) >= 0; };
  at_least(target->target, against_best, "");
  if (target->target > 0) all.back().whole = std::all_of(std::begin(kPeers), std::end(kPeers), took_part);
  at_most(target->limit, results.median("firn", workload.name, workload.metric), "");
  at_least(target->rocksdb, over("rocksdb"), " rocksdb");
  at_least(target->tkrzw, over("tkrzw_hash"), " tkrzw");
  at_least(target->unordered_map, over("std_unordered_map"), " map");
  const bool is_pause = workload.metric == std::string_view("ms");
  at_most(target->pause_ms,
          is_pause ? results.largest("firn", workload.name, "ms") : results.largest("firn", workload.name, "pause_max_us") / 1e3,
          " ms pause");
  return all;
}

std::string verdict(const Workload& workload, const std::vector<Demand>& demands, double against_best) {
  const Target* target = find_target(workload.name);
  if (target != nullptr && against_best >= 0 && against_best < target->floor) return "below the floor";
  bool any = false, met = true, whole = true;
  for (const auto& demand : demands) {
    whole &= demand.whole;
    if (demand.have < 0) continue;
    any = true;
    met &= demand.met();
  }
  if (!any) return "";
  return !met ? "not yet" : whole ? "reached" : "reached, in part";
}

std::string asked(const Workload& workload, const std::vector<Demand>& demands) {
  const Target* target = find_target(workload.name);
  std::string text;
  if (target != nullptr && target->floor > 0) text = "floor " + ratio(target->floor);
  for (const auto& demand : demands) text += (text.empty() ? "" : ", ") + demand.text;
  return text;
}

}  // namespace bench
