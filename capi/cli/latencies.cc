#include "latencies.h"

#include <bit>

namespace firn::cli {
namespace {

size_t bucket_of(uint64_t ns) {
  if (ns < 4) return static_cast<size_t>(ns);
  const auto octave = static_cast<unsigned>(std::bit_width(ns)) - 3;  // the two bits behind the highest one say which quarter
  return 4 * (octave + 1) + ((ns >> octave) & 3);
}

uint64_t bound_of(size_t bucket) {
  if (bucket < 4) return bucket;
  const size_t octave = bucket / 4 - 1;
  return ((uint64_t{4} + bucket % 4 + 1) << octave) - 1;
}

}  // namespace

void Latencies::add(uint64_t ns) {
  ++counts_[bucket_of(ns)];
  ++count_;
}

uint64_t Latencies::quantile_ns(double part) const {
  const auto wanted = static_cast<uint64_t>(static_cast<double>(count_) * part);
  uint64_t passed = 0;
  for (size_t bucket = 0; bucket < kBucketCount; ++bucket) {
    passed += counts_[bucket];
    if (passed > wanted || (passed == count_ && passed > 0)) return bound_of(bucket);
  }
  return 0;
}

}  // namespace firn::cli
