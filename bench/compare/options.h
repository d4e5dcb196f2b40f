// The command line.
#pragma once

#include <string>
#include <vector>

#include "compare/dataset.h"

namespace bench {

struct Options {
  std::vector<std::string> engines;    // empty: all peers that are built in, firn and the limits
  std::vector<std::string> workloads;  // empty: all
  uint64_t key_count = 1000000;
  uint64_t operation_count = 0;  // of a read phase; 0: as many as keys
  size_t key_bytes = 16;         // on average
  size_t value_bytes = 100;
  KeyKind key_kind = KeyKind::kDecimal;
  unsigned threads = 2;  // of the rows with several threads
  unsigned reps = 3;
  double seconds_max = 20;
  double held_writes = 500e3;  // a second, in readheld
  double sustained_seconds = 600;
  uint64_t sustained_keys = 100000000;  // then inserts begin again with the first key
  std::string dir = "/var/tmp";
  std::string json_path;
  bool package_factor = true;
  bool quick = false;
  bool list = false;

  // Set by the parent for its children.
  std::string child_engine;
  std::string child_group;
  std::string child_dir;
  int child_fd = -1;
};

// Ends the process with code 2 and a usage text when the arguments are wrong.
Options parse_options(int argc, char** argv);

}  // namespace bench
