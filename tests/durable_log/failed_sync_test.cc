// What firn.h says of a log whose disk has failed a sync.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "durable_log/log_driver.h"

namespace {
std::atomic<bool> fails_syncs{false};
}  // namespace

// Stands before libc's for the library, which is linked statically.
extern "C" int fdatasync(int fd) {
  if (fails_syncs) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

namespace durable_log_test {
namespace {

using LogFailure = LogDriver;

TEST_F(LogFailure, a_failed_sync_makes_the_log_read_only_and_is_told) {
  open("durability=sync");
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(FIRN_OK, firn_log_error(log_, &error));
  EXPECT_EQ(FIRN_OK, firn_log_error(log_, nullptr));
  EXPECT_EQ(0, append(log_, "kept"));
  fails_syncs = true;
  EXPECT_EQ(FIRN_INDETERMINATE, append(log_, "in doubt"));
  EXPECT_EQ(FIRN_READ_ONLY, append(log_, "refused"));
  EXPECT_EQ(FIRN_READ_ONLY, firn_log_sync(log_));
  fails_syncs = false;
  EXPECT_EQ(FIRN_READ_ONLY, append(log_, "refused, although the disk would do it again"));
  EXPECT_EQ(FIRN_IO, firn_log_error(log_, nullptr));
  EXPECT_EQ(FIRN_IO, firn_log_error(log_, &error));
  EXPECT_EQ(FIRN_IO, error.code);
  EXPECT_EQ(EIO, error.os_errno);
  EXPECT_NE(std::string::npos, std::string(error.file).find("/log/segments/")) << error.file;
  EXPECT_STRNE("", error.message);
  EXPECT_EQ(1, firn_log_durable(log_));
  EXPECT_EQ("kept", read(log_, 0));
  EXPECT_EQ(FIRN_READ_ONLY, firn_log_close(std::exchange(log_, nullptr)));
  open();
  EXPECT_EQ(FIRN_OK, firn_log_error(log_, nullptr));
  EXPECT_EQ("kept", read(log_, 0));
  EXPECT_LE(next(), 2u) << "what was in doubt is there, or is not; what was refused is not";
}

TEST_F(LogFailure, asking_a_handle_that_is_none) {
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(FIRN_MISUSE, firn_log_error(nullptr, &error));
  open();
  firn_log* const closed = log_;
  close();
  EXPECT_EQ(FIRN_CLOSED, firn_log_error(closed, &error));
}

}  // namespace
}  // namespace durable_log_test
