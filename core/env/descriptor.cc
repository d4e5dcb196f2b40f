#include "env/descriptor.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace firn {
namespace {

constexpr int kFirstOwnDescriptor = 3;  // behind the standard streams

// Takes what a system call returned: errno, or a descriptor that is moved away from the standard streams' numbers.
Opened adopt(int fd) {
  if (fd < 0) return {Descriptor(), errno};
  if (fd >= kFirstOwnDescriptor) return {Descriptor(fd), 0};
  const Descriptor low(fd);
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwnDescriptor);
  if (moved < 0) return {Descriptor(), errno};
  return {Descriptor(moved), 0};
}

}  // namespace

void Descriptor::reset() {
  if (fd_ >= 0) ::close(release());  // never repeated: Linux frees the number even when a signal interrupts
}

Opened open_at(int directory, const char* name, int flags, mode_t mode) {
  for (;;) {
    const int fd = ::openat(directory, name, flags | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EINTR) return adopt(fd);
  }
}

Opened create_file_at(int directory, const char* name) {
  Opened opened = open_at(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode);
  if (!opened.descriptor.valid()) return opened;
  struct stat status = {};
  // A umask takes bits away and may have taken the owner's own: without them nobody could open the file again.
  if (::fstat(opened.descriptor.fd(), &status) != 0 ||
      ((status.st_mode & kFileMode) != kFileMode && ::fchmod(opened.descriptor.fd(), kFileMode) != 0)) {
    const int os_errno = errno;
    ::unlinkat(directory, name, 0);
    return {Descriptor(), os_errno};
  }
  return opened;
}

Status open_failed(int os_errno, std::string_view path) {
  switch (os_errno) {
    case EEXIST:
      return {Code::kExists, "the name is taken", path, 0, os_errno};
    case ELOOP:
      return {Code::kNotADatabase, "a symbolic link, which is not followed", path, 0, os_errno};
    case ENOTDIR:
      return {Code::kNotADatabase, "not a directory", path, 0, os_errno};
    case EISDIR:
      return {Code::kNotADatabase, "a directory where a file should be", path, 0, os_errno};
    case ENXIO:  // a socket or a pipe
      return {Code::kNotADatabase, "not a regular file", path, 0, os_errno};
    default:
      return Status::from_errno(os_errno, "cannot open", path);
  }
}

Status expect_regular_file(int fd, std::string_view path) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return Status::from_errno(errno, "cannot learn the kind of file", path);
  if (!S_ISREG(status.st_mode)) return {Code::kNotADatabase, "not a regular file", path};
  return {};
}

}  // namespace firn
