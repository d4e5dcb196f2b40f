// Histogram: how often something took how long. Buckets grow by an eighth of a power of two, so a quantile is at most an eighth above the truth; 2.5 KiB.
// Threading: add() from any number of threads, without a lock; the readers see each count that was added before.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace firn {

class Histogram {
 public:
  static constexpr size_t kBucketCount = 320;  // up to 2^42 ns, which is 73 minutes; what is above counts in the last one

  void add(uint64_t value) {
    counts_[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
    uint64_t max = max_.load(std::memory_order_relaxed);
    while (max < value && !max_.compare_exchange_weak(max, value, std::memory_order_relaxed)) {
    }
  }

  // A copy, in which the counts agree with one another.
  struct Reading {
    std::array<uint64_t, kBucketCount> counts{};
    uint64_t count = 0;
    uint64_t sum = 0;
    uint64_t max = 0;

    // The upper bound of the bucket in which the value lies that `permille` of a thousand do not exceed; 0: nothing was added.
    uint64_t quantile(uint64_t permille) const {
      const uint64_t wanted = (count * permille + 999) / 1000;
      uint64_t seen = 0;
      for (size_t i = 0; i < kBucketCount && wanted != 0; i++) {
        seen += counts[i];
        if (seen >= wanted) return std::min(upper_bound(i), max);
      }
      return max;
    }
    // How many were at most `value`; exact where `value` is the upper bound of a bucket.
    uint64_t count_up_to(uint64_t value) const {
      uint64_t seen = 0;
      for (size_t i = 0; i < kBucketCount && upper_bound(i) <= value; i++) seen += counts[i];
      return seen;
    }
  };
  Reading read() const {
    Reading reading;
    for (size_t i = 0; i < kBucketCount; i++) {
      reading.counts[i] = counts_[i].load(std::memory_order_relaxed);
      reading.count += reading.counts[i];
    }
    reading.sum = sum_.load(std::memory_order_relaxed);
    reading.max = max_.load(std::memory_order_relaxed);
    return reading;
  }

  // The largest value that counts in the bucket.
  static constexpr uint64_t upper_bound(size_t bucket) {
    if (bucket < kSubCount) return bucket;
    const size_t shift = bucket / kSubCount - 1;
    return ((uint64_t{kSubCount} + bucket % kSubCount + 1) << shift) - 1;
  }
  static constexpr size_t bucket_of(uint64_t value) {
    if (value < kSubCount) return static_cast<size_t>(value);
    const auto shift = static_cast<size_t>(std::bit_width(value)) - kSubBits - 1;
    return std::min((shift + 1) * kSubCount + static_cast<size_t>(value >> shift) % kSubCount, kBucketCount - 1);
  }

 private:
  static constexpr size_t kSubBits = 3;
  static constexpr size_t kSubCount = size_t{1} << kSubBits;

  std::array<std::atomic<uint64_t>, kBucketCount> counts_{};
  std::atomic<uint64_t> sum_{0};
  std::atomic<uint64_t> max_{0};
};

}  // namespace firn
