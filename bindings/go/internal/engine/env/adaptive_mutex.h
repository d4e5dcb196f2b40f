// AdaptiveMutex: a mutex for sections much shorter than a sleep. Who finds it taken looks again a few times, each time later, before he sleeps: waking a
// sleeper costs its waker more than such a section. Taking and giving back a free one is one exchange each, inline.
//
// Threading: as std::mutex; not recursive, not fair.
#pragma once

#include <atomic>
#include <cstdint>

namespace firn {

class AdaptiveMutex {
 public:
  AdaptiveMutex() = default;
  AdaptiveMutex(const AdaptiveMutex&) = delete;
  AdaptiveMutex& operator=(const AdaptiveMutex&) = delete;

  bool try_lock() {
    uint32_t seen = kFree;
    return state_.compare_exchange_strong(seen, kTaken, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void lock() {
    if (!try_lock()) [[unlikely]]
      lock_taken();
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kTakenWithSleepers) [[unlikely]]
      state_.notify_one();
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kTaken = 1;
  static constexpr uint32_t kTakenWithSleepers = 2;  // perhaps: who slept cannot know whether others do

  void lock_taken();

  std::atomic<uint32_t> state_{kFree};
};

}  // namespace firn
