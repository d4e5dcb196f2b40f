// A row of an earlier system's benchmark (shared/seeds.md): what it does, at which durability, and how it is run on Firn.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/measure.h"
#include "seeds/store.h"

namespace bench {

// One way to run a row. The first of a row is compared with the seed's figure; the others are printed beside it.
struct Variant {
  const char* name;             // Firn's place on the ladder of seeds.md, section 6, and what else differs
  const char* options = "";     // for firn_options_parse
  bool in_memory = false;       // ":memory:"
  bool preformatted = false;    // keys are formatted before the clock starts
  unsigned commits_a_sync = 0;  // the caller syncs after so many commits; 0: never
};

// Levels that several seeds have.
inline constexpr Variant kOs{"os", "durability=process"};
inline constexpr Variant kStrict{"strict", "durability=sync"};

class Run;

struct Row {
  const char* name;        // "seed.row"
  const char* workload;    // one sentence
  const char* durability;  // the seed's
  std::vector<Variant> variants;
  std::function<void(Run&)> run;
};

// One of several rows that differ in a number only.
struct Sized {
  const char* name;
  uint64_t size;
};

// In the order of seeds.md.
std::vector<Row> bitcask_rows();
std::vector<Row> murakami_rows();
std::vector<Row> strata_rows();
std::vector<Row> golite_rows();
std::vector<Row> namestore_rows();
const std::vector<Row>& all_rows();
// Whether `name` is the row's or its seed's.
bool is_meant(const Row& row, std::string_view name);

// How much of a row is done.
struct Extent {
  double scale = 1;        // of the numbers of operations and keys; 1: the seed's
  double seconds_max = 2;  // a phase ends after this time, done or not
};

// What a row has at hand, in its child process.
class Run {
 public:
  Run(const Row& row, const Variant& variant, const Extent& extent, const std::string& dir, int result_fd)
      : row_(row), variant_(variant), extent_(extent), dir_(dir), result_fd_(result_fd) {}
  const Variant& variant() const { return variant_; }
  // A number of operations or keys at the scale of this run.
  uint64_t scaled(uint64_t count) const;
  // The database of the row, with the options of the variant and of the row. `name` tells several of one run apart.
  std::string path(const std::string& name = "db") const { return variant_.in_memory ? ":memory:" : dir_ + "/" + name; }
  std::string options(const std::string& more = "") const;
  Phase phase(uint64_t operations, unsigned threads = 1) const;
  // make_op(thread) gives op(i) of a thread, as in run_phase. Hands the figures to the parent; returns the operations that were done.
  template <class MakeOp>
  uint64_t measure(const Phase& phase, MakeOp&& make_op) {
    return emit(run_phase(phase, std::forward<MakeOp>(make_op)));
  }
  // One thread, one op.
  template <class Op>
  uint64_t measure_one(uint64_t operations, Op&& op) {
    return measure(phase(operations), [&op](unsigned) { return [&op](uint64_t i) { op(i); }; });
  }
  // Each op(i) is timed alone, with prepare(i) before it and check(i) behind it that are not.
  template <class Prepare, class Op, class Check>
  void measure_prepared(uint64_t operations, Prepare&& prepare, Op&& op, Check&& check) {
    const Phase phase{.operations = operations, .sample_all = true};
    std::vector<Sampler> samplers(1, Sampler(phase, 0));
    const ProcessStats before = process_stats();
    uint64_t total_ns = 0;
    for (uint64_t i = 0; i < operations; ++i) {
      prepare(i);
      const uint64_t start_ns = now_ns();
      op(i);
      const uint64_t took_ns = now_ns() - start_ns;
      samplers[0].take(took_ns);
      total_ns += took_ns;
      check(i);
    }
    Metrics metrics = phase_metrics(phase, operations, static_cast<double>(total_ns) / 1e9, samplers, before);
    for (const char* of_all : {"foreign_cpu", "cpu_ns_op", "syncs", "written_bytes"}) metrics.erase(of_all);  // of what was not timed, too
    emit(metrics);
  }

 private:
  uint64_t emit(Metrics metrics) const;
  const Row& row_;
  const Variant& variant_;
  const Extent& extent_;
  const std::string& dir_;
  int result_fd_;
};

// Names for a timed loop: formatted in it or, when the variant says so, before it. One a thread.
class LoopNames {
 public:
  LoopNames(const Run& run, std::string_view prefix, uint64_t count) : name_(prefix) {
    if (run.variant().preformatted) ready_ = numbered_names(prefix, count);
  }
  std::string_view operator()(uint64_t i) { return ready_.empty() ? name_(i) : std::string_view(ready_[i]); }

 private:
  NumberedName name_;
  std::vector<std::string> ready_;
};

}  // namespace bench
