// The rows of the comparison, and the groups that measure them. A group is one life of a database: a fresh directory and a fresh child process
// (several, one after the other, where a database is reopened). Rows that need the same state share a group, so that it is built once.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/engine.h"
#include "compare/measure.h"
#include "compare/options.h"

namespace bench {

enum Needs : unsigned { kNothing = 0, kOrder = 1, kFiles = 2, kThreads = 4, kCounters = 8 };

struct Workload {
  const char* name;
  const char* group;
  const char* metric;  // the one that the table shows
  const char* unit;
  bool higher_is_better;
  unsigned needs;  // of what a store has
  const char* text;
};

struct Group {
  const char* name;
  unsigned stage_count = 1;   // child processes, one after the other, in the same directory
  bool only_by_name = false;  // not part of a run that names no rows
  bool time_keys = false;     // of KeyKind::kTime, whatever --key-kind says
  bool scattered_keys = false;
  bool production_values = false;  // of the sizes that production_mix.h gives; else of --value-bytes
};

std::span<const Workload> workloads();
std::span<const Group> groups();
const Workload* find_workload(std::string_view name);
bool selected(const Options& options, const Workload& workload);
bool can_run(const EngineInfo& engine, const Workload& workload);

// What a stage has at hand, in the child.
class Run {
 public:
  Run(const Options& options, const EngineInfo& engine, const Group& group);
  const Options& options() const { return options_; }
  const EngineInfo& info() const { return info_; }
  const Keys& keys() const { return keys_; }
  const Values& values() const { return values_; }
  uint64_t key_count() const { return options_.key_count; }
  // Of all keys with a value each.
  uint64_t data_bytes() const { return keys_.total_bytes(key_count()) + key_count() * values_.mean_bytes(); }
  bool wants(std::string_view workload) const;
  void open(Durability durability, uint64_t key_count);
  void close() { engine_.reset(); }
  Engine& engine() { return *engine_; }
  const ProcessStats& baseline() const { return baseline_; }  // before the first open
  // Hands a result to the parent, when the row was asked for.
  void emit(std::string_view workload, const Metrics& metrics) const;
  // Fails the run unless the engine is one whose answers cannot be right.
  void require(bool right, const std::string& what) const;
  // A phase of `operations` within the limits of the command line.
  Phase phase(uint64_t operations, unsigned threads = 1) const;

 private:
  const Options& options_;
  const EngineInfo& info_;
  Keys keys_;
  Values values_;
  ProcessStats baseline_;
  std::unique_ptr<Engine> engine_;
};

// What a scan has to give: `count` entries or, where others insert, up to its limit; the first one is that of index `first`.
struct ExpectedEntries {
  uint64_t first;
  uint64_t count;
};

// One thread's way to the store: a session, a key buffer, a value buffer, and the count of wrong answers.
class Client {
 public:
  explicit Client(Run& run)
      : run_(run),
        session_(run.engine().session()),
        sink_(run.values()),
        scanned_(run.keys(), run.values(), EntryCheck::kPlaces),
        key_(run.keys().room(), '0'),
        value_(run.values().room(), '0') {}
  ~Client() {
    run_.require(sink_.wrong_count() == 0, std::to_string(sink_.wrong_count()) + " wrong values");
    run_.require(scanned_.wrong_count() == 0, std::to_string(scanned_.wrong_count()) + " wrong or missing entries of scans");
    run_.require(missing_count_ == 0, std::to_string(missing_count_) + " keys missing");
    run_.require(phantom_count_ == 0, std::to_string(phantom_count_) + " keys that were never written or are removed");
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Session& session() { return *session_; }
  void put(uint64_t index, uint8_t generation) {
    const std::string_view key = key_of(index);
    session_->put(key, {value_.data(), run_.values().make(index, generation, value_.data())});
  }
  void get(uint64_t index) {
    sink_.expect(&index);
    missing_count_ += !session_->get(key_of(index), sink_);
  }
  void get_missing(uint64_t index) {
    sink_.expect(&index);
    phantom_count_ += session_->get({key_.data(), run_.keys().make_missing(index, key_.data())}, sink_);
  }
  // Of a key that was removed.
  void get_absent(uint64_t index) {
    sink_.expect(&index);
    phantom_count_ += session_->get(key_of(index), sink_);
  }
  void remove(uint64_t index) { session_->remove(key_of(index)); }
  void scan(uint64_t index, uint64_t limit, ExpectedEntries expected) {
    scanned_.begin(expected.first);
    session_->scan(key_of(index), limit, scanned_);
    scanned_.end(expected.count, run_.keys().scattered() ? limit : expected.count);
  }
  ValueSink& sink() { return sink_; }
  void count_missing(uint64_t count) { missing_count_ += count; }

 private:
  // Until the next key is made.
  std::string_view key_of(uint64_t index) { return {key_.data(), run_.keys().make(index, key_.data())}; }

  Run& run_;
  std::unique_ptr<Session> session_;
  ValueSink sink_;
  EntrySink scanned_;
  std::string key_, value_;
  uint64_t missing_count_ = 0, phantom_count_ = 0;
};

// Writes indexes [0, count) once each: in order, or permuted by a seed other than 0.
Metrics fill(Run& run, uint64_t count, uint64_t order_seed, uint8_t generation, unsigned threads = 1);
// Verifies every byte of indexes [0, count), which also warms the caches.
void audit(Run& run, uint64_t count);

// Scans of `limit` entries, each from a uniform index in [first, end).
Metrics scan_from(Run& run, uint64_t first, uint64_t end, uint64_t limit);

constexpr double kWholeLoadSeconds = 1e6;  // the seconds_max of a phase that is never cut short

void run_sequential(Run& run);
void run_random(Run& run);
void run_batch(Run& run);
void run_sync(Run& run);
void run_reads(Run& run);
void run_read_while_writing(Run& run);
void run_mixed(Run& run);
void run_timeseries(Run& run);
void run_ycsb(Run& run);
void run_counter(Run& run);
void run_sustained(Run& run);
void run_recovery(Run& run, unsigned stage);
void run_open(Run& run, unsigned stage);
void run_empty(Run& run, unsigned stage);

// The child's main: runs options.child_group ("group/stage") on options.child_engine.
int run_child(const Options& options);

}  // namespace bench
