// What the tests of the log share: a directory (on disk or in memory), a log in it, records as texts, and damage to files.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "env/environment.h"
#include "env/memory_env.h"
#include "env/posix_env.h"
#include "log/log.h"
#include "log/recovery.h"

namespace firn {

inline constexpr uint64_t kTestLogId = 0x1061061061061061;

struct LogCase {
  const char* name;
  bool in_memory;
  SegmentIo io;
};

inline void PrintTo(const LogCase& log_case, std::ostream* out) { *out << log_case.name; }

inline const LogCase kLogCases[] = {
    {"DiskMmap", false, SegmentIo::kMmap},
    {"DiskPwrite", false, SegmentIo::kPwrite},
    {"MemoryMmap", true, SegmentIo::kMmap},
    {"MemoryPwrite", true, SegmentIo::kPwrite},
};

inline std::string log_case_name(const testing::TestParamInfo<LogCase>& info) { return info.param.name; }

class LogTest : public testing::TestWithParam<LogCase> {
 protected:
  LogTest() : memory_(GetParam().in_memory ? new_memory_env() : nullptr) {}

  Env& env() { return memory_ != nullptr ? *memory_ : posix_env(); }
  SegmentIo io() const { return GetParam().io; }

  std::unique_ptr<Directory> open_directory() {
    auto root = env().open_directory(memory_ != nullptr ? "/log" : disk_.path() + "/log", true);
    EXPECT_TRUE(root.ok()) << root.status().message();
    return std::move(*root);
  }

  std::unique_ptr<Log> new_log() { return std::make_unique<Log>(open_directory(), kTestLogId, io(), env()); }

  static void activate(Log& log, uint64_t capacity = 64 << 10) {
    auto segment = log.prepare(capacity);
    ASSERT_TRUE(segment.ok()) << segment.status().message();
    const Status status = log.activate(std::move(*segment));
    ASSERT_TRUE(status.ok()) << status.message();
  }

  // Returns the offset of the payload in the active segment.
  static uint64_t append(Log& log, std::string_view payload) {
    EXPECT_TRUE(log.fits(payload.size()));
    uint64_t offset = 0;
    auto to = log.reserve(payload.size(), &offset);
    EXPECT_TRUE(to.ok()) << to.status().message();
    std::copy(payload.begin(), payload.end(), *to);
    const Status status = log.append(payload.size());
    EXPECT_TRUE(status.ok()) << status.message();
    return offset;
  }

  Result<LogRecovery> recover(const std::vector<uint64_t>& ids) {
    records_.clear();
    const auto directory = open_directory();
    return recover_log(*directory, kTestLogId, ids, io(), [this](const std::shared_ptr<Segment>& segment, uint64_t offset, Slice payload) {
      EXPECT_EQ(payload.data(), segment->image() + offset);
      records_.push_back(payload.to_string());
      return Status();
    });
  }

  // ---- Damage: the log is closed meanwhile.
  std::string read_file(uint64_t id) {
    auto file = open_directory()->open_file(segment_name(id), OpenMode::kRead);
    EXPECT_TRUE(file.ok());
    return read_text(**file, 0, *(*file)->size());
  }
  void overwrite(uint64_t id, uint64_t offset, std::string_view bytes) {
    auto file = open_directory()->open_file(segment_name(id), OpenMode::kReadWrite);
    ASSERT_TRUE(file.ok());
    const Status status = (*file)->write(offset, Slice(bytes));
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void flip(uint64_t id, uint64_t offset, uint8_t bits = 0x10) {
    std::string byte(1, read_file(id)[offset]);
    byte[0] = static_cast<char>(byte[0] ^ bits);
    overwrite(id, offset, byte);
  }
  // A file with these bytes in the place of the one that is there, if any.
  void replace_file(uint64_t id, std::string_view bytes) {
    const auto directory = open_directory();
    (void)directory->remove(segment_name(id)).ok();
    auto file = directory->open_file(segment_name(id), OpenMode::kCreate);
    ASSERT_TRUE(file.ok());
    const Status status = (*file)->write(0, Slice(bytes));
    ASSERT_TRUE(status.ok()) << status.message();
  }

  std::vector<std::string> records_;  // that the last recover() handed out

 private:
  TemporaryDirectory disk_;
  std::unique_ptr<Env> memory_;
};

inline std::string detail_file(const Status& status) { return status.detail() != nullptr ? status.detail()->file : ""; }
inline uint64_t detail_offset(const Status& status) { return status.detail() != nullptr ? status.detail()->offset : UINT64_MAX; }

}  // namespace firn
