// What the parent prints: the conditions, the table of medians with ratios, the latencies, the resources. Markdown, so that it can be kept as it is.
#pragma once

#include <cstdio>
#include <vector>

#include "compare/engine.h"
#include "compare/options.h"
#include "compare/results.h"

namespace bench {

void print_conditions(std::FILE* out, const Options& options, const std::vector<const EngineInfo*>& engines, unsigned rep_count);
void print_throughput(std::FILE* out, const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results);
// What is asked of firn_single; nothing when it or its limit did not take part.
void print_memory(std::FILE* out, const Results& results);
void print_latency(std::FILE* out, const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results);
void print_resources(std::FILE* out, const Options& options, const std::vector<const EngineInfo*>& engines, const Results& results);

}  // namespace bench
