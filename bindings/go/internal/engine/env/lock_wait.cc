#include "env/lock_wait.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace firn {
namespace {

constexpr int64_t kRetryNs = 5'000'000;

}  // namespace

Result<std::unique_ptr<FileLock>> wait_for_lock(Env& env, Directory& directory, std::string_view name, uint64_t timeout_ms) {
  const int64_t end_ns = env.monotonic_ns() + static_cast<int64_t>(timeout_ms) * 1'000'000;
  for (;;) {
    auto lock = directory.lock(name);
    const int64_t left_ns = end_ns - env.monotonic_ns();
    if (!lock.status().is(Code::kLocked) || left_ns <= 0) return lock;
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left_ns, kRetryNs)));
  }
}

}  // namespace firn
