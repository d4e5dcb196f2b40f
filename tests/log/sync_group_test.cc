// The sync group: many wait, one syncs; a failure is final.
#include "log/sync_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "env/memory_env.h"
#include "env/thread_mark.h"
#include "log/failing_directory.h"
#include "log/ticking_env.h"

namespace firn {
namespace {

class SyncGroupTest : public testing::Test {
 protected:
  void SetUp() override {
    log_ = std::make_unique<Log>(std::make_unique<FailingDirectory>(std::move(*env_->open_directory("/log", true)), faults_), 1,
                                 SegmentIo::kMmap, *env_);
    ASSERT_TRUE(log_->activate(*log_->prepare(64 << 10)).ok());
    group_ = std::make_unique<SyncGroup>(*log_);
    ASSERT_TRUE(group_->wait(log_->end()).ok());
    synced_before_ = group_->sync_count();
  }

  LogPosition append() {
    uint64_t offset = 0;
    auto to = log_->reserve(5, &offset);
    EXPECT_TRUE(to.ok());
    std::fill_n(*to, 5, uint8_t{'r'});
    EXPECT_TRUE(log_->append(5).ok());
    return log_->end();
  }
  // Threads that append and wait, each a hundred times.
  void serve_writers() {
    constexpr int kWriterCount = 4, kCommitCount = 100;
    std::mutex door;
    std::vector<std::thread> writers;
    for (int i = 0; i < kWriterCount; i++) {
      writers.emplace_back([&] {
        for (int n = 0; n < kCommitCount; n++) {
          const ThreadMark mark;
          LogPosition position = 0;
          {
            const std::lock_guard lock(door);
            position = append();
          }
          EXPECT_TRUE(group_->wait(position).ok());
          EXPECT_GE(log_->durable(), position);
        }
      });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_GE(group_->counts().waits, group_->counts().syncs) << "a sync that nobody waited for";
    EXPECT_LE(group_->counts().group_max, kWriterCount);
    EXPECT_EQ(1, faults_->syncs_under_way_max) << "two have begun the same sync";
  }
  uint64_t sync_count() const { return group_->sync_count() - synced_before_; }

  std::unique_ptr<Env> env_ = new_memory_env();
  std::shared_ptr<Faults> faults_ = std::make_shared<Faults>();
  std::unique_ptr<Log> log_;
  std::unique_ptr<SyncGroup> group_;
  uint64_t synced_before_ = 0;
};

TEST_F(SyncGroupTest, WhatIsDurableIsNotSyncedAgain) {
  const LogPosition position = append();
  ASSERT_TRUE(group_->wait(position).ok());
  EXPECT_GE(log_->durable(), position);
  ASSERT_TRUE(group_->wait(position).ok());
  EXPECT_EQ(1u, sync_count());
}

TEST_F(SyncGroupTest, ManyWaitersShareOneSync) {
  std::vector<LogPosition> positions;
  for (int i = 0; i < 8; i++) positions.push_back(append());
  std::vector<std::thread> waiters;
  for (const LogPosition position : positions) {
    waiters.emplace_back([this, position] {
      const ThreadMark mark;
      EXPECT_TRUE(group_->wait(position).ok());
      EXPECT_GE(log_->durable(), position);
    });
  }
  for (auto& waiter : waiters) waiter.join();
  EXPECT_EQ(1u, sync_count()) << "all of it was there before the first sync began";
}

// At 0 and 100 us who waits looks again before he sleeps; at 2000 us he sleeps at once, because a sync takes long.
class SyncTimeTest : public SyncGroupTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Microseconds, SyncTimeTest, testing::Values(0, 100, 2000));

TEST_P(SyncTimeTest, WaitersBesideAWriterAreEachServed) {
  faults_->sync_us = GetParam();
  serve_writers();
}

TEST_P(SyncTimeTest, AFailureEndsEveryWait) {
  faults_->sync_us = GetParam();
  ASSERT_TRUE(group_->wait(append()).ok());  // it knows now how long a sync takes
  const LogPosition position = append();
  faults_->fail_sync = true;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; i++) {
    waiters.emplace_back([this, position] {
      const ThreadMark mark;
      EXPECT_EQ(Code::kIo, group_->wait(position).code());
    });
  }
  for (auto& waiter : waiters) waiter.join();
  EXPECT_EQ(2u, sync_count());
}

// Every turn seems to take longer than one that leaves the processor to nobody else.
class CrowdedTest : public SyncGroupTest {
 protected:
  CrowdedTest() { env_ = std::make_unique<TickingEnv>(600'000); }
  uint64_t look_count() const { return static_cast<TickingEnv&>(*env_).look_count(); }
};

TEST_F(CrowdedTest, WaitersWhoGiveUpLookingAgainAreEachServed) {
  faults_->sync_us = 1000;  // so that some come while it runs
  serve_writers();
  EXPECT_GT(look_count(), 2 * group_->sync_count()) << "nobody has looked again: each sync looks twice";
}

TEST_F(SyncGroupTest, AFailureIsFinalButNotForWhatWasDurable) {
  const LogPosition before = append();
  ASSERT_TRUE(group_->wait(before).ok());
  const LogPosition after = append();
  faults_->fail_sync = true;
  EXPECT_EQ(Code::kIo, group_->wait(after).code());
  faults_->fail_sync = false;
  const int syncs = faults_->sync_count;
  EXPECT_EQ(Code::kIo, group_->wait(after).code()) << "the pages may be clean now without having been written";
  EXPECT_EQ(syncs, faults_->sync_count);
  EXPECT_TRUE(group_->wait(before).ok());
}

}  // namespace
}  // namespace firn
