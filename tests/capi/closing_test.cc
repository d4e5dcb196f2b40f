// Closing tells whoever watches the descriptor, when the handle is refused already: who looked too early would never be told again.
#include <fcntl.h>
#include <firn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "env/environment.h"

namespace {

// Closes while the descriptor takes no more signals, so that the closer stands still where it gives one, until the descriptor is read.
void close_with_a_full_descriptor(int fd, const std::function<bool()>& is_refused, const std::function<int32_t()>& close) {
  const int watched = fcntl(fd, F_DUPFD_CLOEXEC, 0);  // the database's own goes with it
  ASSERT_GE(watched, 0);
  uint64_t count = UINT64_MAX - 1;  // eventfd(2): a write that would make it more waits
  while (read(watched, &count, sizeof count) > 0) {
  }
  count = UINT64_MAX - 1;
  ASSERT_EQ(static_cast<ssize_t>(sizeof count), write(watched, &count, sizeof count));
  ASSERT_EQ(0, fcntl(watched, F_SETFL, 0));  // waits, also who writes to `fd`: they share the flag
  std::thread closer([&] { EXPECT_EQ(FIRN_OK, close()); });
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!is_refused() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_TRUE(is_refused()) << "the descriptor is signalled before the handle is refused";
  EXPECT_EQ(static_cast<ssize_t>(sizeof count), read(watched, &count, sizeof count));
  EXPECT_EQ(UINT64_MAX - 1, count);
  EXPECT_EQ(static_cast<ssize_t>(sizeof count), read(watched, &count, sizeof count)) << "closing did not signal";
  closer.join();
  ::close(watched);
}

TEST(ClosingTest, who_watches_a_database_finds_it_closed_when_told) {
  firn_error error = FIRN_ERROR_INIT;
  firn_db* const db = firn_open(":memory:", nullptr, &error);
  ASSERT_NE(nullptr, db) << error.message;
  close_with_a_full_descriptor(
      firn_notify_fd(db), [&] { return firn_exists(db, 0, nullptr, 0) == FIRN_CLOSED; }, [&] { return firn_close(db); });
}

TEST(ClosingTest, who_watches_a_log_finds_it_closed_when_told) {
  const firn::TemporaryDirectory directory;
  firn_error error = FIRN_ERROR_INIT;
  firn_log* const log = firn_log_open((directory.path() + "/log").c_str(), nullptr, &error);
  ASSERT_NE(nullptr, log) << error.message;
  close_with_a_full_descriptor(
      firn_log_notify_fd(log), [&] { return firn_log_durable(log) == FIRN_CLOSED; }, [&] { return firn_log_close(log); });
}

}  // namespace
