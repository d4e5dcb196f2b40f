// Policies of the scheduler.
// Threading: as Policy.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "schedule/scheduler.h"

namespace schedule_test {

// Random priorities (PCT: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding bugs"): the ready
// thread of the highest priority runs; at depth - 1 places, drawn beforehand among the first `place_count`, who runs falls below all others. A bug that
// needs `depth` orderings among n threads and k places is met with a probability of at least 1 / (n * k^(depth - 1)).
class RandomPriorities final : public Policy {
 public:
  RandomPriorities(uint64_t seed, int depth, uint64_t place_count);
  int choose(const std::vector<int>& ready, int running, int first_of_program, Place place) override;

 private:
  std::mt19937_64 random_;
  std::vector<uint64_t> change_at_;   // sorted, the latest first
  std::vector<uint64_t> priorities_;  // by thread; 0: none yet
  uint64_t next_low_;                 // the priority that the next one falls to; below all that were drawn
  uint64_t place_ = 0;
};

// Every order in which the threads of the program can come past its named places, one a run: depth first, by the choices that a run repeats and the first that
// it makes anew. Where there is none to choose the threads of the program go on; the engine's run when none of them can.
class EveryOrder final : public Policy {
 public:
  // choices: of the run to be made, a letter each; behind them the first possible one is taken.
  explicit EveryOrder(std::string choices = "") : choices_(std::move(choices)) {}
  int choose(const std::vector<int>& ready, int running, int first_of_program, Place place) override;

  const std::string& choices() const { return choices_; }  // of the run that was made
  // To the next run; false: there is none.
  bool advance();

 private:
  std::string choices_;        // 'a': goes on, or the first; 'b': the one behind him, and so on
  std::string last_possible_;  // letters too
  size_t at_ = 0;
};

}  // namespace schedule_test
