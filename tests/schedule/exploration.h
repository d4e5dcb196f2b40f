// Runs of a program under many schedules, and what repeats one of them.
//
// FIRN_SEED chooses the random ones (`./dev test` takes it from the commit). FIRN_SCHEDULE repeats one run: a number (the seed of one random schedule) or letters (the
// choices of one of all orders); the failure that it belongs to prints the command.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "schedule/scheduler.h"

namespace schedule_test {

// Makes what it needs, runs threads by run_together(), judges what they saw, and returns what is wrong with it; also by EXPECT. `seed` is for its operations.
// It counts them in *operation_count.
using Program = std::function<std::string(Scheduler& scheduler, uint64_t seed, uint64_t* operation_count)>;

struct Figures {
  uint64_t schedules = 0;
  uint64_t operations = 0;
  uint64_t points = 0;
};

// `count` schedules of random priorities, depth 3, and twelve times as many in a deep run. `place_count`: about so many places there are in a run.
Figures explore_randomly(uint64_t count, uint64_t place_count, const Program& program);

// Every order of the named places of the program's threads; fails when there are more than `most`.
Figures explore_every_order(uint64_t most, const Program& program);

}  // namespace schedule_test
