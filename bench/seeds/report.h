// The table of the rows beside the seeds' figures. Markdown, so that it can be kept as it is.
#pragma once

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "compare/results.h"
#include "seeds/options.h"
#include "seeds/row.h"

namespace bench {

// Of the engine "variant" and the workload "row" in `results`. `failed`: names of rows that did not end well.
void print_report(std::FILE* out, const SeedOptions& options, const std::vector<const Row*>& rows, const Results& results,
                  const std::set<std::string>& failed);

}  // namespace bench
