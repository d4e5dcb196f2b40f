// What RocksDB was seen to do in production: key popularity, value sizes and scan lengths as fitted for ZippyDB by Cao, Dong, Vemuri and Du,
// "Characterizing, Modeling, and Benchmarking RocksDB Key-Value Workloads at Facebook", FAST '20; the parameters are those of db_bench's mixgraph.
#pragma once

#include <cstdint>
#include <vector>

#include "compare/random.h"

namespace bench {

constexpr unsigned kMixGetPercent = 83, kMixPutPercent = 14;  // the rest are scans

// The generalized Pareto distribution: what `unit`, uniform in (0, 1], stands for.
inline double pareto(double unit, double k, double sigma) { return sigma * (std::pow(unit, -k) - 1) / k; }

// 2^bits sizes, each as likely as the other: `least` and a generalized Pareto part, at most `most`.
std::vector<uint32_t> pareto_sizes(unsigned bits, double k, double sigma, uint32_t least, uint32_t most);

// 16 to about 1,000 bytes, 50 on average: 16 for the driver's header, the rest as published. For Values.
std::vector<uint32_t> mix_value_sizes();
// 1 to 1,000 entries. The published law has no mean; its longest scans are cut.
std::vector<uint32_t> mix_scan_lengths();

// Keys: 30 ranges of very different popularity (two exponential terms), within a range a power law over scattered keys.
class MixKeys {
 public:
  explicit MixKeys(uint64_t count);
  uint64_t operator()(Random& random) const;

 private:
  static constexpr uint64_t kRanges = 30;
  uint64_t count_;
  std::vector<double> shares_;  // of the ranges up to each
};

}  // namespace bench
