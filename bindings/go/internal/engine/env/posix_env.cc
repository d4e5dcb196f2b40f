#include "env/posix_env.h"

#include <fcntl.h>
#include <sys/random.h>
#include <time.h>

#include <cerrno>

#include "base/check.h"
#include "env/posix_directory.h"

namespace firn {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kMsPerSecond = 1'000;
constexpr int64_t kNsPerMs = 1'000'000;

timespec now_of(clockid_t clock) {
  timespec now = {};
  FIRN_CHECK(::clock_gettime(clock, &now) == 0, "ENV-4");
  return now;
}

class PosixEnv final : public Env {
 public:
  // Symbolic links in the caller's path are followed: it is the caller who says where the database lies, and the lock is on the file
  // and not on the path.
  Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override {
    FIRN_TRY_ASSIGN(Descriptor descriptor, open_directory_at(AT_FDCWD, path.c_str(), 0, create, path));
    auto directory = std::make_unique<PosixDirectory>(std::move(descriptor), path);
    if (create) {
      // Empty: made by us, or by someone who may have been killed before he made the name durable.
      FIRN_TRY_ASSIGN(const std::vector<std::string> names, directory->list());
      if (names.empty()) FIRN_TRY(directory->sync_parent());
    }
    return std::unique_ptr<Directory>(std::move(directory));
  }

  int64_t wall_ms() override {
    const timespec now = now_of(CLOCK_REALTIME);
    return now.tv_sec * kMsPerSecond + now.tv_nsec / kNsPerMs;
  }

  int64_t monotonic_ns() override {
    const timespec now = now_of(CLOCK_MONOTONIC);
    return now.tv_sec * kNsPerSecond + now.tv_nsec;
  }

  int64_t monotonic_coarse_ns() override {
    const timespec now = now_of(CLOCK_MONOTONIC_COARSE);
    return now.tv_sec * kNsPerSecond + now.tv_nsec;
  }

  uint64_t random() override {
    uint64_t value = 0;
    ssize_t n = 0;
    do {
      n = ::getrandom(&value, sizeof value, 0);
    } while (n < 0 && errno == EINTR);
    FIRN_CHECK(n == static_cast<ssize_t>(sizeof value), "ENV-4");
    return value;
  }
};

}  // namespace

Env& posix_env() {
  static Env* const env = new PosixEnv;
  return *env;
}

}  // namespace firn
