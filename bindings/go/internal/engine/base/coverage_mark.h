// Coverage marks: rare branches that a long random test has to reach, and says so when it does not (tests/model). FIRN_MARK("name") counts how often it is passed, under
// FIRN_DEBUG_CHECKS only: nothing is left of it in a release. Only in .cc files, in branches that are rare: it costs an atomic addition.
// Threading: any thread, with any lock held.
#pragma once

#if defined(FIRN_DEBUG_CHECKS)
#include <atomic>
#include <cstdint>
#include <string_view>

namespace firn {

// One place. Lives as long as the program; it is in the list of all from the first time that it is passed.
class CoverageMark {
 public:
  explicit CoverageMark(const char* name) : name_(name), next_(first_.load()) {
    while (!first_.compare_exchange_weak(next_, this)) {
    }
  }
  void pass() { count_.fetch_add(1, std::memory_order_relaxed); }
  // How often the places of this name were passed; 0: never, or there is none.
  static uint64_t count(std::string_view name) {
    uint64_t sum = 0;
    for (const CoverageMark* mark = first_.load(); mark != nullptr; mark = mark->next_) {
      if (mark->name_ == name) sum += mark->count_.load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  const std::string_view name_;
  CoverageMark* next_;
  std::atomic<uint64_t> count_{0};
  static inline std::atomic<CoverageMark*> first_{nullptr};
};

}  // namespace firn

#define FIRN_MARK(name)                        \
  do {                                         \
    static ::firn::CoverageMark mark_of(name); \
    mark_of.pass();                            \
  } while (0)
#else
#define FIRN_MARK(name) static_cast<void>(0)
#endif
