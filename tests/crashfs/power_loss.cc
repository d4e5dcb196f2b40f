#include "crashfs/power_loss.h"

#include "crashfs/crash_fs.h"
#include "crashfs/effort.h"
#include "crashfs/selector.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

std::string describe(const Status& status) {
  std::string text = "code " + std::to_string(static_cast<int>(status.code())) + " " + std::string(status.message());
  if (status.detail() != nullptr) text += std::string(" ") + status.detail()->file + " at " + std::to_string(status.detail()->offset);
  return text;
}

std::string replay(const Script& script, size_t step) {
  return "\n" + replay_command("FIRN_CRASH_SCRIPT='" + script.name + "' FIRN_CRASH_STEP=" + std::to_string(step));
}

std::vector<uint32_t> nothing(const std::vector<Piece>& pieces) { return std::vector<uint32_t>(pieces.size(), 0); }

}  // namespace

// The states that may be found.
struct PowerLoss::Demand {
  const std::vector<ModelState>* states = nullptr;
  size_t floor = 0;
  size_t acknowledged = 0;
  size_t ceiling = 0;
};

std::string PowerLoss::Counts::text() const {
  return std::to_string(scripts) + " scripts, " + std::to_string(points) + " crash points, " + std::to_string(images) + " images, " +
         std::to_string(distinct) + " distinct, " + std::to_string(nested) + " nested, " + std::to_string(killed) + " killed before, " +
         std::to_string(openings) + " openings; " + lint.text();
}

std::string PowerLoss::run(const Script& script, const PowerLossPlan& plan) {
  CrashFs fs(script.start, plan.seed);
  const auto subject = script.make_subject();
  TraceLint lint(script.start);
  size_t linted = 0;
  std::vector<ModelState> states{script.start_state};
  std::vector<size_t> ends;       // of the acts, in the trace; the first is the opening
  std::vector<size_t> floors{0};  // after each of them
  const auto failed = [&](const std::string& what) {
    return script.name + ": " + what + (fs.violation().empty() ? "" : "; " + fs.violation());
  };
  if (Status status = subject->open(fs); !status.ok()) return failed("cannot open: " + describe(status));
  ends.push_back(fs.trace().size());
  for (size_t i = 0; i < script.size(); i++) {
    if (Status status = subject->act(i, states.back(), fs); !status.ok()) return failed(script.act_name(i) + " fails: " + describe(status));
    states.push_back(script.apply(i, states.back()));
    ends.push_back(fs.trace().size());
    floors.push_back(std::max(script.floor_after(i), floors.back()));
    linted = lint.apply(fs.trace(), linted);
    if (script.is_durable(i)) lint.acknowledge();
    if (!lint.violation().empty()) return failed(script.act_name(i) + ": " + lint.violation());
  }
  if (const Result<ModelState> read = subject->read(); !read.ok() || !script.matches(*read, states.back()))
    return failed("reads wrongly without a crash");
  if (!fs.violation().empty()) return failed("");
  const Trace trace = fs.trace();
  counts_.scripts++;
  counts_.lint.add(lint.counts());

  Disk disk(script.start);
  size_t act = 0;  // how many of `ends` are complete
  std::string problem;
  for (size_t step = 0; step < trace.size() && problem.empty(); step++) {
    disk.apply(trace[step]);
    while (act < ends.size() && ends[act] <= step + 1) act++;
    // Of `ends` the first is the opening: act - 1 acts are acknowledged.
    if ((act < ends.size() ? act : act - 1) < plan.first_act) continue;
    if (crash_step.is_set() ? !crash_step.wants(std::to_string(step))
                            : plan.step_every > 1 && ((step * 0x9e3779b97f4a7c15ull + plan.seed) >> 33) % plan.step_every != 0)
      continue;
    counts_.points++;
    const size_t acknowledged = act == 0 ? 0 : act - 1;
    Demand demand{&states, floors[acknowledged], acknowledged, act < ends.size() && act > 0 ? acknowledged + 1 : acknowledged};
    if (plan.killed_every != 0 && ((step * 0x9e3779b97f4a7c15ull + plan.seed) >> 13) % plan.killed_every == 0) {
      if (problem = nest_in_same_boot(script, disk, plan, demand); !problem.empty()) {
        problem = "process death after step " + std::to_string(step) + " of " + std::to_string(trace.size()) + "\n" + problem +
                  replay(script, step);
        break;
      }
    }
    visit_images(disk, plan.budget, plan.seed ^ (step * 0x9e3779b97f4a7c15ull), [&](DiskImage&& image, const ImageOrigin& origin) {
      if (!problem.empty()) return;
      counts_.images++;
      Demand demanded = demand;
      if (origin.is_all && script.process_death_keeps_all()) demanded.floor = acknowledged;
      problem = judge(script, image, plan, demanded, false);
      if (!problem.empty()) {
        problem = "power loss after step " + std::to_string(step) + " of " + std::to_string(trace.size()) + ", " +
                  std::to_string(acknowledged) + " acts acknowledged" + (origin.is_all ? ", everything kept" : "") + "\n" + problem +
                  replay(script, step);
      }
    });
  }
  if (problem.empty()) return "";
  std::string acts;
  for (size_t i = 0; i < script.size(); i++) acts += " " + script.act_name(i) + "@" + std::to_string(ends[i + 1]);
  return script.name + ": " + problem + "\nacts and the steps that they end before:" + acts;
}

std::string PowerLoss::judge(const Script& script, const DiskImage& image, const PowerLossPlan& plan, const Demand& demand,
                             bool is_nested) {
  const uint64_t hash = image.hash();
  auto [at, is_new] = known_.try_emplace(hash);
  if (is_new) {
    (is_nested ? counts_.nested : counts_.distinct)++;
    at->second = examine(script, image, hash % plan.full_every == 0);
  }
  const Outcome outcome = at->second;
  if (!outcome.problem.empty()) return outcome.problem + "\n" + image.listing();
  if (!script.is_allowed(outcome.state, *demand.states, demand.floor, demand.acknowledged, demand.ceiling)) {
    std::string text = "found after recovery:\n" + outcome.state.text() + "\nallowed:\n";
    for (size_t i = demand.floor; i <= demand.ceiling; i++) text += (*demand.states)[i].text() + "\n";
    return text + image.listing();
  }
  if (!is_new || is_nested || plan.nested_every == 0 || (hash >> 8) % plan.nested_every != 0) return "";
  return nest(script, image, plan, demand);
}

PowerLoss::Outcome PowerLoss::examine(const Script& script, const DiskImage& image, bool to_the_end) {
  Outcome outcome;
  CrashFs fs(image, image.hash());
  const auto subject = script.make_subject();
  counts_.openings += 2;
  if (Status status = subject->check(fs); !status.ok() && !status.is(Code::kNotFound)) {
    outcome.problem = "the check finds: " + describe(status);
    return outcome;
  }
  if (Status status = subject->open(fs); !status.ok()) {
    outcome.problem = "cannot open: " + describe(status);
    return outcome;
  }
  Result<ModelState> state = subject->read();
  if (!state.ok()) {
    outcome.problem = "cannot read: " + describe(state.status());
    return outcome;
  }
  outcome.state = std::move(*state);
  if (Status status = subject->read_history(); !status.ok()) {
    outcome.problem = "cannot read its history: " + describe(status);
    return outcome;
  }
  subject->drop();
  if (!fs.violation().empty()) outcome.problem = fs.violation();
  if (outcome.problem.empty() && to_the_end) outcome.problem = examine_to_the_end(script, image, outcome.state);
  return outcome;
}

std::string PowerLoss::examine_to_the_end(const Script& script, const DiskImage& image, const ModelState& state) {
  const auto subject = script.make_subject();
  const ModelState wanted = script.apply_probe(state);
  DiskImage after;
  {
    CrashFs fs(image, image.hash() + 1);
    const ThreadMark mark;
    if (Status status = subject->open(fs); !status.ok()) return "cannot open the second time: " + describe(status);
    if (Status status = subject->probe(); !status.ok()) return "cannot write after recovery: " + describe(status);
    TraceLint lint(image);
    lint.apply(fs.trace(), 0);
    lint.acknowledge();
    if (!lint.violation().empty()) return "in the recovery and the write after it: " + lint.violation();
    counts_.lint.add(lint.counts());
    Disk disk(image);
    for (const Step& step : fs.trace()) disk.apply(step);
    const auto pieces = disk.pieces();
    after = disk.image(pieces, nothing(pieces));
    subject->drop();
  }
  CrashFs fs(after, after.hash());
  counts_.openings += 3;
  for (int round = 0; round < 2; round++) {
    if (Status status = subject->open(fs); !status.ok()) return "cannot open after recovery, write and power loss: " + describe(status);
    const auto found = subject->read();
    if (!found.ok()) return "cannot read after recovery, write and power loss: " + describe(found.status());
    if (!script.matches(*found, wanted))
      return "after recovery, write and power loss, opening " + std::to_string(round) + ":\n" + found->text() + "\nshould be\n" +
             wanted.text();
    if (Status status = subject->close(); !status.ok()) return "cannot close: " + describe(status);
    if (const std::string left = subject->orphans(fs); !left.empty()) return "left over after a close in order: " + left;
  }
  if (Status status = subject->check(fs); !status.ok()) return "the check after the last close finds: " + describe(status);
  return fs.violation();
}

std::string PowerLoss::nest(const Script& script, const DiskImage& image, const PowerLossPlan& plan, const Demand& demand) {
  CrashFs fs(image, image.hash() + 2);
  const auto subject = script.make_subject();
  if (Status status = subject->open(fs); !status.ok()) return "cannot open to record the recovery: " + describe(status);
  const Trace trace = fs.trace();
  subject->drop();
  return crash_recovery(script, Disk(image), trace, plan, demand);
}

// The process dies here. The next one finds everything in the cache and recovers from that, and then the power goes.
std::string PowerLoss::nest_in_same_boot(const Script& script, const Disk& disk, const PowerLossPlan& plan, const Demand& demand) {
  const auto pieces = disk.pieces();
  std::vector<uint32_t> newest;
  for (const Piece& piece : pieces) newest.push_back(piece.states - 1);
  const DiskImage image = disk.image(pieces, newest);
  counts_.killed++;
  CrashFs fs(image, image.hash() + 3);
  const auto subject = script.make_subject();
  if (Status status = subject->open(fs); !status.ok()) return "cannot open to record the recovery: " + describe(status);
  const Trace trace = disk.continued(fs.trace(), image);
  subject->drop();
  return crash_recovery(script, disk, trace, plan, demand);
}

std::string PowerLoss::crash_recovery(const Script& script, Disk disk, const Trace& trace, const PowerLossPlan& plan,
                                      const Demand& demand) {
  ImageBudget budget;
  budget.single_count = 4;
  budget.subset_piece_count = 3;
  budget.file_subset_count = 2;
  budget.random_count = 2;
  std::string problem;
  for (size_t step = 0; step < trace.size() && problem.empty(); step++) {
    disk.apply(trace[step]);
    visit_images(disk, budget, plan.seed + step, [&](DiskImage&& nested, const ImageOrigin&) {
      if (!problem.empty()) return;
      counts_.images++;
      problem = judge(script, nested, plan, demand, true);
      if (!problem.empty())
        problem = "in the recovery, after step " + std::to_string(step) + " of " + std::to_string(trace.size()) + ": " + problem;
    });
  }
  return problem;
}

}  // namespace firn
