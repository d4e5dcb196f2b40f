// What firn is asked for, a row: the floor of the first engine issue and the target of performance.md, section 4.
#pragma once

#include <string_view>

namespace bench {

// Debian's RocksDB and LevelDB packages carry assertions and no hardware CRC: 1.2 to 1.7 times slower on writes than release builds.
inline constexpr double kPackageFactor = 1.3;

struct Target {
  const char* workload;
  double floor;          // times the best peer; 0: none
  double target;         // times the best peer; 0: none
  double limit;          // the row's own figure, not a ratio; 0: none
  double tkrzw;          // times Tkrzw's hash; 0: none
  double unordered_map;  // times std::unordered_map; 0: none
};

inline constexpr Target kTargets[] = {
    {"fillseq", 0, 4, 0, 2.3, 0},
    {"fillrandom", 3, 8, 0, 2.3, 0},
    {"overwrite", 0, 6, 0, 2.3, 0},
    {"fillbatch1000", 0, 10, 0, 3, 0},
    {"fillsync_1", 0, 1.05, 0, 0, 0},
    {"fillsync_4", 0, 1.8, 0, 0, 0},
    {"fillsync_16", 0, 2.3, 0, 0, 0},
    {"readrandom", 1.2, 2.3, 0, 1.4, 1},
    {"readrandom_fresh", 0, 2.3, 0, 1.4, 1},
    {"readrandom_mt", 0, 2.3, 0, 1.4, 0},
    {"readmissing", 0, 1.5, 0, 0, 0},
    {"readhot", 0, 2.5, 0, 0, 0},
    {"read1000", 0, 2.5, 0, 0, 0},
    {"readseq", 0.8, 2, 0, 0, 0},
    {"seek10", 0, 1.5, 0, 0, 0},
    {"seek100", 0, 2, 0, 0, 0},
    {"multiget100", 0, 5, 0, 0, 1.4},
    {"readwriting_reads", 0, 1.8, 0, 0, 0},
    {"readwriting_writes", 0, 3, 0, 0, 0},
    {"ycsb_a", 0, 4, 0, 1.5, 0},
    {"ycsb_b", 0, 2.3, 0, 0, 0},
    {"ycsb_c", 0, 2.2, 0, 0, 0},
    {"ycsb_d", 0, 2, 0, 0, 0},
    {"ycsb_e", 0, 1.5, 0, 0, 0},
    {"ycsb_f", 0, 3.5, 0, 0, 0},
    {"ycsb_a_mt", 0, 4, 0, 1.5, 0},
    {"ycsb_b_mt", 0, 2.3, 0, 0, 0},
    {"ycsb_c_mt", 0, 2.2, 0, 0, 0},
    {"ycsb_d_mt", 0, 2, 0, 0, 0},
    {"ycsb_e_mt", 0, 1.5, 0, 0, 0},
    {"ycsb_f_mt", 0, 3.5, 0, 0, 0},
    {"space", 0, 0, 1.12, 0, 0},
    {"open_clean", 0, 0, 5, 0, 0},
    {"open_empty", 0, 0, 5, 0, 0},
    {"space_empty", 0, 0, 1024, 0, 0},
};

constexpr const Target* find_target(std::string_view workload) {
  for (const auto& target : kTargets)
    if (target.workload == workload) return &target;
  return nullptr;
}

}  // namespace bench
