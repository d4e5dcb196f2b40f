// Calls that meet: resets and trims beside syncs and waits, and readers of another opening beside a writer who works.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "db/full_disk_env.h"
#include "durable_log/durable_log.h"
#include "durable_log/log_driver.h"
#include "env/memory_env.h"
#include "env/thread_mark.h"

namespace durable_log_test {
namespace {

using firn::DurableLog;
using firn::LogOptions;
using firn::Slice;
using firn::ThreadMark;

using LogSharing = LogDriver;

// Without a disk: syncs take no time, so that calls meet often.
class LogMeetings : public testing::Test {
 protected:
  void open(const std::function<void(LogOptions*)>& choose) {
    LogOptions options;
    options.segment_bytes = 64 << 10;
    choose(&options);
    env_ = firn::new_memory_env();
    auto log = DurableLog::open("log", options, *env_);
    ASSERT_TRUE(log.ok()) << log.status().message();
    log_ = std::move(*log);
  }
  void TearDown() override { EXPECT_TRUE(log_->close().ok()); }
  void append_one() {
    const ThreadMark mark;
    const Slice record("record");
    EXPECT_TRUE(log_->append(&record, 1).ok());
  }
  void reset(uint64_t next) {
    const ThreadMark mark;
    EXPECT_TRUE(log_->reset(next).ok());
  }

  std::unique_ptr<firn::Env> env_;
  std::unique_ptr<DurableLog> log_;
};

// A reset takes the position away that an append, or a sync, has and has not synced yet: nobody else would ever come past it. And what was synced of before is not there.
TEST_F(LogMeetings, a_synced_append_ends_beside_a_reset) {
  open([](LogOptions* options) { options->durability = firn::Durability::kSync; });
  constexpr int kRoundCount = 400;
  constexpr int kThreadCount = 3;
  std::atomic<int> asked{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> appenders;
  for (int i = 0; i < kThreadCount; i++) {
    appenders.emplace_back([&, i] {
      for (int round = 1; round <= kRoundCount; round++) {
        while (asked < round) std::this_thread::yield();
        for (int k = 0; k <= i; k++) append_one();
        const ThreadMark mark;
        EXPECT_TRUE(log_->sync().ok());
        answered++;
      }
    });
  }
  for (int round = 1; round <= kRoundCount; round++) {
    asked = round;
    for (int i = 0; i < round % 20; i++) std::this_thread::yield();
    reset(round % 2 == 0 ? 0 : 100'000);
    while (answered < round * kThreadCount) std::this_thread::yield();
    EXPECT_LE(log_->durable(), log_->next());
  }
  for (std::thread& appender : appenders) appender.join();
}

TEST_F(LogMeetings, bounds_are_those_of_one_moment) {
  open([](LogOptions* options) { options->durability = firn::Durability::kNone; });
  std::atomic<bool> is_over{false};
  std::thread reader([&] {
    while (!is_over) {
      const DurableLog::Bounds range = log_->bounds();
      EXPECT_LE(range.next - range.first, 2u) << range.first << " to " << range.next << " never was";
    }
  });
  for (uint64_t i = 1; i <= 3000; i++) {
    reset((i % 2 == 0 ? 1'000'000'000 : 0) +
          i * 100'000);  // up and down, and none twice: a look in which a bound changed and changed back is no fault
    append_one();
    append_one();
  }
  is_over = true;
  reader.join();
}

TEST_F(LogMeetings, syncs_by_count_go_on_after_somebody_elses_sync) {
  open([](LogOptions* options) {
    options->durability = firn::Durability::kEvery;
    options->durability_every_count = 10;
  });
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 10; i++) append_one();
    {
      const ThreadMark mark;
      EXPECT_TRUE(log_->sync().ok());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the keeper comes when everything is durable already
  }
  // The count may stand anywhere below ten. With the count stuck at ten nobody would ever sync what comes.
  for (int i = 0; i < 20; i++) append_one();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (log_->durable() + 10 < log_->next() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_GE(log_->durable() + 10, log_->next());
}

TEST_F(LogSharing, a_reset_ends_the_wait_for_a_record_that_cannot_come) {
  open();
  std::atomic<bool> waits{false};
  std::atomic<int32_t> answer{FIRN_INTERNAL};
  std::thread waiter([&] {
    waits = true;
    answer = firn_log_wait(log_, 5, -1);
  });
  while (!waits) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it is most likely asleep by now; if not, the answer is the same
  EXPECT_EQ(FIRN_OK, firn_log_reset(log_, 1000));
  waiter.join();
  EXPECT_EQ(FIRN_NOT_FOUND, answer);
}

TEST_F(LogSharing, appends_go_on_while_a_trim_waits_for_the_disk) {
  firn::FullDiskEnv env;
  LogOptions options;
  options.segment_bytes = 1 << 20;
  auto log = DurableLog::open(path(), options, env);
  ASSERT_TRUE(log.ok()) << log.status().message();
  const Slice record("record");
  const auto append_one = [&] {
    const ThreadMark mark;
    return (*log)->append(&record, 1).ok();
  };
  for (int i = 0; i < 10; i++) ASSERT_TRUE(append_one());
  env.disk.holds_directory_syncs = true;
  std::thread trimmer([&] {
    const ThreadMark mark;
    EXPECT_TRUE((*log)->trim_before(5).ok());
  });
  while (env.disk.held_count == 0) std::this_thread::yield();
  for (int i = 0; i < 100; i++) EXPECT_TRUE(append_one());
  EXPECT_EQ(0u, (*log)->first()) << "the trim is not durable yet";
  env.disk.holds_directory_syncs = false;
  trimmer.join();
  EXPECT_EQ(5u, (*log)->first());
  EXPECT_EQ(110u, (*log)->next());
  EXPECT_TRUE((*log)->close().ok());
}

// The record at a followed log's end. Trimmed meanwhile, it is not there.
void expect_newest(firn_log* reader) {
  const uint64_t newest = firn_log_bounds(reader).next - 1;
  const std::string record = read(reader, newest);
  if (record != "FIRN_NOT_FOUND") {
    EXPECT_EQ(std::to_string(newest) + std::string(newest % 300, 'x'), record);
  }
}

// What is half stored when it is looked at is no damage.
TEST_F(LogSharing, readers_beside_a_writer_who_works_find_no_damage) {
  for (const std::string options :
       {"durability=sync,segment_bytes=4KiB", "durability=interval:1ms,segment_bytes=16MiB", "segment_bytes=64KiB"}) {
    open(options);
    append(log_, "0");
    firn_log* const follower = open_log(path(), "read_only=true");
    ASSERT_NE(nullptr, follower);
    std::atomic<bool> is_over{false};
    std::thread writer([&] {
      constexpr uint64_t kRecordCountMax = 10'000;  // each fresh reader looks at most of them
      for (uint64_t index = next(); !is_over && index < kRecordCountMax; index++) {
        if (index % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_EQ(static_cast<int64_t>(index), append(log_, std::to_string(index) + std::string(index % 300, 'x')));
        if (index % 1000 == 999 && options.find("sync") != std::string::npos) {
          EXPECT_EQ(FIRN_OK, firn_log_trim_before(log_, index - 500));
        }
      }
    });
    uint64_t before = 0;
    for (int i = 0; i < 200; i++) {
      ASSERT_EQ(FIRN_OK, firn_log_refresh(follower)) << options;
      ASSERT_GE(firn_log_bounds(follower).next, before);
      before = firn_log_bounds(follower).next;
      if (before > 1) expect_newest(follower);
      if (i % 4 != 0) continue;
      firn_error error = FIRN_ERROR_INIT;
      firn_log* const fresh = open_log(path(), "read_only=true", &error);
      ASSERT_NE(nullptr, fresh) << options << ": " << firn_status_name(error.code);
      if (firn_log_bounds(fresh).next > 1) expect_newest(fresh);
      EXPECT_EQ(FIRN_OK, firn_log_close(fresh));
    }
    is_over = true;
    writer.join();
    ASSERT_EQ(FIRN_OK, firn_log_refresh(follower));
    EXPECT_EQ(next(), firn_log_bounds(follower).next) << options;
    EXPECT_EQ(FIRN_OK, firn_log_close(follower));
    close();
    std::filesystem::remove_all(path());
  }
}

// A refresh that failed fails again: what the reader shows is not the state of now.
TEST_F(LogSharing, a_refresh_that_meets_damage_meets_it_again) {
  open("durability=sync");
  for (int i = 0; i < 10; i++) append(log_, "record " + std::to_string(i));
  firn_log* const follower = open_log(path(), "read_only=true");
  ASSERT_NE(nullptr, follower);
  ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, 1));  // another state
  const std::filesystem::path segment = std::filesystem::directory_iterator(path() + "/segments")->path();
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  file.seekp(static_cast<std::streamoff>(content.find("record 5"))).put('R').flush();
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(FIRN_CORRUPT, firn_log_refresh(follower));
    EXPECT_EQ(10u, firn_log_bounds(follower).next) << "it goes on showing what it showed";
  }
  file.seekp(static_cast<std::streamoff>(content.find("record 5"))).put('r').flush();
  EXPECT_EQ(FIRN_OK, firn_log_refresh(follower));
  EXPECT_EQ(1u, firn_log_bounds(follower).first);
  EXPECT_EQ(FIRN_OK, firn_log_close(follower));
}

// What was verified is not verified again: the pinned bytes are those of the same mapping.
TEST_F(LogSharing, a_refresh_of_a_closed_log_reads_nothing_anew) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 200; i++) append(log_, std::string(100, 'x'));
  close();
  firn_log* const reader = open_log(path(), "read_only=true");
  ASSERT_NE(nullptr, reader);
  firn_pin_t before;
  firn_pin_t after;
  ASSERT_EQ(FIRN_OK, firn_log_pin(reader, 5, &before));
  ASSERT_EQ(FIRN_OK, firn_log_refresh(reader));
  ASSERT_EQ(FIRN_OK, firn_log_pin(reader, 5, &after));
  EXPECT_EQ(before.data, after.data);
  firn_unpin(&before);
  firn_unpin(&after);
  open("segment_bytes=4KiB");
  append(log_, "of the next writer");
  EXPECT_EQ(FIRN_OK, firn_log_refresh(reader));
  EXPECT_EQ(201u, firn_log_bounds(reader).next);
  EXPECT_EQ(FIRN_OK, firn_log_close(reader));
}

std::filesystem::path newest_state(const std::string& directory) {
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with("state-")) newest = std::max(newest, entry.path());
  }
  return newest;
}

// A reader who looks while the writer replaces the state sees the one before, and with the next look the new one, whose number he has met already.
TEST_F(LogSharing, a_state_that_was_half_written_when_first_seen_counts_once_it_is_whole) {
  namespace fs = std::filesystem;
  open("");
  for (int i = 0; i < 10; i++) append(log_, std::to_string(i));
  firn_log* const follower = open_log(path(), "read_only=true");
  ASSERT_NE(nullptr, follower);
  const fs::path before = newest_state(path());
  const fs::path aside = path() + ".state";
  fs::copy_file(before, aside);
  ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, 4));
  const fs::path after = newest_state(path());
  const fs::path whole = path() + ".whole";
  fs::rename(after, whole);
  std::ofstream(after).put('x');
  fs::rename(aside, before);
  ASSERT_EQ(FIRN_OK, firn_log_refresh(follower));
  EXPECT_EQ(10u, firn_log_bounds(follower).next);
  fs::rename(whole, after);
  fs::remove(before);
  ASSERT_EQ(FIRN_OK, firn_log_refresh(follower));
  EXPECT_EQ(5u, firn_log_bounds(follower).next);
  EXPECT_EQ(FIRN_OK, firn_log_close(follower));
}

}  // namespace
}  // namespace durable_log_test
