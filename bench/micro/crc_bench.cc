// The checksum of every record and block: zlib's crc32 against libdeflate's, over cached and over cold buffers, with memcpy as the limit beside them.
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <vector>
#ifdef BENCH_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

namespace {

constexpr size_t kColdBytes = 256 << 20;  // far above the last-level cache

std::vector<unsigned char> filled(size_t size) {
  std::vector<unsigned char> bytes(size);
  uint64_t state = 1;
  for (auto& byte : bytes) byte = static_cast<unsigned char>((state = state * 6364136223846793005ULL + 1) >> 56);
  return bytes;
}

uint32_t zlib_crc(const unsigned char* data, size_t size) { return static_cast<uint32_t>(crc32(0, data, static_cast<uInt>(size))); }
#ifdef BENCH_HAVE_LIBDEFLATE
uint32_t libdeflate_crc(const unsigned char* data, size_t size) { return libdeflate_crc32(0, data, size); }
#endif
// The limit: the same bytes, copied.
uint32_t copy(const unsigned char* data, size_t size) {
  static std::vector<unsigned char> target(1 << 20);
  std::memcpy(target.data(), data, size);
  benchmark::DoNotOptimize(target.data());
  benchmark::ClobberMemory();
  return 0;
}

// The next call waits for the last result, as an append waits for its checksum.
template <uint32_t (*kWork)(const unsigned char*, size_t)>
void cached(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  const auto bytes = filled(size + 64);
  uint32_t last = 0;
  for (auto _ : state) benchmark::DoNotOptimize(last = kWork(bytes.data() + (last & 1), size));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

template <uint32_t (*kWork)(const unsigned char*, size_t)>
void cold(benchmark::State& state) {
  static const auto bytes = filled(kColdBytes);
  const auto size = static_cast<size_t>(state.range(0));
  size_t place = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(kWork(bytes.data() + place, size));
    place = (place + 7919 * 4096 + size) % (kColdBytes - size);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t size : {16, 64, 128, 256, 1024, 4096, 32768}) bench->Arg(size);
}

BENCHMARK(cached<zlib_crc>)->Apply(sizes);
BENCHMARK(cold<zlib_crc>)->Apply(sizes);
#ifdef BENCH_HAVE_LIBDEFLATE
BENCHMARK(cached<libdeflate_crc>)->Apply(sizes);
BENCHMARK(cold<libdeflate_crc>)->Apply(sizes);
#endif
BENCHMARK(cached<copy>)->Apply(sizes);
BENCHMARK(cold<copy>)->Apply(sizes);

}  // namespace
