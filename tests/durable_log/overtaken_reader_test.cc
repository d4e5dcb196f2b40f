// A reading beside a writer who is always faster, as tests/db/overtaken_reader_test.cc has it.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "durable_log/durable_log.h"
#include "env/environment.h"
#include "env/hooked_env.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

TEST(OvertakenLogReader, segments_that_go_before_they_are_opened) {
  const TemporaryDirectory disk;
  const std::string path = disk.path() + "/log";
  LogOptions options;
  options.single_threaded = true;
  options.segment_bytes = 16 << 10;
  const auto writer = DurableLog::open(path, options, posix_env());
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  const auto move_on = [&] {
    const ThreadMark mark;
    const std::string record(1000, 'x');
    const Slice slice{std::string_view(record)};
    ASSERT_TRUE((*writer)->append(&slice, 1).ok());
    ASSERT_TRUE((*writer)->trim_before((*writer)->next() - 1).ok());
  };
  move_on();

  constexpr int kOvertakings = 100;
  int overtaken = 0;
  HookedEnv seeing([&](const std::string& directory, std::string_view name) {
    if (!directory.ends_with("/segments") || name.empty() || overtaken == kOvertakings) return;
    overtaken++;
    for (const std::string file = directory + "/" + std::string(name); std::filesystem::exists(file);) move_on();
  });
  options.read_only = true;
  const auto reader = DurableLog::open(path, options, seeing);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ(kOvertakings, overtaken);
  EXPECT_EQ((*writer)->first(), (*reader)->first());
  EXPECT_EQ((*writer)->next(), (*reader)->next());
  const ThreadMark mark;
  EXPECT_TRUE((*reader)->close().ok());
  EXPECT_TRUE((*writer)->close().ok());
}

}  // namespace
}  // namespace firn
