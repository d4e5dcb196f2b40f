// ThreadCounts: counters that every call moves. Each thread has cache lines of its own in them, so counting is a load, an addition and a store that no other
// thread sees; reading them adds up all lines. Nothing is lost: a line goes with the thread's number (thread_stripe), which one living thread has at a time, and stays
// when the thread ends. Only of more than a thousand threads at a time those beyond share a line, where additions may be lost: an atomic addition for them would cost
// everybody else a branch for each counter.
//
// Threading: add() from any marked thread; sum() any thread, sees each count that was added before.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "env/thread_mark.h"

namespace firn {

template <size_t kCounterCount>
class ThreadCounts {
 public:
  ThreadCounts() = default;
  ~ThreadCounts() {
    for (const auto& line : lines_) delete line.load(std::memory_order_relaxed);
  }
  ThreadCounts(const ThreadCounts&) = delete;
  ThreadCounts& operator=(const ThreadCounts&) = delete;

  struct alignas(64) Line {
    std::array<std::atomic<uint64_t>, kCounterCount> counters{};

    // Returns the number before.
    uint64_t add(size_t counter, uint64_t number) {
      const uint64_t before = counters[counter].load(std::memory_order_relaxed);
      counters[counter].store(before + number, std::memory_order_relaxed);
      return before;
    }
  };

  // The calling thread's line. The thread has a mark.
  Line& mine() {
    const uint32_t stripe = thread_mark::this_stripe;
    if (stripe < kLineCount) [[likely]] {
      if (Line* line = lines_[stripe].load(std::memory_order_acquire); line != nullptr) [[likely]]
        return *line;
    }
    return make(stripe);
  }

  uint64_t sum(size_t counter) const {
    uint64_t total = shared_.counters[counter].load(std::memory_order_relaxed);
    for (const auto& at : lines_) {
      if (const Line* line = at.load(std::memory_order_acquire); line != nullptr) {
        total += line->counters[counter].load(std::memory_order_relaxed);
      }
    }
    return total;
  }

 private:
  static constexpr uint32_t kLineCount = 1024;

  // Stripe 0 is that of all threads that no slot could be had for.
  [[gnu::noinline]] Line& make(uint32_t stripe) {
    if (stripe == 0 || stripe >= kLineCount) return shared_;
    Line* const line = new (std::nothrow) Line;
    if (line == nullptr) return shared_;
    lines_[stripe].store(line, std::memory_order_release);
    return *line;
  }

  std::array<std::atomic<Line*>, kLineCount> lines_{};
  Line shared_;
};

}  // namespace firn
