// The largest index there is: a log that has come to it takes no record more, and answers as any other does.
#include <filesystem>

#include "durable_log/log_driver.h"
#include "env/killed_copy.h"

namespace durable_log_test {
namespace {

// The next index is never above it: so it fits into an int64_t, and the last record has the index below it.
constexpr uint64_t kNextMax = (uint64_t{1} << 63) - 1;

class LogIndexBound : public LogDriver {
 protected:
  void expect_bounds(uint64_t first, uint64_t next) const {
    const firn_log_range bounds = firn_log_bounds(log_);
    EXPECT_EQ(first, bounds.first);
    EXPECT_EQ(next, bounds.next);
  }
  // What a killed process would leave, opened.
  void open_as_killed(const std::string& options = "") {
    ASSERT_EQ(FIRN_OK, firn_log_sync(log_));
    firn::copy_as_killed(path(), elsewhere("killed"));
    close();
    std::filesystem::remove_all(path());
    std::filesystem::rename(elsewhere("killed"), path());
    open(options);
  }
};

TEST_F(LogIndexBound, a_reset_goes_as_far_as_the_bound_and_no_further) {
  open();
  append(log_, "before");
  for (const uint64_t beyond : {kNextMax + 1, kNextMax + 2, UINT64_MAX - 1, UINT64_MAX}) {
    EXPECT_EQ(FIRN_INVALID, firn_log_reset(log_, beyond)) << beyond;
    EXPECT_EQ("before", read(log_, 0)) << "nothing has changed";
    expect_bounds(0, 1);
  }
  ASSERT_EQ(FIRN_OK, firn_log_reset(log_, kNextMax));
  for (int round = 0; round < 3; round++) {
    expect_bounds(kNextMax, kNextMax);
    EXPECT_EQ(FIRN_TOO_LARGE, append(log_, "no index is left"));
    EXPECT_EQ(FIRN_TOO_LARGE, append_batch(log_, {"nor", "for two"}));
    EXPECT_EQ(static_cast<int64_t>(kNextMax), append_batch(log_, {})) << "nothing is no record";
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, kNextMax));
    EXPECT_EQ(FIRN_INVALID, firn_log_trim_after(log_, kNextMax));
    EXPECT_EQ(FIRN_INVALID, firn_log_trim_before(log_, kNextMax + 1));
    EXPECT_EQ(FIRN_OK, firn_log_trim_before(log_, kNextMax));
    EXPECT_EQ(static_cast<int64_t>(kNextMax), firn_log_seek_time(log_, 0));
    EXPECT_EQ(FIRN_TIMEOUT, firn_log_wait(log_, kNextMax, 0));
    if (round == 0) {
      open();
    } else {
      open_as_killed();
    }
    EXPECT_EQ(static_cast<int64_t>(kNextMax), firn_log_durable(log_));
  }
  ASSERT_EQ(FIRN_OK, firn_log_reset(log_, 3));
  EXPECT_EQ(3, append(log_, "it goes on below"));
}

TEST_F(LogIndexBound, the_last_indexes_are_given_and_a_batch_that_goes_beyond_is_refused_whole) {
  constexpr uint64_t kFrom = kNextMax - 5;
  open("segment_bytes=4KiB");
  ASSERT_EQ(FIRN_OK, firn_log_reset(log_, kFrom));
  EXPECT_EQ(FIRN_TOO_LARGE, append_batch(log_, {"1", "2", "3", "4", "5", "6"}));
  expect_bounds(kFrom, kFrom);
  EXPECT_EQ(static_cast<int64_t>(kFrom), append(log_, "one"));
  EXPECT_EQ(static_cast<int64_t>(kFrom + 1), append_batch(log_, {"two", std::string(3000, '3')}));
  EXPECT_EQ(FIRN_TOO_LARGE, append_batch(log_, {"4", "5", "6"}));
  EXPECT_EQ(static_cast<int64_t>(kFrom + 3), append_batch(log_, {std::string(3000, '4'), "five"}));
  for (const char* round : {"written", "closed", "killed"}) {
    SCOPED_TRACE(round);
    expect_bounds(kFrom, kNextMax);
    EXPECT_EQ(FIRN_TOO_LARGE, append(log_, "six"));
    EXPECT_EQ("one", read(log_, kFrom));
    EXPECT_EQ("two", read(log_, kFrom + 1));
    EXPECT_EQ(std::string(3000, '4'), read(log_, kNextMax - 2));
    EXPECT_EQ("five", read(log_, kNextMax - 1));
    for (const uint64_t beyond : {kFrom - 1, kNextMax, kNextMax + 1, UINT64_MAX - 1, UINT64_MAX}) {
      EXPECT_EQ("FIRN_NOT_FOUND", read(log_, beyond)) << beyond;
      firn_pin_t pin;
      EXPECT_EQ(FIRN_NOT_FOUND, firn_log_pin(log_, beyond, &pin)) << beyond;
    }
    const std::vector<Record> all = read_all(log_, kFrom, 64);
    ASSERT_EQ(5u, all.size());
    EXPECT_EQ(kNextMax - 1, all.back().index);
    EXPECT_EQ(FIRN_OK, firn_log_wait(log_, kNextMax - 1, 0));
    EXPECT_EQ(FIRN_TIMEOUT, firn_log_wait(log_, UINT64_MAX, 0));
    EXPECT_EQ(static_cast<int64_t>(kNextMax), firn_log_seek_time(log_, INT64_MAX));
    if (round == std::string("written")) open("segment_bytes=4KiB");
    if (round == std::string("closed")) open_as_killed("segment_bytes=4KiB");
  }
  ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, kNextMax - 2));
  EXPECT_EQ(static_cast<int64_t>(kNextMax - 1), append(log_, "again"));
  EXPECT_EQ(FIRN_TOO_LARGE, append(log_, "six"));
  ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, kNextMax));
  open();
  expect_bounds(kNextMax, kNextMax);
  EXPECT_EQ(FIRN_TOO_LARGE, append(log_, "six"));
}

}  // namespace
}  // namespace durable_log_test
