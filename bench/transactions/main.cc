// firn_transactions: what steps that depend on what is there cost, side by side. One thread, 1M keys of 16 bytes with values of 100 bytes below, compacted; the
// stores take turns row by row, and all of it is repeated; medians of the repetitions.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "compare/measure.h"
#include "transactions/store.h"

namespace bench {

void fail(const char* what) {
  std::fprintf(stderr, "firn_transactions: %s failed\n", what);
  std::exit(1);
}

namespace {

constexpr uint64_t kKeyCount = 1'000'000;
constexpr size_t kNameBytes = 32;

std::string key_of(uint64_t i) {
  char key[24];
  std::snprintf(key, sizeof key, "%016llu", static_cast<unsigned long long>(i));
  return key;
}

struct Row {
  const char* name;
  uint64_t operations;
  std::function<void(TransactionalStore&, const std::string*, uint64_t)> run;  // keys: random ones, ten for each operation
};

struct Cost {
  double mean_ns = 0, p50_ns = 0, p95_ns = 0, p99_ns = 0;
};

Cost measure(TransactionalStore& store, const Row& row, uint64_t repetition) {
  Random random(repetition);
  std::vector<std::string> keys;
  for (uint64_t i = 0; i < row.operations + 10; i++) keys.push_back(key_of(random.below(kKeyCount)));
  Phase phase;
  phase.operations = row.operations;
  phase.seconds_max = 10;
  Sampler sampler(phase, repetition);
  const uint64_t begin = now_ns();
  const uint64_t done =
      sampler.run(row.operations, UINT64_MAX, [&](uint64_t i) { row.run(store, &keys[i], repetition * row.operations + i); });
  Cost cost;
  cost.mean_ns = static_cast<double>(now_ns() - begin) / static_cast<double>(done);
  std::vector<uint32_t> latencies = sampler.latencies_ns();
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double part) {
    return static_cast<double>(latencies[static_cast<size_t>(part * static_cast<double>(latencies.size() - 1))]);
  };
  cost.p50_ns = at(0.5);
  cost.p95_ns = at(0.95);
  cost.p99_ns = at(0.99);
  return cost;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

const std::string kValue(100, 'v');
const std::string kCounters[8] = {"counter0", "counter1", "counter2", "counter3", "counter4", "counter5", "counter6", "counter7"};

std::vector<Row> rows() {
  return {
      {"put, 8 B value, one of 8 keys", 200'000, [](auto& store, const auto*, uint64_t i) { store.put(kCounters[i % 8], "12345678"); }},
      {"add to one of 8 counters", 200'000, [](auto& store, const auto*, uint64_t i) { store.add(kCounters[i % 8], 1); }},
      {"put if absent, a new key", 100'000,
       [](auto& store, const auto*, uint64_t i) {
         must(store.put_if_absent(key_of(kKeyCount + i), kValue), "put_if_absent of a new key");
       }},
      {"put if absent, present", 200'000,
       [](auto& store, const auto* keys, uint64_t) { must(!store.put_if_absent(*keys, kValue), "put_if_absent of a present key"); }},
      {"swap by version", 100'000, [](auto& store, const auto* keys, uint64_t) { store.swap(*keys, kValue); }},
      {"read-only begin + close", 1'000'000, [](auto& store, const auto*, uint64_t) { store.begin_and_close_read_only(); }},
      {"read-only begin + get + close", 200'000,
       [](auto& store, const auto* keys, uint64_t) { must(store.read_only_get(*keys), "read_only_get"); }},
      {"transaction: get + put", 100'000, [](auto& store, const auto* keys, uint64_t) { store.read_modify_write(*keys, kValue); }},
      {"transaction: 10 x (get + put)", 20'000, [](auto& store, const auto* keys, uint64_t) { store.read_modify_write_ten(keys, kValue); }},
  };
}

int run(const std::string& directory, uint64_t repetitions) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::vector<std::unique_ptr<TransactionalStore>> stores;
  stores.push_back(open_firn(directory + "/firn"));
#if defined(BENCH_HAVE_ROCKSDB)
  stores.push_back(open_rocksdb(directory + "/rocksdb"));
#endif
#if defined(BENCH_HAVE_LMDB)
  stores.push_back(open_lmdb(directory + "/lmdb"));
#endif
  for (const auto& store : stores) {
    for (uint64_t i = 0; i < kKeyCount; i++) store->put(key_of(i), kValue);
    for (const std::string& counter : kCounters) store->put(counter, std::string(8, '\0'));
    store->compact();
  }
  std::printf("ns an operation: mean (p50 p95 p99), medians of %llu repetitions\n", static_cast<unsigned long long>(repetitions));
  for (const Row& row : rows()) {
    std::vector<std::vector<Cost>> costs(stores.size());
    for (uint64_t repetition = 0; repetition < repetitions; repetition++) {
      for (size_t i = 0; i < stores.size(); i++) costs[i].push_back(measure(*stores[i], row, repetition));
    }
    std::printf("%-*s", static_cast<int>(kNameBytes), row.name);
    for (size_t i = 0; i < stores.size(); i++) {
      const auto pick = [&](double Cost::*field) {
        std::vector<double> values;
        for (const Cost& cost : costs[i]) values.push_back(cost.*field);
        return median(std::move(values));
      };
      std::printf("  %s %.0f (%.0f %.0f %.0f)", stores[i]->name(), pick(&Cost::mean_ns), pick(&Cost::p50_ns), pick(&Cost::p95_ns),
                  pick(&Cost::p99_ns));
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  stores.clear();
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/var/tmp/firn-transactions";
  return bench::run(directory, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 5);
}
