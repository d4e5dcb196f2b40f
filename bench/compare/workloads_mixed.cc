// Gets, puts and scans in one stream, as production_mix.h says; every operation is timed (one reading of the clock each), by its kind.
#include "compare/histogram.h"
#include "compare/production_mix.h"
#include "compare/workloads.h"

namespace bench {
namespace {

constexpr uint64_t kOperationsFactor = 2;  // of --ops: enough scans for a p99.9

struct KindTimes {
  Histogram get, put, scan;
  void merge(const KindTimes& other) {
    get.merge(other.get);
    put.merge(other.put);
    scan.merge(other.scan);
  }
};

// One thread's part. Keys are drawn before the clock starts, as everywhere.
class Worker {
 public:
  Worker(Run& run, unsigned thread, uint64_t operations, KindTimes& times)
      : key_count_(run.key_count()),
        client_(run),
        random_(900 + thread),
        lengths_(mix_scan_lengths()),
        times_(times),
        indexes_(operations) {
    const MixKeys keys(run.key_count());
    for (auto& index : indexes_) index = static_cast<uint32_t>(keys(random_));
  }
  void step(uint64_t i) {
    if (i == 0) last_ns_ = now_ns();
    Histogram& times = operate(indexes_[i], static_cast<uint8_t>(i));
    const uint64_t now = now_ns();
    times.add(now - last_ns_);
    last_ns_ = now;
  }

 private:
  Histogram& operate(uint64_t index, uint8_t generation) {
    const uint64_t die = random_.below(100);
    if (die < kMixGetPercent) {
      client_.get(index);
      return times_.get;
    }
    if (die < kMixGetPercent + kMixPutPercent) {
      client_.put(index, generation);
      return times_.put;
    }
    const uint64_t limit = lengths_[random_.below(lengths_.size())];
    client_.scan(index, limit, {.first = index, .count = std::min(limit, key_count_ - index)});
    return times_.scan;
  }
  uint64_t key_count_;
  Client client_;
  Random random_;
  std::vector<uint32_t> lengths_;
  KindTimes& times_;
  std::vector<uint32_t> indexes_;
  uint64_t last_ns_ = 0;
};

void run_mix(Run& run, unsigned threads, const std::string& suffix) {
  const std::string name = "mixed" + suffix;
  const std::pair<std::string, Histogram KindTimes::*> kinds[] = {
      {"mixed_get" + suffix, &KindTimes::get}, {"mixed_put" + suffix, &KindTimes::put}, {"mixed_scan" + suffix, &KindTimes::scan}};
  const auto wanted = [&](const auto& kind) { return run.wants(kind.first); };
  if (!run.wants(name) && std::none_of(std::begin(kinds), std::end(kinds), wanted)) return;
  const uint64_t each = kOperationsFactor * run.options().operation_count;
  std::vector<KindTimes> times(threads);
  const Metrics metrics = run_phase(run.phase(each * threads, threads), [&](unsigned t) {
    return [worker = std::make_unique<Worker>(run, t, each, times[t])](uint64_t i) { worker->step(i); };
  });
  for (unsigned t = 1; t < threads; ++t) times[0].merge(times[t]);
  run.emit(name, metrics);
  for (const auto& [kind, histogram] : kinds) run.emit(kind, time_metrics(times[0].*histogram, metrics.at("seconds")));
}

}  // namespace

void run_mixed(Run& run) {
  run.open(Durability::kProcess, run.key_count());
  fill(run, run.key_count(), 1, 1);
  audit(run, run.key_count());
  wait_until_quiet(30);
  run_mix(run, 1, "");
  run_mix(run, run.options().threads, "_mt");
}

}  // namespace bench
