#include "env/posix_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "base/coding.h"
#include "env/pages.h"
#include "env/posix_mapping.h"

namespace firn {
namespace {

#ifndef XFS_SUPER_MAGIC
constexpr uint64_t XFS_SUPER_MAGIC = 0x58465342;
#endif

constexpr uint64_t kOffsetMax = static_cast<uint64_t>(std::numeric_limits<off_t>::max());

// Holds the signals of this thread back while it lives.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_ = {};
};

// fallocate() from the start of the file; 0 or errno.
int reserve(int fd, uint64_t bytes) {
  if (::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) == 0) return 0;
  if (errno != EINTR) return errno;
  // tmpfs undoes what it has done when a signal comes: under a host's steady timer (a profiler, Go's preemption) mere repetition
  // might never end.
  const SignalsHeld held;
  while (::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// Its magic number, 0 when nobody knows.
uint64_t file_system_of(int fd) {
  struct statfs system = {};
  return ::fstatfs(fd, &system) == 0 ? static_cast<uint64_t>(system.f_type) : 0;
}

}  // namespace

Status PosixFile::read(uint64_t offset, uint8_t* to, size_t bytes) {
  if (offset > kOffsetMax || bytes > kOffsetMax - offset) return Status::corrupt("an offset that no file has", path_, offset);
  size_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::pread(fd(), to + done, bytes - done, static_cast<off_t>(offset + done));
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n == 0) {
      return Status::corrupt("the file ends before the bytes to be read do", path_, offset + done);
    } else if (errno != EINTR) {
      return Status::from_errno(errno, "cannot read", path_, offset + done);
    }
  }
  return {};
}

Status PosixFile::write(uint64_t offset, Slice bytes) {
  if (offset > kOffsetMax || bytes.size() > kOffsetMax - offset) {
    return Status(Code::kTooLarge, "a write behind the last offset that a file can have", path_, offset);
  }
  size_t done = 0;
  while (done < bytes.size()) {
    const size_t count = bytes_of_call(offset + done, bytes.size() - done);
    const ssize_t n = ::pwrite(fd(), bytes.data() + done, count, static_cast<off_t>(offset + done));
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n == 0) {
      return Status(Code::kIo, "the system wrote nothing and named no error", path_, offset + done);
    } else if (errno != EINTR) {
      return Status::from_errno(errno, "cannot write", path_, offset + done);
    }
  }
  return {};
}

Status PosixFile::allocate(uint64_t bytes) {
  if (bytes == 0) return {};
  if (bytes > kOffsetMax) return Status(Code::kTooLarge, "a length that no file has", path_, bytes);
  const int os_errno = reserve(fd(), bytes);
  if (os_errno == 0) return {};
  if (os_errno != EOPNOTSUPP && os_errno != ENOSYS) return Status::from_errno(os_errno, "cannot reserve space", path_, bytes);

  has_fallocate_.store(false, std::memory_order_relaxed);
  FIRN_TRY_ASSIGN(const uint64_t length, size());
  if (length >= bytes) return {};
  while (::ftruncate(fd(), static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return Status::from_errno(errno, "cannot extend", path_, bytes);
  }
  return {};
}

void PosixFile::begin_write_back([[maybe_unused]] uint64_t offset, [[maybe_unused]] uint64_t bytes) {
#if defined(__linux__)
  (void)::sync_file_range(fd(), static_cast<off64_t>(offset), static_cast<off64_t>(bytes), SYNC_FILE_RANGE_WRITE);
#endif
}

void PosixFile::release_tail(uint64_t from) {
  const Result<uint64_t> length = size();
  if (!length.ok()) return;
  const uint64_t step = page_bytes();
  if (from >= length.value()) return;
  const uint64_t start = round_up(from, step);
  const uint64_t end = round_up(length.value(), step);
  if (start >= end) return;
  // An error is no loss: the space is merely given back later, with the file.
  (void)::fallocate(fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(start), static_cast<off_t>(end - start));
}

Status PosixFile::sync() {
  // Not even EINTR is repeated: after a failed sync the kernel may call pages clean that it never wrote.
  if (::fdatasync(fd()) != 0) return Status::from_errno(errno, "cannot sync", path_);
  return {};
}

Result<uint64_t> PosixFile::size() {
  struct stat status = {};
  if (::fstat(fd(), &status) != 0) return Status::from_errno(errno, "cannot learn the length", path_);
  return static_cast<uint64_t>(status.st_size);
}

uint64_t PosixFile::written_end() {
  if (!stores_in_place()) return UINT64_MAX;  // elsewhere what is in the cache only has been taken for a hole
  off_t end = 0;
  for (;;) {
    const off_t data = ::lseek(fd(), end, SEEK_DATA);
    if (data < 0) return errno == ENXIO ? static_cast<uint64_t>(end) : UINT64_MAX;
    end = ::lseek(fd(), data, SEEK_HOLE);
    if (end < 0) return UINT64_MAX;
  }
}

Result<std::unique_ptr<Mapping>> PosixFile::map(size_t bytes, bool writable) {
  if (!writable) return map_file(fd(), bytes, path_);
  return map_file_writable(descriptor_, bytes, /*zeros_first=*/file_system_of(fd()) != TMPFS_MAGIC, path_);
}

bool PosixFile::stores_in_place() {
  if (!has_fallocate_.load(std::memory_order_relaxed)) return false;
  switch (file_system_of(fd())) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case TMPFS_MAGIC:
      return true;
    default:  // copy on write, or unknown: a store may need a block that nobody reserved
      return false;
  }
}

}  // namespace firn
