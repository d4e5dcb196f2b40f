#include "env/posix_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <mutex>
#include <type_traits>
#include <utility>

#include "env/descriptor.h"

namespace firn {
namespace {

class PosixFileLock;

// Every lock that this process holds, as a chain through the locks themselves: the handler in the child neither allocates nor fails.
struct HeldLocks {
  std::mutex mutex;
  PosixFileLock* first = nullptr;
};
constinit HeldLocks held_locks;
static_assert(std::is_trivially_destructible_v<HeldLocks>, "a lock may be released while the process exits");

class PosixFileLock final : public FileLock {
 public:
  PosixFileLock() = default;
  ~PosixFileLock() override;

  // Both with held_locks.mutex held.
  void hold(Descriptor descriptor);
  static void drop_all();

  int fd() const { return descriptor_.fd(); }

 private:
  Descriptor descriptor_;  // none: never locked, or the lock is the parent's
  PosixFileLock* previous_ = nullptr;
  PosixFileLock* next_ = nullptr;
};

struct flock whole_file(short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

void PosixFileLock::hold(Descriptor descriptor) {
  descriptor_ = std::move(descriptor);
  next_ = held_locks.first;
  if (next_ != nullptr) next_->previous_ = this;
  held_locks.first = this;
}

PosixFileLock::~PosixFileLock() {
  const std::lock_guard guard(held_locks.mutex);
  if (!descriptor_.valid()) return;
  (previous_ != nullptr ? previous_->next_ : held_locks.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  // Closing is not enough: a child that was made without our handlers (vfork, clone) may still share the description.
  struct flock unlock = whole_file(F_UNLCK);
  ::fcntl(descriptor_.fd(), F_OFD_SETLK, &unlock);
  descriptor_.reset();
}

void PosixFileLock::drop_all() {
  for (PosixFileLock* lock = held_locks.first; lock != nullptr; lock = lock->next_) lock->descriptor_.reset();
  held_locks.first = nullptr;
}

// Taken around fork(), so that the child sees a whole chain and no lock that is not yet in it.
void before_fork() { held_locks.mutex.lock(); }
void after_fork_in_parent() { held_locks.mutex.unlock(); }
void after_fork_in_child() {
  PosixFileLock::drop_all();
  held_locks.mutex.unlock();
}

int watch_forks() {
  static const int os_errno = ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  return os_errno;
}

// Opens the file to be locked, or creates it. Creating is separate so that only a new file's mode is touched.
Opened open_lock_file(int directory, const char* name) {
  const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  Opened opened = open_at(directory, name, flags);
  if (opened.os_errno != ENOENT) return opened;
  opened = create_file_at(directory, name);
  if (opened.os_errno != EEXIST) return opened;
  return open_at(directory, name, flags);  // someone else was faster
}

constexpr size_t kHolderBytesMax = 128;

// Writes down who holds the lock: "<process id> <command>\n". Only messages use it, so a full disk does not matter.
void note_holder(int fd) {
  char text[kHolderBytesMax];
  const int n = std::snprintf(text, sizeof text, "%d %.100s\n", static_cast<int>(::getpid()), program_invocation_short_name);
  if (n <= 0) return;
  if (::pwrite(fd, text, static_cast<size_t>(n), 0) != n) return;
  (void)!::ftruncate(fd, n);
}

// kLocked, with what the holder wrote. Those bytes are untrusted: bounded, and shown only as far as they are printable.
Status locked_by(int fd, const std::string& path) {
  char text[kHolderBytesMax] = {};
  const ssize_t n = ::pread(fd, text, sizeof text, 0);
  size_t end = 0;
  while (n > 0 && end < static_cast<size_t>(n) && text[end] >= ' ' && text[end] <= '~') ++end;
  int process = 0;
  const auto [after, error] = std::from_chars(text, text + end, process);
  if (error != std::errc() || process <= 0) return Status(Code::kLocked, "held by an unknown process", path);
  const std::string command(after == text + end ? after : after + 1, static_cast<const char*>(text + end));
  std::string message = process == ::getpid() ? "held by this process, " : "held by process ";
  message += std::to_string(process) + " (" + command + ")";
  return Status(Code::kLocked, message, path);
}

}  // namespace

Result<std::unique_ptr<FileLock>> acquire_file_lock(int directory, const std::string& name, const std::string& path) {
  if (watch_forks() != 0) return Status(Code::kNoMemory, "cannot register a fork handler", path);
  auto lock = std::make_unique<PosixFileLock>();
  const std::unique_lock guard(held_locks.mutex);
  Opened opened = open_lock_file(directory, name.c_str());
  if (!opened.descriptor.valid()) return open_failed(opened.os_errno, path);
  FIRN_TRY(expect_regular_file(opened.descriptor.fd(), path));
  struct flock exclusive = whole_file(F_WRLCK);
  if (::fcntl(opened.descriptor.fd(), F_OFD_SETLK, &exclusive) != 0) {
    if (errno == EAGAIN || errno == EACCES) return locked_by(opened.descriptor.fd(), path);
    return Status::from_errno(errno, "cannot lock", path);
  }
  note_holder(opened.descriptor.fd());
  lock->hold(std::move(opened.descriptor));
  return std::unique_ptr<FileLock>(std::move(lock));
}

}  // namespace firn
