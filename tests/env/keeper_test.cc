// A keeper's turns: one for calls, one a period, another at once when it is asked for, none after stop().
#include "env/keeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace firn {
namespace {

void wait_for(const std::atomic<int>& count, int at_least) {
  while (count.load() < at_least) std::this_thread::yield();
}

TEST(KeeperTest, WorksWhenItIsCalled) {
  std::atomic<int> turns{0};
  Keeper keeper;
  const auto turn = [&] {
    turns++;
    return false;
  };
  ASSERT_TRUE(keeper.start(turn, {}, "here").ok());
  for (int i = 1; i <= 100; i++) {
    const int before = turns.load();
    keeper.call();
    wait_for(turns, before + 1);
  }
  keeper.stop();
  const int after = turns.load();
  keeper.call();
  EXPECT_EQ(after, turns.load());
  keeper.stop();
}

TEST(KeeperTest, GoesOnWithoutACallWhileThereIsMore) {
  std::atomic<int> turns{0};
  Keeper keeper;
  const auto turn = [&] { return ++turns % 10 != 0; };
  ASSERT_TRUE(keeper.start(turn, {}, "here").ok());
  keeper.call();
  wait_for(turns, 10);
  keeper.call();
  wait_for(turns, 20);
  keeper.stop();
  EXPECT_EQ(20, turns.load());
}

TEST(KeeperTest, WorksByItselfOnceAPeriod) {
  std::atomic<int> turns{0};
  Keeper keeper;
  const auto turn = [&] {
    turns++;
    return false;
  };
  ASSERT_TRUE(keeper.start(turn, std::chrono::milliseconds(1), "here").ok());
  wait_for(turns, 3);
}

#if defined(__linux__)
TEST(KeeperTest, ItsPriorityIsItsThreadsAlone) {
  const auto nice_of_this_thread = [] { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid))); };
  const int own = nice_of_this_thread();
  for (const auto& [priority, nicer] : {std::pair(Keeper::Priority::kNormal, 0), std::pair(Keeper::Priority::kLow, 5)}) {
    std::atomic<int> seen{100};
    Keeper keeper;
    const auto turn = [&] {
      seen = nice_of_this_thread();
      return false;
    };
    ASSERT_TRUE(keeper.start(turn, {}, "here", priority).ok());
    keeper.call();
    while (seen.load() == 100) std::this_thread::yield();
    keeper.stop();
    EXPECT_EQ(std::min(own + nicer, 19), seen.load());
    EXPECT_EQ(own, nice_of_this_thread());
  }
}
#endif

TEST(KeeperTest, ACallDuringATurnIsOneMoreTurn) {
  std::atomic<int> turns{0};
  std::atomic<bool> may_end{false};
  Keeper keeper;
  const auto turn = [&] {
    turns++;
    while (!may_end.load()) std::this_thread::yield();
    return false;
  };
  ASSERT_TRUE(keeper.start(turn, {}, "here").ok());
  keeper.call();
  wait_for(turns, 1);
  keeper.call();
  keeper.call();
  may_end = true;
  wait_for(turns, 2);
  keeper.stop();
  EXPECT_EQ(2, turns.load());
}

}  // namespace
}  // namespace firn
