// Status and Result: codes, details cut to their size, errno, and how they travel.
#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "base/result.h"

namespace firn {
namespace {

TEST(Status, SuccessCarriesNoDetails) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.detail(), nullptr);
  EXPECT_EQ(status.message(), "");
}

TEST(Status, ABareCodeCarriesNoDetails) {
  const Status status = Code::kNotFound;
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(status.is(Code::kNotFound));
  EXPECT_EQ(status.detail(), nullptr);
}

TEST(Status, DetailsSurviveCopyAndMove) {
  Status status = Status::corrupt("the checksum does not match", "tables/7", 4096);
  Status copy = status;
  const Status moved = std::move(status);
  for (const Status* each : {static_cast<const Status*>(&copy), &moved}) {
    EXPECT_TRUE(each->is(Code::kCorrupt));
    ASSERT_NE(each->detail(), nullptr);
    EXPECT_EQ(each->message(), "the checksum does not match");
    EXPECT_STREQ(each->detail()->file, "tables/7");
    EXPECT_EQ(each->detail()->offset, 4096u);
  }
  EXPECT_NE(copy.detail(), moved.detail());
  const Status& same = copy;
  copy = same;
  EXPECT_EQ(copy.message(), "the checksum does not match");
  copy = Status();
  EXPECT_TRUE(copy.ok());
  EXPECT_EQ(copy.detail(), nullptr);
}

TEST(Status, TextThatIsTooLongIsCutAndTerminated) {
  const std::string message(2000, 'm');
  const std::string file(2000, 'f');
  const Status status(Code::kIo, message, file, 1, EIO);
  EXPECT_EQ(status.message(), std::string(511, 'm'));
  EXPECT_EQ(std::string(status.detail()->file), std::string(255, 'f'));
}

TEST(Status, ErrnoBecomesTheCodeThatACallerCanActOn) {
  EXPECT_TRUE(Status::from_errno(ENOSPC, "write", "f").is(Code::kNoSpace));
  EXPECT_TRUE(Status::from_errno(EDQUOT, "write", "f").is(Code::kNoSpace));
  EXPECT_TRUE(Status::from_errno(ENOMEM, "mmap", "f").is(Code::kNoMemory));
  EXPECT_TRUE(Status::from_errno(ENOENT, "open", "f").is(Code::kNotFound));
  EXPECT_TRUE(Status::from_errno(EROFS, "open", "f").is(Code::kReadOnly));
  EXPECT_TRUE(Status::from_errno(EIO, "read", "f").is(Code::kIo));
}

TEST(Status, ErrnoIsKeptAndExplained) {
  const Status status = Status::from_errno(EIO, "fdatasync", "wal/3", 77);
  ASSERT_NE(status.detail(), nullptr);
  EXPECT_EQ(status.detail()->os_errno, EIO);
  EXPECT_EQ(status.detail()->offset, 77u);
  EXPECT_STREQ(status.detail()->file, "wal/3");
  EXPECT_EQ(status.message(), "fdatasync: Input/output error");
}

TEST(Status, ALongOperationNameWithErrnoIsCutToo) {
  const Status status = Status::from_errno(EIO, std::string(2000, 'w'), "f");
  EXPECT_EQ(status.message(), std::string(511, 'w'));
}

Status fails_first(Status status, bool* went_on) {
  FIRN_TRY(std::move(status));
  *went_on = true;
  return Status();
}

TEST(FirnTry, LeavesWithTheStatusAndItsDetailsOrGoesOn) {
  bool went_on = false;
  const Status failed = fails_first(Status(Code::kIo, "a disk"), &went_on);
  EXPECT_FALSE(went_on);
  EXPECT_EQ(failed.message(), "a disk");
  EXPECT_TRUE(fails_first(Status(), &went_on).ok());
  EXPECT_TRUE(went_on);
}

Result<int> half(int number) {
  if (number % 2 != 0) return Status(Code::kInvalid, "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  FIRN_TRY_ASSIGN(const int halved, half(number));
  return half(halved);
}

TEST(Result, IsAValueOrTheStatusThatSaysWhyNot) {
  Result<int> good = quarter(12);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(*good, 3);
  EXPECT_TRUE(good.status().ok());
  const Result<int> bad = quarter(6);
  EXPECT_FALSE(bad.ok());
  EXPECT_TRUE(bad.status().is(Code::kInvalid));
  EXPECT_EQ(bad.status().message(), "odd");
  EXPECT_TRUE(quarter(3).status().is(Code::kInvalid));
}

}  // namespace
}  // namespace firn
