// The scheduler itself: that it meets what is planted, counts every order once, notices a deadlock, and repeats a run.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "base/schedule_point.h"
#include "schedule/exploration.h"
#include "schedule/policies.h"
#include "schedule/scheduled_database.h"

// This file is compiled without FIRN_SCHEDULE_POINTS, as the tests are.
extern "C" void firn_schedule_point(const char* name);

namespace {

using namespace schedule_test;

// Two threads that add to a counter without a lock.
int add_twice(Scheduler& scheduler) {
  int counter = 0;
  const auto add = [&] {
    const int seen = counter;
    firn_schedule_point("seen");
    counter = seen + 1;
  };
  scheduler.run_together({add, add});
  return counter;
}

int count_lost_updates(Policy& policy, const std::function<bool(int)>& again) {
  int lost = 0;
  for (int i = 0; again(i); i++) {
    Scheduler scheduler(policy);
    scheduler.run([&] { lost += add_twice(scheduler) == 1; });
  }
  return lost;
}

TEST(SchedulerTest, every_order_is_met_once) {
  // Each thread has a beginning and one point: two steps, hence 4! / (2! * 2!) = 6 orders; in 4 of them both have seen 0.
  EveryOrder policy;
  int orders = 0;
  const int lost = count_lost_updates(policy, [&](int i) { return orders++, i == 0 || policy.advance(); });
  EXPECT_EQ(6, orders - 1);
  EXPECT_EQ(4, lost);
}

TEST(SchedulerTest, random_priorities_meet_a_lost_update) {
  int lost = 0;
  for (uint64_t seed = 0; seed < 300; seed++) {
    RandomPriorities policy(seed, 3, 8);
    lost += count_lost_updates(policy, [](int i) { return i == 0; });
  }
  EXPECT_GT(lost, 10);
  EXPECT_LT(lost, 290);
}

TEST(SchedulerTest, a_mutex_and_a_condition_hold_threads_up) {
  EveryOrder policy;
  do {
    Scheduler scheduler(policy);
    std::mutex mutex;
    std::condition_variable moved;
    int counter = 0;
    const auto count = [&] {
      const std::lock_guard lock(mutex);
      const int seen = counter;
      firn_schedule_point("seen");
      counter = seen + 1;
      moved.notify_one();
    };
    const auto wait = [&] {
      std::unique_lock lock(mutex);
      moved.wait(lock, [&] { return counter == 2; });
      counter = 10;
    };
    scheduler.run([&] { scheduler.run_together({count, wait, count}); });
    ASSERT_EQ(10, counter) << scheduler.trace();
  } while (policy.advance());
}

TEST(SchedulerTest, a_timed_wait_ends_when_nobody_else_can_go_on) {
  RandomPriorities policy(1, 3, 10);
  Scheduler scheduler(policy);
  std::mutex mutex;
  std::condition_variable never;
  auto waited = std::chrono::steady_clock::duration::zero();
  scheduler.run([&] {
    scheduler.run_together({[&] {
      const auto begin = std::chrono::steady_clock::now();
      std::unique_lock lock(mutex);
      EXPECT_FALSE(never.wait_for(lock, std::chrono::hours(1), [] { return false; }));
      waited = std::chrono::steady_clock::now() - begin;
    }});
  });
  EXPECT_GE(waited, std::chrono::hours(1));  // by the virtual clock
}

TEST(SchedulerDeathTest, a_deadlock_is_told_with_its_schedule) {
  const auto lock_crosswise = [] {
    EveryOrder policy;
    do {
      Scheduler scheduler(policy);
      std::mutex one, other;
      const auto take = [](std::mutex* first, std::mutex* second) {
        const std::lock_guard lock(*first);
        firn_schedule_point("has the first");
        const std::lock_guard more(*second);
      };
      scheduler.run([&] { scheduler.run_together({[&] { take(&one, &other); }, [&] { take(&other, &one); }}); });
    } while (policy.advance());
  };
  EXPECT_DEATH(lock_crosswise(), "has the first[^$]*deadlock[^$]*waits for a mutex");
}

TEST(SchedulerTest, the_same_choices_give_the_same_run) {
  const auto trace_of = [](uint64_t seed) {
    RandomPriorities policy(seed, 3, 400);
    Scheduler scheduler(policy);
    scheduler.run([&] {
      const ScheduledDatabase db(scheduler, "memtable_bytes=16KiB,background_threads=2");
      std::vector<std::function<void()>> bodies = {[&] { EXPECT_EQ(FIRN_OK, firn_flush(db.handle())); }};
      for (int thread = 0; thread < 2; thread++) {
        bodies.emplace_back([&db, thread, seed] {
          firn_test::Caller caller(db.handle(), 0, thread, seed);
          for (int i = 0; i < 4; i++) caller.call();
        });
      }
      db.run_together(std::move(bodies));
    });
    return scheduler.trace();
  };
  for (uint64_t seed = 1; seed <= 20; seed++) ASSERT_EQ(trace_of(seed), trace_of(seed)) << seed;
}

}  // namespace
