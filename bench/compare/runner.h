// The parent: starts one child a stage, engines interleaved, and gathers what they report.
#pragma once

#include <vector>

#include "compare/engine.h"
#include "compare/options.h"
#include "compare/results.h"

namespace bench {

struct RunSummary {
  Results results;
  std::vector<double> line_ns;  // line_transfer_ns() before each group of a store
  unsigned rep_count = 0;       // begun; with --quick on a slow machine fewer than asked for
  unsigned failure_count = 0;   // children that ended in another way than they should
};

RunSummary run_all(const Options& options, const std::vector<const EngineInfo*>& engines, char** argv);

}  // namespace bench
