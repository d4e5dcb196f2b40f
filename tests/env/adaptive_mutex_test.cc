// The mutex of short sections: exclusion, and sleepers that are woken.
#include "env/adaptive_mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace firn {
namespace {

TEST(AdaptiveMutex, OneThreadIsInsideAtATime) {
  constexpr int kThreadCount = 8;
  constexpr int kTurnCount = 20'000;
  AdaptiveMutex mutex;
  int64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreadCount; i++) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurnCount; turn++) {
        const std::lock_guard lock(mutex);
        count++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, int64_t{kThreadCount} * kTurnCount);
}

TEST(AdaptiveMutex, TryingDoesNotWait) {
  AdaptiveMutex mutex;
  ASSERT_TRUE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

// Held so long that all the others sleep: each of them is woken by the one before.
TEST(AdaptiveMutex, EverySleeperIsWoken) {
  AdaptiveMutex mutex;
  int woken_count = 0;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex);
    for (int i = 0; i < 6; i++) {
      threads.emplace_back([&] {
        const std::lock_guard turn(mutex);
        woken_count++;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));  // so that who comes next sleeps again
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(woken_count, 6);
}

}  // namespace
}  // namespace firn
