// What only files on disk have: descriptors, modes, symbolic links, blocks.
#include "env/posix_env.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "env/pages.h"
#include "environment.h"

namespace firn {
namespace {

class PosixEnvTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = posix_env().open_directory(root_, true);
    ASSERT_TRUE(directory.ok()) << directory.status().message();
    directory_ = std::move(directory.value());
  }

  TemporaryDirectory temporary_;
  const std::string root_ = temporary_.path() + "/db";
  std::unique_ptr<Directory> directory_;
};

mode_t mode_of(const std::string& path) {
  struct stat status = {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0xffff;
}

TEST_F(PosixEnvTest, ModesAreTheOwnersWhateverTheUmask) {
  for (const mode_t mask : {0000u, 0022u, 0077u, 0177u, 0277u, 0377u, 0477u, 0777u}) {
    const std::string suffix = std::to_string(mask);
    const mode_t before = ::umask(mask);
    const auto outer = posix_env().open_directory(root_ + suffix, true);
    const auto inner = directory_->open_directory("d" + suffix, true);
    const auto file = directory_->open_file("f" + suffix, OpenMode::kCreate);
    const auto lock = directory_->lock("l" + suffix);
    ::umask(before);
    ASSERT_TRUE(outer.ok() && inner.ok() && file.ok() && lock.ok()) << mask;
    EXPECT_EQ(mode_of(root_ + suffix), 0700u) << mask;
    EXPECT_EQ(mode_of(root_ + "/d" + suffix), 0700u) << mask;
    EXPECT_EQ(mode_of(root_ + "/f" + suffix), 0600u) << mask;
    EXPECT_EQ(mode_of(root_ + "/l" + suffix), 0600u) << mask;
  }
}

TEST_F(PosixEnvTest, AnOrdinaryUserCreatesAndOpensUnderAUmaskOf0777AndInAParentThatHeCannotRead) {
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(temporary_.path().c_str(), 65534, 65534), 0);
  }
  ASSERT_EQ(::chmod(temporary_.path().c_str(), 0300), 0);
  const int result = in_child([&] {
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0)) return 1;
    ::umask(0777);
    const std::string path = temporary_.path() + "/other";
    const auto made = posix_env().open_directory(path, true);
    if (!made.ok()) return 2;
    if (!made.value()->open_file("a", OpenMode::kCreate).ok() || !made.value()->lock("LOCK").ok()) return 3;
    if (!made.value()->open_directory("d", true).ok()) return 4;
    const auto again = posix_env().open_directory(path, false);
    if (!again.ok() || !again.value()->open_file("a", OpenMode::kReadWrite).ok() || !again.value()->lock("LOCK").ok()) return 5;
    return again.value()->open_directory("d", false).ok() ? 0 : 6;
  });
  ::chmod(temporary_.path().c_str(), 0700);
  EXPECT_EQ(result, 0);
}

TEST_F(PosixEnvTest, EveryDescriptorIsClosedOnExecAndAboveTheStandardStreamsAlsoWhenThoseAreClosed) {
  const auto look_at_descriptors = [&](bool without_streams) {
    constexpr int kDescriptorsMax = 256;
    bool was_open[kDescriptorsMax];
    for (int fd = 0; fd < 3 && without_streams; ++fd) ::close(fd);
    for (int fd = 0; fd < kDescriptorsMax; ++fd) was_open[fd] = ::fcntl(fd, F_GETFD) >= 0;
    const auto directory = posix_env().open_directory(root_, false);
    const auto inner = directory.value()->open_directory("d", true);
    const auto created = directory.value()->open_file(without_streams ? "a" : "b", OpenMode::kCreate);
    const auto opened = directory.value()->open_file(without_streams ? "a" : "b", OpenMode::kRead);
    const auto lock = directory.value()->lock("LOCK");
    if (!inner.ok() || !created.ok() || !opened.ok() || !lock.ok()) return 1;
    if (!directory.value()->list().ok()) return 2;
    int count = 0;
    for (int fd = 0; fd < kDescriptorsMax; ++fd) {
      const int flags = ::fcntl(fd, F_GETFD);
      if (was_open[fd] || flags < 0) continue;
      if (fd < 3) return 3;
      if ((flags & FD_CLOEXEC) == 0) return 4;
      ++count;
    }
    return count == 5 ? 0 : 5;
  };
  EXPECT_EQ(in_child([&] { return look_at_descriptors(false); }), 0);
  EXPECT_EQ(in_child([&] { return look_at_descriptors(true); }), 0);
}

TEST_F(PosixEnvTest, NoSymbolicLinkInTheDirectoryIsFollowed) {
  const std::string outside = temporary_.path() + "/outside";
  std::filesystem::create_directory(outside);
  ASSERT_TRUE(posix_env().open_directory(outside, false).value()->open_file("a", OpenMode::kCreate).ok());
  std::filesystem::create_symlink(outside + "/a", root_ + "/file");
  std::filesystem::create_symlink(outside + "/missing", root_ + "/dangling");
  std::filesystem::create_symlink(outside, root_ + "/directory");
  for (const char* name : {"file", "dangling", "directory"}) {
    EXPECT_EQ(code_of(directory_->open_file(name, OpenMode::kRead)), Code::kNotADatabase) << name;
    EXPECT_EQ(code_of(directory_->open_file(name, OpenMode::kReadWrite)), Code::kNotADatabase) << name;
    EXPECT_EQ(code_of(directory_->open_file(name, OpenMode::kCreate)), Code::kExists) << name;
    EXPECT_EQ(code_of(directory_->lock(name)), Code::kNotADatabase) << name;
    EXPECT_EQ(code_of(directory_->open_directory(name, true)), Code::kNotADatabase) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(outside + "/missing"));
  ASSERT_TRUE(directory_->remove("file").ok());  // the link, not what it points to
  EXPECT_TRUE(std::filesystem::exists(outside + "/a"));
}

TEST_F(PosixEnvTest, TheCallersPathMayBeALinkAndTheLockIsStillTheSame) {
  std::filesystem::create_directory_symlink(root_, temporary_.path() + "/link");
  const auto held = directory_->lock("LOCK");
  const auto by_link = posix_env().open_directory(temporary_.path() + "/link", false);
  ASSERT_TRUE(by_link.ok());
  EXPECT_EQ(code_of(by_link.value()->lock("LOCK")), Code::kLocked);
  std::filesystem::create_symlink("ring", temporary_.path() + "/ring");
  EXPECT_EQ(code_of(posix_env().open_directory(temporary_.path() + "/ring", true)), Code::kNotADatabase);
}

TEST_F(PosixEnvTest, APipeOrASocketInTheWayNeitherBlocksNorOpens) {
  ASSERT_EQ(::mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite}) {
    EXPECT_EQ(code_of(directory_->open_file("pipe", mode)), Code::kNotADatabase);
  }
  EXPECT_EQ(code_of(directory_->lock("pipe")), Code::kNotADatabase);
  EXPECT_EQ(code_of(directory_->open_directory("pipe", true)), Code::kNotADatabase);
}

TEST_F(PosixEnvTest, AnOpenDirectoryStaysTheSameWhenItsPathIsReplaced) {
  ASSERT_TRUE(directory_->open_file("a", OpenMode::kCreate).ok());
  std::filesystem::rename(root_, temporary_.path() + "/moved");
  std::filesystem::create_directory(root_);
  EXPECT_TRUE(directory_->open_file("a", OpenMode::kRead).ok());
  ASSERT_TRUE(directory_->open_file("b", OpenMode::kCreate).ok());
  EXPECT_TRUE(std::filesystem::exists(temporary_.path() + "/moved/b"));
}

TEST_F(PosixEnvTest, AFileThatWasOpenedForReadingRefusesToBeWritten) {
  ASSERT_TRUE(directory_->open_file("a", OpenMode::kCreate).value()->write(0, Slice("hello")).ok());
  const auto file = directory_->open_file("a", OpenMode::kRead);
  EXPECT_EQ(file.value()->write(0, Slice("x")).code(), Code::kIo);
  EXPECT_EQ(code_of(file.value()->map(5, true)), Code::kIo);
  EXPECT_TRUE(file.value()->map(5, false).ok());
}

TEST_F(PosixEnvTest, AReleasedTailGivesItsBlocksBack) {
  const auto file = directory_->open_file("a", OpenMode::kCreate);
  ASSERT_TRUE(file.value()->allocate(1 << 20).ok());
  if (!file.value()->stores_in_place()) GTEST_SKIP() << "NEITHER ext4, XFS NOR tmpfs HERE: punching holes is not tested";
  struct stat before = {};
  struct stat after = {};
  ASSERT_EQ(::stat((root_ + "/a").c_str(), &before), 0);
  file.value()->release_tail(100000);
  ASSERT_EQ(::stat((root_ + "/a").c_str(), &after), 0);
  EXPECT_GE(before.st_blocks * 512, 1 << 20);
  EXPECT_LT(after.st_blocks * 512, 200000);
  EXPECT_EQ(after.st_size, 1 << 20);
}

TEST_F(PosixEnvTest, PopulatingWhatAThirdPartyCutOffIsAnErrorAndNoSignal) {
  const auto file = directory_->open_file("a", OpenMode::kCreate);
  ASSERT_TRUE(file.value()->allocate(1 << 20).ok());
  const auto mapping = file.value()->map(1 << 20, true);
  ASSERT_EQ(::truncate((root_ + "/a").c_str(), 4096), 0);
  EXPECT_TRUE(mapping.value()->populate(0, 4096).ok());
  const Status status = mapping.value()->populate(65537, 65536);
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_EQ(std::string(status.detail()->file), root_ + "/a");
  EXPECT_EQ(file.value()->size().value(), 4096u) << "nothing makes it longer again";
}

TEST_F(PosixEnvTest, AFullFileSystemIsNoSpace) {
  if (!is_in_memory("/dev/shm")) GTEST_SKIP() << "NO tmpfs AT /dev/shm: ENOSPC is not tested";
  const TemporaryDirectory temporary("/dev/shm");
  const auto directory = posix_env().open_directory(temporary.path() + "/db", true);
  const auto file = directory.value()->open_file("a", OpenMode::kCreate);
  const Status status = file.value()->allocate(uint64_t{1} << 45);  // refused at once, as more than the whole file system
  EXPECT_EQ(status.code(), Code::kNoSpace);
  EXPECT_EQ(status.detail()->os_errno, ENOSPC);
}

long faults() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

TEST(PosixMapping, TouchingMakesEveryPageWritableAndKeepsItsBytes) {
  constexpr size_t kPageCount = 1000;
  const size_t bytes = kPageCount * page_bytes();
  void* const pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  ::madvise(pages, bytes, MADV_NOHUGEPAGE);
  auto* const data = static_cast<uint8_t*>(pages);
  data[5 * page_bytes()] = 'x';
  populate_by_touching(data, bytes);
  EXPECT_EQ(data[5 * page_bytes()], 'x');
  const long before = faults();
  for (size_t page = 0; page < kPageCount; ++page) data[page * page_bytes() + 9] = 'y';
  EXPECT_LT(faults() - before, static_cast<long>(kPageCount) / 4);
  ::munmap(pages, bytes);
}

}  // namespace
}  // namespace firn
