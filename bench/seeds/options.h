// The command line of firn_seeds.
#pragma once

#include <string>
#include <vector>

#include "seeds/row.h"

namespace bench {

struct SeedOptions {
  std::vector<std::string> rows;  // names of rows or seeds; empty: all
  unsigned reps = 5;
  std::string dir = "/var/tmp";
  std::string json_path;
  Extent extent;
  bool list = false;
};

// Ends the process with code 2 and a usage text when the arguments are wrong.
SeedOptions parse_options(int argc, char** argv);

}  // namespace bench
