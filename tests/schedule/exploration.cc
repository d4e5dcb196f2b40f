#include "schedule/exploration.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "crashfs/effort.h"
#include "schedule/policies.h"

namespace schedule_test {
namespace {

constexpr int kDepth = 3;
constexpr uint64_t kDeepTimes = 12;

// What repeats the run that goes on: printed when it fails, by whatever way it does.
std::string& replay_of_this_run() {
  static std::string command;
  return command;
}

void tell_replay(int) {
  std::fprintf(stderr, "%s\n", replay_of_this_run().c_str());
  std::fflush(stderr);
}

void set_replay(const std::string& schedule) {
  replay_of_this_run() = firn::replay_command("FIRN_SCHEDULE=" + schedule);
  std::signal(SIGABRT, tell_replay);  // deadlocks and broken invariants; after the handler the process ends as it would
}

// One run; false: it failed.
bool run_once(Policy& policy, const std::string& schedule, uint64_t seed, const Program& program, Figures* figures) {
  set_replay(schedule);
  Scheduler scheduler(policy);
  std::string wrong;
  scheduler.run([&] { wrong = program(scheduler, seed, &figures->operations); });
  figures->schedules++;
  figures->points += scheduler.point_count();
  if (wrong.empty() && !testing::Test::HasFailure()) return true;
  ADD_FAILURE() << wrong << "\nthe schedule:\n" << scheduler.trace() << replay_of_this_run();
  return false;
}

void print(const char* kind, const Figures& figures) {
  const auto* const info = testing::UnitTest::GetInstance()->current_test_info();
  std::printf("[ figures  ] %s, %s: %llu schedules, %llu operations, %llu points, %d anomalies\n", info->name(), kind,
              static_cast<unsigned long long>(figures.schedules), static_cast<unsigned long long>(figures.operations),
              static_cast<unsigned long long>(figures.points), testing::Test::HasFailure() ? 1 : 0);
}

}  // namespace

Figures explore_randomly(uint64_t count, uint64_t place_count, const Program& program) {
  Figures figures;
  const auto run = [&](uint64_t seed) {
    RandomPriorities policy(seed, kDepth, place_count);
    return run_once(policy, std::to_string(seed), seed, program, &figures);
  };
  if (const char* const given = std::getenv("FIRN_SCHEDULE")) {
    run(std::strtoull(given, nullptr, 10));
  } else {
    const firn::Effort effort = firn::test_effort();
    std::mt19937_64 seeds(effort.seed);
    if (effort.is_deep) count *= kDeepTimes;
    while (figures.schedules < count && run(seeds())) {
    }
  }
  print("random priorities", figures);
  return figures;
}

Figures explore_every_order(uint64_t most, const Program& program) {
  Figures figures;
  const char* const given = std::getenv("FIRN_SCHEDULE");
  EveryOrder policy(given != nullptr ? given : "");
  for (;;) {
    // The choices grow while the run goes on: what is told of one that aborts are those that it began with.
    const std::string begun = policy.choices();
    if (!run_once(policy, begun.empty() ? "a" : begun, 0, program, &figures) || !policy.advance() || given != nullptr) break;
    if (figures.schedules >= most) {
      ADD_FAILURE() << "more than " << most << " orders";
      break;
    }
  }
  print("every order", figures);
  return figures;
}

}  // namespace schedule_test
