#include "compare/production_mix.h"

#include <algorithm>

namespace bench {

std::vector<uint32_t> pareto_sizes(unsigned bits, double k, double sigma, uint32_t least, uint32_t most) {
  std::vector<uint32_t> sizes(size_t{1} << bits);
  for (size_t i = 0; i < sizes.size(); ++i) {
    const double unit = (static_cast<double>(i) + 0.5) / static_cast<double>(sizes.size());
    sizes[i] = static_cast<uint32_t>(std::min(static_cast<double>(most), static_cast<double>(least) + pareto(unit, k, sigma)));
  }
  return sizes;
}

std::vector<uint32_t> mix_value_sizes() { return pareto_sizes(12, 0.2615, 25.45, 16, 4096); }

std::vector<uint32_t> mix_scan_lengths() { return pareto_sizes(12, 2.517, 14.236, 1, 1000); }

MixKeys::MixKeys(uint64_t count) : count_(count) {
  double sum = 0;
  for (uint64_t range = 1; range <= kRanges; ++range) {
    const auto x = static_cast<double>(range);
    shares_.push_back(sum += 14.18 * std::exp(-2.917 * x) + 0.0164 * std::exp(-0.08082 * x));
  }
  for (auto& share : shares_) share /= sum;
}

uint64_t MixKeys::operator()(Random& random) const {
  const double unit = random.unit();
  const auto range = static_cast<uint64_t>(std::upper_bound(shares_.begin(), shares_.end() - 1, unit) - shares_.begin());
  const uint64_t first = count_ * range / kRanges, end = count_ * (range + 1) / kRanges;
  const auto rank = static_cast<uint64_t>(std::ceil(std::pow(random.unit() / 0.002312, 1 / 0.3467)));
  return first + mix64(rank) % (end - first);
}

}  // namespace bench
