// One measured phase: threads that start together, each with its own session, and a clock that is read once in about 32 operations.
//
// Latencies are those of the sampled operations. A pause that hits an operation which was not sampled still shows in pause_max_us, the longest time
// between two samples less the time that its operations take at the median: an upper bound of the longest single operation.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "compare/process_stats.h"
#include "compare/random.h"

namespace bench {

using Metrics = std::map<std::string, double>;

struct Phase {
  uint64_t operations = 0;  // of all threads
  unsigned threads = 1;
  uint64_t units = 1;       // entries an operation (a batch of 1000)
  bool sample_all = false;  // for operations that take microseconds
  double seconds_max = 20;  // a phase that takes longer ends early; what was done counts
};

class Sampler {
 public:
  Sampler(const Phase& phase, uint64_t seed) : random_(seed), sample_all_(phase.sample_all) {
    latencies_ns_.reserve(phase.operations / phase.threads / (sample_all_ ? 1 : 16) + 1);
  }
  // Runs op(0) .. op(count - 1), or until the deadline; returns how many.
  template <class Op>
  uint64_t run(uint64_t count, uint64_t deadline_ns, Op&& op) {
    uint64_t done = 0, last = now_ns();
    while (done < count) {
      const uint64_t gap = sample_all_ ? 0 : 16 + random_.below(32);
      for (const uint64_t stop = std::min(count - 1, done + gap); done < stop; ++done) op(done);
      const uint64_t before = now_ns();
      op(done++);
      const uint64_t after = now_ns();
      add(after - before, after - last, gap + 1);
      last = after;
      if (after > deadline_ns) break;
    }
    return done;
  }
  // An operation that was timed elsewhere.
  void take(uint64_t latency_ns) { add(latency_ns, latency_ns, 1); }
  const std::vector<uint32_t>& latencies_ns() const { return latencies_ns_; }
  uint64_t block_max_ns() const { return block_max_ns_; }
  uint64_t block_max_operations() const { return block_max_operations_; }

 private:
  void add(uint64_t latency_ns, uint64_t block_ns, uint64_t operations) {
    latencies_ns_.push_back(static_cast<uint32_t>(std::min<uint64_t>(latency_ns, UINT32_MAX)));
    if (block_ns > block_max_ns_) {
      block_max_ns_ = block_ns;
      block_max_operations_ = operations;
    }
  }
  Random random_;
  bool sample_all_;
  std::vector<uint32_t> latencies_ns_;
  uint64_t block_max_ns_ = 0, block_max_operations_ = 0;
};

// The metrics of a phase from its threads' samplers and the process's counters before it.
Metrics phase_metrics(const Phase& phase, uint64_t done, double seconds, const std::vector<Sampler>& samplers, const ProcessStats& before);

class Histogram;
// The metrics of operations that were all timed: their rate in `seconds` and their times.
Metrics time_metrics(const Histogram& times, double seconds);

// What the process used since `before` and has in memory now, and what others used of the machine meanwhile.
Metrics usage_metrics(const ProcessStats& before, double seconds, double operations);

// make_op(thread) is called in the thread, before the clock starts, and returns its op(i), i counting from 0 in each thread.
template <class MakeOp>
Metrics run_phase(const Phase& phase, MakeOp&& make_op) {
  std::vector<Sampler> samplers;
  for (unsigned t = 0; t < phase.threads; ++t) samplers.emplace_back(phase, t);
  std::atomic<unsigned> ready{0};
  std::atomic<uint64_t> start_ns{0}, end_ns{0}, done{0};
  const uint64_t each = phase.operations / phase.threads;
  const auto body = [&](unsigned t) {
    auto op = make_op(t);
    ready.fetch_add(1);
    while (start_ns.load(std::memory_order_acquire) == 0) std::this_thread::yield();
    const uint64_t deadline = start_ns.load() + static_cast<uint64_t>(phase.seconds_max * 1e9);
    done.fetch_add(samplers[t].run(each, deadline, op));
    const uint64_t now = now_ns();
    for (uint64_t end = end_ns.load(); end < now && !end_ns.compare_exchange_weak(end, now);) {
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < phase.threads; ++t) threads.emplace_back(body, t);
  while (ready.load() < phase.threads) std::this_thread::yield();
  const ProcessStats before = process_stats();
  start_ns.store(now_ns(), std::memory_order_release);
  for (auto& thread : threads) thread.join();
  return phase_metrics(phase, done.load(), static_cast<double>(end_ns.load() - start_ns.load()) / 1e9, samplers, before);
}

}  // namespace bench
