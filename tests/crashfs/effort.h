// How much of a test is done: a share seeded by the commit, or everything (FIRN_DEEP=1). Under sanitizers a tenth of the share.
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace firn {

struct Effort {
  bool is_deep = false;
  uint64_t seed = 1;
  uint64_t slowness = 1;
  // One of so many is done; everything in a deep run.
  uint64_t share(uint64_t one_of) const { return is_deep ? 1 : one_of * slowness; }
};

inline Effort test_effort() {
  Effort effort;
  const char* deep = std::getenv("FIRN_DEEP");
  const char* seed = std::getenv("FIRN_SEED");
  effort.is_deep = deep != nullptr && *deep == '1';
  if (seed != nullptr) effort.seed = std::strtoull(seed, nullptr, 10);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  effort.slowness = 10;
  effort.is_deep = false;
#endif
  return effort;
}

}  // namespace firn
