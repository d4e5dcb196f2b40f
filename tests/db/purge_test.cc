// Entries whose time is over leave the disk by themselves.
#include <atomic>
#include <chrono>
#include <thread>

#include "db_fixture.h"

namespace firn {
namespace {

// The time is the test's: it goes on by leaps.
class LeapingEnv final : public Env {
 public:
  Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override {
    return posix_env().open_directory(path, create);
  }
  int64_t wall_ms() override { return 1'700'000'000'000; }
  int64_t monotonic_ns() override { return monotonic_ns_.load(); }
  uint64_t random() override { return posix_env().random(); }

  void leap(int64_t ms) { monotonic_ns_ += ms * 1'000'000; }

 private:
  std::atomic<int64_t> monotonic_ns_{0};
};

class PurgeTest : public DbTest {
 protected:
  PurgeTest() { env_ = &time_; }
  LeapingEnv time_;

  // A thousand entries in a table, of which every other one lives so long.
  void fill(int64_t ttl_ms) {
    const ThreadMark mark;
    for (int i = 0; i < 1000; i++) {
      const std::string key = "k" + std::to_string(i);
      const int64_t expiry_ms = i % 2 == 0 ? db_->now_ms() + ttl_ms : kNeverExpires;
      ASSERT_TRUE(db_->put_if(make_put(0, Slice(key), Slice("value"), expiry_ms), {}, {}).ok());
    }
    ASSERT_TRUE(db_->flush().ok());
    ASSERT_EQ(1000u, entry_count());
  }
  uint64_t entry_count() {
    const ThreadMark mark;
    const std::string json = db_->stats_json();
    const std::string name = "\"table_entries\":";
    const size_t at = json.find(name);
    EXPECT_NE(std::string::npos, at) << json;
    return std::stoull(json.substr(at + name.size()));
  }
};

TEST_F(PurgeTest, WithThreadsItHappensInTheBackground) {
  open();
  fill(1);
  time_.leap(2);
  while (entry_count() > 500) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(500u, entry_count());
}

TEST_F(PurgeTest, WithoutThreadsItHappensInSlices) {
  open("single_threaded=true");
  fill(1);
  time_.leap(2);
  const ThreadMark mark;
  while (*db_->run_jobs(1)) {
  }
  EXPECT_EQ(500u, entry_count());
  EXPECT_FALSE(*db_->run_jobs(1)) << "once is enough";
}

TEST_F(PurgeTest, WhatHasNotExpiredStays) {
  open("single_threaded=true");
  fill(1'000'000);
  time_.leap(999'999);
  const ThreadMark mark;
  EXPECT_FALSE(*db_->run_jobs(1));
  EXPECT_EQ(1000u, entry_count());
}

TEST_F(PurgeTest, WhatHasExpiredIsNotFoundAmongManyKeysEither) {
  open("single_threaded=true");
  const Operation expired = make_put(0, Slice(std::string_view("expired")), Slice(std::string_view("value")), 1);
  ASSERT_TRUE(write(*db_, {put_of("live", "value"), expired}).ok());
  const ThreadMark mark;
  Lookup lookups[2];
  lookups[0].key = Slice(std::string_view("live"));
  lookups[1].key = Slice(std::string_view("expired"));
  Snapshot snapshot;
  ASSERT_TRUE(db_->multi_get(lookups, 2, &snapshot).ok());
  EXPECT_EQ(Code::kOk, lookups[0].code);
  EXPECT_EQ(Code::kNotFound, lookups[1].code);
}

}  // namespace
}  // namespace firn
