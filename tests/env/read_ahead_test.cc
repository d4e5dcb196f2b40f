// What a walk asks the kernel to read: what the page cache has not, or may not have.
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "env/pages.h"
#include "env/posix_env.h"
#include "env/posix_mapping.h"
#include "environment.h"
#include "system_call_filter.h"

namespace firn {
namespace {

// A file of more than 1 MiB, synced, and read-only mappings of it that were advised as those of tables are.
class ReadAheadTest : public testing::Test {
 protected:
  static constexpr size_t kPageCount = 320;

  void SetUp() override {
    directory_ = std::move(posix_env().open_directory(root_, true).value());
    if (is_in_memory(temporary_.path())) GTEST_SKIP() << "A FILE SYSTEM IN MEMORY: nothing leaves its page cache";
    if (::prctl(PR_GET_SECCOMP) > 0) GTEST_SKIP() << "A FILTER FOR SYSTEM CALLS: nobody asks what the page cache has";
    auto file = directory_->open_file("a", OpenMode::kCreate);
    ASSERT_TRUE(file.ok() && file.value()->write(0, Slice(std::string(bytes_, 'x'))).ok() && file.value()->sync().ok());
    file_ = std::move(file.value());
    evict();
    if (cached_count(*map()) == kPageCount) GTEST_SKIP() << "NOTHING LEAVES THE PAGE CACHE OF THIS FILE SYSTEM";
  }

  void evict() {
    const int fd = ::open((root_ + "/a").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    ::close(fd);
  }
  std::unique_ptr<Mapping> map() {
    auto mapping = file_->map(bytes_, false);
    EXPECT_TRUE(mapping.ok());
    mapping.value()->advise_random();
    return std::move(mapping.value());
  }
  // How many pages the page cache has, by the kernel's own word.
  size_t cached_count(const Mapping& mapping) const {
    std::vector<unsigned char> residence(kPageCount);
    EXPECT_EQ(::mincore(mapping.data(), bytes_, residence.data()), 0);
    return static_cast<size_t>(std::count_if(residence.begin(), residence.end(), [](unsigned char page) { return (page & 1) != 0; }));
  }

  const size_t bytes_ = kPageCount * page_bytes();
  TemporaryDirectory temporary_;
  const std::string root_ = temporary_.path() + "/db";
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<File> file_;
};

TEST_F(ReadAheadTest, WhatIsNotInThePageCacheIsReadWhateverElseIsThere) {
  for (const size_t there_count : {size_t{0}, size_t{1}, kPageCount - 32}) {
    evict();
    const auto mapping = map();
    for (size_t page = 0; page < there_count; page++) ASSERT_EQ(mapping->data()[page * page_bytes()], 'x');
    ASSERT_LT(cached_count(*mapping), kPageCount);
    for (int i = 0; i < 10'000 && cached_count(*mapping) < kPageCount; i++) {
      mapping->advise_sequential(0, bytes_);  // again: a kernel that is short of memory does not do what it was asked for
      ::usleep(1000);
    }
    EXPECT_EQ(cached_count(*mapping), kPageCount) << there_count;
  }
}

TEST_F(ReadAheadTest, TheKernelIsAskedAboutOwnFilesAndWhereNoFilterEndsWhoAsks) {
  const auto mapping = map();
  for (size_t page = 0; page < kPageCount; page++) ASSERT_EQ(mapping->data()[page * page_bytes()], 'x');
  EXPECT_TRUE(is_known_to_be_cached(mapping->data(), bytes_, ::geteuid()));
  EXPECT_FALSE(is_known_to_be_cached(mapping->data(), bytes_, ::geteuid() + 1));
  EXPECT_EQ(in_child([&] {
              if (filter_call(__NR_mincore, 0, SECCOMP_RET_KILL_PROCESS) != 0) return 1;
              mapping->advise_sequential(0, bytes_);
              return is_known_to_be_cached(mapping->data(), bytes_, ::geteuid()) ? 2 : 0;
            }),
            0);
}

}  // namespace
}  // namespace firn
