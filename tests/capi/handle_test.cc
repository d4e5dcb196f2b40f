// The handle table itself: HANDLE-1 and HANDLE-2.
#include "capi/handle.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace firn;

void* create(HandleType type, uint64_t content = 0) {
  HandleSlot* slot = reserve_handle();
  *slot->body_as<uint64_t>() = content;
  return publish_handle(slot, type);
}

Code close_and_free(void* handle, HandleType type) {
  HandleSlot* slot = nullptr;
  const bool is_shared = type == HandleType::kDb;
  const Code code = is_shared ? refuse_shared(handle, type, &slot) : close_exclusive(handle, type, &slot);
  if (code != Code::kOk) return code;
  if (is_shared) wait_for_users(handle);
  unreserve_handle(slot);
  return code;
}

TEST(Handle, a_handle_gives_its_body_until_it_is_closed_and_is_closed_once) {
  void* handle = create(HandleType::kDb, 42);
  {
    const SharedUse use(handle, HandleType::kDb);
    ASSERT_EQ(use.code(), Code::kOk);
    EXPECT_EQ(*use.slot()->body_as<uint64_t>(), 42u);
  }
  EXPECT_EQ(close_and_free(handle, HandleType::kDb), Code::kOk);
  EXPECT_EQ(SharedUse(handle, HandleType::kDb).code(), Code::kClosed);
  EXPECT_EQ(close_and_free(handle, HandleType::kDb), Code::kClosed);
}

TEST(Handle, another_type_is_misuse_whether_open_or_closed) {
  void* handle = create(HandleType::kIter);
  EXPECT_EQ(SharedUse(handle, HandleType::kDb).code(), Code::kMisuse);
  EXPECT_EQ(ExclusiveUse(handle, HandleType::kOptions, WhenBusy::kRefuse).code(), Code::kMisuse);
  EXPECT_EQ(close_and_free(handle, HandleType::kPin), Code::kMisuse);
  EXPECT_EQ(close_and_free(handle, HandleType::kIter), Code::kOk);
  EXPECT_EQ(SharedUse(handle, HandleType::kDb).code(), Code::kMisuse);
}

TEST(Handle, what_was_never_issued_is_misuse) {
  void* handle = create(HandleType::kDb);
  const uint64_t number = handle_number(handle);
  int on_stack = 0;
  for (const uint64_t garbage :
       {uint64_t{0}, uint64_t{1}, UINT64_MAX, reinterpret_cast<uint64_t>(&on_stack), number + (uint64_t{1} << 24),
        number | (uint64_t{1} << 62), number & ~(uint64_t{1} << 63), number | 0xffffff, (number >> 56 << 56) | (number & 0xffffff)}) {
    const void* bad = reinterpret_cast<const void*>(garbage);
    EXPECT_EQ(SharedUse(bad, HandleType::kDb).code(), Code::kMisuse) << std::hex << garbage;
    HandleSlot* slot = nullptr;
    EXPECT_EQ(refuse_shared(bad, HandleType::kDb, &slot), Code::kMisuse) << std::hex << garbage;
    EXPECT_EQ(close_exclusive(bad, HandleType::kIter, &slot), Code::kMisuse) << std::hex << garbage;
  }
  EXPECT_EQ(close_and_free(handle, HandleType::kDb), Code::kOk);
}

TEST(Handle, HANDLE_2_a_slot_that_is_used_again_gives_another_handle_and_the_old_one_stays_closed) {
  std::set<void*> seen;
  std::vector<void*> old;
  for (int i = 0; i < 1000; ++i) {
    void* handle = create(i % 2 == 0 ? HandleType::kIter : HandleType::kPin);
    EXPECT_TRUE(seen.insert(handle).second);
    ASSERT_EQ(close_and_free(handle, i % 2 == 0 ? HandleType::kIter : HandleType::kPin), Code::kOk);
    if (i % 2 == 0) old.push_back(handle);
  }
  for (void* handle : old) EXPECT_EQ(ExclusiveUse(handle, HandleType::kIter, WhenBusy::kRefuse).code(), Code::kClosed);
}

TEST(Handle, HANDLE_2_a_slot_whose_generations_are_used_up_is_retired) {
  HandleSlot* slot = reserve_handle();
  const uint64_t last = uint64_t{UINT32_MAX - 1} << 24 | slot->index;
  slot->word.store(last);
  void* handle = publish_handle(slot, HandleType::kIter);
  EXPECT_EQ(close_and_free(handle, HandleType::kIter), Code::kOk);
  EXPECT_EQ(ExclusiveUse(handle, HandleType::kIter, WhenBusy::kRefuse).code(), Code::kClosed);
  std::vector<void*> handles;
  for (int i = 0; i < 2000; ++i) {
    HandleSlot* other = reserve_handle();
    EXPECT_NE(other, slot);
    handles.push_back(publish_handle(other, HandleType::kIter));
  }
  for (void* other : handles) close_and_free(other, HandleType::kIter);
}

TEST(Handle, an_overlapping_call_on_an_exclusive_handle_is_refused_and_closing_waits) {
  void* handle = create(HandleType::kIter);
  std::atomic<bool> call_ended{false};
  std::thread closer;
  {
    const ExclusiveUse use(handle, HandleType::kIter, WhenBusy::kRefuse);
    ASSERT_EQ(use.code(), Code::kOk);
    EXPECT_EQ(ExclusiveUse(handle, HandleType::kIter, WhenBusy::kRefuse).code(), Code::kMisuse);
    closer = std::thread([&] {
      EXPECT_EQ(close_and_free(handle, HandleType::kIter), Code::kOk);
      EXPECT_TRUE(call_ended.load());
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    call_ended = true;
  }
  closer.join();
}

TEST(Handle, HANDLE_1_of_many_closers_one_wins_and_no_call_sees_the_body_afterwards) {
  for (int round = 0; round < 300; ++round) {
    void* handle = create(HandleType::kDb, 1);
    std::atomic<int> won{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 200; ++j) {
          const SharedUse use(handle, HandleType::kDb);
          if (use.code() != Code::kOk) break;
          wrong += *use.slot()->body_as<uint64_t>() != 1;
        }
      });
      threads.emplace_back([&] {
        HandleSlot* slot = nullptr;
        if (refuse_shared(handle, HandleType::kDb, &slot) != Code::kOk) return;
        wait_for_users(handle);
        ++won;
        *slot->body_as<uint64_t>() = 0;
        unreserve_handle(slot);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won.load(), 1);
    EXPECT_EQ(wrong.load(), 0);
  }
}

// One thread creates, another closes: slots must find their way back.
TEST(Handle, handles_that_travel_between_threads_do_not_use_up_the_table) {
  std::mutex mutex;
  std::deque<void*> queue;
  std::atomic<bool> done{false};
  std::set<uint32_t> slots;
  std::thread closer([&] {
    for (;;) {
      void* handle = nullptr;
      {
        const std::lock_guard lock(mutex);
        if (!queue.empty()) {
          handle = queue.front();
          queue.pop_front();
        } else if (done.load()) {
          return;
        }
      }
      if (handle != nullptr)
        EXPECT_EQ(close_and_free(handle, HandleType::kPin), Code::kOk);
      else
        std::this_thread::yield();
    }
  });
  for (int i = 0; i < 30000; ++i) {
    HandleSlot* slot = reserve_handle();
    ASSERT_NE(slot, nullptr);
    slots.insert(slot->index);
    void* handle = publish_handle(slot, HandleType::kPin);
    for (;;) {
      {
        const std::lock_guard lock(mutex);
        if (queue.size() < 64) {
          queue.push_back(handle);
          break;
        }
      }
      std::this_thread::yield();
    }
  }
  done = true;
  closer.join();
  EXPECT_LT(slots.size(), 4096u);  // of 30,000: the open ones, and those that earlier tests left free
}

TEST(Handle, threads_that_create_and_close_at_once_never_share_a_slot) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (uint64_t id = 1; id <= 4; ++id) {
    threads.emplace_back([&, id] {
      std::vector<void*> open;
      for (int i = 0; i < 5000; ++i) {
        open.push_back(create(HandleType::kIter, id));
        if (open.size() < 8) continue;
        {
          const ExclusiveUse use(open.front(), HandleType::kIter, WhenBusy::kRefuse);
          wrong += use.code() != Code::kOk || *use.slot()->body_as<uint64_t>() != id;
        }
        wrong += close_and_free(open.front(), HandleType::kIter) != Code::kOk;
        open.erase(open.begin());
      }
      for (void* handle : open) wrong += close_and_free(handle, HandleType::kIter) != Code::kOk;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
