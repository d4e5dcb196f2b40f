// Status: how an operation ended. A code from firn.h and, when something went wrong, details for people:
// what happened, in which file, where, and the operating system's errno. Success costs no allocation.
// Threading: a value type.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

namespace firn {

// The same numbers as FIRN_* in firn.h (a static_assert in capi/ keeps them equal). Append-only.
enum class Code : int32_t {
  kOk = 0,
  kNotFound = -1,
  kExists = -2,
  kConflict = -3,
  kInvalid = -4,
  kTooLarge = -5,
  kTypeMismatch = -6,
  kClosed = -7,
  kMisuse = -8,
  kLocked = -9,
  kReadOnly = -10,
  kNoSpace = -11,
  kIo = -12,
  kCorrupt = -13,
  kNoMemory = -14,
  kUnsupported = -15,
  kTimeout = -16,
  kCancelled = -17,
  kForked = -18,
  kNoExpiry = -19,
  kWouldBlock = -20,
  kIndeterminate = -21,
  kNotADatabase = -22,
  kNewerFormat = -23,
  kOverflow = -24,
  kInternal = -99,
};

class [[nodiscard]] Status {
 public:
  struct Detail {
    int32_t os_errno = 0;
    uint64_t offset = 0;
    char file[256] = {};
    char message[512] = {};
  };

  Status() = default;
  Status(Code code) : code_(code) {}  // NOLINT: a bare code converts on purpose
  // The message is cut to what Detail holds. Without memory for the details the code alone remains.
  Status(Code code, std::string_view message, std::string_view file = {}, uint64_t offset = 0, int32_t os_errno = 0);

  Status(const Status& other) : code_(other.code_) {
    if (other.detail_ != nullptr) [[unlikely]]
      copy_detail(other);
  }
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  bool is(Code code) const { return code_ == code; }
  const Detail* detail() const { return detail_.get(); }  // nullptr: none
  std::string_view message() const;
  // Whether both tell of the same failure at the same place of the same file.
  bool is_same_place(const Status& other) const;

  // The status of a failed system call: maps errno to a code (ENOSPC, EDQUOT: kNoSpace; ENOMEM: kNoMemory;
  // ENOENT: kNotFound; anything else: kIo).
  static Status from_errno(int32_t os_errno, std::string_view what, std::string_view file, uint64_t offset = 0);
  static Status corrupt(std::string_view what, std::string_view file, uint64_t offset) { return {Code::kCorrupt, what, file, offset}; }

 private:
  void copy_detail(const Status& other);

  Code code_ = Code::kOk;
  std::unique_ptr<Detail> detail_;
};

}  // namespace firn

// Leaves the function with the status when it is not ok.
#define FIRN_TRY(expression)                       \
  do {                                             \
    ::firn::Status firn_try_status = (expression); \
    if (!firn_try_status.ok()) [[unlikely]]        \
      return firn_try_status;                      \
  } while (0)
