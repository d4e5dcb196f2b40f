// A flipped bit is harmless or noticed (P8), through the C interface and on real files, mapped and not: a small database with tables, a manifest and a live log is copied, one
// bit of one file is flipped, and the copy is opened. It answers as before, or FIRN_CORRUPT (or a code of its kind), or (the live log only) it has lost a reported tail and holds
// a prefix of the commits. ./dev test flips a sample of the bits, ./dev test --deep one bit of every byte; every bit of five databases is flipped in memory, where that
// costs a tenth: tests/crashfs/damage_test.cc. A failure names file, offset and bit.
#include <firn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "crashfs/effort.h"

namespace {

namespace fs = std::filesystem;
using Bytes = std::string;
using Model = std::map<Bytes, Bytes>;

const uint8_t* bytes_of(const Bytes& bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

constexpr int kFlushedCount = 300;  // operations that are in tables
constexpr int kLoggedCount = 100;   // operations behind them that are in the log only

std::pair<Bytes, Bytes> operation(int i) {
  return {"key" + std::to_string(i * 7 % 150), "value " + std::to_string(i) + Bytes(static_cast<size_t>(i % 60), 'v')};
}

void make_database(const fs::path& path, const char* text) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    firn_options* options = firn_options_new();
    if (firn_options_parse(options, text) != FIRN_OK) _exit(1);
    firn_db* db = firn_open(path.c_str(), options, nullptr);
    if (db == nullptr) _exit(2);
    for (int i = 0; i < kFlushedCount + kLoggedCount; i++) {
      const auto [key, value] = operation(i);
      if (firn_put(db, 0, bytes_of(key), key.size(), bytes_of(value), value.size()) != FIRN_OK) _exit(3);
      if ((i == kFlushedCount / 2 || i == kFlushedCount - 1) && firn_flush(db) != FIRN_OK) _exit(4);
    }
    _exit(0);  // not closed: the log is live
  }
  int status = 0;
  ASSERT_EQ(child, waitpid(child, &status, 0));
  ASSERT_EQ(0, status);
}

// The states that may be found: after the flushed operations and each number of logged ones.
std::vector<Model> prefixes() {
  std::vector<Model> states;
  Model model;
  for (int i = 0; i < kFlushedCount + kLoggedCount; i++) {
    if (i >= kFlushedCount) states.push_back(model);
    const auto [key, value] = operation(i);
    model[key] = value;
  }
  states.push_back(model);
  return states;
}

// What a damaged copy does.
struct Outcome {
  int32_t code = FIRN_OK;  // of the first call that failed
  Model scanned;
  bool gets_agree = true;  // point reads with the scan
  uint64_t dropped_bytes = 0;
};

Outcome read_copy(const fs::path& path, bool read_only) {
  Outcome outcome;
  firn_options* options = firn_options_new();
  firn_options_set(options, "read_only", read_only ? "true" : "false");
  firn_options_set(options, "create_if_missing", "false");
  firn_error error = FIRN_ERROR_INIT;
  firn_db* db = firn_open(path.c_str(), options, &error);
  firn_options_free(options);
  if (db == nullptr) {
    outcome.code = error.code;
    return outcome;
  }
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  firn_recovery(db, &info);
  outcome.dropped_bytes = info.bytes_dropped;
  firn_iter* iter = firn_scan(db, nullptr, nullptr, &error);
  if (iter == nullptr) {
    outcome.code = error.code;
  } else {
    firn_kv entry;
    int64_t count = 0;
    while ((count = firn_iter_entries(iter, &entry, 1)) == 1) {
      outcome.scanned[Bytes(reinterpret_cast<const char*>(entry.key), entry.key_len)] =
          Bytes(reinterpret_cast<const char*>(entry.val), entry.val_len);
    }
    if (count < 0) outcome.code = static_cast<int32_t>(count);
    firn_iter_close(iter);
  }
  for (int i = 0; i < 150 && outcome.code == FIRN_OK; i++) {
    const Bytes key = "key" + std::to_string(i);
    uint8_t buffer[256];
    const int64_t length = firn_get(db, 0, bytes_of(key), key.size(), buffer, sizeof buffer);
    if (length < 0 && length != FIRN_NOT_FOUND) {
      outcome.code = static_cast<int32_t>(length);
    } else {
      const auto at = outcome.scanned.find(key);
      if (at == outcome.scanned.end() ? length >= 0
                                      : length < 0 || at->second != Bytes(reinterpret_cast<char*>(buffer), static_cast<size_t>(length))) {
        outcome.gets_agree = false;
      }
    }
  }
  firn_close(db);
  return outcome;
}

bool is_refusal(int32_t code) { return code == FIRN_CORRUPT || code == FIRN_NEWER_FORMAT || code == FIRN_NOT_A_DATABASE; }

class FlipTest : public testing::TestWithParam<const char*> {};

TEST_P(FlipTest, a_flipped_bit_is_harmless_or_noticed) {
  const fs::path root = fs::temp_directory_path() / ("firn-flip-" + std::to_string(getpid()));
  const fs::path original = root / "original";
  const fs::path copy = root / "copy";
  fs::remove_all(root);
  fs::create_directories(root);
  make_database(original, GetParam());
  const std::vector<Model> states = prefixes();
  ASSERT_EQ(states.back(), read_copy(original, true).scanned);

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
    const bool is_log = name.begin()->string() == "wal";
    Bytes content(fs::file_size(entry.path()), '\0');
    std::ifstream(entry.path(), std::ios::binary).read(content.data(), static_cast<std::streamsize>(content.size()));
    if (content.empty()) continue;  // a segment that was being made when the writer ended: no bit to flip
    // Behind the last byte that is not zero a preallocated file has nothing to damage; a little of it is flipped all the same.
    const uint64_t bits = std::min<uint64_t>(content.size(), content.find_last_not_of('\0') + 64) * 8;
    const uint64_t flips = is_deep ? bits / 8 : 120;
    fs::remove_all(copy);
    fs::copy(original, copy, fs::copy_options::recursive);
    for (uint64_t i = 0; i < flips; i++) {
      const uint64_t bit = is_deep ? 8 * i + random() % 8 : random() % bits;
      const bool read_only = random() % (is_deep ? 64 : 8) != 0;
      const char whole = content[bit / 8];
      const auto set_byte = [&](int byte) {
        std::ofstream(copy / name, std::ios::binary | std::ios::in)
            .seekp(static_cast<std::streamoff>(bit / 8))
            .put(static_cast<char>(byte));
      };
      set_byte(whole ^ (1 << bit % 8));
      const Outcome outcome = read_copy(copy, read_only);
      const std::string where = name.string() + ", byte " + std::to_string(bit / 8) + ", bit " + std::to_string(bit % 8) +
                                (read_only ? ", read-only" : ", writable") + ": " + firn_status_name(outcome.code);
      if (outcome.code != FIRN_OK) {
        ASSERT_TRUE(is_refusal(outcome.code)) << where;
        refused++;
      } else {
        ASSERT_TRUE(outcome.gets_agree) << where;
        if (outcome.scanned == states.back()) {
          harmless++;
        } else {
          ASSERT_TRUE(is_log) << where << ": another answer";
          ASSERT_GT(outcome.dropped_bytes, 0u) << where << ": an unreported loss";
          ASSERT_NE(states.end(), std::find(states.begin(), states.end(), outcome.scanned)) << where << ": no prefix of the commits";
          cut++;
        }
      }
      if (read_only) {
        set_byte(whole);
      } else {  // it has changed the copy
        fs::remove_all(copy);
        fs::copy(original, copy, fs::copy_options::recursive);
      }
    }
  }
  RecordProperty("refused", std::to_string(refused));
  std::printf("[ figures  ] flips: %llu refused, %llu cut and reported, %llu harmless, 0 silent\n",
              static_cast<unsigned long long>(refused), static_cast<unsigned long long>(cut), static_cast<unsigned long long>(harmless));
  EXPECT_GT(refused, 0u);
  EXPECT_GT(cut, 0u);
  fs::remove_all(root);
}

INSTANTIATE_TEST_SUITE_P(Options, FlipTest,
                         testing::Values("memtable_bytes=64KiB", "memtable_bytes=64KiB,log_io=pwrite,table_io=pread",
                                         "memtable_bytes=64KiB,compression=lz4", "memtable_bytes=64KiB,log_io=pwrite,compression=zstd",
                                         "memtable_bytes=64KiB,changes_retention_bytes=4MiB"));

}  // namespace
