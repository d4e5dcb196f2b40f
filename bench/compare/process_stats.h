// What the process has used so far, and what lies in its directory.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

struct ProcessStats {
  uint64_t written_bytes = 0;  // pages made dirty, by write(2) or through a mapping (/proc/self/io write_bytes)
  uint64_t cpu_us = 0;         // user and system, all threads
  uint64_t rss_anonymous_bytes = 0;
  uint64_t rss_file_bytes = 0;  // mapped pages of files: page cache that the process has in its tables
  uint64_t sync_count = 0;      // fdatasync, fsync, msync(MS_SYNC), counted by sync_counter.cc
  uint64_t machine_cpu_us = 0;  // busy time of all processors, all processes (/proc/stat): tells how quiet the machine was
};

ProcessStats process_stats();

// Calls so far of fdatasync, fsync and msync(MS_SYNC) in this process.
uint64_t sync_count();

// Blocks that the files below `path` occupy.
uint64_t directory_bytes(const std::string& path);

// Waits until the process neither writes nor computes in the background: three quiet intervals of 100 ms, at most `seconds_max`.
void wait_until_quiet(double seconds_max);

// Pages of all files that the machine has not written yet (/proc/meminfo Dirty).
uint64_t machine_dirty_bytes();

uint64_t now_ns();

}  // namespace bench
