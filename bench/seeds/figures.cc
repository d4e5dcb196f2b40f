#include "seeds/figures.h"

namespace bench {
namespace {

constexpr Figure remeasured(const char* row, double published_ns, double remeasured_ns, const char* note = "") {
  return {row, published_ns, remeasured_ns, remeasured_ns, "re-measured", 0, note};
}
constexpr Figure with_checksum(const char* row, double published_ns, double remeasured_ns, double checksummed_ns) {
  return {row, published_ns, remeasured_ns, remeasured_ns, "re-measured", checksummed_ns};
}
constexpr Figure published(const char* row, double published_ns, const char* note = "") {
  return {row, published_ns, 0, published_ns, "published", 0, note};
}

constexpr double kUs = 1e3, kMs = 1e6;

// seeds.md, 1.2. Published rows have no CRC, Firn has one: the CRC version re-measured counts too (1.4).
constexpr Figure kBitcask[] = {
    with_checksum("bitcask.put_small", 1213, 1487, 1266),
    with_checksum("bitcask.put_1k", 1810, 2127, 2814),
    with_checksum("bitcask.get_small", 707, 676, 756),
    with_checksum("bitcask.get_1k", 889, 1689, 2245),
    with_checksum("bitcask.put_parallel", 1634, 1328, 1138),
    with_checksum("bitcask.get_parallel", 2155, 767, 870),
    published("bitcask.recovery", 3.99 * kMs, "with hint files; without 13.4 ms"),
    published("bitcask.get_older", 462),
    published("bitcask.get_older_parallel", 621, "14 goroutines; here 2 threads"),
};

// seeds.md, 5.2.
constexpr Figure kNamestore[] = {
    remeasured("namestore.set", 373, 829),
    remeasured("namestore.get", 79, 161),
    remeasured("namestore.delete", 259, 390),
    remeasured("namestore.set_nx", 372, 736),
    remeasured("namestore.exists", 67, 147),
    remeasured("namestore.incr", 30, 99),
    remeasured("namestore.decr", 30, 97),
    remeasured("namestore.mget", 428, 857),
    remeasured("namestore.mset", 263, 420),
    remeasured("namestore.mdel", 2101, 3130),
    remeasured("namestore.concurrent_reads", 112, 174),
    remeasured("namestore.concurrent_writes", 275, 539),
    remeasured("namestore.mixed", 169, 187),
    remeasured("namestore.value_5", 24, 43),
    remeasured("namestore.value_1k", 97, 403),
    remeasured("namestore.value_1m", 44'000, 113'967),
    remeasured("namestore.ttl", 0, 162),
    remeasured("namestore.expire", 0, 226),
    remeasured("namestore.persist", 0, 176),
    remeasured("namestore.get_set", 0, 120),
    remeasured("namestore.cas", 0, 464),
    remeasured("namestore.keys_10", 0, 0.72 * kUs),
    remeasured("namestore.keys_100", 0, 5.6 * kUs),
    remeasured("namestore.keys_1000", 0, 53 * kUs),
    remeasured("namestore.keys_10000", 0, 823 * kUs),
    remeasured("namestore.client_set", 0, 69),
    remeasured("namestore.client_get", 0, 102),
    remeasured("namestore.client_mget", 0, 1838),
};

}  // namespace

const Figure* find_figure(std::string_view row) {
  const auto find = [row](const auto& list) -> const Figure* {
    for (const auto& figure : list)
      if (figure.row == row) return &figure;
    return nullptr;
  };
  for (const Figure* found : {find(kBitcask), find(kNamestore)})
    if (found != nullptr) return found;
  return nullptr;
}

}  // namespace bench
