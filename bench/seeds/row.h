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

// In the order of seeds.md.
std::vector<Row> bitcask_rows();
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
