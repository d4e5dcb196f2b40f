// Marks of threads: MARK-1 and MARK-2, parks, forks.
#include "env/thread_mark.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace firn;

constexpr uint64_t kGuard = 0x8100000001000000;

TEST(ThreadMark, an_idle_thread_does_not_hold_an_epoch) { EXPECT_TRUE(epoch_passed(epoch_retire())); }

TEST(ThreadMark, a_mark_holds_the_epochs_that_are_retired_under_it_and_no_later_mark_does) {
  uint64_t epoch = 0;
  {
    const ThreadMark mark;
    epoch = epoch_retire();
    EXPECT_FALSE(epoch_passed(epoch));
  }
  EXPECT_TRUE(epoch_passed(epoch));
  const ThreadMark later;
  EXPECT_TRUE(epoch_passed(epoch));
}

TEST(ThreadMark, MARK_2_nested_marks_keep_the_outer_epoch_and_guard) {
  const ThreadMark outer(kGuard);
  const MarkSlot& slot = *this_thread_slot();
  const uint64_t epoch = epoch_retire();
  {
    const ThreadMark same(kGuard);
    const ThreadMark none;
    EXPECT_FALSE(epoch_passed(epoch));
    EXPECT_EQ(slot.guard.load(), kGuard);
  }
  EXPECT_FALSE(epoch_passed(epoch));
  EXPECT_EQ(slot.guard.load(), kGuard);
}

TEST(ThreadMark, a_nested_mark_brings_the_guard_and_takes_it_along) {
  const ThreadMark outer;
  const MarkSlot& slot = *this_thread_slot();
  {
    const ThreadMark inner(kGuard);
    EXPECT_EQ(slot.guard.load(), kGuard);
  }
  EXPECT_EQ(slot.guard.load(), 0u);
  EXPECT_NE(slot.epoch.load(), 0u);
}

TEST(ThreadMarkDeathTest, MARK_2_two_guards_at_a_time_are_a_defect) {
  const auto nest = [] {
    const ThreadMark outer(kGuard);
    const ThreadMark inner(kGuard + 1);
  };
  EXPECT_DEATH(nest(), "MARK-2");
}

TEST(ThreadMark, a_park_lets_the_epoch_go_and_keeps_the_guard) {
  const ThreadMark mark(kGuard);
  const uint64_t epoch = epoch_retire();
  {
    const ThreadPark park;
    EXPECT_TRUE(epoch_passed(epoch));
    EXPECT_EQ(this_thread_slot()->guard.load(), kGuard);
  }
  EXPECT_TRUE(epoch_passed(epoch));
  EXPECT_FALSE(epoch_passed(epoch_retire()));
}

TEST(ThreadMark, a_park_without_a_mark_does_nothing) {
  { const ThreadPark park; }
  EXPECT_TRUE(epoch_passed(epoch_retire()));
}

TEST(ThreadMark, threads_that_live_together_have_different_stripes_and_slots_are_used_again) {
  std::set<uint32_t> first;
  for (int round = 0; round < 20; ++round) {
    std::array<uint32_t, 8> stripes{};
    std::atomic<int> arrived{0};
    std::vector<std::thread> threads;
    for (uint32_t& stripe : stripes) {
      threads.emplace_back([&] {
        stripe = thread_stripe();
        ++arrived;
        while (arrived.load() < 8) std::this_thread::yield();
      });
    }
    for (std::thread& thread : threads) thread.join();
    const std::set<uint32_t> now(stripes.begin(), stripes.end());
    EXPECT_EQ(now.size(), stripes.size());
    if (round == 0) first = now;
    EXPECT_EQ(now, first);
  }
}

TEST(ThreadMark, a_wait_for_a_guard_ends_when_the_call_ends_and_not_before) {
  std::atomic<bool> marked{false};
  std::atomic<bool> ended{false};
  std::thread caller([&] {
    const ThreadMark mark(kGuard);
    marked = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ended = true;
  });
  while (!marked.load()) std::this_thread::yield();
  wait_for_guard(kGuard + 1);
  wait_for_guard(kGuard);
  EXPECT_TRUE(ended.load());
  caller.join();
}

// Readers look at an object through a pointer; a reclaimer replaces and frees it when its epoch has passed. A use after free would be
// seen as a wrong stamp, and by the sanitizers. Returns how many wrong stamps and leaks there were.
uint64_t reclaim_under_readers() {
  struct Object {
    std::atomic<uint64_t> stamp{1};
    ~Object() { stamp.store(0, std::memory_order_relaxed); }
  };
  constexpr int kReplacementCount = 5000;
  std::atomic<Object*> current{new Object};
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::atomic<int> started{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      ++started;
      while (!stop.load(std::memory_order_relaxed)) {
        const ThreadMark mark;
        const Object* object = current.load(std::memory_order_acquire);
        for (int j = 0; j < 10; ++j) wrong += object->stamp.load(std::memory_order_relaxed) != 1;
      }
    });
  }
  std::deque<std::pair<Object*, uint64_t>> retired;
  const auto reclaim = [&] {
    while (!retired.empty() && epoch_passed(retired.front().second)) {
      delete retired.front().first;
      retired.pop_front();
    }
  };
  std::thread registrar;
  while (started.load() < 3) std::this_thread::yield();
  for (int i = 0; i < kReplacementCount; ++i) {
    if (i == kReplacementCount / 3) registrar = std::thread(register_membarrier);
    Object* old = current.exchange(new Object, std::memory_order_acq_rel);
    retired.emplace_back(old, epoch_retire());
    reclaim();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  registrar.join();
  reclaim();
  delete current.load();
  return wrong.load() + retired.size();
}

// In a process of its own: a process cannot take its registration for membarrier back.
TEST(ThreadMarkDeathTest, MARK_1_no_reader_sees_a_reclaimed_object_also_while_the_barriers_change) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(reclaim_under_readers() == 0 ? 0 : 1), testing::ExitedWithCode(0), "");
}

// A closer takes a word away, waits for the guard, and destroys what a caller uses under it. The pauses shift the two threads against
// each other: without a working barrier this counts thousands of wrong calls on a machine with two cores.
uint64_t close_under_a_caller() {
  constexpr uint64_t kCloseCount = 200'000;  // with each of the two barriers
  constexpr uint64_t kCallCount = 20'000;
  std::atomic<uint64_t> word{kGuard};
  std::atomic<uint64_t> destroyed{0};
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> call_count{0};
  std::atomic<bool> stop{false};
  std::thread caller([&] {
    uint64_t seen = 0;
    uint64_t calls = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      const uint64_t handle = word.load(std::memory_order_relaxed);
      const ThreadMark mark(handle);
      if (word.load(std::memory_order_acquire) != handle) continue;
      for (int j = 0; j < 10; ++j) seen += destroyed.load(std::memory_order_relaxed) >= handle;
      call_count.store(++calls, std::memory_order_relaxed);
    }
    wrong = seen;
  });
  uint64_t handle = kGuard;
  const auto close_often = [&] {
    const uint64_t call_count_before = call_count.load();
    for (uint64_t i = 0; i < kCloseCount || call_count.load() < call_count_before + kCallCount; ++i, ++handle) {
      word.exchange(handle + 1, std::memory_order_seq_cst);
      wait_for_guard(handle);
      destroyed.store(handle, std::memory_order_relaxed);
      for (std::atomic<uint64_t> pause{0}; pause.load(std::memory_order_relaxed) < i % 64; pause.fetch_add(1, std::memory_order_relaxed)) {
      }
    }
  };
  close_often();
  register_membarrier();
  close_often();
  stop = true;
  caller.join();
  return wrong.load();
}

TEST(ThreadMarkDeathTest, MARK_1_no_call_goes_on_behind_a_wait_for_its_guard) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(close_under_a_caller() == 0 ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST(ThreadMark, a_child_forgets_the_marks_of_threads_that_it_does_not_have) {
#if defined(FIRN_THREAD_SANITIZER)
  GTEST_SKIP() << "SKIPPED: ThreadSanitizer does not support threads in a process that was forked with threads";
#endif
  register_membarrier();
  const uint32_t parent_number = process_number();
  std::atomic<bool> marked{false};
  std::atomic<bool> stop{false};
  std::thread other([&] {
    const ThreadMark mark(kGuard);
    marked = true;
    while (!stop.load()) std::this_thread::yield();
  });
  while (!marked.load()) std::this_thread::yield();
  const uint64_t epoch = epoch_retire();
  EXPECT_FALSE(epoch_passed(epoch));
  const uint32_t own_stripe = thread_stripe();

  const pid_t child = fork();
  if (child == 0) {
    int failures = 0;
    failures += !epoch_passed(epoch);
    wait_for_guard(kGuard);
    failures += process_number() == parent_number;
    // A new thread of the child does not share the slot of the one that forked.
    uint32_t stripe = own_stripe;
    std::thread([&] { stripe = thread_stripe(); }).join();
    failures += stripe == own_stripe;
    failures += thread_stripe() != own_stripe;
    {
      const ThreadMark mark;
      failures += epoch_passed(epoch_retire());
    }
    const pid_t grandchild = fork();
    if (grandchild == 0) _exit(process_number() == parent_number ? 1 : 0);
    int status = 1;
    waitpid(grandchild, &status, 0);
    failures += status != 0;
    _exit(failures);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(epoch_passed(epoch));
  EXPECT_EQ(process_number(), parent_number);
  stop = true;
  other.join();
}

}  // namespace
