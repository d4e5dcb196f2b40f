// System calls that fail, are interrupted or do less than they were asked: a seccomp filter in a child process answers in the kernel's
// place, so that what is tested is the code that runs in production.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

#include "env/pages.h"
#include "env/posix_env.h"
#include "environment.h"
#include "system_call_filter.h"

namespace firn {
namespace {

class SystemCallTest : public testing::Test {
 protected:
  void SetUp() override { directory_ = std::move(posix_env().open_directory(root_, true).value()); }

  std::string text_of(const std::string& name) {
    std::ifstream file(root_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory temporary_;
  const std::string root_ = temporary_.path() + "/db";
  std::unique_ptr<Directory> directory_;
};

enum class Answer { kInterrupted, kThreeBytes, kGoOn };

// Answers the next calls of one kind as told; those that come after fail with ENOSYS.
class Answers {
 public:
  explicit Answers(std::vector<Answer> answers) : answers_(std::move(answers)), thread_([this] { serve(); }) {}
  ~Answers() { thread_.join(); }
  bool start(unsigned call) {
    const int listener = filter_call(call, 0, SECCOMP_RET_USER_NOTIF);
    listener_.store(listener < 0 ? kRefused : listener);
    return listener >= 0;
  }
  bool held_signals_at_the_last() {
    thread_done_.wait(false);
    return held_signals_;
  }

 private:
  static constexpr int kNotYet = -1;
  static constexpr int kRefused = -2;

  void serve() {
    while (listener_.load() == kNotYet) std::this_thread::yield();
    const int listener = listener_.load();
    for (const Answer answer : answers_) {
      seccomp_notif call = {};
      seccomp_notif_resp response = {};
      if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) break;
      held_signals_ = holds_signals(call.pid);
      response.id = call.id;
      if (answer == Answer::kInterrupted) response.error = -EINTR;
      if (answer == Answer::kThreeBytes) response.val = 3;
      if (answer == Answer::kGoOn) response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
      if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0) break;
    }
    ::close(listener);
    thread_done_.store(true);
    thread_done_.notify_all();
  }

  static bool holds_signals(unsigned thread) {
    std::ifstream status("/proc/" + std::to_string(thread) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("SigBlk:", 0) == 0) return line.find_first_not_of("SigBlk:\t 0") != std::string::npos;
    }
    return false;
  }

  const std::vector<Answer> answers_;
  std::atomic<int> listener_{kNotYet};
  std::atomic<bool> thread_done_{false};
  bool held_signals_ = false;
  std::thread thread_;
};

TEST_F(SystemCallTest, AnInterruptedOrShortWriteGoesOnWhereItStopped) {
  const int result = in_child([&] {
    const auto file = directory_->open_file("a", OpenMode::kCreate);
    Answers answers({Answer::kInterrupted, Answer::kThreeBytes, Answer::kInterrupted, Answer::kGoOn});
    if (!answers.start(__NR_pwrite64)) return 1;
    return file.value()->write(0, Slice("0123456789")).ok() ? 0 : 2;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(text_of("a"), std::string("\0\0\0003456789", 10));  // the kernel never saw the first three
}

TEST_F(SystemCallTest, AnInterruptedOrShortReadGoesOnWhereItStopped) {
  std::ofstream(root_ + "/a") << "0123456789";
  const int result = in_child([&] {
    const auto file = directory_->open_file("a", OpenMode::kRead);
    Answers answers({Answer::kInterrupted, Answer::kThreeBytes, Answer::kInterrupted, Answer::kGoOn});
    if (!answers.start(__NR_pread64)) return 1;
    return read_text(*file.value(), 0, 10) == "???3456789" ? 0 : 2;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(SystemCallTest, ALongWriteIsMadeOfSeveralCalls) {
  constexpr size_t kPieceBytes = size_t{256} << 10;
  const std::string text = std::string(kPieceBytes, 'a') + "b";
  for (const size_t offset : {size_t{0}, size_t{1}}) {  // the second one begins with what is left up to a multiple of a piece
    const std::string name = "a" + std::to_string(offset);
    EXPECT_EQ(in_child([&] {
                const auto file = directory_->open_file(name, OpenMode::kCreate);
                const size_t too_long = offset == 0 ? kPieceBytes + 1 : kPieceBytes;
                if (!file.ok() || !fail_call(__NR_pwrite64, static_cast<uint32_t>(too_long), EIO)) return 1;
                return file.value()->write(offset, Slice(std::string_view(text))).ok() ? 0 : 2;
              }),
              0);
    EXPECT_EQ(text_of(name), std::string(offset, '\0') + text);
  }
}

TEST_F(SystemCallTest, AnInterruptedReservationIsRepeatedWithTheSignalsHeldBack) {
  const int result = in_child([&] {
    const auto file = directory_->open_file("a", OpenMode::kCreate);
    Answers answers({Answer::kInterrupted, Answer::kInterrupted, Answer::kGoOn});
    if (!answers.start(__NR_fallocate)) return 1;
    if (!file.value()->allocate(100000).ok() || file.value()->size().value() != 100000) return 2;
    if (!answers.held_signals_at_the_last()) return 3;
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    return ::sigisemptyset(&after) != 0 ? 0 : 4;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(SystemCallTest, WithoutFallocateTheFileIsExtendedAndIsNotForStoresInPlace) {
  const int result = in_child([&] {
    if (!fail_call(__NR_fallocate, 0, EOPNOTSUPP)) return 1;
    const auto file = directory_->open_file("a", OpenMode::kCreate);
    if (!file.value()->write(0, Slice("hello")).ok() || !file.value()->allocate(100000).ok()) return 2;
    if (file.value()->size().value() != 100000 || read_text(*file.value(), 0, 6) != std::string("hello\0", 6)) return 3;
    if (!file.value()->allocate(10).ok() || file.value()->size().value() != 100000) return 4;
    file.value()->release_tail(8192);  // cannot, and says nothing
    return file.value()->stores_in_place() ? 5 : 0;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(SystemCallTest, WithoutPopulateWriteThePagesAreTouched) {
  const int result = in_child([&] {
    if (!fail_call(__NR_madvise, MADV_POPULATE_WRITE, EINVAL)) return 1;
    const auto file = directory_->open_file("a", OpenMode::kCreate);
    const size_t bytes = 16 * page_bytes();
    if (!file.value()->allocate(bytes).ok()) return 2;
    const auto mapping = file.value()->map(bytes, true);
    if (!mapping.ok() || !mapping.value()->populate(page_bytes() + 1, 3 * page_bytes()).ok()) return 3;
    unsigned char present[16] = {};
    if (::mincore(mapping.value()->data(), bytes, present) != 0) return 4;
    for (size_t page = 1; page <= 4; ++page) {
      if ((present[page] & 1) == 0) return 5;
    }
    return 0;
  });
  EXPECT_EQ(result, 0);
}

// How making pages of a file in `root` ends when zeros cannot be written; of its error, only a whole one counts.
Code populate_without_zeros(Directory& directory, const std::string& root) {
  const auto file = directory.open_file("a", OpenMode::kCreate);
  if (!file.value()->allocate(100 * page_bytes()).ok()) return Code::kInternal;
  const auto mapping = file.value()->map(100 * page_bytes(), true);
  if (!mapping.ok() || !fail_call(__NR_pwritev, 0, ENOSPC)) return Code::kInternal;
  const Status status = mapping.value()->populate(page_bytes(), page_bytes());
  if (status.ok()) return Code::kOk;
  return status.detail()->os_errno == ENOSPC && status.detail()->file == root + "/a" ? status.code() : Code::kInternal;
}

TEST_F(SystemCallTest, ZerosThatCannotBeWrittenAreAnErrorWithThePath) {
  if (is_in_memory(root_)) GTEST_SKIP() << "TMPDIR IS IN MEMORY: zeros are written to files on disks only; the release suite's are";
  EXPECT_EQ(in_child([&] { return -static_cast<int>(populate_without_zeros(*directory_, root_)); }), -static_cast<int>(Code::kNoSpace));
}

TEST_F(SystemCallTest, InterruptedOrShortZerosGoOnWhereTheyStopped) {
  if (is_in_memory(root_)) GTEST_SKIP() << "TMPDIR IS IN MEMORY: zeros are written to files on disks only; the release suite's are";
  const int result = in_child([&] {
    const auto file = directory_->open_file("a", OpenMode::kCreate);
    if (!file.value()->allocate(4 * page_bytes()).ok()) return 1;
    const auto mapping = file.value()->map(4 * page_bytes(), true);
    Answers answers({Answer::kInterrupted, Answer::kThreeBytes, Answer::kInterrupted, Answer::kGoOn});
    if (!mapping.ok() || !answers.start(__NR_pwritev)) return 2;
    if (!mapping.value()->populate(page_bytes(), page_bytes()).ok()) return 3;
    for (size_t at = 0; at < 4 * page_bytes(); at++) {
      if (mapping.value()->data()[at] != 0) return 4;
    }
    return 0;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(text_of("a").size(), 4 * page_bytes());
}

TEST_F(SystemCallTest, NoZerosAreWrittenToAFileInMemory) {
  if (!is_in_memory("/dev/shm")) GTEST_SKIP() << "NO tmpfs AT /dev/shm: its files' pages are not tested";
  const TemporaryDirectory memory("/dev/shm");
  const auto directory = posix_env().open_directory(memory.path(), false);
  EXPECT_EQ(in_child([&] { return -static_cast<int>(populate_without_zeros(*directory.value(), memory.path())); }), 0);
}

TEST_F(SystemCallTest, AFailedSyncIsAnErrorWithThePath) {
  const int result = in_child([&] {
    const auto file = directory_->open_file("a", OpenMode::kCreate);
    if (!fail_call(__NR_fdatasync, 0, EIO) || !fail_call(__NR_fsync, 0, ENOSPC)) return 1;
    const Status of_file = file.value()->sync();
    if (!of_file.is(Code::kIo) || of_file.detail()->os_errno != EIO || of_file.detail()->file != root_ + "/a") return 2;
    const Status of_directory = directory_->sync();
    return of_directory.is(Code::kNoSpace) && of_directory.detail()->file == root_ ? 0 : 3;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(SystemCallTest, ADirectoryThatIsMadeOrFoundEmptyHasItsNameSyncedAndOneInUseHasNot) {
  const int result = in_child([&] {
    if (!fail_call(__NR_fsync, 0, EIO)) return 1;
    if (code_of(posix_env().open_directory(temporary_.path() + "/made", true)) != Code::kIo) return 2;
    if (code_of(posix_env().open_directory(temporary_.path() + "/made", true)) != Code::kIo) return 3;
    if (code_of(posix_env().open_directory(temporary_.path() + "/made", false)) != Code::kOk) return 4;
    if (!directory_->open_file("a", OpenMode::kCreate).ok()) return 5;
    return code_of(posix_env().open_directory(root_, true)) == Code::kOk ? 0 : 6;
  });
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace firn
