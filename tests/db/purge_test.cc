// Entries whose time is over leave the disk by themselves.
#include <chrono>
#include <thread>

#include "db_fixture.h"

namespace firn {
namespace {

class PurgeTest : public DbTest {
 protected:
  void fill(int64_t ttl_ms) {
    const ThreadMark mark;
    for (int i = 0; i < 1000; i++) {
      const std::string key = "k" + std::to_string(i);
      const int64_t expiry_ms = i % 2 == 0 ? db_->now_ms() + ttl_ms : kNeverExpires;
      ASSERT_TRUE(db_->put_if(make_put(0, Slice(key), Slice("value"), expiry_ms), {}, {}).ok());
    }
    ASSERT_TRUE(db_->flush().ok());
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
  while (entry_count() > 500) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(500u, entry_count());
}

TEST_F(PurgeTest, WithoutThreadsItHappensInSlices) {
  open("single_threaded=true");
  fill(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const ThreadMark mark;
  while (*db_->run_jobs(1)) {
  }
  EXPECT_EQ(500u, entry_count());
  EXPECT_FALSE(*db_->run_jobs(1)) << "once is enough";
}

TEST_F(PurgeTest, WhatHasNotExpiredStays) {
  open("single_threaded=true");
  fill(1'000'000);
  const ThreadMark mark;
  EXPECT_FALSE(*db_->run_jobs(1));
  EXPECT_EQ(1000u, entry_count());
}

}  // namespace
}  // namespace firn
