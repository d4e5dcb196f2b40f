#include "compare/process_stats.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace bench {
namespace {

// The number behind "name:" in a file of /proc; 0 when it is not there.
uint64_t proc_number(const char* file, const std::string& name) {
  std::ifstream in(file);
  std::string word;
  while (in >> word) {
    uint64_t number = 0;
    if (word == name + ":" && in >> number) return number;
    in.clear();
  }
  return 0;
}

uint64_t cpu_us_of(const timeval& t) { return static_cast<uint64_t>(t.tv_sec) * 1000000 + static_cast<uint64_t>(t.tv_usec); }

// Everything but idle and waiting for I/O, of the line "cpu user nice system idle iowait irq softirq steal".
uint64_t machine_cpu_us() {
  std::ifstream in("/proc/stat");
  std::string word;
  uint64_t ticks = 0, number = 0;
  in >> word;
  for (int field = 0; field < 8 && in >> number; ++field)
    if (field != 3 && field != 4) ticks += number;
  return ticks * 1000000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
}

}  // namespace

uint64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000000 + static_cast<uint64_t>(t.tv_nsec);
}

ProcessStats process_stats() {
  ProcessStats stats;
  stats.written_bytes = proc_number("/proc/self/io", "write_bytes");
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  stats.cpu_us = cpu_us_of(usage.ru_utime) + cpu_us_of(usage.ru_stime);
  stats.rss_anonymous_bytes = proc_number("/proc/self/status", "RssAnon") * 1024;
  stats.rss_file_bytes = (proc_number("/proc/self/status", "RssFile") + proc_number("/proc/self/status", "RssShmem")) * 1024;
  stats.sync_count = sync_count();
  stats.machine_cpu_us = machine_cpu_us();
  return stats;
}

uint64_t machine_dirty_bytes() { return proc_number("/proc/meminfo", "Dirty") * 1024; }

uint64_t directory_bytes(const std::string& path) {
  uint64_t bytes = 0;
  std::error_code ignored;
  // Files may go while it looks.
  for (std::filesystem::recursive_directory_iterator entry(path, ignored), end; entry != end; entry.increment(ignored)) {
    struct stat info;
    if (::lstat(entry->path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) bytes += static_cast<uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

void wait_until_quiet(double seconds_max) {
  const uint64_t deadline = now_ns() + static_cast<uint64_t>(seconds_max * 1e9);
  int quiet_count = 0;
  ProcessStats before = process_stats();
  while (quiet_count < 3 && now_ns() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const ProcessStats after = process_stats();
    const bool quiet = after.written_bytes == before.written_bytes && after.cpu_us - before.cpu_us < 5000;
    quiet_count = quiet ? quiet_count + 1 : 0;
    before = after;
  }
}

}  // namespace bench
