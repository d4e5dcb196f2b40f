// What firn is asked for, a row: the floor of the first engine issue and the target of performance.md, section 4.
#pragma once

#include <string_view>

namespace bench {

// Debian's RocksDB and LevelDB packages carry assertions and no hardware CRC: 1.2 to 1.7 times slower on writes than release builds.
inline constexpr double kPackageFactor = 1.3;

// All of them have to have run a row for a verdict on "times the best peer".
inline constexpr const char* kPeers[] = {"rocksdb", "leveldb", "lmdb", "wiredtiger"};

struct Target {
  const char* workload;
  double floor = 0;          // times the best peer; 0, here and below: none
  double target = 0;         // times the best peer
  double limit = 0;          // at most: the row's own figure
  double rocksdb = 0;        // times RocksDB
  double tkrzw = 0;          // times Tkrzw's hash
  double unordered_map = 0;  // times std::unordered_map
  double pause_ms = 0;       // at most: the longest pause of all repetitions
};

inline constexpr Target kTargets[] = {
    {.workload = "sustained_put_pause", .pause_ms = 10},
    {.workload = "sustained_get_pause", .pause_ms = 10},
    {.workload = "fillseq", .target = 4, .tkrzw = 2.3},
    {.workload = "fillrandom", .floor = 3, .target = 8, .tkrzw = 2.3},
    {.workload = "overwrite", .target = 6, .tkrzw = 2.3},
    {.workload = "fillbatch1000", .target = 10, .tkrzw = 3},
    {.workload = "fillsync_1", .target = 1.05, .rocksdb = 1.3},
    {.workload = "fillsync_4", .target = 1.8},
    {.workload = "fillsync_16", .target = 2.3},
    {.workload = "readrandom", .floor = 1.2, .target = 2.3, .tkrzw = 1.4, .unordered_map = 1},
    {.workload = "readrandom_fresh", .target = 2.3, .tkrzw = 1.4, .unordered_map = 1},
    {.workload = "readrandom_mt", .target = 2.3, .tkrzw = 1.4},
    {.workload = "readmissing", .target = 1.5},
    {.workload = "readhot", .target = 2.5},
    {.workload = "read1000", .target = 2.5},
    {.workload = "readseq", .floor = 0.8, .target = 2},
    {.workload = "seek10", .target = 1.5},
    {.workload = "seek100", .target = 2},
    {.workload = "multiget100", .target = 5, .unordered_map = 1.4},
    {.workload = "readwriting_reads", .target = 1.8},
    {.workload = "readwriting_writes", .target = 3},
    {.workload = "ycsb_a", .target = 4, .tkrzw = 1.5},
    {.workload = "ycsb_b", .target = 2.3},
    {.workload = "ycsb_c", .target = 2.2},
    {.workload = "ycsb_d", .target = 2},
    {.workload = "ycsb_e", .target = 1.5},
    {.workload = "ycsb_f", .target = 3.5},
    {.workload = "ycsb_a_mt", .target = 4, .tkrzw = 1.5},
    {.workload = "ycsb_b_mt", .target = 2.3},
    {.workload = "ycsb_c_mt", .target = 2.2},
    {.workload = "ycsb_d_mt", .target = 2},
    {.workload = "ycsb_e_mt", .target = 1.5},
    {.workload = "ycsb_f_mt", .target = 3.5},
    {.workload = "mixed_get", .rocksdb = 1, .pause_ms = 10},
    {.workload = "mixed_get_mt", .rocksdb = 1, .pause_ms = 10},
    {.workload = "mixed_put", .rocksdb = 1, .pause_ms = 10},
    {.workload = "mixed_put_mt", .rocksdb = 1, .pause_ms = 10},
    {.workload = "space", .limit = 1.12},
    {.workload = "open_clean", .limit = 5},
    {.workload = "open_empty", .limit = 5},
    {.workload = "space_empty", .limit = 1024},
};

// In memory, one thread: firn_single may take so many times as long as std_unordered_map_single.
struct MemoryTarget {
  const char* workload;
  double times;
};
inline constexpr MemoryTarget kMemoryTargets[] = {{"readrandom_fresh", 1.2}, {"readrandom", 1.2}, {"fillrandom", 1.5}, {"overwrite", 1.5}};
inline constexpr double kCounterNs = 60;

constexpr const Target* find_target(std::string_view workload) {
  for (const auto& target : kTargets)
    if (target.workload == workload) return &target;
  return nullptr;
}

}  // namespace bench
