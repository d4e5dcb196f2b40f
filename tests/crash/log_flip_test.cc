// Rot in a durable log: for single flipped bits in any of its files the same records come back, or FIRN_CORRUPT, or a reported prefix; never other bytes.
//   FIRN_SEED=<seed> firn_crash_test --gtest_filter=<test>
#include <firn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "crashfs/effort.h"
#include "env/killed_copy.h"

namespace {

namespace fs = std::filesystem;

constexpr uint64_t kRecordCount = 400;

std::string record_of(uint64_t index) { return std::to_string(index) + std::string(index % 90, static_cast<char>('a' + index % 26)); }

firn_log* open_log(const fs::path& path, const std::string& text, firn_error* error) {
  firn_options* options = firn_options_new();
  EXPECT_EQ(FIRN_OK, firn_options_parse(options, text.c_str()));
  firn_log* log = firn_log_open(path.c_str(), options, error);
  firn_options_free(options);
  return log;
}

// A log as a killed process leaves it: sealed segments, some synced records, some that never were.
void make_log(const fs::path& original, const fs::path& work, const std::string& options) {
  firn_error error = FIRN_ERROR_INIT;
  firn_log* log = open_log(work, options, &error);
  ASSERT_NE(nullptr, log) << error.message;
  for (uint64_t i = 0; i < kRecordCount; i++) {
    const std::string record = record_of(i);
    ASSERT_EQ(static_cast<int64_t>(i), firn_log_append(log, reinterpret_cast<const uint8_t*>(record.data()), record.size()));
    if (i == kRecordCount / 2 || i == kRecordCount - 20) {
      ASSERT_EQ(FIRN_OK, firn_log_sync(log));
    }
  }
  firn::copy_as_killed(work, original);
  ASSERT_EQ(FIRN_OK, firn_log_close(log));
}

struct Outcome {
  int32_t open_code = FIRN_OK;
  uint64_t count = 0;  // next
  uint64_t dropped_bytes = 0;
  uint64_t corrupt_count = 0;  // reads that were refused
  bool is_located = true;      // a refused opening named file
  std::string wrong;           // a record with other bytes, or another failure
};

Outcome read_copy(const fs::path& path, const std::string& options) {
  Outcome outcome;
  firn_error error = FIRN_ERROR_INIT;
  firn_log* log = open_log(path, options, &error);
  outcome.open_code = error.code;
  outcome.is_located = error.code != FIRN_CORRUPT || error.file[0] != '\0';
  if (log == nullptr) return outcome;
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  EXPECT_EQ(FIRN_OK, firn_log_recovery(log, &info));
  outcome.dropped_bytes = info.bytes_dropped;
  const firn_log_range bounds = firn_log_bounds(log);
  outcome.count = bounds.next;
  if (bounds.first != 0) outcome.wrong = "first is " + std::to_string(bounds.first);
  for (uint64_t i = bounds.first; i < bounds.next; i++) {
    uint8_t buffer[256];
    const int64_t length = firn_log_read(log, i, buffer, sizeof buffer);
    if (length == FIRN_CORRUPT) {
      outcome.corrupt_count++;
    } else if (length < 0 || std::string(reinterpret_cast<char*>(buffer), static_cast<size_t>(length)) != record_of(i)) {
      outcome.wrong = "record " + std::to_string(i) + ": " + std::to_string(length);
    }
  }
  firn_log_close(log);
  return outcome;
}

class LogFlipTest : public testing::TestWithParam<const char*> {};

TEST_P(LogFlipTest, a_flipped_bit_is_harmless_or_noticed) {
  const fs::path root = fs::temp_directory_path() / ("firn-log-flip-" + std::to_string(getpid()));
  fs::remove_all(root);
  fs::create_directories(root);
  const fs::path original = root / "original";
  const fs::path copy = root / "copy";
  make_log(original, root / "work", GetParam());
  if (HasFatalFailure()) return;
  const firn::Effort effort = firn::test_effort();
  const bool is_deep = effort.is_deep;
  SCOPED_TRACE(firn::replay_command());
  std::mt19937_64 random(effort.seed);
  uint64_t refused = 0;
  uint64_t cut = 0;
  uint64_t harmless = 0;
  for (const auto& entry : fs::recursive_directory_iterator(original)) {
    if (!entry.is_regular_file() || entry.path().filename() == "LOCK") continue;
    const fs::path name = fs::relative(entry.path(), original);
    std::string content(fs::file_size(entry.path()), '\0');
    std::ifstream(entry.path(), std::ios::binary).read(content.data(), static_cast<std::streamsize>(content.size()));
    if (content.empty()) continue;  // a segment that was being made when the writer ended: no bit to flip
    const uint64_t bits = std::min<uint64_t>(content.size(), content.find_last_not_of('\0') + 64) * 8;
    const uint64_t flips = is_deep ? bits : 40;
    for (uint64_t i = 0; i < flips; i++) {
      const uint64_t bit = is_deep ? i : random() % bits;
      const char* const options = random() % 2 == 0   ? "read_only=true"
                                  : random() % 2 == 0 ? "verify_on_open=true"
                                                      : "create_if_missing=false";
      std::string damaged = content;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      fs::remove_all(copy);
      fs::copy(original, copy, fs::copy_options::recursive);
      std::ofstream(copy / name, std::ios::binary | std::ios::in).write(damaged.data(), static_cast<std::streamsize>(damaged.size()));
      const Outcome outcome = read_copy(copy, options);
      const std::string where = name.string() + ", byte " + std::to_string(bit / 8) + ", bit " + std::to_string(bit % 8) + ", " + options +
                                ": " + firn_status_name(outcome.open_code) + ", dropped " + std::to_string(outcome.dropped_bytes);
      ASSERT_EQ("", outcome.wrong) << where;
      if (outcome.open_code != FIRN_OK) {
        const int32_t code = outcome.open_code;
        ASSERT_TRUE(code == FIRN_CORRUPT || code == FIRN_NEWER_FORMAT || code == FIRN_NOT_A_DATABASE) << where;
        ASSERT_TRUE(outcome.is_located) << where;
        refused++;
      } else if (outcome.corrupt_count > 0) {
        refused++;
      } else if (outcome.count == kRecordCount) {
        harmless++;
      } else {
        ASSERT_GE(outcome.count, kRecordCount - 20) << where << ": records were lost that had been synced";
        ASSERT_LT(outcome.count, kRecordCount) << where;
        ASSERT_GT(outcome.dropped_bytes, 0u) << where << ": an unreported loss";
        cut++;
      }
    }
  }
  std::printf("[ figures  ] flips: %llu refused, %llu cut and reported, %llu harmless, 0 silent\n",
              static_cast<unsigned long long>(refused), static_cast<unsigned long long>(cut), static_cast<unsigned long long>(harmless));
  EXPECT_GT(refused, 0u);
  fs::remove_all(root);
}

INSTANTIATE_TEST_SUITE_P(Options, LogFlipTest,
                         testing::Values("segment_bytes=8KiB", "segment_bytes=1MiB", "segment_bytes=8KiB,log_io=pwrite"));

}  // namespace
