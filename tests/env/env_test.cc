// What every Env promises: the same suite runs on disk, on tmpfs and on files in memory.
#include "env/env.h"

#include <cstring>
#include <filesystem>
#include <iterator>
#include <set>

#include "env/memory_env.h"
#include "env/posix_env.h"
#include "environment.h"

namespace firn {
namespace {

enum class Place { kDisk, kTmpfs, kMemory };

class EnvTest : public testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    if (GetParam() == Place::kTmpfs && !std::filesystem::exists("/dev/shm")) GTEST_SKIP() << "NO /dev/shm HERE: tmpfs is not tested";
    if (GetParam() == Place::kMemory) {
      memory_ = new_memory_env();
      root_ = "/:memory:";
    } else {
      temporary_ = std::make_unique<TemporaryDirectory>(GetParam() == Place::kTmpfs ? "/dev/shm" : testing::TempDir());
      root_ = temporary_->path() + "/db";
    }
    auto directory = env().open_directory(root_, true);
    ASSERT_TRUE(directory.ok()) << directory.status().message();
    directory_ = std::move(directory.value());
  }

  Env& env() { return memory_ ? *memory_ : posix_env(); }
  std::unique_ptr<File> create(std::string_view name, std::string_view text = {}) {
    auto file = directory_->open_file(name, OpenMode::kCreate);
    EXPECT_TRUE(file.ok()) << file.status().message();
    EXPECT_TRUE(file.value()->write(0, Slice(text)).ok());
    return std::move(file.value());
  }

  std::unique_ptr<TemporaryDirectory> temporary_;
  std::unique_ptr<Env> memory_;
  std::string root_;
  std::unique_ptr<Directory> directory_;
};

INSTANTIATE_TEST_SUITE_P(Places, EnvTest, testing::Values(Place::kDisk, Place::kTmpfs, Place::kMemory), [](const auto& tested) {
  return std::string(tested.param == Place::kDisk ? "Disk" : tested.param == Place::kTmpfs ? "Tmpfs" : "Memory");
});

TEST_P(EnvTest, WhatIsWrittenIsReadAgainByAnotherOpening) {
  create("a", "hello");
  auto again = directory_->open_file("a", OpenMode::kRead);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(read_text(*again.value(), 0, 5), "hello");
  EXPECT_EQ(read_text(*again.value(), 1, 3), "ell");
  EXPECT_EQ(again.value()->size().value(), 5u);
  EXPECT_EQ(again.value()->path(), root_ + "/a");
}

TEST_P(EnvTest, AWriteBehindTheEndLeavesZerosBetween) {
  const auto file = create("a", "xy");
  ASSERT_TRUE(file->write(5, Slice("z")).ok());
  EXPECT_EQ(read_text(*file, 0, 6), std::string("xy\0\0\0z", 6));
}

TEST_P(EnvTest, AShortReadIsCorruptWithTheOffsetWhereTheFileEnds) {
  const auto file = create("a", "hello");
  uint8_t to[8];
  const Status status = file->read(2, to, 8);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.detail()->offset, 5u);
  EXPECT_EQ(std::string(status.detail()->file), root_ + "/a");
  EXPECT_EQ(file->read(uint64_t{1} << 63, to, 1).code(), Code::kCorrupt);
  EXPECT_EQ(file->read(UINT64_MAX, to, 8).code(), Code::kCorrupt);
  EXPECT_TRUE(file->read(UINT64_MAX >> 1, to, 0).ok());
}

TEST_P(EnvTest, CreatingATakenNameIsExistsAndKeepsTheFile) {
  create("a", "hello");
  EXPECT_EQ(code_of(directory_->open_file("a", OpenMode::kCreate)), Code::kExists);
  ASSERT_TRUE(directory_->open_directory("d", true).ok());
  EXPECT_EQ(code_of(directory_->open_file("d", OpenMode::kCreate)), Code::kExists);
  EXPECT_EQ(read_text(*directory_->open_file("a", OpenMode::kReadWrite).value(), 0, 5), "hello");
}

TEST_P(EnvTest, AMissingNameIsNotFound) {
  EXPECT_EQ(code_of(directory_->open_file("a", OpenMode::kRead)), Code::kNotFound);
  EXPECT_EQ(code_of(directory_->open_file("a", OpenMode::kReadWrite)), Code::kNotFound);
  EXPECT_EQ(code_of(directory_->open_directory("a", false)), Code::kNotFound);
  EXPECT_EQ(directory_->remove("a").code(), Code::kNotFound);
  EXPECT_EQ(code_of(env().open_directory(root_ + "/a", false)), Code::kNotFound);
  EXPECT_EQ(code_of(env().open_directory(root_ + "/a/b", true)), Code::kNotFound);
  EXPECT_TRUE(directory_->list().value().empty());
}

TEST_P(EnvTest, AFileWhereADirectoryShouldBeIsNotADatabaseAndTheOtherWayRound) {
  create("a");
  ASSERT_TRUE(directory_->open_directory("d", true).ok());
  EXPECT_EQ(code_of(directory_->open_directory("a", true)), Code::kNotADatabase);
  EXPECT_EQ(code_of(env().open_directory(root_ + "/a", true)), Code::kNotADatabase);
  EXPECT_EQ(code_of(env().open_directory(root_ + "/a/b", true)), Code::kNotADatabase);
  EXPECT_EQ(code_of(directory_->open_file("d", OpenMode::kRead)), Code::kNotADatabase);
  EXPECT_EQ(code_of(directory_->open_file("d", OpenMode::kReadWrite)), Code::kNotADatabase);
  EXPECT_EQ(code_of(directory_->lock("d")), Code::kNotADatabase);
}

TEST_P(EnvTest, ANameThatIsNoComponentIsInvalid) {
  for (const std::string_view name : {std::string_view(""), std::string_view("."), std::string_view(".."), std::string_view("a/b"),
                                      std::string_view("/a"), std::string_view("a\0b", 3)}) {
    EXPECT_EQ(code_of(directory_->open_file(name, OpenMode::kCreate)), Code::kInvalid) << name;
    EXPECT_EQ(code_of(directory_->open_directory(name, true)), Code::kInvalid) << name;
    EXPECT_EQ(code_of(directory_->lock(name)), Code::kInvalid) << name;
    EXPECT_EQ(directory_->remove(name).code(), Code::kInvalid) << name;
  }
}

TEST_P(EnvTest, AListIsSortedBytewiseAndHasNeitherDotNorDotDot) {
  for (const char* name : {"b", "a10", "\xc3\xa4", "a2", "B"}) create(name);
  ASSERT_TRUE(directory_->open_directory("aa", true).ok());
  const std::vector<std::string> expected = {"B", "a10", "a2", "aa", "b", "\xc3\xa4"};
  EXPECT_EQ(directory_->list().value(), expected);
  EXPECT_EQ(directory_->list().value(), expected);  // a listing leaves no position behind
}

TEST_P(EnvTest, ADirectoryInADirectoryIsTheSameByNameAndByPath) {
  const auto inner = directory_->open_directory("wal", true);
  ASSERT_TRUE(inner.ok());
  ASSERT_TRUE(inner.value()->open_file("1", OpenMode::kCreate).ok());
  EXPECT_EQ(inner.value()->path(), root_ + "/wal");
  EXPECT_TRUE(inner.value()->sync().ok());
  EXPECT_TRUE(directory_->sync().ok());
  EXPECT_EQ(env().open_directory(root_ + "/wal/", false).value()->list().value(), std::vector<std::string>{"1"});
  EXPECT_EQ(directory_->open_directory("wal", true).value()->list().value(), std::vector<std::string>{"1"});
}

TEST_P(EnvTest, ARemovedNameVanishesButAnOpenFileAndAMappingLiveOn) {
  const auto file = create("a", "hello");
  const auto mapping = file->map(5, false);
  ASSERT_TRUE(mapping.ok());
  ASSERT_TRUE(directory_->remove("a").ok());
  EXPECT_EQ(code_of(directory_->open_file("a", OpenMode::kRead)), Code::kNotFound);
  EXPECT_TRUE(directory_->list().value().empty());
  EXPECT_EQ(read_text(*file, 0, 5), "hello");
  EXPECT_EQ(std::memcmp(mapping.value()->data(), "hello", 5), 0);
  EXPECT_EQ(create("a")->size().value(), 0u);
}

TEST_P(EnvTest, OnlyAnEmptyDirectoryIsRemoved) {
  const auto inner = directory_->open_directory("d", true);
  ASSERT_TRUE(inner.value()->open_file("1", OpenMode::kCreate).ok());
  EXPECT_EQ(directory_->remove("d").code(), Code::kIo);
  ASSERT_TRUE(inner.value()->remove("1").ok());
  EXPECT_TRUE(directory_->remove("d").ok());
  EXPECT_EQ(code_of(inner.value()->open_file("1", OpenMode::kCreate)), Code::kNotFound);
  EXPECT_EQ(code_of(inner.value()->open_directory("2", true)), Code::kNotFound);
  EXPECT_TRUE(inner.value()->list().value().empty());
}

TEST_P(EnvTest, AllocateExtendsWithZerosAndNeverShortens) {
  const auto file = create("a", "hello");
  ASSERT_TRUE(file->allocate(100000).ok());
  EXPECT_EQ(file->size().value(), 100000u);
  EXPECT_EQ(read_text(*file, 0, 7), std::string("hello\0\0", 7));
  EXPECT_EQ(read_text(*file, 99990, 10), std::string(10, '\0'));
  EXPECT_TRUE(file->allocate(10).ok());
  EXPECT_TRUE(file->allocate(0).ok());
  EXPECT_EQ(file->size().value(), 100000u);
  EXPECT_EQ(file->allocate(UINT64_MAX).code(), Code::kTooLarge);
}

TEST_P(EnvTest, AReleasedTailReadsAsZerosAndTheRestAndTheLengthStay) {
  const auto file = create("a", std::string(100000, 'x'));
  file->release_tail(5000);  // from the next page on
  EXPECT_EQ(file->size().value(), 100000u);
  EXPECT_EQ(read_text(*file, 0, 5000), std::string(5000, 'x'));
  EXPECT_EQ(read_text(*file, 65536, 100000 - 65536), std::string(100000 - 65536, '\0'));
  file->release_tail(100000);
  file->release_tail(UINT64_MAX);
  EXPECT_EQ(read_text(*file, 0, 5000), std::string(5000, 'x'));
}

TEST_P(EnvTest, BehindTheWrittenEndThereAreOnlyZeros) {
  constexpr uint64_t kLength = 1 << 20;
  const auto file = create("a", "");
  ASSERT_TRUE(file->allocate(kLength).ok());
  ASSERT_TRUE(file->write(100, Slice("hello")).ok());
  EXPECT_GE(file->written_end(), 105u);
  auto mapping = file->map(kLength, true);
  ASSERT_TRUE(mapping.ok());
  mapping.value()->data()[300'000] = 'x';  // not yet on any disk
  mapping.value()->announce(300'000, 1);
  const uint64_t end = file->written_end();
  EXPECT_GT(end, 300'000u);
  if (end < kLength) {
    EXPECT_EQ(read_text(*file, end, kLength - end), std::string(kLength - end, '\0'));
  }
}

TEST_P(EnvTest, AStoreIntoASharedMappingIsReadByCallsAfterASync) {
  const auto file = create("a");
  ASSERT_TRUE(file->allocate(1 << 20).ok());
  const auto mapping = file->map(1 << 20, true);
  ASSERT_TRUE(mapping.ok()) << mapping.status().message();
  ASSERT_EQ(mapping.value()->size(), size_t{1} << 20);
  ASSERT_TRUE(mapping.value()->populate(4000, 200000).ok());
  std::memcpy(mapping.value()->data() + 4090, "across a page", 13);
  mapping.value()->announce(4090, 13);
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(read_text(*directory_->open_file("a", OpenMode::kRead).value(), 4090, 13), "across a page");
}

TEST_P(EnvTest, PopulatingTakesAnyRangeAndKeepsWhatIsAroundIt) {
  constexpr size_t kLength = 700'000;  // not of whole pages
  const auto file = create("a");
  ASSERT_TRUE(file->allocate(kLength).ok());
  const auto mapping = file->map(kLength, true);
  ASSERT_TRUE(mapping.ok());
  uint8_t* const data = mapping.value()->data();
  ASSERT_TRUE(mapping.value()->populate(0, 20'001).ok());
  std::memset(data, 'x', 20'001);
  EXPECT_TRUE(mapping.value()->populate(20'001, 600'000).ok());
  EXPECT_EQ(std::string(reinterpret_cast<char*>(data) + 20'001, 600'000), std::string(600'000, '\0'));
  std::memset(data + 20'001, 'x', 600'000);
  EXPECT_TRUE(mapping.value()->populate(620'001, kLength - 620'001).ok());
  EXPECT_TRUE(mapping.value()->populate(kLength, 0).ok());
  std::memset(data + 620'001, 'x', kLength - 620'001);
  mapping.value()->announce(0, kLength);
  mapping.value()->advise_random();
  mapping.value()->advise_sequential(5000, 1 << 30);
  mapping.value()->advise_sequential(1 << 30, 5);
  mapping.value()->advise_written();
  EXPECT_EQ(std::string(reinterpret_cast<char*>(data), kLength), std::string(kLength, 'x'));
  EXPECT_EQ(file->size().value(), kLength);
}

TEST_P(EnvTest, AMappingLongerThanItsFileIsCorrupt) {
  const auto file = create("a", "hello");
  const auto mapping = file->map(6, false);
  ASSERT_EQ(code_of(mapping), Code::kCorrupt);
  EXPECT_EQ(mapping.status().detail()->offset, 5u);
  EXPECT_EQ(code_of(file->map(0, false)), Code::kInvalid);
}

TEST_P(EnvTest, ALockExcludesASecondOneInTheSameProcessUntilItIsReleased) {
  auto first = directory_->lock("LOCK");
  ASSERT_TRUE(first.ok()) << first.status().message();
  for (int i = 0; i < 2; ++i) {  // failing once must not loosen it
    const auto second = env().open_directory(root_, false).value()->lock("LOCK");
    ASSERT_EQ(code_of(second), Code::kLocked);
    EXPECT_NE(second.status().message().find("this process"), std::string_view::npos) << second.status().message();
  }
  EXPECT_TRUE(directory_->lock("OTHER").ok());
  first.value().reset();
  EXPECT_TRUE(directory_->lock("LOCK").ok());
  EXPECT_EQ(directory_->list().value(), (std::vector<std::string>{"LOCK", "OTHER"}));
}

TEST_P(EnvTest, ClocksAndRandomnessAreTheSystems) {
  const int64_t first = env().monotonic_ns();
  EXPECT_LE(first, env().monotonic_ns());
  EXPECT_GT(env().wall_ms(), 1'600'000'000'000);  // after 2020, in ms
  EXPECT_LT(env().wall_ms(), 16'000'000'000'000);
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(env().random());
  EXPECT_EQ(seen.size(), 100u);
}

TEST(MemoryEnvTest, TwoEnvsAreTwoFileSystems) {
  const auto one = new_memory_env();
  const auto two = new_memory_env();
  ASSERT_TRUE(one->open_directory("db", true).ok());
  EXPECT_EQ(code_of(two->open_directory("db", false)), Code::kNotFound);
}

TEST(MemoryEnvTest, OpenFilesDirectoriesAndLocksOutliveTheirEnv) {
  auto env = new_memory_env();
  auto directory = env->open_directory("db", true);
  auto file = directory.value()->open_file("a", OpenMode::kCreate);
  auto lock = directory.value()->lock("LOCK");
  env.reset();
  EXPECT_TRUE(file.value()->write(0, Slice("hello")).ok());
  EXPECT_EQ(directory.value()->list().value().size(), 2u);
  directory.value().reset();
  lock.value().reset();
  EXPECT_EQ(read_text(*file.value(), 0, 5), "hello");
}

// From small pages to huge ones and beyond what was reserved for those.
TEST(MemoryEnvTest, AFileThatGrowsKeepsItsBytes) {
  constexpr size_t kPieceBytes = 700'001;
  constexpr size_t kPieceCount = 120;  // 84 MB
  auto env = new_memory_env();
  auto directory = env->open_directory("db", true);
  auto file = directory.value()->open_file("a", OpenMode::kCreate);
  for (size_t i = 0; i < kPieceCount; i++) {
    ASSERT_TRUE(file.value()->write(i * kPieceBytes, Slice(std::string(kPieceBytes, static_cast<char>('!' + i % 90)))).ok());
  }
  for (size_t i = 0; i < kPieceCount; i++) {
    ASSERT_EQ(read_text(*file.value(), i * kPieceBytes, kPieceBytes), std::string(kPieceBytes, static_cast<char>('!' + i % 90)));
  }
  EXPECT_EQ(file.value()->size().value(), kPieceCount * kPieceBytes);
}

TEST(MemoryEnvTest, AMappedFileStaysWhereItIs) {
  auto env = new_memory_env();
  auto directory = env->open_directory("db", true);
  auto file = directory.value()->open_file("a", OpenMode::kCreate);
  ASSERT_TRUE(file.value()->allocate(100'000).ok());
  const auto mapping = file.value()->map(100'000, true);
  ASSERT_TRUE(file.value()->write(99'995, Slice("hello")).ok());
  EXPECT_EQ(std::memcmp(mapping.value()->data() + 99'995, "hello", 5), 0);
  EXPECT_EQ(file.value()->map(5, false).value()->data(), mapping.value()->data());
  EXPECT_DEATH((void)file.value()->write(99'996, Slice("hello")).ok(), "ENV-6");
}

// The parent goes on while a child has a copy of its files.
TEST(MemoryEnvTest, AChildHasACopy) {
  auto env = new_memory_env();
  auto file = env->open_directory("db", true).value()->open_file("a", OpenMode::kCreate);
  ASSERT_TRUE(file.value()->allocate(1 << 20).ok());
  const auto mapping = file.value()->map(1 << 20, true);
  mapping.value()->data()[0] = 'a';
  EXPECT_EQ(in_child([&] {
              mapping.value()->data()[0] = 'b';
              return read_text(*file.value(), 0, 1) == "b" ? 0 : 1;
            }),
            0);
  EXPECT_TRUE(mapping.value()->populate(1 << 19, 1 << 19).ok());
  EXPECT_EQ(read_text(*file.value(), 0, 1), "a");
}

TEST(MemoryEnvTest, FilesTakeNoDescriptors) {
  const auto count_descriptors = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  const auto before = count_descriptors();
  auto env = new_memory_env();
  auto directory = env->open_directory("db", true);
  auto file = directory.value()->open_file("a", OpenMode::kCreate);
  auto lock = directory.value()->lock("LOCK");
  ASSERT_TRUE(file.value()->write(0, Slice("hello")).ok());
  EXPECT_EQ(count_descriptors(), before);
}

}  // namespace
}  // namespace firn
