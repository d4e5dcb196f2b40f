#include "crashfs/fault_injection.h"

#include <cstdio>
#include <optional>

#include "crashfs/crash_images.h"
#include "crashfs/effort.h"
#include "crashfs/selector.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr ImageBudget kFewImages{2, 2, 1, 2};

std::string describe(const Status& status) {
  std::string text = "code " + std::to_string(static_cast<int>(status.code())) + " " + std::string(status.message());
  if (status.detail() != nullptr) text += std::string(" ") + status.detail()->file;
  return text;
}

// What a failing disk or system may be reported as.
bool is_honest(Code code) {
  return code == Code::kIo || code == Code::kNoSpace || code == Code::kNoMemory || code == Code::kIndeterminate || code == Code::kReadOnly;
}

}  // namespace

class FaultInjection::Run {
 public:
  Run(const Script& script, const FaultPlan& plan, uint64_t seed)
      : script_(script),
        fs_(script.start, seed),
        lint_(script.start),
        subject_(script.make_subject()),
        history_{script.start_state},
        plan_(plan),
        is_forgetful_(plan.fault == Fault::kLostOld) {
    fs_.plan(plan);
  }

  std::string run() {
    start();
    for (size_t i = 0; i < script_.size() && problem_.empty(); i++) act(i);
    if (problem_.empty()) finish();
    if (problem_.empty() && !fs_.violation().empty()) problem_ = fs_.violation();
    lint(false);
    return problem_;
  }
  bool has_failed() const { return fs_.has_failed(); }
  uint64_t resumes() const { return resumes_; }
  const TraceLint::Counts& lint_counts() const { return lint_.counts(); }

 private:
  const ModelState& now() const { return history_.back(); }
  void fail(const std::string& what) {
    if (problem_.empty()) problem_ = what;
  }

  void lint(bool is_acknowledged) {
    linted_ = lint_.apply(fs_.trace(), linted_);
    if (is_acknowledged) lint_.acknowledge();
    if (!lint_.violation().empty()) fail(where_ + lint_.violation());
  }

  void start() {
    const Status status = subject_->open(fs_);
    if (!status.ok()) refuse_to_open(status);
    read();
  }
  // An opening that failed: honestly, with nothing lost, and without the fault it succeeds.
  void refuse_to_open(const Status& status) {
    if (!fs_.has_failed()) return fail("cannot open, and nothing was injected: " + describe(status));
    if (!is_honest(status.code())) return fail("the opening fails with " + describe(status));
    subject_->drop();
    survive({});
    reopen({});
  }
  void reopen(const std::optional<ModelState>& maybe) {
    if (!problem_.empty()) return;
    subject_->drop();
    fs_.heal();
    if (const Status status = subject_->open(fs_); !status.ok()) return fail("cannot open without the fault: " + describe(status));
    const Result<ModelState> found = subject_->read();
    if (!found.ok()) return fail("cannot read without the fault: " + describe(found.status()));
    if (maybe && script_.matches(*found, *maybe)) {
      history_.push_back(*maybe);
      return;
    }
    if (is_forgetful_) forget(*found);
    if (!script_.matches(*found, now()))
      fail("after the failure and a new opening:\n" + found->text() + "\nshould be\n" + now().text() +
           (maybe ? "\nor\n" + maybe->text() : ""));
  }

  // Whatever was not durable is gone from the cache too. What takes its place may be of two moments, as after a loss of power: a log's front is durable at once.
  void forget(const ModelState& found) {
    const std::vector<ModelState> states = history_;
    while (history_.size() > 1 && !script_.matches(found, now())) history_.pop_back();
    if (!script_.matches(found, now()) && script_.is_allowed(found, states, 0, states.size() - 1, states.size() - 1))
      history_.push_back(found);
  }

  void act(size_t i) {
    const ModelState after = script_.apply(i, now());
    const Status status = subject_->act(i, now(), fs_);
    if (crash_fault.is_set()) std::printf("%s: %s, call %zu\n", script_.act_name(i).c_str(), describe(status).c_str(), fs_.sites().size());
    if (status.ok()) {
      lint(script_.is_durable(i));
      if (script_.is_durable(i)) history_.clear();
      history_.push_back(after);
      return read();
    }
    where_ = "act " + std::to_string(i) + " (" + script_.act_name(i) + "): ";
    if (!fs_.has_failed()) return fail(where_ + "fails, and nothing was injected: " + describe(status));
    if (!is_honest(status.code())) return fail(where_ + "fails with " + describe(status));
    if (!subject_->is_open()) {
      survive({});
      return reopen({});
    }
    if (status.is(Code::kIndeterminate)) return doubt(after);
    survive({});
    if (status.is(Code::kReadOnly)) return reopen({});  // by something that failed in the background
    fs_.heal();
    read();
  }

  // Whether the act has happened is open.
  void doubt(const ModelState& after) {
    const size_t steps = fs_.trace().size();
    {
      const ThreadMark mark;
      if (const Status status = subject_->probe(); !status.is(Code::kReadOnly))
        fail(where_ + "a write after an indeterminate one: " + describe(status));
    }
    for (size_t step = steps; step < fs_.trace().size(); step++) {
      if (fs_.trace()[step].kind == StepKind::kRemove)
        fail(where_ + "a file is removed after an indeterminate write: " + fs_.trace()[step].name);
    }
    survive(after);
    if (!resume(after)) reopen(after);
  }

  // Every second failure is gone on from without an opening. Not where the cache has forgotten what was written: that is for the opening to find.
  bool resume(const ModelState& maybe) {
    if (!problem_.empty() || is_forgetful_ || plan_.call % 2 == 0) return false;
    fs_.heal();
    const std::optional<Status> status = subject_->resume();
    if (!status) return false;
    if (!status->ok()) {
      fail(where_ + "cannot resume without the fault: " + describe(*status));
      return true;
    }
    const Result<ModelState> found = subject_->read();
    if (!found.ok())
      fail(where_ + "cannot read after resuming: " + describe(found.status()));
    else if (script_.matches(*found, maybe))
      history_ = {maybe};  // what is visible after a resume is durable
    else if (script_.matches(*found, now()))
      history_ = {now()};
    else
      fail(where_ + "after resuming:\n" + found->text() + "\nshould be\n" + now().text() + "\nor\n" + maybe.text());
    resumes_++;
    survive({});
    return true;
  }

  // What is read now is right, or an error; without the fault it is no error.
  void read() {
    if (!problem_.empty() || !subject_->is_open()) return;
    Result<ModelState> found = subject_->read();
    if (!found.ok()) {
      if (!fs_.has_failed() || !is_honest(found.status().code())) return fail(where_ + "cannot read: " + describe(found.status()));
      fs_.heal();
      found = subject_->read();
      if (!found.ok()) return fail(where_ + "cannot read without the fault: " + describe(found.status()));
    }
    if (!script_.matches(*found, now())) fail(where_ + "read:\n" + found->text() + "\nshould be\n" + now().text());
  }

  // Death of the process and loss of power at this moment.
  void survive(const std::optional<ModelState>& maybe) {
    std::vector<ModelState> states = history_;
    if (maybe) states.push_back(*maybe);
    open_image(fs_.live(), states, script_.process_death_keeps_all() && !is_forgetful_ ? history_.size() - 1 : 0, "death of the process");
    Disk disk(script_.start);
    for (const Step& step : fs_.trace()) disk.apply(step);
    visit_images(disk, kFewImages, fs_.trace().size(),
                 [&](DiskImage&& image, const ImageOrigin&) { open_image(image, states, 0, "power loss"); });
  }
  void open_image(const DiskImage& image, const std::vector<ModelState>& states, size_t floor, const std::string& what) {
    if (!problem_.empty()) return;
    CrashFs fs(image, image.hash());
    const auto subject = script_.make_subject();
    for (int round = 0; round < 2; round++) {
      if (const Status status = subject->open(fs); !status.ok())
        return fail(where_ + what + ": cannot open: " + describe(status) + "\n" + image.listing());
      const Result<ModelState> found = subject->read();
      if (!found.ok()) return fail(where_ + what + ": cannot read: " + describe(found.status()));
      if (round == 0 ? !script_.is_allowed(*found, states, floor, history_.size() - 1, states.size() - 1)
                     : !script_.matches(*found, first_found_)) {
        std::string text = where_ + what + ", opening " + std::to_string(round) + ": found\n" + found->text() + "\nallowed\n";
        for (size_t i = floor; i < states.size(); i++) text += states[i].text() + "\n";
        return fail(text + image.listing());
      }
      first_found_ = *found;
      subject->drop();
    }
    if (const Status status = subject->check(fs); !status.ok()) fail(where_ + what + ": the check finds: " + describe(status));
  }

  // One more durable write, and the power goes: what the same boot has shown stays, also what an earlier sync failed to write.
  void finish() {
    where_ = "at the end: ";
    fs_.heal();
    survive({});
    reopen({});
    if (!problem_.empty()) return;
    {
      const ThreadMark mark;
      if (const Status status = subject_->probe(); !status.ok()) return fail(where_ + "cannot write: " + describe(status));
    }
    lint(true);
    Disk disk(script_.start);
    for (const Step& step : fs_.trace()) disk.apply(step);
    history_ = {script_.apply_probe(now())};
    visit_images(disk, kFewImages, 1,
                 [&](DiskImage&& image, const ImageOrigin&) { open_image(image, history_, 0, "power loss after a durable write"); });
  }

  const Script& script_;
  CrashFs fs_;
  TraceLint lint_;
  size_t linted_ = 0;  // steps
  const std::unique_ptr<Subject> subject_;
  std::vector<ModelState> history_;  // since the last durable act, that one included
  const FaultPlan plan_;
  uint64_t resumes_ = 0;
  const bool is_forgetful_;  // the fault makes the cache forget what was acknowledged
  ModelState first_found_;
  std::string where_;
  std::string problem_;
};

std::string FaultInjection::run(const Script& script, uint64_t seed, uint64_t share) {
  std::vector<Site> sites;
  {
    CrashFs fs(script.start, seed);
    const auto subject = script.make_subject();
    ModelState state = script.start_state;
    if (const Status status = subject->open(fs); !status.ok()) return script.name + ": cannot open: " + describe(status);
    if (!subject->read().ok()) return script.name + ": cannot read";
    for (size_t i = 0; i < script.size(); i++) {
      if (const Status status = subject->act(i, state, fs); !status.ok())
        return script.name + ": " + script.act_name(i) + ": " + describe(status);
      state = script.apply(i, state);
      if (!subject->read().ok()) return script.name + ": cannot read";
    }
    sites = fs.sites();
  }
  for (uint64_t call = 0; call < sites.size(); call++) {
    for (size_t f = 0; f < kFaultCount; f++) {
      const auto fault = static_cast<Fault>(f);
      if (!applies(fault, sites[call].call)) continue;
      for (const bool is_sticky : {false, true}) {
        const std::string name = std::to_string(call) + "/" + std::to_string(f) + "/" + std::to_string(is_sticky);
        if (!crash_fault.wants(name)) continue;
        Cell& cell = matrix_[sites[call]][f];
        uint64_t& count = is_sticky ? cell.sticky : cell.once;
        if (!crash_fault.is_set() && count > 0 && hash_bytes(name, seed) % share != 0) continue;
        Run run(script, {call, fault, is_sticky}, seed);
        const std::string problem = run.run();
        runs_++;
        resumes_ += run.resumes();
        lint_.add(run.lint_counts());
        if (run.has_failed()) count++;
        if (crash_fault.is_set() && !run.has_failed()) return script.name + ": the selected fault never happened";
        if (!problem.empty()) {
          return script.name + ": call " + std::to_string(call) + " of " + std::to_string(sites.size()) + " (" + name_of(sites[call].call) +
                 " of " + sites[call].file_class + ") fails with " + name_of(fault) + (is_sticky ? " for good" : " once") + ": " + problem +
                 "\n" + replay_command("FIRN_CRASH_SCRIPT='" + script.name + "' FIRN_FAULT=" + name);
        }
      }
    }
  }
  return "";
}

std::string FaultInjection::matrix_text() const {
  std::string text = "                              ";
  char cell[64];
  for (size_t f = 0; f < kFaultCount; f++) {
    std::snprintf(cell, sizeof cell, "%13s", name_of(static_cast<Fault>(f)));
    text += cell;
  }
  for (const auto& [site, cells] : matrix_) {
    std::snprintf(cell, sizeof cell, "\n%-16s %-12s ", name_of(site.call), site.file_class.c_str());
    text += cell;
    for (size_t f = 0; f < kFaultCount; f++) {
      if (applies(static_cast<Fault>(f), site.call))
        std::snprintf(cell, sizeof cell, "%6llu +%5llu", static_cast<unsigned long long>(cells[f].once),
                      static_cast<unsigned long long>(cells[f].sticky));
      else
        std::snprintf(cell, sizeof cell, "%13s", "-");
      text += cell;
    }
  }
  return text + "\n";
}

}  // namespace firn
