// Times of many operations in constant memory: 64 steps a power of two (1.6 %), and the largest exactly.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

class Histogram {
 public:
  void add(uint64_t ns) {
    ++counts_[std::min(step_of(ns), kSteps - 1)];
    ++count_;
    sum_ += ns;
    max_ = std::max(max_, ns);
  }
  void merge(const Histogram& other) {
    for (size_t i = 0; i < kSteps; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
  }
  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }
  // The time at place `q` of all in order, rounded down to its step.
  uint64_t quantile(double q) const {
    const auto place = static_cast<uint64_t>(q * static_cast<double>(count_));
    uint64_t before = 0;
    for (size_t i = 0; i < kSteps; ++i)
      if ((before += counts_[i]) > place) return least_of(i);
    return max_;
  }

 private:
  static constexpr unsigned kBits = 6;
  static constexpr size_t kSteps = (40 - kBits) << kBits;  // up to 2^39 ns
  static size_t step_of(uint64_t ns) {
    const unsigned shift = std::max(static_cast<unsigned>(std::bit_width(ns)), kBits + 1) - (kBits + 1);
    return (static_cast<size_t>(shift) << kBits) + static_cast<size_t>(ns >> shift);
  }
  static uint64_t least_of(size_t step) {
    if (step < size_t{2} << kBits) return step;
    const size_t shift = (step >> kBits) - 1;
    return static_cast<uint64_t>(step - (shift << kBits)) << shift;
  }
  std::array<uint64_t, kSteps> counts_{};
  uint64_t count_ = 0, sum_ = 0, max_ = 0;
};

}  // namespace bench
