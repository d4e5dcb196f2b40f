// Many threads append, read, scan, pin, trim and sync at once. What a record says about itself has to be true wherever it is read.
#include <atomic>
#include <random>
#include <thread>

#include "durable_log/log_driver.h"

namespace durable_log_test {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr int kAppendsPerWriter = 1500;
#else
constexpr int kAppendsPerWriter = 12'000;
#endif

// "writer:number:" and as many letters as the number says.
std::string record_of(int writer, int number) {
  return std::to_string(writer) + ":" + std::to_string(number) + ":" + std::string(static_cast<size_t>(number % 97), 'x');
}

// The writer and number that a record names; fails the test when its length is not theirs.
std::pair<int, int> parse(const std::string& record) {
  int writer = -1;
  int number = -1;
  EXPECT_EQ(2, std::sscanf(record.c_str(), "%d:%d:", &writer, &number)) << record;
  EXPECT_EQ(record_of(writer, number), record);
  return {writer, number};
}

using LogStorm = LogDriver;

TEST_F(LogStorm, every_index_is_given_once_and_in_the_order_of_each_writer) {
  open("segment_bytes=64KiB");
  constexpr int kWriters = 4;
  std::atomic<int> running{kWriters};
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; w++) {
    threads.emplace_back([&, w] {
      int64_t before = -1;
      for (int i = 0; i < kAppendsPerWriter;) {
        int64_t index = 0;
        int count = 1;
        if (i % 7 == 0) {
          std::vector<std::string> batch;
          for (count = 0; count < 3 && i + count < kAppendsPerWriter; count++) batch.push_back(record_of(w, i + count));
          index = append_batch(log_, batch);
        } else {
          index = append(log_, record_of(w, i));
        }
        ASSERT_GT(index, before);
        ASSERT_EQ(record_of(w, i), read(log_, static_cast<uint64_t>(index))) << "read your writes";
        before = index;
        i += count;
      }
      running--;
    });
  }
  for (int r = 0; r < 3; r++) {
    threads.emplace_back([&, r] {
      std::mt19937_64 random(static_cast<uint64_t>(r));
      while (running > 0) {
        const uint64_t end = firn_log_bounds(log_).next;
        if (end == 0) continue;
        parse(read(log_, random() % end));
        firn_pin_t pin;
        ASSERT_EQ(FIRN_OK, firn_log_pin(log_, random() % end, &pin));
        parse(std::string(reinterpret_cast<const char*>(pin.data), pin.len));
        firn_unpin(&pin);
        if (r == 0) {
          ASSERT_EQ(FIRN_OK, firn_log_sync(log_));
        }
        if (r == 1) {
          for (const Record& record : read_all(log_, end - std::min<uint64_t>(end, 100), 1 << 14)) parse(record.data);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto check = [this] {
    int numbers[kWriters] = {};
    const auto all = read_all(log_, 0, 1 << 16);
    ASSERT_EQ(size_t{kWriters} * kAppendsPerWriter, all.size());
    for (const Record& record : all) {
      const auto [writer, number] = parse(record.data);
      ASSERT_EQ(numbers[writer]++, number);
    }
  };
  check();
  open();
  check();
}

TEST_F(LogStorm, trims_race_reads_appends_and_syncs) {
  open("segment_bytes=16KiB");
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int w = 0; w < 2; w++) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < kAppendsPerWriter; i++) ASSERT_GE(append(log_, record_of(w, i)), 0);
      stop = true;
    });
  }
  threads.emplace_back([&] {
    std::mt19937_64 random(1);
    while (!stop) {
      const firn_log_range bounds = firn_log_bounds(log_);
      const uint64_t held = bounds.next - bounds.first;
      if (held < 200) continue;
      // Others append meanwhile, so both stay inside the bounds.
      if (random() % 2 == 0) {
        ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, bounds.first + random() % (held / 2)));
      } else {
        ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, bounds.next - 1 - random() % (held / 4)));
      }
    }
  });
  for (int r = 0; r < 3; r++) {
    threads.emplace_back([&, r] {
      std::mt19937_64 random(static_cast<uint64_t>(r) + 10);
      while (!stop) {
        const firn_log_range bounds = firn_log_bounds(log_);
        ASSERT_LE(bounds.first, bounds.next);
        if (bounds.first == bounds.next) continue;
        const std::string record = read(log_, bounds.first + random() % (bounds.next - bounds.first));
        if (record != "FIRN_NOT_FOUND") parse(record);
        if (r == 0) {
          ASSERT_EQ(FIRN_OK, firn_log_sync(log_));
        }
        if (r == 1) {
          ASSERT_GE(firn_log_seek_time(log_, 1), 0);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const firn_log_range bounds = firn_log_bounds(log_);
  const auto before = read_all(log_, bounds.first, 1 << 16);
  ASSERT_EQ(bounds.next - bounds.first, before.size());
  open("verify_on_open=true");
  EXPECT_EQ(bounds.first, first());
  EXPECT_EQ(bounds.next, next());
  const auto after = read_all(log_, bounds.first, 1 << 16);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); i++) ASSERT_EQ(before[i].data, after[i].data);
}

TEST_F(LogStorm, closing_under_load_is_in_order) {
  open();
  std::vector<std::thread> threads;
  std::atomic<int64_t> acknowledged{-1};
  firn_log* const log = log_;
  for (int w = 0; w < 3; w++) {
    threads.emplace_back([&, w] {
      for (int i = 0;; i++) {
        const int64_t index = append(log, record_of(w, i));
        if (index == FIRN_CLOSED) return;
        ASSERT_GE(index, 0);
        int64_t highest = acknowledged.load();
        while (highest < index && !acknowledged.compare_exchange_weak(highest, index)) {
        }
      }
    });
  }
  while (acknowledged < 1000) std::this_thread::yield();
  EXPECT_EQ(FIRN_OK, firn_log_close(std::exchange(log_, nullptr)));
  for (std::thread& thread : threads) thread.join();
  open();
  EXPECT_EQ(static_cast<uint64_t>(acknowledged.load()) + 1, next());
}

}  // namespace
}  // namespace durable_log_test
