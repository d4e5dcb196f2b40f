// What is asked of firn's row, how much there is of it, and whether that is enough.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compare/engine.h"
#include "compare/options.h"
#include "compare/results.h"
#include "compare/workloads.h"

namespace bench {

// The peer's figure that firn has to take, and whose it is, with * when it was multiplied; negative when there is none.
double best_peer(const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results, const Workload& workload,
                 std::string& name);

// firn against `other`: above 1 is better, whichever way the metric goes.
double advantage(const Workload& workload, double firn, double other);

// firn against one other store, as best_peer counts it; negative when it did not take part.
double advantage_over(const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results,
                      const Workload& workload, std::string_view other);

// One thing asked of a row: how much there is of it, a negative figure when it was not measured.
struct Demand {
  std::string text;
  double have;
  double want;
  bool at_most;
  bool whole;  // nobody is missing of those that it is about
  bool met() const { return at_most ? have <= want : have >= want; }
};

// Medians count but for pauses, of which the largest does.
std::vector<Demand> demands(const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results,
                            const Workload& workload, double against_best);
// "reached, in part" when one of the demands was not measured, or not beside all whom it is about; empty when none was.
std::string verdict(const Workload& workload, const std::vector<Demand>& demands, double against_best);
// The demands in words.
std::string asked(const Workload& workload, const std::vector<Demand>& demands);

}  // namespace bench
