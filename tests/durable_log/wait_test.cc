// Waiting for records: by threads, and by an event loop that watches a descriptor. No test asserts a time.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "durable_log/durable_log.h"
#include "durable_log/log_driver.h"
#include "env/thread_mark.h"

namespace durable_log_test {
namespace {

using LogWait = LogDriver;

bool is_readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

void drain(int fd) {
  uint64_t count = 0;
  while (is_readable(fd) && ::read(fd, &count, sizeof count) > 0) {
  }
}

TEST_F(LogWait, what_is_there_is_not_waited_for_and_a_look_does_not_wait) {
  open();
  EXPECT_EQ(FIRN_TIMEOUT, firn_log_wait(log_, 0, 0));
  append(log_, "x");
  EXPECT_EQ(FIRN_OK, firn_log_wait(log_, 0, -1));
  EXPECT_EQ(FIRN_TIMEOUT, firn_log_wait(log_, 1, 5));
}

TEST_F(LogWait, a_follower_sees_every_record_without_polling) {
  constexpr uint64_t kCount = 2000;
  open("segment_bytes=16KiB");
  std::thread follower([this] {
    for (uint64_t i = 0; i < kCount; i++) {
      ASSERT_EQ(FIRN_OK, firn_log_wait(log_, i, -1));
      ASSERT_EQ(std::to_string(i), read(log_, i));
    }
  });
  for (uint64_t i = 0; i < kCount; i++) {
    if (i % 3 == 0) {
      append(log_, std::to_string(i));
    } else {
      append_batch(log_, {std::to_string(i)});
    }
    if (i % 64 == 0) std::this_thread::yield();
  }
  follower.join();
}

TEST_F(LogWait, wake_ends_the_waits_that_go_on) {
  open();
  std::atomic<int> ended{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; i++) {
    waiters.emplace_back([&] {
      EXPECT_EQ(FIRN_CANCELLED, firn_log_wait(log_, 100, -1));
      ended++;
    });
  }
  while (ended < 4) {  // a wait that had not begun is met by one of the next
    ASSERT_EQ(FIRN_OK, firn_log_wake(log_));
    std::this_thread::yield();
  }
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(FIRN_TIMEOUT, firn_log_wait(log_, 100, 1)) << "a wake does not reach later waits";
}

TEST_F(LogWait, closing_ends_the_waits) {
  open();
  std::atomic<bool> began{false};
  std::thread waiter([&] {
    began = true;
    EXPECT_EQ(FIRN_CLOSED, firn_log_wait(log_, 100, -1));
  });
  while (!began) std::this_thread::yield();
  usleep(2000);
  EXPECT_EQ(FIRN_OK, firn_log_close(log_));
  waiter.join();
  log_ = nullptr;
}

TEST_F(LogWait, a_descriptor_tells_an_event_loop_of_the_next_record) {
  open();
  const int fd = firn_log_notify_fd(log_);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(fd, firn_log_notify_fd(log_));
  uint64_t seen = 0;
  for (int round = 0; round < 50; round++) {
    drain(fd);
    uint8_t buffer[256];
    while (firn_log_read_chunk(log_, seen, buffer, sizeof buffer) > 0) seen = next();  // 0: at the end, the next append signals
    EXPECT_FALSE(is_readable(fd));
    append(log_, "x");
    EXPECT_TRUE(is_readable(fd));
  }
  drain(fd);
  EXPECT_EQ(FIRN_OK, firn_log_wake(log_));
  EXPECT_TRUE(is_readable(fd));
}

// Without threads of its own: what keepers do is done when an append returns.
TEST(LogDescriptor, tells_of_the_durable_bound_when_it_moves_and_only_then) {
  const firn::TemporaryDirectory disk;
  firn::LogOptions options;
  options.single_threaded = true;
  const auto log = firn::DurableLog::open(disk.path() + "/log", options);
  ASSERT_TRUE(log.ok()) << log.status().message();
  const firn::ThreadMark mark;
  const int fd = (*log)->notify_fd();
  const firn::Slice record{std::string_view("x")};
  ASSERT_TRUE((*log)->append(&record, 1).ok());
  EXPECT_FALSE(is_readable(fd)) << "a keeper that found nothing sealed has told of it";
  EXPECT_TRUE((*log)->sync().ok());
  EXPECT_TRUE(is_readable(fd));
  drain(fd);
  EXPECT_TRUE((*log)->sync().ok());
  EXPECT_FALSE(is_readable(fd)) << "nothing has become durable";
  EXPECT_TRUE((*log)->close().ok());
}

TEST_F(LogWait, a_synced_append_is_durable_when_it_returns_also_beside_others) {
  open("durability=sync");
  std::vector<std::thread> writers;
  for (int t = 0; t < 8; t++) {
    writers.emplace_back([this] {
      for (int i = 0; i < 50; i++) {
        const int64_t index = append(log_, "record");
        ASSERT_GE(index, 0);
        ASSERT_GT(firn_log_durable(log_), index) << "durable before it is acknowledged";
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(400u, next());
}

}  // namespace
}  // namespace durable_log_test
