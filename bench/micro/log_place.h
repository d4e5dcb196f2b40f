// Where a row of the log's benchmark works, and what it writes.
// Threading: stateless, but for the count of syncs, which any thread may move.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace log_bench {

inline std::atomic<uint64_t> sync_count{0};

inline constexpr size_t kRecordBytes = 256;

inline std::string payload(size_t bytes) {
  std::string record(bytes, '\0');
  for (size_t i = 0; i < bytes; i++) record[i] = static_cast<char>(i * 7);
  return record;
}

inline void stop_unless(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "log_bench: %s\n", what);
  std::exit(1);
}

// A directory of its own that goes with it.
class Place {
 public:
  Place() {
    const char* given = std::getenv("FIRN_BENCH_DIR");
    std::string pattern = std::string(given != nullptr ? given : "/var/tmp") + "/firn-log-bench-XXXXXX";
    stop_unless(mkdtemp(pattern.data()) != nullptr, "no directory to work in: set FIRN_BENCH_DIR");
    path_ = pattern;
  }
  ~Place() { std::filesystem::remove_all(path_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace log_bench
