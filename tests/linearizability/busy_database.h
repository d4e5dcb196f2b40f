// A small database beside whose users memtables are flushed and runs compacted all the time, and threads that begin together.
#pragma once

#include <firn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/fast_paths.h"

namespace firn_test {

// Under ThreadSanitizer everything takes long.
#if defined(__SANITIZE_THREAD__)
constexpr int kEffort = 1;
#else
constexpr int kEffort = 6;
#endif

struct BusyOptions {
  const char* name;
  const char* path;  // nullptr: a fresh directory
  const char* options;
};
inline constexpr BusyOptions kBusyOptions[] = {
    {"directory", nullptr, "memtable_bytes=64KiB"},
    {"two_workers_by_calls", nullptr, "memtable_bytes=16KiB,background_threads=2,table_io=pread,log_io=pwrite"},
    {"memory", ":memory:", "memtable_bytes=16KiB,compression=lz4"},
};

class BusyDatabase {
 public:
  explicit BusyDatabase(const BusyOptions& set)
      : path_(set.path != nullptr ? set.path
                                  : (std::filesystem::temp_directory_path() / ("firn-busy-" + std::to_string(getpid()))).string()) {
    if (set.path == nullptr) std::filesystem::remove_all(path_);
    firn_options* options = firn_options_new();
    EXPECT_EQ(FIRN_OK, firn_options_parse(options, set.options));
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open(path_.c_str(), options, &error);
    firn_options_free(options);
    EXPECT_NE(nullptr, db_) << error.message;
  }
  ~BusyDatabase() {
    EXPECT_EQ(FIRN_OK, firn_close(db_));
    if (path_ != ":memory:") std::filesystem::remove_all(path_);
  }
  BusyDatabase(const BusyDatabase&) = delete;
  BusyDatabase& operator=(const BusyDatabase&) = delete;

  firn_db* handle() const { return db_; }

  // body(thread) on `count` threads at once, beside one that flushes and compacts; returns when all bodies have.
  void run(int count, const std::function<void(int)>& body) {
    std::atomic<int> ready{0};
    std::atomic<bool> is_done{false};
    std::thread chores([&] {
      for (int i = 0; !is_done; i++) {
        EXPECT_EQ(FIRN_OK, i % 4 == 3 ? firn_compact(db_) : firn_flush(db_));
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
    std::vector<std::thread> threads;
    for (int thread = 0; thread < count; thread++) {
      threads.emplace_back([&, thread] {
        ready++;
        while (ready < count) std::this_thread::yield();
        body(thread);
      });
    }
    for (std::thread& thread : threads) thread.join();
    is_done = true;
    chores.join();
  }

 private:
  const FastPathsLeftOut left_out_{64, 1};
  std::string path_;
  firn_db* db_ = nullptr;
};

}  // namespace firn_test
