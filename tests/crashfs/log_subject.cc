#include "crashfs/log_subject.h"

#include <algorithm>

#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr const char* kPath = "/log";
constexpr size_t kBigBytes = 9000;  // more than the smallest segment
constexpr uint64_t kResetStep = 1000;
constexpr uint64_t kBatchCount = 3;  // records

std::string record_of(size_t place, size_t bytes) {
  std::string record = std::to_string(place) + ";";
  while (record.size() < bytes) record += static_cast<char>('a' + (place * 29 + record.size() * 5) % 26);
  return record;
}

uint64_t trim_before_to(const ModelState& before) { return std::min(before.next, before.first + 2); }
uint64_t trim_after_to(const ModelState& before) { return std::max(before.first, before.next - std::min<uint64_t>(before.next, 3)); }

class LogSubject final : public Subject {
 public:
  explicit LogSubject(const LogScript& script) : script_(script) {}
  ~LogSubject() override { drop(); }

  Status open(Env& env) override {
    const ThreadMark mark;
    FIRN_TRY_ASSIGN(log_, DurableLog::open(kPath, script_.options, env));
    return {};
  }
  bool is_open() const override { return log_ != nullptr; }
  Status close() override {
    const ThreadMark mark;
    Status status = log_->close();
    log_.reset();
    return status;
  }
  void drop() override { log_.reset(); }
  Status act(size_t i, const ModelState& before, Env& env) override;
  Result<ModelState> read() override { return read(*log_); }
  Status probe() override {
    const ThreadMark mark;
    FIRN_TRY(append({"probe"}));
    return log_->sync();
  }
  Status check(Env& env) override;
  std::string orphans(Env& env) override;

 private:
  static Result<ModelState> read(DurableLog& log);
  Status append(const std::vector<std::string>& records) {
    std::vector<Slice> slices;
    for (const std::string& record : records) slices.emplace_back(record);
    return log_->append(slices.data(), slices.size()).status();
  }

  const LogScript& script_;
  std::unique_ptr<DurableLog> log_;
};

Status LogSubject::act(size_t i, const ModelState& before, Env& env) {
  const ThreadMark mark;
  const size_t place = i + script_.act_offset;
  switch (script_.acts[i]) {
    case LogAct::kAppend:
      return append({record_of(place, script_.record_bytes)});
    case LogAct::kAppendBatch:
      return append({record_of(place, script_.record_bytes / 2), "", record_of(place + 1, script_.record_bytes / 3)});
    case LogAct::kAppendBig:
      return append({record_of(place, kBigBytes)});
    case LogAct::kSync:
      return log_->sync();
    case LogAct::kTrimBefore:
      return log_->trim_before(std::max(log_->first(), trim_before_to(before)));
    case LogAct::kTrimAfter:
      return before.records.empty() ? Status() : log_->trim_after(std::max(log_->first(), trim_after_to(before)));
    case LogAct::kReset:
      return log_->reset(before.next + kResetStep);
    case LogAct::kRetain:
      return log_->retain().status();
    case LogAct::kReopen:
      FIRN_TRY(close());
      return open(env);
  }
  return Code::kInternal;
}

Result<ModelState> LogSubject::read(DurableLog& log) {
  const ThreadMark mark;
  ModelState state;
  state.first = log.first();
  state.next = log.next();
  int64_t time_ms = 0;
  for (uint64_t index = state.first; index < state.next; index++) {
    DurableLog::Found found;
    FIRN_TRY(log.find(index, &found));
    if (found.time_ms < time_ms) return Status(Code::kInternal, "the times of records fall");
    time_ms = found.time_ms;
    state.records[index] = found.data.to_string();
  }
  return state;
}

Status LogSubject::check(Env& env) {
  LogOptions options;
  options.read_only = true;
  options.verify_on_open = true;
  FIRN_TRY_ASSIGN(const auto log, DurableLog::open(kPath, options, env));
  return read(*log).status();
}

// After a close in order there is one state, and exactly the segments that it names.
std::string LogSubject::orphans(Env& env) {
  const auto directory = std::move(*env.open_directory(kPath, false));
  const auto state = LogState::load(*directory);
  if (!state.ok()) return "the state cannot be read";
  const auto names = *directory->list();
  if (names.size() > 3) return names[1];
  const auto segments = *(*env.open_directory(std::string(kPath) + "/segments", false))->list();
  if (segments.size() != state->parts.size())
    return "segments/: " + std::to_string(segments.size()) + " for " + std::to_string(state->parts.size());
  return "";
}

}  // namespace

const char* name_of(LogAct act) {
  constexpr const char* kNames[] = {"append",     "append_batch", "append_big", "sync",  "trim_before",
                                    "trim_after", "reset",        "reopen",     "retain"};
  return kNames[static_cast<size_t>(act)];
}

LogScript::LogScript(std::string script_name, const LogOptions& script_options, size_t script_record_bytes, std::vector<LogAct> script_acts)
    : options(script_options), record_bytes(script_record_bytes), acts(std::move(script_acts)) {
  name = std::move(script_name);
  options.single_threaded = true;
}

ModelState LogScript::apply(size_t i, const ModelState& before) const {
  ModelState state = before;
  const size_t place = i + act_offset;
  const auto add = [&state](std::string record) { state.records[state.next++] = std::move(record); };
  switch (acts[i]) {
    case LogAct::kAppend:
      add(record_of(place, record_bytes));
      break;
    case LogAct::kAppendBatch:
      add(record_of(place, record_bytes / 2));
      add("");
      add(record_of(place + 1, record_bytes / 3));
      break;
    case LogAct::kAppendBig:
      add(record_of(place, kBigBytes));
      break;
    case LogAct::kTrimBefore:
      state.first = trim_before_to(before);
      state.records.erase(state.records.begin(), state.records.lower_bound(state.first));
      break;
    case LogAct::kTrimAfter:
      if (before.records.empty()) break;
      state.next = trim_after_to(before) + 1;
      state.records.erase(state.records.lower_bound(state.next), state.records.end());
      break;
    case LogAct::kReset:
      state.records.clear();
      state.first = state.next = before.next + kResetStep;
      break;
    case LogAct::kSync:
    case LogAct::kReopen:
    case LogAct::kRetain:
      break;
  }
  return state;
}

ModelState LogScript::apply_probe(const ModelState& before) const {
  ModelState state = before;
  state.records[state.next++] = "probe";
  return state;
}

bool LogScript::is_durable(size_t i) const {
  switch (acts[i]) {
    case LogAct::kSync:
    case LogAct::kTrimAfter:
    case LogAct::kReset:
    case LogAct::kReopen:
      return true;
    default:
      return options.durability == Durability::kSync;
  }
}

size_t LogScript::floor_after(size_t i) const {
  if (is_durable(i)) return i + 1;
  if (options.durability != Durability::kEvery) return 0;
  // The last N records may be lost: an append that is lost in part is lost as a whole.
  uint64_t lost = 0;
  size_t floor = i + 1;
  while (floor > 0 && !is_durable(floor - 1)) {
    const LogAct act = acts[floor - 1];
    lost += act == LogAct::kAppendBatch ? kBatchCount : act == LogAct::kAppend || act == LogAct::kAppendBig ? 1 : 0;
    if (lost > options.durability_every_count) break;
    floor--;
  }
  return floor;
}

// A trim at the front is durable at once, the records in front of which it cuts need not be: the end is that of one moment, the front that of the same or a later one.
bool LogScript::is_allowed(const ModelState& found, const std::vector<ModelState>& states, size_t floor, size_t acknowledged,
                           size_t ceiling) const {
  for (size_t i = floor; i <= ceiling; i++) {
    for (size_t j = std::max(i, acknowledged); j <= ceiling; j++) {
      ModelState wanted = states[i];
      wanted.first = std::max(wanted.first, states[j].first);
      wanted.next = std::max(wanted.next, wanted.first);
      wanted.records.erase(wanted.records.begin(), wanted.records.lower_bound(wanted.first));
      if (matches(found, wanted)) return true;
    }
  }
  return false;
}

// With a retention more of the front may be gone.
bool LogScript::matches(const ModelState& found, const ModelState& wanted) const {
  if (!retains()) return found == wanted;
  if (found.next != wanted.next || found.first < wanted.first) return false;
  return std::equal(found.records.begin(), found.records.end(), wanted.records.lower_bound(found.first), wanted.records.end());
}

std::unique_ptr<Subject> LogScript::make_subject() const { return std::make_unique<LogSubject>(*this); }

}  // namespace firn
