// A script of acts on a durable log. What an act does follows from its place in the script.
// Threading: one thread.
#pragma once

#include <string>
#include <vector>

#include "crashfs/subject.h"
#include "durable_log/durable_log.h"

namespace firn {

enum class LogAct { kAppend, kAppendBatch, kAppendBig, kSync, kTrimBefore, kTrimAfter, kReset, kReopen, kRetain };
inline constexpr size_t kLogExhaustiveActCount = 8;  // kAppend .. kReopen
const char* name_of(LogAct act);

class LogScript final : public Script {
 public:
  LogScript(std::string name, const LogOptions& options, size_t record_bytes, std::vector<LogAct> acts);

  size_t size() const override { return acts.size(); }
  std::string act_name(size_t i) const override { return name_of(acts[i]); }
  ModelState apply(size_t i, const ModelState& before) const override;
  ModelState apply_probe(const ModelState& before) const override;
  bool is_durable(size_t i) const override;
  size_t floor_after(size_t i) const override;
  bool process_death_keeps_all() const override { return options.durability != Durability::kNone; }
  bool is_allowed(const ModelState& found, const std::vector<ModelState>& states, size_t floor, size_t acknowledged,
                  size_t ceiling) const override;
  bool matches(const ModelState& found, const ModelState& wanted) const override;
  std::unique_ptr<Subject> make_subject() const override;

  LogOptions options;
  size_t record_bytes;
  std::vector<LogAct> acts;
  size_t act_offset = 0;

 private:
  bool retains() const { return options.retention_bytes != 0 || options.retention_ms != 0; }
};

}  // namespace firn
