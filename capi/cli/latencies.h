// Latencies: a histogram of durations with four buckets an octave, so that a quantile is at most a quarter above the truth.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace firn::cli {

class Latencies {
 public:
  void add(uint64_t ns);
  uint64_t count() const { return count_; }
  // The upper bound of the bucket in which the quantile lies; part: 0.5, 0.99. 0: nothing was added.
  uint64_t quantile_ns(double part) const;

 private:
  static constexpr size_t kBucketCount = 64 * 4;
  std::array<uint64_t, kBucketCount> counts_{};
  uint64_t count_ = 0;
};

}  // namespace firn::cli
