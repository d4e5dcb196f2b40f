// Minutes of random inserts and reads, one thread each, flat out, far beyond the memtables: what happens second by second.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "compare/histogram.h"
#include "compare/workloads.h"

namespace bench {
namespace {

constexpr uint64_t kSizingKeysMax = 20'000'000;  // a store's caches are made for so many: they would not fit into memory otherwise
constexpr uint64_t kFreeDiskBytesMin = uint64_t{4} << 30;
constexpr uint64_t kShareEvery = 1024;  // keys: how often the writer tells the reader

// What one thread does, as another one looks at it. A cache line of its own.
struct alignas(128) Progress {
  Histogram times;  // of the thread; to be read when it has ended
  std::atomic<uint64_t> count{0}, pause_ns{0};
  void add(uint64_t ns) {
    times.add(ns);
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (ns > pause_ns.load(std::memory_order_relaxed)) pause_ns.store(ns, std::memory_order_relaxed);
  }
};

class Sustained {
 public:
  explicit Sustained(Run& run) : run_(run), keys_(std::max(run.options().sustained_keys, run.key_count())), written_(run.key_count()) {}
  void operate();
  void report() const;

 private:
  template <class Op>
  void repeat(Progress& progress, Op&& op) {
    uint64_t last = now_ns();
    for (uint64_t i = 0; !stop_.load(std::memory_order_relaxed); ++i) {
      op(i);
      const uint64_t now = now_ns();
      progress.add(now - last);
      last = now;
    }
  }
  void write();
  void read();
  void look_every_second();
  uint64_t live_keys() const { return std::min(written_.load(std::memory_order_relaxed), keys_); }

  Run& run_;
  const uint64_t keys_;
  std::atomic<uint64_t> written_;  // indexes below it are there, modulo keys_
  std::atomic<bool> stop_{false};
  Progress puts_, gets_;
  std::vector<Metrics> seconds_;
  double elapsed_ = 0;  // seconds, until both threads had ended
  Metrics usage_;       // of both threads
};

void Sustained::write() {
  Client client(run_);
  uint64_t next = run_.key_count();
  repeat(puts_, [&](uint64_t) {
    client.put(next % keys_, static_cast<uint8_t>(next / keys_ + 1));
    if (++next % kShareEvery == 0) written_.store(next, std::memory_order_relaxed);
  });
}

void Sustained::read() {
  Client client(run_);
  Random random(1000);
  uint64_t count = 0;
  repeat(gets_, [&](uint64_t i) {
    if (i % kShareEvery == 0) count = live_keys();
    client.get(random.below(count));
  });
}

void Sustained::look_every_second() {
  const auto whole = static_cast<uint64_t>(run_.options().sustained_seconds);
  uint64_t puts = 0, gets = 0, last = now_ns();
  for (uint64_t second = 1; second <= whole; ++second) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(1'000'000'000 - std::min<uint64_t>(now_ns() - last, 999'999'999)));
    const uint64_t now = now_ns(), puts_now = puts_.count.load(), gets_now = gets_.count.load();
    const double ms = static_cast<double>(now - last) / 1e6;
    const ProcessStats stats = process_stats();
    const uint64_t disk_bytes = directory_bytes(run_.options().child_dir);
    const auto mb = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
    seconds_.push_back({{"second", static_cast<double>(second)},
                        {"put_kops", static_cast<double>(puts_now - puts) / ms},
                        {"get_kops", static_cast<double>(gets_now - gets) / ms},
                        {"put_pause_ms", mb(puts_.pause_ns.exchange(0))},
                        {"get_pause_ms", mb(gets_.pause_ns.exchange(0))},
                        {"live_keys", static_cast<double>(live_keys())},
                        {"anonymous_mb", mb(stats.rss_anonymous_bytes) - mb(run_.baseline().rss_anonymous_bytes)},
                        {"mapped_mb", mb(stats.rss_file_bytes) - mb(run_.baseline().rss_file_bytes)},
                        {"disk_mb", mb(disk_bytes)},
                        {"written_mb", mb(stats.written_bytes)},
                        {"dirty_mb", mb(machine_dirty_bytes())}});
    run_.emit("sustained_second", seconds_.back());
    puts = puts_now;
    gets = gets_now;
    last = now;
    std::error_code ignored;
    if (std::filesystem::space(run_.options().child_dir, ignored).available < kFreeDiskBytesMin) {
      std::fprintf(stderr, "bench: %s: the disk is nearly full: sustained ends after %zu s\n", run_.info().name.c_str(), seconds_.size());
      break;
    }
  }
  stop_.store(true);
}

void Sustained::operate() {
  const ProcessStats before = process_stats();
  const uint64_t start = now_ns();
  std::thread writer([this] { write(); }), reader([this] { read(); });
  look_every_second();
  writer.join();
  reader.join();
  elapsed_ = static_cast<double>(now_ns() - start) / 1e9;
  usage_ = usage_metrics(before, elapsed_, static_cast<double>(puts_.times.count() + gets_.times.count()));
}

// The mean of one metric over the seconds [first, end).
double mean(const std::vector<Metrics>& seconds, const char* metric, size_t first, size_t end) {
  double sum = 0;
  for (size_t i = first; i < end; ++i) sum += seconds[i].at(metric);
  return sum / static_cast<double>(end - first);
}

double largest(const std::vector<Metrics>& seconds, const char* metric, size_t first, size_t end) {
  double most = 0;
  for (size_t i = first; i < end; ++i) most = std::max(most, seconds[i].at(metric));
  return most;
}

void Sustained::report() const {
  const size_t count = seconds_.size(), tenth = std::max<size_t>(1, count / 10);
  Metrics puts = time_metrics(puts_.times, elapsed_);
  puts.insert(usage_.begin(), usage_.end());
  run_.emit("sustained_put", puts);
  run_.emit("sustained_get", time_metrics(gets_.times, elapsed_));
  for (const char* kind : {"put", "get"}) {
    const std::string row = std::string("sustained_") + kind, metric = std::string(kind) + "_kops";
    std::vector<double> rates;
    for (const auto& second : seconds_) rates.push_back(second.at(metric));
    std::sort(rates.begin(), rates.end());
    run_.emit(row + "_first", {{"kops", mean(seconds_, metric.c_str(), 0, tenth)}});
    run_.emit(row + "_last", {{"kops", mean(seconds_, metric.c_str(), count - tenth, count)}});
    run_.emit(row + "_lowest", {{"ratio", rates.front() / rates[count / 2]}, {"kops", rates.front()}, {"median_kops", rates[count / 2]}});
    run_.emit(row + "_pause", {{"ms", static_cast<double>((kind[0] == 'p' ? puts_ : gets_).times.max()) / 1e6}});
  }
  const size_t half = count / 2;
  const double earlier = largest(seconds_, "anonymous_mb", half / 2, half + 1), later = largest(seconds_, "anonymous_mb", half, count);
  run_.emit("sustained_memory", {{"mb", std::max(0.0, later - earlier)}, {"before_mb", earlier}, {"after_mb", later}});
  double space = 0;
  const double key_bytes = static_cast<double>(run_.data_bytes()) / static_cast<double>(run_.key_count());
  for (size_t i = half; i < count; ++i)
    space = std::max(space, seconds_[i].at("disk_mb") * 1e6 / (seconds_[i].at("live_keys") * key_bytes));
  run_.emit("sustained_space", {{"ratio", space}, {"live_keys", seconds_.back().at("live_keys")}});
}

}  // namespace

void run_sustained(Run& run) {
  run.open(Durability::kProcess, std::min(kSizingKeysMax, std::max(run.options().sustained_keys, run.key_count())));
  fill(run, run.key_count(), 1, 1);
  const auto sustained = std::make_unique<Sustained>(run);
  sustained->operate();
  sustained->report();
}

}  // namespace bench
