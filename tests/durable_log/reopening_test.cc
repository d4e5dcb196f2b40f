// What times, searches by time and retention say over openings between which the system's clock was set back or forward, and after a kill.
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "durable_log/durable_log.h"
#include "env/environment.h"
#include "env/killed_copy.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr int64_t kHourMs = 3'600'000;

// Both clocks are the test's.
class ClockEnv final : public Env {
 public:
  Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override {
    return posix_env().open_directory(path, create);
  }
  int64_t wall_ms() override { return wall_ms_; }
  int64_t monotonic_ns() override { return monotonic_ns_; }
  uint64_t random() override { return posix_env().random(); }

  void pass(int64_t ms) {
    wall_ms_ += ms;
    monotonic_ns_ += ms * 1'000'000;
  }
  void set_wall(int64_t by_ms) { wall_ms_ += by_ms; }  // somebody sets the system's clock

 private:
  std::atomic<int64_t> wall_ms_{1'700'000'000'000};
  std::atomic<int64_t> monotonic_ns_{5'000'000'000};
};

enum class Ending { kClosed, kKilled };

class LogReopening : public testing::TestWithParam<Ending> {
 protected:
  LogReopening() {
    options_.single_threaded = true;
    options_.segment_bytes = 16 << 10;
  }
  void TearDown() override {
    if (log_ != nullptr) close();
  }
  std::string path() const { return disk_.path() + "/log"; }

  void open() {
    auto log = DurableLog::open(path(), options_, clock_);
    ASSERT_TRUE(log.ok()) << log.status().message();
    log_ = std::move(*log);
  }
  void close() {
    const ThreadMark mark;
    const Status status = log_->close();
    ASSERT_TRUE(status.ok()) << status.message();
    log_.reset();
  }
  // The log that the next process finds.
  void end() {
    const std::string left = disk_.path() + "/left";
    if (GetParam() == Ending::kKilled) copy_as_killed(path(), left);
    close();
    if (GetParam() == Ending::kClosed) return;
    std::filesystem::remove_all(path());
    std::filesystem::rename(left, path());
  }
  void reopen() {
    end();
    open();
  }

  // So many records of 1000 bytes, a minute apart.
  void append(size_t count) {
    const ThreadMark mark;
    const std::string record(1000, 'x');
    const Slice slice{std::string_view(record)};
    for (size_t i = 0; i < count; i++) {
      clock_.pass(kMinuteMs);
      ASSERT_TRUE(log_->append(&slice, 1).ok());
    }
  }
  int64_t time_of(uint64_t index) {
    const ThreadMark mark;
    DurableLog::Found found;
    const Status status = log_->find(index, &found);
    EXPECT_TRUE(status.ok()) << index << " " << status.message();
    return found.time_ms;
  }
  uint64_t seek(int64_t time_ms) {
    const ThreadMark mark;
    const auto found = log_->seek_time(time_ms);
    EXPECT_TRUE(found.ok()) << found.status().message();
    return found.ok() ? *found : UINT64_MAX;
  }
  uint64_t retain() {
    const ThreadMark mark;
    const auto gone = log_->retain();
    EXPECT_TRUE(gone.ok()) << gone.status().message();
    return gone.ok() ? *gone : UINT64_MAX;
  }
  // A search by time finds what looking at every record finds.
  void expect_times_in_order() {
    std::vector<int64_t> times;
    for (uint64_t i = log_->first(); i < log_->next(); i++) times.push_back(time_of(i));
    for (size_t i = 1; i < times.size(); i++) ASSERT_LE(times[i - 1], times[i]) << log_->first() + i;
    for (const int64_t time_ms : times) {
      for (const int64_t sought : {time_ms - 1, time_ms, time_ms + 1}) {
        const auto at = std::find_if(times.begin(), times.end(), [sought](int64_t time) { return time >= sought; });
        ASSERT_EQ(log_->first() + static_cast<uint64_t>(at - times.begin()), seek(sought)) << sought;
      }
    }
  }

  static constexpr int64_t kMinuteMs = 60'000;

  TemporaryDirectory disk_;
  ClockEnv clock_;
  LogOptions options_;
  std::unique_ptr<DurableLog> log_;
};

TEST_P(LogReopening, times_do_not_fall_when_the_clock_was_set_back_between_two_openings) {
  open();
  append(100);
  const int64_t last_ms = time_of(99);
  for (const int64_t step_ms : {-24 * kHourMs, 48 * kHourMs, -30 * kHourMs}) {
    end();
    clock_.set_wall(step_ms);
    open();
    append(40);
    expect_times_in_order();
  }
  EXPECT_EQ(last_ms, time_of(100)) << "as long as the clock is behind, time stands still";
  EXPECT_EQ(last_ms, time_of(139));
  EXPECT_LT(last_ms, time_of(140));
}

TEST_P(LogReopening, times_follow_a_clock_that_is_set_while_the_log_is_open) {
  open();
  append(1);
  clock_.set_wall(48 * kHourMs);
  append(1);
  EXPECT_EQ(48 * kHourMs + kMinuteMs, time_of(1) - time_of(0));
  clock_.set_wall(-24 * kHourMs);
  append(1);
  EXPECT_EQ(time_of(1), time_of(2)) << "not back";
  expect_times_in_order();
}

// What a large record does not fit into is given back to the file system, while the log goes on.
TEST_P(LogReopening, a_sealed_segment_takes_no_more_space_than_its_records) {
  options_.segment_bytes = 4 << 20;
  open();
  append(4);
  {
    const ThreadMark mark;
    const std::string large(size_t{6} << 20, 'x');
    const Slice slice{std::string_view(large)};
    ASSERT_TRUE(log_->append(&slice, 1).ok());
  }
  std::filesystem::path oldest;
  for (const auto& entry : std::filesystem::directory_iterator(path() + "/segments")) {
    if (oldest.empty() || entry.path() < oldest) oldest = entry.path();
  }
  struct stat status = {};
  ASSERT_EQ(0, ::stat(oldest.c_str(), &status));
  EXPECT_GE(status.st_size, 1 << 20);
  EXPECT_LT(status.st_blocks * 512, 64 << 10);
}

TEST_P(LogReopening, times_do_not_fall_behind_records_that_a_trim_has_taken) {
  open();
  append(60);
  const int64_t last_ms = time_of(59);
  {
    const ThreadMark mark;
    ASSERT_TRUE(log_->trim_after(20).ok());
  }
  append(10);
  {
    const ThreadMark mark;
    ASSERT_TRUE(log_->trim_before(31).ok()) << "all of them";
  }
  end();
  clock_.set_wall(-24 * kHourMs);
  open();
  append(3);
  EXPECT_LE(last_ms, time_of(31));
  expect_times_in_order();
}

TEST_P(LogReopening, retention_by_age_keeps_what_is_young_and_takes_what_is_old) {
  open();
  append(100);  // the clock has moved by 100 minutes
  options_.retention_ms = static_cast<uint64_t>(kHourMs);
  reopen();
  clock_.pass(1);
  EXPECT_GT(retain(), 0u);
  // Whole segments go: what is younger stays, and of the older no more than what shares a segment with it.
  EXPECT_LE(log_->first(), 40u);
  EXPECT_GT(log_->first() + 16, 40u);
  const uint64_t first = log_->first();
  reopen();
  EXPECT_EQ(0u, retain());
  end();
  clock_.set_wall(-24 * kHourMs);
  open();
  append(1);
  EXPECT_EQ(0u, retain()) << "nothing is old by a clock that was set back";
  EXPECT_EQ(first, log_->first());
  clock_.pass(26 * kHourMs);
  EXPECT_GT(retain(), 0u) << "until it has come there again";
  EXPECT_EQ(100u, log_->first()) << "the newest segment stays";
}

TEST_P(LogReopening, a_segment_that_was_found_is_as_young_as_its_records) {
  options_.retention_ms = static_cast<uint64_t>(kHourMs);
  open();
  append(5);
  for (int round = 0; round < 3; round++) {
    reopen();
    append(5);  // in a segment of its own: so the one that was found is not the newest
    EXPECT_EQ(0u, retain());
    EXPECT_EQ(0u, log_->first());
  }
  clock_.pass(kHourMs - 14 * kMinuteMs);
  EXPECT_EQ(1u, retain()) << "only the first one is older than an hour";
  EXPECT_EQ(5u, log_->first());
}

TEST_P(LogReopening, retention_by_bytes_keeps_as_much_as_it_may) {
  const uint64_t kept_at_most[] = {200'000, 150'000, 90'000, 40'000};
  open();
  append(100);
  for (const uint64_t bytes : kept_at_most) {
    SCOPED_TRACE(bytes);
    options_.retention_bytes = bytes;
    reopen();
    const uint64_t before = log_->first();
    const uint64_t gone = retain();
    EXPECT_EQ(gone == 0, log_->first() == before);
    const uint64_t kept = log_->next() - log_->first();
    EXPECT_LE(kept * 1000, bytes);
    // A record takes less than 1100 bytes, a segment holds fewer than 17: one segment more would have been too much.
    if (gone != 0) {
      EXPECT_GT((kept + 17) * 1100, bytes);
    }
    EXPECT_EQ(0u, retain()) << "once is enough";
    EXPECT_EQ(gone == 0, bytes > 110'000);
  }
  expect_times_in_order();
}

INSTANTIATE_TEST_SUITE_P(Endings, LogReopening, testing::Values(Ending::kClosed, Ending::kKilled),
                         [](const auto& ending) { return ending.param == Ending::kClosed ? "closed" : "killed"; });

}  // namespace
}  // namespace firn
