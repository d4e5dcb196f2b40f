// Locks between processes: who holds one, who inherits one, and who must not (ENV-5).
#include <fcntl.h>
#include <signal.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "env/posix_env.h"
#include "environment.h"

namespace firn {
namespace {

class LockTest : public testing::Test {
 protected:
  void SetUp() override { directory_ = std::move(posix_env().open_directory(root_, true).value()); }

  Code try_lock() { return code_of(posix_env().open_directory(root_, false).value()->lock("LOCK")); }

  TemporaryDirectory temporary_;
  const std::string root_ = temporary_.path() + "/db";
  std::unique_ptr<Directory> directory_;
};

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) std::abort();
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  void close_reader() { close_end(0); }
  void close_writer() { close_end(1); }
  bool wait() { return ::read(ends_[0], &byte_, 1) == 1; }  // false: all writers are gone
  void signal() { (void)!::write(ends_[1], &byte_, 1); }

 private:
  void close_end(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  int ends_[2] = {-1, -1};
  char byte_ = '.';
};

size_t descriptors_of(const std::string& path) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    if (std::filesystem::read_symlink(entry.path(), ignored) == path) ++count;
  }
  return count;
}

TEST_F(LockTest, AnotherProcessIsRefusedAndToldWhoHoldsTheLock) {
  const auto held = directory_->lock("LOCK");
  ASSERT_TRUE(held.ok());
  const std::string holder = "held by process " + std::to_string(::getpid()) + " (";
  const int result = in_child([&] {
    const auto second = posix_env().open_directory(root_, false).value()->lock("LOCK");
    if (code_of(second) != Code::kLocked) return 1;
    return second.status().message().substr(0, holder.size()) == holder ? 0 : 2;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(LockTest, TheNameOfTheHolderIsTakenAsUntrusted) {
  const auto held = directory_->lock("LOCK");
  const auto message_for = [&](const std::string& text) {
    std::ofstream(root_ + "/LOCK", std::ios::trunc) << text;
    const auto second = directory_->lock("LOCK");
    EXPECT_EQ(code_of(second), Code::kLocked);
    return std::string(second.status().message());
  };
  EXPECT_EQ(message_for(""), "held by an unknown process");
  EXPECT_EQ(message_for("no number"), "held by an unknown process");
  EXPECT_EQ(message_for("-5 x\n"), "held by an unknown process");
  EXPECT_EQ(message_for("99999999999999999999 x\n"), "held by an unknown process");
  EXPECT_EQ(message_for("12"), "held by process 12 ()");
  EXPECT_EQ(message_for("12 a\x1b[31m\n"), "held by process 12 (a)");
  EXPECT_EQ(message_for("12 " + std::string(100000, 'x')), "held by process 12 (" + std::string(125, 'x') + ")");
}

TEST_F(LockTest, ALockOutlivesTheDirectoryThatGaveItAndAShorterHolderLeavesNoRest) {
  std::ofstream(root_ + "/LOCK") << std::string(100, 'x');
  auto held = directory_->lock("LOCK");
  directory_.reset();
  EXPECT_EQ(try_lock(), Code::kLocked);
  std::string text;
  std::getline(std::ifstream(root_ + "/LOCK"), text, '\0');
  EXPECT_EQ(text.substr(0, text.find(' ')), std::to_string(::getpid()));
  EXPECT_EQ(text.back(), '\n');
  held.value().reset();
  EXPECT_EQ(try_lock(), Code::kOk);
}

TEST_F(LockTest, AProcessThatWasKilledLeavesNoLockBehind) {
  const int result = in_child([&] {
    const auto held = directory_->lock("LOCK");
    if (!held.ok()) return 1;
    ::raise(SIGKILL);
    return 2;
  });
  EXPECT_EQ(result, 1000 + SIGKILL);
  EXPECT_EQ(try_lock(), Code::kOk);
}

TEST_F(LockTest, Env5AForkedChildHoldsNoDescriptorOfItsParentsLocks) {
  auto first = directory_->lock("LOCK");
  auto second = directory_->lock("OTHER");
  auto third = directory_->lock("THIRD");
  second.value().reset();  // leaves the chain from its middle
  const int result = in_child([&] {
    if (descriptors_of(root_ + "/LOCK") != 0) return 1;
    if (descriptors_of(root_ + "/THIRD") != 0) return 2;
    if (try_lock() != Code::kLocked) return 3;
    return directory_->lock("OTHER").ok() ? 0 : 4;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(descriptors_of(root_ + "/LOCK"), 1u);
}

TEST_F(LockTest, Env5AForkedChildThatDestroysItsCopyReleasesNothing) {
  auto held = directory_->lock("LOCK");
  const int result = in_child([&] {
    const auto own = directory_->lock("CHILD");  // likely gets the number of the descriptor that was closed
    held.value().reset();
    if (try_lock() != Code::kLocked) return 1;
    return code_of(directory_->lock("CHILD")) == Code::kLocked ? 0 : 2;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(try_lock(), Code::kLocked);
}

TEST_F(LockTest, Env5AChildThatLivesOnDoesNotKeepTheLockAfterItsParentReleasedIt) {
  auto held = directory_->lock("LOCK");
  Pipe until;
  const pid_t child = ::fork();
  if (child == 0) {
    until.close_writer();
    until.wait();
    ::_exit(0);
  }
  EXPECT_EQ(try_lock(), Code::kLocked);
  held.value().reset();
  EXPECT_EQ(try_lock(), Code::kOk);
  until.close_writer();
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(LockTest, Env5AChildThatLivesOnDoesNotKeepTheLockAfterItsParentDied) {
  Pipe ready;
  Pipe until;
  const int result = in_child([&] {
    const auto held = directory_->lock("LOCK");
    until.close_writer();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) {
      ready.signal();
      until.wait();
      ::_exit(0);
    }
    ready.wait();
    ::raise(SIGKILL);
    return 1;
  });
  EXPECT_EQ(result, 1000 + SIGKILL);
  EXPECT_EQ(try_lock(), Code::kOk);  // the grandchild is still there: it waits for the pipe
}

TEST_F(LockTest, ReleasingUnlocksAlsoWhenAChildMadeWithoutHandlersSharesTheDescription) {
  auto held = directory_->lock("LOCK");
  Pipe until;
  const pid_t child = static_cast<pid_t>(::_Fork());  // no handlers: as vfork() and clone()
  if (child == 0) {
    until.close_writer();
    until.wait();
    ::_exit(0);
  }
  held.value().reset();
  EXPECT_EQ(try_lock(), Code::kOk);
  until.close_writer();
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(LockTest, Env5ForkingWhileAnotherThreadLocksAndReleasesLeaksNothing) {
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop.load()) (void)directory_->lock("LOCK").ok();
  });
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(in_child([&] { return descriptors_of(root_ + "/LOCK") == 0 ? 0 : 1; }), 0) << i;
  }
  stop.store(true);
  other.join();
}

}  // namespace
}  // namespace firn
