// Where and under which conditions a run was made, as reports say it.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "compare/results.h"

namespace bench {

// The processor's model name, for the table and for the JSON lines.
std::string processor_name();
void print_machine(std::FILE* out, const std::string& dir);
// Whether other processes had the machine, too: then only ratios of processor time mean something.
void print_quietness(std::FILE* out, const Results& results);
// Whether its processors stayed as near to each other. `line_ns`: line_transfer_ns() now and then during the run.
void print_nearness(std::FILE* out, const std::vector<double>& line_ns);

}  // namespace bench
