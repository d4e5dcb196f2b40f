// Fast paths: branches that spare time and change no answer, each beside a slower one that does the same. FIRN_FAST_PATH("name") is true. Under FIRN_DEBUG_CHECKS a test
// may have a random part of the passes go the slow way (tests/model, tests/linearizability), so that both ways are exercised, and mixed; then each of them is a coverage
// mark, too: the name, and the name with ": the slow way" behind it. Nothing is left of it in a release. Only in .cc files.
// Threading: any thread, with any lock held.
#pragma once

#if defined(FIRN_DEBUG_CHECKS)
#include <atomic>
#include <cstdint>

#include "base/coverage_mark.h"

namespace firn {

class FastPath {
 public:
  // From now on so many of 256 passes go the slow way. With the same seed the same ones, in a program of one thread.
  static void leave_out(uint32_t of_256, uint64_t seed) {
    draw_.store(seed, std::memory_order_relaxed);
    left_out_of_256_.store(of_256, std::memory_order_relaxed);
  }
  static bool is_taken() {
    const uint32_t left_out = left_out_of_256_.load(std::memory_order_relaxed);
    if (left_out == 0) return true;
    // The steps of a counter, scattered: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    uint64_t x = draw_.fetch_add(0x9e3779b97f4a7c15u, std::memory_order_relaxed);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (x ^ (x >> 31)) % 256 >= left_out;
  }

 private:
  static inline std::atomic<uint32_t> left_out_of_256_{0};
  static inline std::atomic<uint64_t> draw_{0};
};

}  // namespace firn

#define FIRN_FAST_PATH(name)                                     \
  ([] {                                                          \
    static ::firn::CoverageMark fast_way(name);                  \
    static ::firn::CoverageMark slow_way(name ": the slow way"); \
    const bool is_taken = ::firn::FastPath::is_taken();          \
    (is_taken ? fast_way : slow_way).pass();                     \
    return is_taken;                                             \
  }())
#else
#define FIRN_FAST_PATH(name) true
#endif
