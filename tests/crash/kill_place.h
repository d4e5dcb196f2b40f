// Where a kill test keeps its database or log.
// Threading: pure function.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "crashfs/effort.h"

namespace firn {

// Thousands of kills on a disk would wait for it most of the time. Most of a deep run's option sets therefore work in memory, where the death of a process leaves the same;
// but the pages of a log are made in another way there (Mapping::populate), so one set in four stays on the disk, as all do in an ordinary run.
inline std::filesystem::path kill_place(const std::string& what, size_t set, const char* set_name) {
  const bool is_in_memory = set % 4 != 0 && access("/dev/shm", W_OK) == 0;
  const std::filesystem::path place =
      test_effort().is_deep ? is_in_memory ? "/dev/shm" : "/var/tmp" : std::filesystem::temp_directory_path();
  return place / (what + "-" + std::to_string(getpid()) + "-" + set_name);
}

}  // namespace firn
