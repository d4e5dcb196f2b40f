#include "compare/random.h"

namespace bench {

std::vector<uint32_t> zipfian_ranks(uint64_t count, uint64_t draws, uint64_t seed) {
  constexpr double kTheta = 0.99;
  const Zipfian zipfian(count, kTheta);
  Random random(seed);
  std::vector<uint32_t> ranks(draws);
  for (auto& rank : ranks) rank = static_cast<uint32_t>(zipfian(random));
  return ranks;
}

}  // namespace bench
