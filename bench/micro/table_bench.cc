// The table by parts: building, opening, points (hits and misses, over many tables' worth of cold keys), scans both ways, seeks. Beside
// them what the machine allows: a copy of the same bytes, and two dependent loads from memory that is in no cache.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/hash.h"
#include "env/memory_env.h"
#include "env/posix_env.h"
#include "table/table.h"
#include "table/table_builder.h"

namespace {

using namespace firn;

constexpr size_t kKeyBytes = 16;
constexpr size_t kValueBytes = 100;
constexpr size_t kEntryCount = 1'000'000;
constexpr uint64_t kHashSeed = 42;
constexpr TableIdentity kIdentity{1, 2};

void require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "table_bench: %s\n", std::string(status.message()).c_str());
  std::abort();
}

// Sorted keys of 16 bytes: 8 random ones, so that they are spread, in hexadecimal.
std::vector<std::string> make_keys() {
  std::mt19937_64 random(1);
  std::vector<std::string> keys(kEntryCount);
  for (std::string& key : keys) {
    char text[kKeyBytes + 1];
    std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(random()));
    key = text;
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

const std::vector<std::string>& keys() {
  static const std::vector<std::string> all = make_keys();
  return all;
}

InternalKey internal(const std::string& user) { return {1, Slice(std::string_view(user))}; }

Status build(File* file, const std::vector<uint64_t>& hashes, Compression compression) {
  TableBuilderOptions options;
  options.identity = kIdentity;
  options.compression = compression;
  options.seq_lower = Seq{1};
  options.seq_upper = Seq{kEntryCount};
  const auto builder = TableBuilder::create(file, options);
  std::string value(kValueBytes, 'v');
  for (size_t i = 0; i < kEntryCount; ++i) {
    std::memcpy(value.data(), &hashes[i], 8);
    std::memcpy(value.data() + 50, &hashes[i], 8);
    FIRN_TRY(builder->add({internal(keys()[i]), Slice(std::string_view(value)), Seq{1 + i}, EntryKind::kPut, 0}, hashes[i]));
  }
  return builder->finish().status();
}

const std::vector<uint64_t>& hashes() {
  static const std::vector<uint64_t> all = [] {
    std::vector<uint64_t> made(kEntryCount);
    for (size_t i = 0; i < kEntryCount; ++i) made[i] = hash_key(kHashSeed, internal(keys()[i]));
    return made;
  }();
  return all;
}

// One table of a million entries in the file system, made once.
struct Fixture {
  std::unique_ptr<Env> memory_env = new_memory_env();
  std::unique_ptr<Directory> directory;
  std::vector<uint32_t> order;  // of random visits

  Fixture() {
    char path[] = "/tmp/firn_table_bench_XXXXXX";
    if (mkdtemp(path) == nullptr) std::abort();
    directory = std::move(posix_env().open_directory(path, true).value());
    for (Compression compression : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
      if (!compression_is_built_in(compression)) continue;
      require(build(directory->open_file(name(compression), OpenMode::kCreate).value().get(), hashes(), compression));
    }
    std::mt19937 random(2);
    order.resize(kEntryCount);
    for (uint32_t i = 0; i < kEntryCount; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
  }
  ~Fixture() {
    for (Compression compression : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
      static_cast<void>(directory->remove(name(compression)));
    }
    static_cast<void>(std::remove(directory->path().c_str()));
  }
  static std::string name(Compression compression) { return "table" + std::to_string(static_cast<int>(compression)); }
  std::unique_ptr<Table> open(Compression compression, TableIo io) const {
    return std::move(Table::open(directory->open_file(name(compression), OpenMode::kRead).value(), kIdentity, io).value());
  }
};

const Fixture& fixture() {
  static const Fixture made;
  return made;
}

std::unique_ptr<Table> open_for(const benchmark::State& state) {
  return fixture().open(static_cast<Compression>(state.range(0)), state.range(1) == 0 ? TableIo::kMmap : TableIo::kPread);
}

void per_entry(benchmark::State& state, double count) {
  state.counters["ns_per_entry"] =
      benchmark::Counter(count * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void BM_Build(benchmark::State& state) {
  const auto compression = static_cast<Compression>(state.range(0));
  static_cast<void>(hashes());
  const auto directory = std::move(fixture().memory_env->open_directory("/", true).value());
  for (auto _ : state) {
    const auto file = std::move(directory->open_file("built", OpenMode::kCreate).value());
    require(build(file.get(), hashes(), compression));
    state.counters["space"] = static_cast<double>(file->size().value()) / (kEntryCount * (kKeyBytes + kValueBytes));
    state.PauseTiming();
    static_cast<void>(directory->remove("built"));
    state.ResumeTiming();
  }
  per_entry(state, kEntryCount);
}
BENCHMARK(BM_Build)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);

// The limit of building: writing as many bytes, a megabyte at a time.
void BM_BuildLimit(benchmark::State& state) {
  const auto directory = std::move(fixture().memory_env->open_directory("/", true).value());
  const std::string buffer(1 << 20, 'b');
  for (auto _ : state) {
    const auto file = std::move(directory->open_file("built", OpenMode::kCreate).value());
    for (uint64_t at = 0; at < kEntryCount * 128; at += buffer.size()) require(file->write(at, Slice(std::string_view(buffer))));
    state.PauseTiming();
    static_cast<void>(directory->remove("built"));
    state.ResumeTiming();
  }
  per_entry(state, kEntryCount);
}
BENCHMARK(BM_BuildLimit)->Unit(benchmark::kMillisecond);

void BM_Open(benchmark::State& state) {
  static_cast<void>(fixture());
  for (auto _ : state) benchmark::DoNotOptimize(open_for(state));
}
BENCHMARK(BM_Open)->ArgNames({"compression", "pread"})->Args({0, 0})->Args({0, 1})->Args({1, 1});

void BM_Find(benchmark::State& state, bool present) {
  const auto table = open_for(state);
  require(table->verify(kHashSeed));
  size_t i = 0;
  std::string key(kKeyBytes, '\0');
  for (auto _ : state) {
    key = keys()[fixture().order[i]];
    if (!present) key[15] ^= 1, key[14] ^= 3;
    i = i + 1 == kEntryCount ? 0 : i + 1;
    Entry entry;
    const Status status = table->find(internal(key), hash_key(kHashSeed, internal(key)), &entry);
    benchmark::DoNotOptimize(status.code());
    if (present) benchmark::DoNotOptimize(entry.value[0]);
  }
}
BENCHMARK_CAPTURE(BM_Find, hit, true)->ArgNames({"compression", "pread"})->Args({0, 0})->Args({0, 1});
BENCHMARK_CAPTURE(BM_Find, miss, false)->ArgNames({"compression", "pread"})->Args({0, 0});

// 32 keys at a time, the lines of all asked for before the first is looked at.
void BM_FindMany(benchmark::State& state) {
  const auto table = open_for(state);
  require(table->verify(kHashSeed));
  constexpr size_t kBatch = 32;
  size_t i = 0;
  for (auto _ : state) {
    uint64_t batch[kBatch];
    for (size_t k = 0; k < kBatch; ++k) table->prefetch(batch[k] = hash_key(kHashSeed, internal(keys()[fixture().order[i + k]])));
    for (uint64_t hash : batch) table->prefetch_entry(hash);
    for (size_t k = 0; k < kBatch; ++k) {
      Entry entry;
      require(table->find(internal(keys()[fixture().order[i + k]]), batch[k], &entry));
      benchmark::DoNotOptimize(entry.value[0]);
    }
    i = i + 2 * kBatch > kEntryCount ? 0 : i + kBatch;
  }
  per_entry(state, kBatch);
}
BENCHMARK(BM_FindMany)->ArgNames({"compression", "pread"})->Args({0, 0});

// The limit of a find: the key from the list of keys, then two loads, the second of which depends on the first, over as many bytes.
void BM_FindLimit(benchmark::State& state) {
  constexpr size_t kLines = size_t{1} << 21;  // 128 MiB of lines
  std::vector<uint64_t> memory(kLines * 8);
  std::mt19937_64 random(3);
  for (size_t i = 0; i < kLines; ++i) memory[i * 8] = random() % kLines;
  size_t i = 0;
  for (auto _ : state) {
    const std::string& key = keys()[fixture().order[i]];
    i = i + 1 == kEntryCount ? 0 : i + 1;
    const uint64_t first = memory[hash_key(kHashSeed, internal(key)) % (kLines / 16) * 8];
    benchmark::DoNotOptimize(memory[first * 8]);
  }
}
BENCHMARK(BM_FindLimit);

void BM_Scan(benchmark::State& state, bool forward) {
  const auto table = open_for(state);
  require(table->verify(kHashSeed));
  const auto iterator = table->new_iterator(true);
  for (auto _ : state) {
    uint64_t sum = 0;
    if (forward) {
      for (iterator->seek_to_first(); iterator->valid(); iterator->next()) sum += iterator->entry().value.size();
    } else {
      for (iterator->seek_to_last(); iterator->valid(); iterator->prev()) sum += iterator->entry().value.size();
    }
    if (sum != kEntryCount * kValueBytes) state.SkipWithError("a wrong sum");
  }
  per_entry(state, kEntryCount);
}
BENCHMARK_CAPTURE(BM_Scan, forward, true)->ArgNames({"compression", "pread"})->Args({0, 0})->Args({0, 1})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Scan, backward, false)->ArgNames({"compression", "pread"})->Args({0, 0})->Unit(benchmark::kMillisecond);

// The first scan after opening verifies, reads or decompresses every chunk.
void BM_FirstScan(benchmark::State& state) {
  for (auto _ : state) {
    const auto table = open_for(state);
    const auto iterator = table->new_iterator(true);
    for (iterator->seek_to_first(); iterator->valid(); iterator->next()) benchmark::DoNotOptimize(iterator->entry().value.data());
    require(iterator->status());
  }
  per_entry(state, kEntryCount);
}
BENCHMARK(BM_FirstScan)->ArgNames({"compression", "pread"})->Args({0, 0})->Args({0, 1})->Args({1, 1})->Args({2, 1})->Unit(benchmark::kMillisecond);

void BM_Seek(benchmark::State& state) {
  const auto table = open_for(state);
  require(table->verify(kHashSeed));
  const auto iterator = table->new_iterator(false);
  size_t i = 0;
  for (auto _ : state) {
    iterator->seek(internal(keys()[fixture().order[i]]));
    benchmark::DoNotOptimize(iterator->entry().value.data());
    i = i + 1 == kEntryCount ? 0 : i + 1;
  }
}
BENCHMARK(BM_Seek)->ArgNames({"compression", "pread"})->Args({0, 0})->Args({0, 1});

void BM_NewIterator(benchmark::State& state) {
  const auto table = open_for(state);
  for (auto _ : state) benchmark::DoNotOptimize(table->new_iterator(false));
}
BENCHMARK(BM_NewIterator)->ArgNames({"compression", "pread"})->Args({0, 0});

}  // namespace

BENCHMARK_MAIN();
