#include "env/adaptive_mutex.h"

namespace firn {
namespace {

constexpr int kTryCount = 10;  // with pauses that double: about 10 us

void pause_shortly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace

void AdaptiveMutex::lock_taken() {
  for (int i = 0; i < kTryCount; i++) {
    for (int pause_count = 1 << i; pause_count > 0; pause_count--) pause_shortly();
    if (state_.load(std::memory_order_relaxed) == kFree && try_lock()) return;
  }
  while (state_.exchange(kTakenWithSleepers, std::memory_order_acquire) != kFree) {
    state_.wait(kTakenWithSleepers, std::memory_order_relaxed);
  }
}

}  // namespace firn
