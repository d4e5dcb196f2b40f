#include "base/status.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace firn {
namespace {

template <size_t N>
void copy_cut(char (&to)[N], std::string_view from) {
  to[from.copy(to, N - 1)] = '\0';
}

Code code_of_errno(int32_t os_errno) {
  switch (os_errno) {
    case ENOSPC:
    case EDQUOT:
      return Code::kNoSpace;
    case ENOMEM:
      return Code::kNoMemory;
    case ENOENT:
      return Code::kNotFound;
    case EROFS:
      return Code::kReadOnly;
    default:
      return Code::kIo;
  }
}

}  // namespace

Status::Status(Code code, std::string_view message, std::string_view file, uint64_t offset, int32_t os_errno)
    : code_(code), detail_(new (std::nothrow) Detail) {
  if (!detail_) return;
  detail_->os_errno = os_errno;
  detail_->offset = offset;
  copy_cut(detail_->file, file);
  copy_cut(detail_->message, message);
}

void Status::copy_detail(const Status& other) { detail_.reset(new (std::nothrow) Detail(*other.detail_)); }

Status& Status::operator=(const Status& other) {
  if (this != &other) *this = Status(other);
  return *this;
}

std::string_view Status::message() const { return detail_ ? std::string_view(detail_->message) : std::string_view(); }

bool Status::is_same_place(const Status& other) const {
  if (code_ != other.code_ || !detail_ || !other.detail_) return false;
  return detail_->offset == other.detail_->offset && std::strcmp(detail_->file, other.detail_->file) == 0;
}

Status Status::from_errno(int32_t os_errno, std::string_view what, std::string_view file, uint64_t offset) {
  char text[512];
  char reason[128];
  const char* said = strerror_r(os_errno, reason, sizeof reason);
  const int n = std::snprintf(text, sizeof text, "%.*s: %s", static_cast<int>(what.size()), what.data(), said);
  return {code_of_errno(os_errno), std::string_view(text, std::min(static_cast<size_t>(n), sizeof text - 1)), file, offset, os_errno};
}

}  // namespace firn
