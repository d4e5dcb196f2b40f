// A script of acts on a database. What an act does follows from its place in the script, so a script is a list of kinds. While the namespace "side" is there batches and
// transactions write to it too, and so does one put in three.
// Threading: one thread.
#pragma once

#include <string>
#include <vector>

#include "crashfs/subject.h"

namespace firn {

enum class Act {
  kPut,
  kPutSync,
  kDelete,
  kBatch,
  kAdd,
  kCompareSwap,
  kTransaction,
  kDeleteRange,
  kFlush,
  kCompact,
  kNamespace,  // opens a namespace and puts into it, or drops it when it is there
  kReopen,
  kClear,
  kSync,
  kBigPut,
  kPause,  // a second passes, and the jobs that are due are done
  kPutNoSync,
};
inline constexpr size_t kExhaustiveActCount = 12;  // kPut .. kReopen
const char* name_of(Act act);

class DatabaseScript final : public Script {
 public:
  // `value_bytes` of a put; `options` as for firn_options_parse; single_threaded=true is added.
  DatabaseScript(std::string name, std::string options, size_t value_bytes, std::vector<Act> acts);

  size_t size() const override { return acts.size(); }
  std::string act_name(size_t i) const override { return name_of(acts[i]); }
  ModelState apply(size_t i, const ModelState& before) const override;
  ModelState apply_probe(const ModelState& before) const override;
  bool is_durable(size_t i) const override;
  size_t floor_after(size_t i) const override;
  bool process_death_keeps_all() const override;
  std::unique_ptr<Subject> make_subject() const override;

  std::string options;
  size_t value_bytes;
  std::vector<Act> acts;
  size_t act_offset = 0;  // added to an act's place: what it does

 private:
  uint64_t every_count() const;  // of durability=every:N; 0: another durability
};

}  // namespace firn
