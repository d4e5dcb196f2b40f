// Descriptor: an owned file descriptor. Every descriptor of Firn is close-on-exec and above 2, so that neither a child program nor a
// host that closed its standard streams ever reaches one by accident.
// Threading: a value type; the descriptor's number may be used by many threads.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string_view>
#include <utility>

#include "base/status.h"

namespace firn {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();  // closes; what close() says is lost, so whoever needs the bytes calls fdatasync first

 private:
  int fd_ = -1;
};

// A descriptor, or the errno that says why there is none.
struct Opened {
  Descriptor descriptor;
  int os_errno = 0;
};

inline constexpr mode_t kFileMode = 0600;
inline constexpr mode_t kDirectoryMode = 0700;

// openat() with O_CLOEXEC, repeated when a signal interrupts it. `flags` decides about everything else.
Opened open_at(int directory, const char* name, int flags, mode_t mode = 0);

// Creates a regular file that only its owner reads and writes, whatever the umask is. EEXIST when the name is taken.
Opened create_file_at(int directory, const char* name);

// Why an opening failed. A symbolic link or anything else that is not of the kind asked for is kNotADatabase, a taken name kExists.
Status open_failed(int os_errno, std::string_view path);

// kNotADatabase unless the descriptor is a regular file's.
Status expect_regular_file(int fd, std::string_view path);

}  // namespace firn
