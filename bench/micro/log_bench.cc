// The durable log beside its limits: a memcpy with a checksum into memory, a log of plain write(2) calls, and (log_rocksdb.cc) RocksDB's. 256 B a record unless named. Durable
// rows count the system calls that make them so. The rows of the log that this one replaces are in bench/seeds/murakami.cc.
//   FIRN_BENCH_DIR=/some/disk log_bench --benchmark_filter=Append
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <firn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/checksum.h"
#include "base/coding.h"
#include "log_place.h"

// Stands before libc's for the library too, which is linked statically.
extern "C" int fdatasync(int fd) {
  log_bench::sync_count.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

namespace {

using namespace log_bench;

constexpr uint64_t kRingBytes = uint64_t{64} << 20;

const uint8_t* octets(const std::string& bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

firn_log* open_log(const std::string& path, const std::string& text) {
  firn_options* options = firn_options_new();
  stop_unless(firn_options_parse(options, text.c_str()) == FIRN_OK, "an option is not taken");
  firn_error error = FIRN_ERROR_INIT;
  firn_log* log = firn_log_open(path.c_str(), options, &error);
  firn_options_free(options);
  if (log == nullptr) std::fprintf(stderr, "%s %s\n", error.message, error.file);
  stop_unless(log != nullptr, "the log does not open");
  return log;
}

void fill(firn_log* log, uint64_t count, size_t bytes = kRecordBytes) {
  const std::string record = payload(bytes);
  for (uint64_t i = 0; i < count; i++) stop_unless(firn_log_append(log, octets(record), record.size()) >= 0, "an append failed");
}

int64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// What all threads of a benchmark share: thread 0 makes it before, and removes it behind, Google Benchmark's barriers.
struct Shared {
  std::unique_ptr<Place> place;
  firn_log* log = nullptr;

  void open(const std::string& options) {
    place = std::make_unique<Place>();
    log = open_log(place->file("log"), options);
    sync_count = 0;
  }
  void close() {
    firn_log_close(log);
    place.reset();
  }
};
Shared shared;

// Bounds the disk that a row takes; whole segments go in the background.
const std::string kBounded = "retention_bytes=1GiB,durability=";

void report(benchmark::State& state, size_t bytes) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

// ---- Limits

void LimitMemcpyAndChecksum(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const std::string record = payload(bytes);
  std::vector<uint8_t> ring(kRingBytes, 1);
  uint64_t at = 0;
  for (auto _ : state) {
    if (at + bytes + 8 > kRingBytes) at = 0;
    std::memcpy(&ring[at + 8], record.data(), bytes);
    firn::store(&ring[at], firn::crc32(0, firn::Slice(&ring[at + 8], bytes)));
    at += firn::round_up(bytes + 8, 8);
    benchmark::ClobberMemory();
  }
  report(state, bytes);
}
BENCHMARK(LimitMemcpyAndChecksum)->Arg(64)->Arg(256)->Arg(512)->Arg(1024);

// A log of plain write(2) calls, and the ways in which such a log becomes durable.
void plain_writes(benchmark::State& state, size_t bytes, int flags, bool sync) {
  const std::string record = payload(bytes);
  const Place place;
  const int fd = ::open(place.file("plain").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0600);
  std::string framed(8 + bytes, '\0');
  for (auto _ : state) {
    std::memcpy(framed.data() + 8, record.data(), bytes);
    firn::store(reinterpret_cast<uint8_t*>(framed.data()), firn::crc32(0, firn::Slice(octets(record), bytes)));
    stop_unless(::write(fd, framed.data(), framed.size()) == static_cast<ssize_t>(framed.size()), "write failed");
    if (sync) stop_unless(::fdatasync(fd) == 0, "fdatasync failed");
  }
  ::close(fd);
  report(state, bytes);
}
void LimitPlainWrite(benchmark::State& state) { plain_writes(state, static_cast<size_t>(state.range(0)), 0, false); }
void LimitWriteAndFdatasync(benchmark::State& state) { plain_writes(state, kRecordBytes, 0, true); }
void LimitWriteWithODsync(benchmark::State& state) { plain_writes(state, kRecordBytes, O_DSYNC, false); }
void LimitWriteWithOSync(benchmark::State& state) { plain_writes(state, kRecordBytes, O_SYNC, false); }
BENCHMARK(LimitPlainWrite)->Arg(64)->Arg(256)->Arg(512)->Arg(1024);
BENCHMARK(LimitWriteAndFdatasync)->UseRealTime();
BENCHMARK(LimitWriteWithODsync)->UseRealTime();
BENCHMARK(LimitWriteWithOSync)->UseRealTime();

// ---- Appends

void Append(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const std::string record = payload(bytes);
  const Place place;
  firn_log* log = open_log(place.file("log"), kBounded + "process");
  for (auto _ : state) benchmark::DoNotOptimize(firn_log_append(log, octets(record), bytes));
  report(state, bytes);
  firn_log_close(log);
}
BENCHMARK(Append)->Arg(64)->Arg(256)->Arg(512)->Arg(1024);

// In stretches with a pause behind each, in which the keeper makes the pages ahead present: what an append itself costs, in processor time. The median and the
// lowest decile of the stretches.
void AppendInStretches(benchmark::State& state) {
  constexpr int kAppendCount = 5000;
  const auto bytes = static_cast<size_t>(state.range(0));
  const std::string record = payload(bytes);
  const Place place;
  firn_log* log = open_log(place.file("log"), kBounded + "process");
  fill(log, 100'000, bytes);
  std::vector<double> append_ns;
  for (auto _ : state) {
    const int64_t begin_ns = thread_cpu_ns();
    for (int i = 0; i < kAppendCount; i++) benchmark::DoNotOptimize(firn_log_append(log, octets(record), bytes));
    const auto stretch_ns = static_cast<double>(thread_cpu_ns() - begin_ns);
    state.SetIterationTime(stretch_ns * 1e-9);
    append_ns.push_back(stretch_ns / kAppendCount);
    usleep(300);
  }
  std::sort(append_ns.begin(), append_ns.end());
  state.counters["append_ns_p50"] = append_ns[append_ns.size() / 2];
  state.counters["append_ns_p10"] = append_ns[append_ns.size() / 10];
  firn_log_close(log);
}
BENCHMARK(AppendInStretches)->Arg(64)->Arg(256)->Arg(512)->Arg(1024)->Iterations(200)->UseManualTime();

// How long single appends take, each looked at: percentiles, in wall-clock time, the two readings of the clock (about 40 ns) included. range 0: the option
// durability is process; 1: sync.
void AppendLatencies(benchmark::State& state) {
  const std::string record = payload(kRecordBytes);
  const Place place;
  firn_log* log = open_log(place.file("log"), kBounded + (state.range(0) == 0 ? "process" : "sync"));
  std::vector<double> latencies;
  latencies.reserve(static_cast<size_t>(state.max_iterations));
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(firn_log_append(log, octets(record), record.size()));
    latencies.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&latencies](double part) { return latencies[static_cast<size_t>(part * static_cast<double>(latencies.size() - 1))]; };
  state.counters["p50_ns"] = at(0.5);
  state.counters["p99_ns"] = at(0.99);
  state.counters["p99.9_ns"] = at(0.999);
  state.counters["max_ns"] = at(1);
  report(state, kRecordBytes);
  firn_log_close(log);
}
BENCHMARK(AppendLatencies)->ArgName("sync")->Arg(0)->Arg(1)->UseRealTime();

void AppendBatchOf100(benchmark::State& state) {
  const auto bytes = static_cast<uint32_t>(state.range(0));
  std::string packed;
  for (int i = 0; i < 100; i++) packed.append(reinterpret_cast<const char*>(&bytes), sizeof bytes).append(payload(bytes));
  const Place place;
  firn_log* log = open_log(place.file("log"), kBounded + "process");
  for (auto _ : state) benchmark::DoNotOptimize(firn_log_append_batch(log, octets(packed), packed.size()));
  state.SetItemsProcessed(state.iterations() * 100);
  firn_log_close(log);
}
BENCHMARK(AppendBatchOf100)->Arg(64)->Arg(256);

void SyncWriters(benchmark::State& state) {
  if (state.thread_index() == 0) shared.open(kBounded + "sync");
  const std::string record = payload(kRecordBytes);
  for (auto _ : state) benchmark::DoNotOptimize(firn_log_append(shared.log, octets(record), record.size()));
  report(state, kRecordBytes);
  if (state.thread_index() == 0) {
    const uint64_t records = firn_log_bounds(shared.log).next;
    state.counters["records_per_sync"] = static_cast<double>(records) / static_cast<double>(std::max<uint64_t>(sync_count, 1));
    shared.close();
  }
}
BENCHMARK(SyncWriters)->Threads(1)->Threads(4)->Threads(16)->UseRealTime();

// ---- Reads

void ReadChunksOf64KiB(benchmark::State& state) {
  const Place place;
  firn_log* log = open_log(place.file("log"), "");
  fill(log, 50'000);
  std::vector<uint8_t> chunk(64 << 10);
  uint64_t from = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    const int64_t filled = firn_log_read_chunk(log, from, chunk.data(), chunk.size());
    bytes += filled;
    from = filled == 0 ? 0 : from + static_cast<uint64_t>(filled) / (20 + kRecordBytes);
  }
  state.SetItemsProcessed(bytes / static_cast<int64_t>(20 + kRecordBytes));
  firn_log_close(log);
}
BENCHMARK(ReadChunksOf64KiB);

// ---- Opening

// A child fills the log and ends without closing it; time is that of the opening, the pages being cached. Only the tail is read, unless every record
// is to be verified. What was not synced the opening makes durable; with `is_synced` that is one record.
void recover(benchmark::State& state, const char* options, bool is_synced) {
  const auto count = static_cast<uint64_t>(state.range(0));
  uint64_t replayed = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const Place place;
    const pid_t child = fork();
    if (child == 0) {
      firn_log* const log = open_log(place.file("log"), "");
      fill(log, count - 1);
      if (is_synced) stop_unless(firn_log_sync(log) == FIRN_OK, "a sync failed");
      fill(log, 1);
      _exit(0);
    }
    int status = 0;
    stop_unless(waitpid(child, &status, 0) == child && status == 0, "the child failed");
    state.ResumeTiming();
    firn_log* log = open_log(place.file("log"), options);
    state.PauseTiming();
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    firn_log_recovery(log, &info);
    replayed = info.records_replayed;
    stop_unless(firn_log_bounds(log).next == count, "records are missing");
    firn_log_close(log);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(count));
  state.counters["records_replayed"] = static_cast<double>(replayed);
}
void Recovery(benchmark::State& state) { recover(state, "", true); }
void RecoveryUnsynced(benchmark::State& state) { recover(state, "", false); }
void RecoveryVerifyingAll(benchmark::State& state) { recover(state, "verify_on_open=true,read_only=true", true); }
void small(benchmark::internal::Benchmark* row) { row->Arg(1'000)->Arg(10'000)->Arg(100'000); }
void large(benchmark::internal::Benchmark* row) { row->Arg(1'000'000)->Arg(10'000'000); }
void once(benchmark::internal::Benchmark* row) { row->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond); }
BENCHMARK(Recovery)->Apply(large)->Apply(once);
BENCHMARK(RecoveryUnsynced)->Apply(small)->Apply(large)->Apply(once);
BENCHMARK(RecoveryVerifyingAll)->Apply(small)->Apply(large)->Apply(once);

}  // namespace
