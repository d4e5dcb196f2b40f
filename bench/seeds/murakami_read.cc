// Murakami's reads: of sealed segments, of the active one, and beside a writer.
#include <atomic>
#include <random>
#include <thread>

#include "compare/random.h"
#include "seeds/murakami.h"

namespace bench {
namespace {

using namespace murakami;

constexpr uint64_t kSealedCount = 50'000;
constexpr uint64_t kActiveCount = 10'000;
constexpr uint64_t kReadCount = 4'000'000;
constexpr uint32_t kSeed = 42;

// Indexes in the order in which they are read, made before the clock starts.
using Order = std::vector<uint32_t> (*)(uint64_t count);

std::vector<uint32_t> in_order(uint64_t count) {
  std::vector<uint32_t> indexes(count);
  for (uint32_t i = 0; i < count; ++i) indexes[i] = i;
  return indexes;
}

std::vector<uint32_t> at_random(uint64_t count) {
  std::mt19937 random(kSeed);
  std::vector<uint32_t> indexes(count);
  for (auto& index : indexes) index = static_cast<uint32_t>(random() % count);
  return indexes;
}

std::vector<uint32_t> hundreds(uint64_t count) {
  std::vector<uint32_t> indexes;
  for (uint32_t i = 0; i < 5; ++i) indexes.push_back(static_cast<uint32_t>(i * 100 % count));
  return indexes;
}

std::vector<uint32_t> last_five(uint64_t count) {
  std::vector<uint32_t> indexes;
  for (uint32_t i = 5; i > 0; --i) indexes.push_back(static_cast<uint32_t>(count - i));
  return indexes;
}

void read(Run& run, Log& log, const std::vector<uint32_t>& order, unsigned threads) {
  const std::string record = payload();
  run.measure(run.phase(run.scaled(kReadCount), threads), [&](unsigned thread) {
    return [&, at = thread * order.size() / threads](uint64_t) mutable {
      log.expect(order[at], record);
      if (++at == order.size()) at = 0;
    };
  });
  check_indexes(log);
}

// Closed and opened again, so that all records lie in sealed segments.
void read_sealed(Run& run, uint64_t records, Order order, unsigned threads = 1, const std::string& options = "") {
  const uint64_t count = run.scaled(records);
  {
    Log log(run.path(), run.options(options));
    fill(log, count);
    log.sync();
  }
  Log log(run.path(), run.options(options));
  read(run, log, order(count), threads);
}

void read_active(Run& run, uint64_t records, Order order) {
  const uint64_t count = run.scaled(records);
  Log log(run.path(), run.options());
  fill(log, count);
  log.sync();
  read(run, log, order(count), 1);
}

// One thread appends without a pause and counts; the others read anywhere below its count. The counter is an atomic, the seed's had an RWMutex (2.4).
void read_beside_a_writer(Run& run, unsigned threads) {
  const std::string record = payload();
  Log log(run.path(), run.options());
  fill(log, run.scaled(kActiveCount));
  std::atomic<uint64_t> count{log.bounds().next};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) count = log.append(record) + 1;
  });
  run.measure(run.phase(run.scaled(kReadCount), threads),
              [&](unsigned thread) { return [&, random = Random(thread)](uint64_t) mutable { log.expect(random.below(count), record); }; });
  stop = true;
  writer.join();
  check_indexes(log);
}

}  // namespace

std::vector<Row> murakami_read_rows() {
  const char* const buffered = "buffered";
  const auto sealed = [](Order order) { return [order](Run& run) { read_sealed(run, kSealedCount, order); }; };
  const auto active = [](Order order, uint64_t count) { return [order, count](Run& run) { read_active(run, count, order); }; };
  std::vector<Row> rows{
      {"murakami.sealed_in_order", "read of 50,000 sealed records", buffered, {kOs}, sealed(in_order)},
      {"murakami.sealed_random", "the same at random", buffered, {kOs}, sealed(at_random)},
      {"murakami.sealed_hot", "five of them", buffered, {kOs}, sealed(hundreds)},
      {"murakami.active_in_order", "read of 10,000 records, not closed", buffered, {kOs}, active(in_order, kActiveCount)},
      {"murakami.active_random", "the same at random", buffered, {kOs}, active(at_random, kActiveCount)},
      {"murakami.active_hot", "the last five", buffered, {kOs}, active(last_five, kActiveCount)},
      {"murakami.active_50k_in_order",
       "read of 50,000 records, not closed: against sealed ones",
       buffered,
       {kOs},
       active(in_order, kSealedCount)},
      {"murakami.active_50k_random", "the same at random", buffered, {kOs}, active(at_random, kSealedCount)},
      {"murakami.across_segments",
       "100,000 records at random, segments of 4 MiB",
       buffered,
       {kOs},
       [](Run& run) { read_sealed(run, 2 * kSealedCount, at_random, 1, "segment_bytes=4MiB"); }},
  };
  for (const auto& [name, threads] :
       {Sized{"murakami.readers_1", 1}, {"murakami.readers_4", 4}, {"murakami.readers_8", 8}, {"murakami.readers_16", 16}})
    rows.push_back({name, "so many threads read 50,000 sealed records at random", buffered, {kOs}, [count = threads](Run& run) {
                      read_sealed(run, kSealedCount, at_random, static_cast<unsigned>(count));
                    }});
  for (const auto& [name, threads] :
       {Sized{"murakami.writer_readers_1", 1}, {"murakami.writer_readers_4", 4}, {"murakami.writer_readers_8", 8}})
    rows.push_back({name, "so many threads read at random beside a writer", buffered, {kOs}, [count = threads](Run& run) {
                      read_beside_a_writer(run, static_cast<unsigned>(count));
                    }});
  return rows;
}

}  // namespace bench
