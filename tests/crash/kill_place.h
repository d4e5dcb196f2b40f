// Where a kill test keeps its database or log.
// Threading: pure function.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "crashfs/effort.h"
#include "env/environment.h"

namespace firn {

// Thousands of kills on a disk would wait for it most of the time. Most of a deep run's option sets therefore work in memory, where the death of a process leaves the same;
// but the pages of a log are made in another way there (Mapping::populate), so one set in four goes to /var/tmp, on the disk. An ordinary run goes where TMPDIR says.
inline std::filesystem::path kill_place(const std::string& what, size_t set, const char* set_name) {
  const bool needs_disk = set % 4 == 0 || access("/dev/shm", W_OK) != 0;
  const std::filesystem::path place = test_effort().is_deep ? needs_disk ? "/var/tmp" : "/dev/shm" : std::filesystem::temp_directory_path();
  if (test_effort().is_deep && needs_disk && is_in_memory(place)) std::printf("NO DISK: %s is in memory, and so are these kills\n", place.c_str());
  return place / (what + "-" + std::to_string(getpid()) + "-" + set_name);
}

}  // namespace firn
