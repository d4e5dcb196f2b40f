#include "compare/line_transfer.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "compare/process_stats.h"

namespace bench {
namespace {

constexpr int kRounds = 50;  // the quickest counts: others want the processors, too
constexpr int kTurns = 200;  // of each thread in a round

std::vector<int> own_processors() {
  cpu_set_t set;
  std::vector<int> found;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return found;
  for (int processor = 0; processor < CPU_SETSIZE; processor++)
    if (CPU_ISSET(processor, &set)) found.push_back(processor);
  return found;
}

// This thread alone.
bool stay_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

// Sets the odd or the even numbers, in turns with the other thread; returns the quickest round's time. The one who waits gives way now and then, so that it ends on one processor, too.
uint64_t take_turns(std::atomic<int>& turn, int first) {
  constexpr int kLooks = 10'000;
  uint64_t quickest_ns = std::numeric_limits<uint64_t>::max();
  for (int round = 0, at = first; round < kRounds; round++) {
    const uint64_t begin_ns = now_ns();
    for (int i = 0; i < kTurns; i++, at += 2) {
      for (int looks = 0; turn.load(std::memory_order_acquire) != at; looks++)
        if (looks % kLooks == kLooks - 1) std::this_thread::yield();
      turn.store(at + 1, std::memory_order_release);
    }
    quickest_ns = std::min(quickest_ns, now_ns() - begin_ns);
  }
  return quickest_ns;
}

}  // namespace

double line_transfer_ns() {
  const std::vector<int> processors = own_processors();
  if (processors.size() < 2) return 0;
  alignas(128) std::atomic<int> turn{0};
  bool one_stays = false, other_stays = false;
  uint64_t quickest_ns = 0;
  std::thread one([&] {
    one_stays = stay_on(processors[0]);
    quickest_ns = take_turns(turn, 0);
  });
  std::thread other([&] {
    other_stays = stay_on(processors[1]);
    take_turns(turn, 1);
  });
  one.join();
  other.join();
  return one_stays && other_stays ? static_cast<double>(quickest_ns) / (2 * kTurns) : 0;
}

}  // namespace bench
