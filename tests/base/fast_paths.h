// FastPathsLeftOut: while it lives, a random share of the engine's fast paths is not taken (base/fast_path.h). Without FIRN_DEBUG_CHECKS, which the sanitizers' builds have,
// it does nothing.
// Threading: one at a time; made and destroyed while no call is under way.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/fast_path.h"

namespace firn_test {

class FastPathsLeftOut {
 public:
  FastPathsLeftOut([[maybe_unused]] uint32_t of_256, [[maybe_unused]] uint64_t seed) {
#if defined(FIRN_DEBUG_CHECKS)
    firn::FastPath::leave_out(of_256, seed);
#endif
  }
  ~FastPathsLeftOut() {
#if defined(FIRN_DEBUG_CHECKS)
    firn::FastPath::leave_out(0, 0);
#endif
  }
  FastPathsLeftOut(const FastPathsLeftOut&) = delete;
  FastPathsLeftOut& operator=(const FastPathsLeftOut&) = delete;
};

// One of several shares, from none to all, by the name of what runs.
inline uint32_t share_left_out(std::string_view name) {
  constexpr uint32_t kShares[] = {0, 32, 128, 128, 256};
  return kShares[std::hash<std::string_view>()(name) % (sizeof kShares / sizeof *kShares)];
}

}  // namespace firn_test
