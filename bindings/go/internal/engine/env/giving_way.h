// Giving way: a wait that is about as short as a sleep and a wakening, by giving the processor to others and looking again.
//
// Threading: no state.
#pragma once

#include <cstdint>
#include <thread>

#include "env/env.h"

namespace firn {

enum class GaveWay {
  kDone,
  kTimeIsUp,
  kCrowded,  // a turn took long: others compute, and whoever sleeps gets a processor sooner than who gives it away
};

// Until `done`, for at most `wait_ns`.
template <typename Done>
GaveWay give_way_until(Env& env, int64_t wait_ns, Done done) {
  constexpr int64_t kLongTurnNs = 500'000;
  constexpr int kTurnCountMax = 1000;  // half a millisecond of turns that nobody takes; a clock may stand still
  const int64_t begin_ns = env.monotonic_ns();
  int64_t before_ns = begin_ns;
  for (int turn = 0; turn < kTurnCountMax; turn++) {
    if (done()) return GaveWay::kDone;
    std::this_thread::yield();
    const int64_t now_ns = env.monotonic_ns();
    if (now_ns - before_ns > kLongTurnNs) return GaveWay::kCrowded;
    if (now_ns - begin_ns > wait_ns) break;
    before_ns = now_ns;
  }
  return done() ? GaveWay::kDone : GaveWay::kTimeIsUp;
}

}  // namespace firn
