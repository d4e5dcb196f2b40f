// What only files on disk have: descriptors, modes, symbolic links, kernels and file systems that lack something.
#include "env/posix_env.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "env/memory_env.h"
#include "env/posix_mapping.h"
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
  const int result = in_child([&] {
    constexpr int kDescriptorsMax = 256;
    bool was_open[kDescriptorsMax];
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    for (int fd = 0; fd < kDescriptorsMax; ++fd) was_open[fd] = ::fcntl(fd, F_GETFD) >= 0;
    const auto directory = posix_env().open_directory(root_, false);
    const auto inner = directory.value()->open_directory("d", true);
    const auto created = directory.value()->open_file("a", OpenMode::kCreate);
    const auto opened = directory.value()->open_file("a", OpenMode::kRead);
    const auto lock = directory.value()->lock("LOCK");
    const auto memory = new_memory_env();
    const auto anonymous = memory->open_directory("m", true).value()->open_file("a", OpenMode::kCreate);
    if (!inner.ok() || !created.ok() || !opened.ok() || !lock.ok() || !anonymous.ok()) return 1;
    if (directory.value()->list().value().size() != 3) return 2;
    int count = 0;
    for (int fd = 0; fd < kDescriptorsMax; ++fd) {
      const int flags = ::fcntl(fd, F_GETFD);
      if (was_open[fd] || flags < 0) continue;
      if (fd < 3) return 3;
      if ((flags & FD_CLOEXEC) == 0) return 4;
      ++count;
    }
    return count == 6 ? 0 : 5;
  });
  EXPECT_EQ(result, 0);
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
  const Status status = mapping.value()->populate(65536, 65536);
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_EQ(std::string(status.detail()->file), root_ + "/a");
}

TEST_F(PosixEnvTest, AFullFileSystemIsNoSpace) {
  struct statfs system = {};
  if (::statfs("/dev/shm", &system) != 0 || system.f_type != 0x01021994) GTEST_SKIP() << "NO tmpfs AT /dev/shm: ENOSPC is not tested";
  const TemporaryDirectory temporary("/dev/shm");
  const auto directory = posix_env().open_directory(temporary.path() + "/db", true);
  const auto file = directory.value()->open_file("a", OpenMode::kCreate);
  const Status status = file.value()->allocate(uint64_t{1} << 45);  // refused at once, as more than the whole file system
  EXPECT_EQ(status.code(), Code::kNoSpace);
  EXPECT_EQ(status.detail()->os_errno, ENOSPC);
}

TEST(PosixMapping, TouchingKeepsTheBytesOfEveryPage) {
  std::vector<uint8_t> bytes(5 * page_bytes() + 7, 'x');
  populate_by_touching(bytes.data(), bytes.size());
  EXPECT_EQ(bytes, std::vector<uint8_t>(bytes.size(), 'x'));
}

// Makes the kernel answer a system call (and, if `argument` is not 0, only with that third argument) with an error from now on.
bool answer_with_error(unsigned call, uint32_t argument, uint16_t os_errno) {
  const uint32_t third = offsetof(seccomp_data, args) + 2 * sizeof(uint64_t);  // its low half: little-endian
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, third),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JA, argument == 0 ? 0u : 1u, 0, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | os_errno),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {static_cast<unsigned short>(std::size(program)), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST_F(PosixEnvTest, WithoutFallocateTheFileIsExtendedAndIsNotForStoresInPlace) {
  const int result = in_child([&] {
    if (!answer_with_error(__NR_fallocate, 0, EOPNOTSUPP)) return 1;
    const auto file = directory_->open_file("a", OpenMode::kCreate);
    if (!file.value()->write(0, Slice("hello")).ok() || !file.value()->allocate(100000).ok()) return 2;
    if (file.value()->size().value() != 100000 || read_text(*file.value(), 0, 6) != std::string("hello\0", 6)) return 3;
    if (!file.value()->allocate(10).ok() || file.value()->size().value() != 100000) return 4;
    file.value()->release_tail(8192);  // cannot, and says nothing
    return file.value()->stores_in_place() ? 5 : 0;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(PosixEnvTest, WithoutPopulateWriteThePagesAreTouched) {
  const int result = in_child([&] {
    if (!answer_with_error(__NR_madvise, MADV_POPULATE_WRITE, EINVAL)) return 1;
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

}  // namespace
}  // namespace firn
