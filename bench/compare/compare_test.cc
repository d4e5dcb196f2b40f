// The parts of firn_compare on which its figures stand: keys and values that can be verified, orders, distributions, medians, counters.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "compare/dataset.h"
#include "compare/histogram.h"
#include "compare/line_transfer.h"
#include "compare/measure.h"
#include "compare/process_stats.h"
#include "compare/production_mix.h"
#include "compare/random.h"
#include "compare/results.h"
#include "compare/sinks.h"

namespace bench {
namespace {

TEST(Dataset, a_permutation_visits_every_index_once_and_not_in_order) {
  for (const uint64_t count : {1u, 2u, 3u, 7u, 1000u, 65537u}) {
    const Permutation order(count, 1);
    std::vector<bool> seen(count, false);
    uint64_t in_place_count = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t index = order(i);
      ASSERT_LT(index, count);
      ASSERT_FALSE(seen[index]) << index << " of " << count;
      seen[index] = true;
      in_place_count += index == i;
    }
    if (count >= 1000) {
      EXPECT_LT(in_place_count, count / 100);
    }
  }
}

TEST(Dataset, another_seed_is_another_order) {
  const Permutation one(100000, 1), two(100000, 2);
  uint64_t equal_count = 0;
  for (uint64_t i = 0; i < 100000; ++i) equal_count += one(i) == two(i);
  EXPECT_LT(equal_count, 100u);
}

std::string key_of(const Keys& keys, uint64_t index) {
  std::string key(keys.room(), 'x');
  key.resize(keys.make(index, key.data()));
  return key;
}

std::string missing_key_of(const Keys& keys, uint64_t index) {
  std::string key(keys.room(), 'x');
  key.resize(keys.make_missing(index, key.data()));
  return key;
}

TEST(Dataset, keys_sort_as_their_indexes_and_misses_lie_between_them) {
  for (const KeyKind kind : {KeyKind::kDecimal, KeyKind::kBinary, KeyKind::kUrl, KeyKind::kTime}) {
    for (const size_t bytes : {16u, 17u, 40u}) {
      const Keys keys(kind, bytes, false, 123456700);
      std::string last;
      for (const uint64_t index : {0ull, 1ull, 4ull, 5ull, 49ull, 50ull, 499999ull, 123456699ull, 123456789ull}) {
        const std::string key = key_of(keys, index), missing = missing_key_of(keys, index);
        EXPECT_LT(last, key);
        EXPECT_LT(key, missing);
        EXPECT_EQ(keys.index_of(key), index);
        EXPECT_EQ(keys.index_of(missing), ~uint64_t{0});
        EXPECT_EQ(keys.index_of(key.substr(1)), ~uint64_t{0});
        last = missing;
      }
    }
  }
}

TEST(Dataset, decimal_keys_are_zero_padded_digits) { EXPECT_EQ(key_of(Keys(KeyKind::kDecimal, 16, false, 1), 61725), "0000000000123450"); }

TEST(Dataset, scattered_keys_are_distinct_and_fit_their_digits) {
  for (const KeyKind kind : {KeyKind::kDecimal, KeyKind::kBinary, KeyKind::kUrl, KeyKind::kTime}) {
    const Keys keys(kind, 16, true, 1);
    std::set<std::string> seen;
    for (uint64_t i = 0; i < 50000; ++i) EXPECT_TRUE(seen.insert(key_of(keys, i)).second);
  }
}

TEST(Dataset, time_keys_are_twelve_bytes_from_64_sources) {
  const Keys keys(KeyKind::kTime, 0, false, 1);
  std::set<std::string> sources;
  for (uint64_t i = 0; i < 10000; ++i) {
    const std::string key = key_of(keys, i);
    ASSERT_EQ(key.size(), 12u);
    sources.insert(key.substr(8));
  }
  EXPECT_EQ(sources.size(), 64u);
  EXPECT_EQ(keys.total_bytes(1000), 12000u);
}

TEST(Dataset, url_keys_have_many_lengths_a_few_hundred_hosts_and_long_shared_prefixes) {
  constexpr uint64_t kCount = 100000;
  const Keys keys(KeyKind::kUrl, 0, false, kCount);
  std::set<size_t> lengths;
  std::map<std::string, uint64_t> host_keys;
  std::string last;
  uint64_t bytes = 0, shared_bytes = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    const std::string key = key_of(keys, i);
    ASSERT_LT(last, key);
    shared_bytes += static_cast<uint64_t>(std::mismatch(last.begin(), last.end(), key.begin(), key.end()).first - last.begin());
    bytes += key.size();
    lengths.insert(key.size());
    ++host_keys[key.substr(0, key.find('/', 8))];
    last = key;
  }
  EXPECT_EQ(keys.total_bytes(kCount), bytes);
  EXPECT_GE(*lengths.begin(), 40u);
  EXPECT_LE(*lengths.rbegin(), 119u);
  EXPECT_GE(lengths.size(), 60u);
  EXPECT_EQ(host_keys.size(), 256u);
  uint64_t largest = 0;
  for (const auto& [host, count] : host_keys) largest = std::max(largest, count);
  EXPECT_GE(largest, kCount / 10);
  EXPECT_GE(shared_bytes, bytes / 2);
}

TEST(Dataset, scattered_url_keys_are_on_all_hosts) {
  const Keys keys(KeyKind::kUrl, 0, true, 1);
  std::set<std::string> hosts;
  for (uint64_t i = 0; i < 100000; ++i) {
    const std::string key = key_of(keys, i);
    hosts.insert(key.substr(0, key.find('/', 8)));
  }
  EXPECT_EQ(hosts.size(), 256u);
}

TEST(Dataset, a_value_belongs_to_its_index_in_every_generation_and_to_no_other) {
  const Values values({100});
  std::string value(100, 'x');
  for (const int generation : {0, 1, 255}) {
    values.make(77, static_cast<uint8_t>(generation), value.data());
    EXPECT_TRUE(values.matches_fully(77, value.data(), value.size()));
    EXPECT_FALSE(values.matches(78, value.data(), value.size()));
    EXPECT_FALSE(values.matches(77, value.data(), value.size() - 1));
  }
}

TEST(Dataset, a_full_check_sees_every_flipped_byte) {
  const Values values({100});
  std::string value(100, 'x');
  values.make(77, 3, value.data());
  for (auto& byte : value) {
    byte = static_cast<char>(byte ^ 1);
    EXPECT_FALSE(values.matches_fully(77, value.data(), value.size()));
    byte = static_cast<char>(byte ^ 1);
  }
}

TEST(Sinks, a_strict_scan_counts_wrong_order_and_wrong_values) {
  const Keys keys(KeyKind::kDecimal, 16, false, 10);
  const Values values({100});
  std::string value(100, 'x');
  EntrySink sink(keys, values, EntryCheck::kEveryByte);
  const auto take = [&](uint64_t key_index, uint64_t value_index) {
    values.make(value_index, 1, value.data());
    sink.take(key_of(keys, key_index), value);
  };
  take(0, 0);
  take(5, 5);
  EXPECT_EQ(sink.wrong_count(), 0u);
  take(4, 4);  // backward
  EXPECT_EQ(sink.wrong_count(), 1u);
  take(6, 7);  // another key's value
  EXPECT_EQ(sink.wrong_count(), 2u);
  take(6, 6);  // the same key again
  EXPECT_EQ(sink.wrong_count(), 3u);
  EXPECT_EQ(sink.count(), 5u);
}

TEST(Sinks, a_short_scan_has_its_first_key_the_next_values_its_last_key_and_its_length) {
  const Keys keys(KeyKind::kDecimal, 16, false, 100);
  const Values values({100});
  std::string value(100, 'x');
  const auto wrong_count = [&](const std::vector<std::pair<uint64_t, uint64_t>>& entries) {  // of keys and values
    EntrySink sink(keys, values, EntryCheck::kPlaces);
    for (int times = 0; times < 2; ++times) {
      sink.begin(40);
      for (const auto& [key_index, value_index] : entries) {
        values.make(value_index, 1, value.data());
        sink.take(key_of(keys, key_index), value);
      }
      sink.end(3, 3);
    }
    return sink.wrong_count() / 2;
  };
  EXPECT_EQ(wrong_count({{40, 40}, {41, 41}, {42, 42}}), 0u);
  EXPECT_EQ(wrong_count({}), 1u);
  EXPECT_EQ(wrong_count({{40, 40}, {41, 41}}), 1u);
  EXPECT_EQ(wrong_count({{40, 40}, {41, 41}, {42, 42}, {43, 43}}), 1u);
  EXPECT_EQ(wrong_count({{39, 40}, {41, 41}, {42, 42}}), 1u);
  EXPECT_EQ(wrong_count({{40, 40}, {41, 43}, {42, 42}}), 1u);
  EXPECT_EQ(wrong_count({{40, 40}, {41, 41}, {43, 42}}), 1u);
}

TEST(Sinks, of_a_scan_over_scattered_keys_the_first_entry_and_the_length_are_verified) {
  const Keys keys(KeyKind::kDecimal, 16, true, 100);
  const Values values({100});
  std::string value(100, 'x');
  const auto wrong_count = [&](uint64_t first_key, uint64_t first_value, uint64_t least) {
    EntrySink sink(keys, values, EntryCheck::kPlaces);
    sink.begin(40);
    values.make(first_value, 1, value.data());
    sink.take(key_of(keys, first_key), value);
    sink.take(key_of(keys, 7), "another value");
    sink.end(least, 3);
    return sink.wrong_count();
  };
  EXPECT_EQ(wrong_count(40, 40, 2), 0u);
  EXPECT_EQ(wrong_count(41, 40, 2), 1u);
  EXPECT_EQ(wrong_count(40, 41, 2), 1u);
  EXPECT_EQ(wrong_count(40, 40, 3), 1u);
}

TEST(Random, zipfian_ranks_follow_their_law) {
  constexpr uint64_t kCount = 1000, kDraws = 400000;
  std::vector<double> seen(kCount, 0);
  for (const uint32_t rank : zipfian_ranks(kCount, kDraws, 1)) {
    ASSERT_LT(rank, kCount);
    ++seen[rank];
  }
  double zeta = 0;
  for (uint64_t i = 1; i <= kCount; ++i) zeta += std::pow(static_cast<double>(i), -0.99);
  for (const uint64_t rank : {0u, 1u, 9u, 99u}) {
    const double expected = kDraws * std::pow(static_cast<double>(rank + 1), -0.99) / zeta;
    EXPECT_NEAR(seen[rank], expected, 6 * std::sqrt(expected)) << "rank " << rank;
  }
}

TEST(ProductionMix, value_sizes_follow_the_published_law) {
  auto sizes = mix_value_sizes();
  std::sort(sizes.begin(), sizes.end());
  EXPECT_EQ(sizes.front(), 16u);
  EXPECT_EQ(sizes[sizes.size() / 2], 16u + 19u);  // 25.45 * (0.5 ^ -0.2615 - 1) / 0.2615 = 19.3
  EXPECT_NEAR(sizes[sizes.size() * 99 / 100], 16 + 227, 1);
  EXPECT_GT(sizes.back(), 900u);
  EXPECT_NEAR(static_cast<double>(Values(sizes).mean_bytes()), 16 + 25.45 / (1 - 0.2615), 1.5);
}

TEST(ProductionMix, scans_are_short_with_a_heavy_tail_that_is_cut) {
  auto lengths = mix_scan_lengths();
  std::sort(lengths.begin(), lengths.end());
  EXPECT_EQ(lengths.front(), 1u);
  EXPECT_EQ(lengths[lengths.size() / 2], 1u + 26u);  // 14.236 * (0.5 ^ -2.517 - 1) / 2.517 = 26.7
  EXPECT_EQ(lengths.back(), 1000u);
}

TEST(ProductionMix, keys_are_skewed_and_the_first_of_thirty_ranges_is_the_hottest) {
  constexpr uint64_t kCount = 300000, kDraws = 200000;
  const MixKeys keys(kCount);
  Random random(1);
  std::map<uint64_t, uint64_t> seen;
  uint64_t first_range = 0;
  for (uint64_t i = 0; i < kDraws; ++i) {
    const uint64_t index = keys(random);
    ASSERT_LT(index, kCount);
    ++seen[index];
    first_range += index < kCount / 30;
  }
  double sum = 0, first = 0;
  for (int x = 30; x >= 1; --x) sum += first = 14.18 * std::exp(-2.917 * x) + 0.0164 * std::exp(-0.08082 * x);
  const double expected = kDraws * first / sum;
  EXPECT_NEAR(static_cast<double>(first_range), expected, 6 * std::sqrt(expected));
  uint64_t hottest = 0;
  for (const auto& [index, count] : seen) hottest = std::max(hottest, count);
  EXPECT_NEAR(static_cast<double>(hottest), kDraws * 0.002312 * first / sum, kDraws * 0.001);  // rank 1 within the hottest range
}

TEST(Dataset, values_of_many_lengths_are_verified_with_their_length) {
  const Values values(mix_value_sizes());
  std::string value(values.room(), 'x');
  std::set<size_t> lengths;
  for (uint64_t index = 0; index < 10000; ++index) {
    const size_t size = values.make(index, 1, value.data());
    lengths.insert(size);
    ASSERT_LE(size, values.room());
    ASSERT_TRUE(values.matches_fully(index, value.data(), size));
    ASSERT_FALSE(values.matches(index, value.data(), size - 1));
  }
  EXPECT_GT(lengths.size(), 200u);
}

TEST(Histogram, quantiles_are_those_of_a_sorted_list_within_a_step) {
  Histogram histogram, other;
  std::vector<uint64_t> times;
  Random random(3);
  for (int i = 0; i < 100000; ++i) {
    times.push_back(random.next() >> (20 + random.below(43)));
    (i % 2 == 0 ? histogram : other).add(times.back());
  }
  histogram.merge(other);
  std::sort(times.begin(), times.end());
  EXPECT_EQ(histogram.count(), times.size());
  EXPECT_EQ(histogram.max(), times.back());
  for (const double q : {0.0, 0.01, 0.5, 0.95, 0.99, 0.999}) {
    const auto exact = static_cast<double>(times[static_cast<size_t>(q * static_cast<double>(times.size()))]);
    if (exact >= 0x1p39) continue;
    EXPECT_LE(static_cast<double>(histogram.quantile(q)), exact) << q;
    EXPECT_GE(static_cast<double>(histogram.quantile(q)), exact * 63 / 64 - 1) << q;
  }
}

TEST(Results, the_median_is_taken_over_the_repetitions_of_one_row) {
  Results results;
  std::string workload;
  Metrics metrics;
  for (const char* line : {"get\tkops=3\tp50_us=1", "get\tkops=9\tp50_us=2", "get\tkops=5\tp50_us=3", "put\tkops=100"})
    EXPECT_TRUE(results.add("store", line, workload, metrics));
  EXPECT_EQ(results.median("store", "get", "kops"), 5);
  EXPECT_EQ(results.median("store", "get", "p50_us"), 2);
  EXPECT_LT(results.median("store", "get", "nothing"), 0);
  EXPECT_LT(results.median("other", "get", "kops"), 0);
  EXPECT_FALSE(results.add("store", "", workload, metrics));
  EXPECT_FALSE(results.add("store", "get\tno number", workload, metrics));
}

TEST(Measure, a_line_takes_its_time_from_one_processor_to_another) {
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_EQ(line_transfer_ns() > 0, CPU_COUNT(&set) > 1);
}

TEST(Measure, a_pause_shows_even_when_its_operation_was_not_sampled) {
  const Phase phase{.operations = 1000};
  const Metrics metrics = run_phase(phase, [](unsigned) {
    return [](uint64_t i) {
      if (i == 500) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    };
  });
  EXPECT_EQ(metrics.at("ops"), 1000);
  EXPECT_GE(metrics.at("pause_max_us"), 29000);
}

TEST(Measure, the_gathering_of_latencies_is_not_in_the_memory_of_the_row) {
  const Phase phase{.operations = 4'000'000, .sample_all = true};
  std::vector<Sampler> samplers(1, Sampler(phase, 0));
  for (uint64_t i = 0; i < phase.operations; ++i) samplers[0].take(i);
  ::malloc_trim(0);  // what is free is not in the figure before
  const ProcessStats before = process_stats();
  const Metrics metrics = phase_metrics(phase, phase.operations, 1, samplers, before);
  EXPECT_LT(metrics.at("anonymous_mb") - static_cast<double>(before.rss_anonymous_bytes) / 1e6, 8);  // they are 16 MB
}

TEST(Measure, syncs_and_written_bytes_are_counted) {
  const std::string path = "compare_test.file";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  ASSERT_GE(file, 0);
  const ProcessStats before = process_stats();
  const std::string bytes(1 << 20, 'x');
  ASSERT_EQ(::write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  ASSERT_EQ(::fdatasync(file), 0);
  ASSERT_EQ(::fsync(file), 0);
  const ProcessStats after = process_stats();
  ::close(file);
  ::unlink(path.c_str());
  EXPECT_EQ(after.sync_count - before.sync_count, 2u);
  EXPECT_GE(after.written_bytes - before.written_bytes, bytes.size());
}

}  // namespace
}  // namespace bench
