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

// Keys of 16 bytes one behind the other, so that reading a list of keys costs next to nothing.
class KeyList {
 public:
  explicit KeyList(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) bytes_ += key;
    for (size_t i = 0; i < keys.size(); ++i) hashes_.push_back(hash_key(kHashSeed, at(i)));
  }
  InternalKey at(size_t i) const { return {1, Slice(std::string_view(bytes_).substr(i * kKeyBytes, kKeyBytes))}; }
  uint64_t hash(size_t i) const { return hashes_[i]; }

 private:
  std::string bytes_;
  std::vector<uint64_t> hashes_;
};

struct Keys {
  KeyList sorted;
  KeyList shuffled;
  KeyList absent;  // neighbours of the shuffled ones
};

Keys make_keys() {
  std::mt19937_64 random(1);
  std::vector<std::string> keys(kEntryCount);
  for (std::string& key : keys) {
    char text[kKeyBytes + 1];
    std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(random()));
    key = text;
  }
  std::sort(keys.begin(), keys.end());
  KeyList sorted(keys);
  std::shuffle(keys.begin(), keys.end(), random);
  KeyList shuffled(keys);
  for (std::string& key : keys) key.back() = '?';
  return {std::move(sorted), std::move(shuffled), KeyList(keys)};
}

const Keys& keys() {
  static const Keys all = make_keys();
  return all;
}

Status build(File* file, Compression compression) {
  TableBuilderOptions options;
  options.identity = kIdentity;
  options.compression = compression;
  options.seq_lower = Seq{1};
  options.seq_upper = Seq{kEntryCount};
  const auto builder = TableBuilder::create(file, options);
  std::string value(kValueBytes, 'v');
  const KeyList& list = keys().sorted;
  for (size_t i = 0; i < kEntryCount; ++i) {
    const uint64_t hash = list.hash(i);
    std::memcpy(value.data() + i % 90, &hash, 8);
    FIRN_TRY(builder->add({list.at(i), Slice(std::string_view(value)), Seq{1 + i}, EntryKind::kPut, 0}, hash));
  }
  return builder->finish().status();
}

// One table of a million entries in the file system, made once.
struct Fixture {
  std::unique_ptr<Env> memory_env = new_memory_env();
  std::unique_ptr<Directory> directory;

  Fixture() {
    char path[] = "/tmp/firn_table_bench_XXXXXX";
    if (mkdtemp(path) == nullptr) std::abort();
    directory = std::move(posix_env().open_directory(path, true).value());
    for (Compression compression : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
      if (!compression_is_built_in(compression)) continue;
      require(build(directory->open_file(name(compression), OpenMode::kCreate).value().get(), compression));
    }
  }
  ~Fixture() {
    for (Compression compression : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
      static_cast<void>(directory->remove(name(compression)));
    }
    static_cast<void>(std::remove(directory->path().c_str()));
  }
  static std::string name(Compression compression) { return "table" + std::to_string(static_cast<int>(compression)); }
  std::unique_ptr<Table> open(Compression compression, TableIo io) const {
    auto file = directory->open_file(name(compression), OpenMode::kRead);
    require(file.status());
    auto table = Table::open(std::move(file.value()), kIdentity, io);
    require(table.status());
    return std::move(table.value());
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
  const auto directory = std::move(fixture().memory_env->open_directory("/", true).value());
  for (auto _ : state) {
    const auto file = std::move(directory->open_file("built", OpenMode::kCreate).value());
    require(build(file.get(), compression));
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

size_t next_of(size_t i) { return i + 1 == kEntryCount ? 0 : i + 1; }

void BM_Find(benchmark::State& state, bool present) {
  const auto table = open_for(state);
  require(table->verify(kHashSeed));
  const KeyList& list = present ? keys().shuffled : keys().absent;
  size_t i = 0;
  for (auto _ : state) {
    const InternalKey key = list.at(i);
    Entry entry;
    const Status status = table->find(key, hash_key(kHashSeed, key), &entry);
    benchmark::DoNotOptimize(status.code());
    if (present) benchmark::DoNotOptimize(entry.value[0]);
    i = next_of(i);
  }
}
BENCHMARK_CAPTURE(BM_Find, hit, true)->ArgNames({"compression", "pread"})->Args({0, 0})->Args({0, 1});
BENCHMARK_CAPTURE(BM_Find, miss, false)->ArgNames({"compression", "pread"})->Args({0, 0});

// 32 keys at a time, the lines of all asked for before the first is looked at.
void BM_FindMany(benchmark::State& state) {
  const auto table = open_for(state);
  require(table->verify(kHashSeed));
  const KeyList& list = keys().shuffled;
  constexpr size_t kBatch = 32;
  size_t i = 0;
  for (auto _ : state) {
    uint64_t batch[kBatch];
    for (size_t k = 0; k < kBatch; ++k) table->prefetch(batch[k] = hash_key(kHashSeed, list.at(i + k)));
    for (uint64_t hash : batch) table->prefetch_entry(hash);
    for (size_t k = 0; k < kBatch; ++k) {
      Entry entry;
      require(table->find(list.at(i + k), batch[k], &entry));
      benchmark::DoNotOptimize(entry.value[0]);
    }
    i = i + 2 * kBatch > kEntryCount ? 0 : i + kBatch;
  }
  per_entry(state, kBatch);
}
BENCHMARK(BM_FindMany)->ArgNames({"compression", "pread"})->Args({0, 0});

// The limit of a find: in the same mapped file two loads, the place of the second depending on what the first gave. And of a miss: one.
void BM_FindLimit(benchmark::State& state, bool present) {
  auto file = fixture().directory->open_file(Fixture::name(Compression::kNone), OpenMode::kRead);
  require(file.status());
  const uint64_t line_count = file.value()->size().value() / 64;
  auto mapping = file.value()->map(line_count * 64, false);
  require(mapping.status());
  mapping.value()->advise_random();
  const uint8_t* const data = mapping.value()->data();
  const uint64_t index_lines = kEntryCount / 10;  // at the end of the file, as the hash index
  for (uint64_t line = 0; line < line_count; ++line) benchmark::DoNotOptimize(data[line * 64]);
  const KeyList& list = keys().shuffled;
  size_t i = 0;
  uint64_t loaded = 0;
  for (auto _ : state) {
    // The last round's value goes into this round's place, so that rounds do not overlap more than calls of find() do.
    const uint64_t hash = hash_key(kHashSeed, list.at(i)) + (loaded & 1);
    loaded = data[(line_count - 1 - hash % index_lines) * 64];
    if (present) loaded = data[((hash >> 32) + loaded) % (line_count - index_lines) * 64];
    benchmark::DoNotOptimize(loaded);
    i = next_of(i);
  }
}
BENCHMARK_CAPTURE(BM_FindLimit, hit, true);
BENCHMARK_CAPTURE(BM_FindLimit, miss, false);

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
  static_cast<void>(fixture());
  for (auto _ : state) {
    const auto table = open_for(state);
    const auto iterator = table->new_iterator(true);
    for (iterator->seek_to_first(); iterator->valid(); iterator->next()) benchmark::DoNotOptimize(iterator->entry().value.data());
    require(iterator->status());
  }
  per_entry(state, kEntryCount);
}
BENCHMARK(BM_FirstScan)
    ->ArgNames({"compression", "pread"})
    ->Args({0, 0})
    ->Args({0, 1})
    ->Args({1, 1})
    ->Args({2, 1})
    ->Unit(benchmark::kMillisecond);

void BM_Seek(benchmark::State& state) {
  const auto table = open_for(state);
  require(table->verify(kHashSeed));
  const auto iterator = table->new_iterator(false);
  size_t i = 0;
  for (auto _ : state) {
    iterator->seek(keys().shuffled.at(i));
    benchmark::DoNotOptimize(iterator->entry().value.data());
    i = next_of(i);
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
