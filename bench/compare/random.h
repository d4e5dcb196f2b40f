// Cheap random numbers for drivers (a few cycles a draw), and the zipfian distribution of YCSB.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "compare/dataset.h"

namespace bench {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(mix64(seed + 1)) {}
  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return mix64(state_);
  }
  uint64_t below(uint64_t count) { return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * count) >> 64); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

// Ranks 0 (hottest) .. count - 1 with P(rank) ~ 1 / (rank + 1)^theta, by rejection-inversion (Hoermann and Derflinger): exact, no table.
class Zipfian {
 public:
  Zipfian(uint64_t count, double theta) : theta_(theta), count_(static_cast<double>(count)) {
    low_ = area(1.5) - 1.0;
    high_ = area(count_ + 0.5);
    shortcut_ = 2.0 - inverse(area(2.5) - std::pow(2.0, -theta));
  }
  uint64_t operator()(Random& random) const {
    for (;;) {
      const double u = high_ + random.unit() * (low_ - high_);
      const double x = inverse(u);
      double k = std::floor(x + 0.5);
      if (k < 1) k = 1;
      if (k > count_) k = count_;
      if (k - x <= shortcut_ || u >= area(k + 0.5) - std::pow(k, -theta_)) return static_cast<uint64_t>(k) - 1;
    }
  }

 private:
  double area(double x) const { return (std::pow(x, 1 - theta_) - 1) / (1 - theta_); }
  double inverse(double u) const { return std::pow(1 + u * (1 - theta_), 1 / (1 - theta_)); }
  double theta_, count_, low_ = 0, high_ = 0, shortcut_ = 0;
};

// Draws made before the clock starts, because a draw costs 50 to 100 ns. Four bytes an operation, read in order: next to no cache.
std::vector<uint32_t> zipfian_ranks(uint64_t count, uint64_t draws, uint64_t seed);

}  // namespace bench
