// T1 for durable logs: power loss at every step of every short sequence of acts and of longer scripts. See power_loss.h for what is demanded.
#include <gtest/gtest.h>

#include <cstdio>

#include "crashfs/crash_fs.h"
#include "crashfs/effort.h"
#include "crashfs/log_subject.h"
#include "crashfs/power_loss.h"
#include "crashfs/selector.h"

namespace firn {
namespace {

LogOptions options_of(Durability durability, LogIo io, uint64_t retention_bytes = 0) {
  LogOptions options;
  options.segment_bytes = 4096;
  options.durability = durability;
  options.durability_every_count = 4;
  options.log_io = io;
  options.retention_bytes = retention_bytes;
  return options;
}

struct OptionSet {
  const char* name;
  LogOptions options;
  uint64_t deep_distinct, deep_distinct_of_longer;  // images of a deep run at least: see report()
};
const OptionSet kOptionSets[] = {
    {"process", options_of(Durability::kProcess, LogIo::kMmap), 35'000, 65'000},
    {"sync", options_of(Durability::kSync, LogIo::kMmap), 10'000, 35'000},
    {"every", options_of(Durability::kEvery, LogIo::kMmap), 20'000, 65'000},
    {"pwrite", options_of(Durability::kProcess, LogIo::kPwrite), 35'000, 65'000},
    {"pwrite_sync", options_of(Durability::kSync, LogIo::kPwrite), 10'000, 35'000},
    {"retention", options_of(Durability::kProcess, LogIo::kMmap, 9000), 40'000, 65'000},
};

// `deep_distinct`: how many distinct images a deep run has to make here, when nothing is selected. Together with those of power_loss_test.cc more than 1,000,000.
void report(const std::string& what, const PowerLoss& power_loss, uint64_t deep_distinct = 0) {
  if (test_effort().is_deep && !crash_script.is_set()) {
    EXPECT_GE(power_loss.counts().distinct, deep_distinct) << what << ": fewer images than its part of the bar";
  }
  std::printf("[ figures  ] log, %s: %s\n", what.c_str(), power_loss.counts().text().c_str());
}

// Where a retention cuts is not the model's to know, so it cannot say what a trim at the end would leave.
LogAct suited(LogAct act, const LogOptions& options) {
  return options.retention_bytes != 0 && act == LogAct::kTrimAfter ? LogAct::kRetain : act;
}

class LogPowerLossTest : public testing::TestWithParam<OptionSet> {};

void start_from(const LogScript& before, bool closed, LogScript* script) {
  CrashFs fs({}, 78);
  const auto subject = before.make_subject();
  ASSERT_TRUE(subject->open(fs).ok());
  ModelState state = before.start_state;
  for (size_t i = 0; i < before.size(); i++) {
    ASSERT_TRUE(subject->act(i, state, fs).ok()) << before.act_name(i);
    state = before.apply(i, state);
  }
  if (closed) {
    ASSERT_TRUE(subject->close().ok());
  }
  script->start = fs.live();
  script->start_state = state;
  script->act_offset = before.size();
}

TEST_P(LogPowerLossTest, every_short_sequence_of_acts_recovers_from_power_loss_at_every_step) {
  PowerLoss power_loss;
  const Effort effort = test_effort();
  const LogScript filling("filling", GetParam().options, 900,
                          {LogAct::kAppend, LogAct::kAppendBatch, LogAct::kAppend, LogAct::kAppend, LogAct::kAppend, LogAct::kTrimBefore,
                           LogAct::kAppend, LogAct::kAppend});
  for (const bool is_filled : {false, true}) {
    for (size_t length = 0; length <= 3; length++) {
      size_t count = 1;
      for (size_t i = 0; i < length; i++) count *= kLogExhaustiveActCount;
      for (size_t number = 0; number < count; number++) {
        std::vector<LogAct> acts;
        std::string name = std::string("log/") + GetParam().name + (is_filled ? "/filled" : "/fresh");
        for (size_t i = 0, rest = number; i < length; i++, rest /= kLogExhaustiveActCount) {
          acts.push_back(suited(static_cast<LogAct>(rest % kLogExhaustiveActCount), GetParam().options));
          name += std::string("/") + name_of(acts.back());
        }
        if (!crash_script.wants(name)) continue;
        const uint64_t share = length < 2 ? 1 : effort.share(length == 2 ? 6 : 60);
        if (share > 1 && hash_bytes(name, effort.seed) % share != 0) continue;
        LogScript script(name, GetParam().options, 900, acts);
        if (is_filled) start_from(filling, number % 2 == 0, &script);
        PowerLossPlan plan;
        plan.first_act = length;
        plan.seed = effort.seed;
        plan.nested_every = 200;
        plan.killed_every = effort.share(30, 16);
        ASSERT_EQ("", power_loss.run(script, plan));
      }
    }
  }
  report(GetParam().name, power_loss, GetParam().deep_distinct);
}

TEST_P(LogPowerLossTest, longer_scripts_recover_from_power_loss_at_every_step) {
  PowerLoss power_loss;
  const Effort effort = test_effort();
  constexpr LogAct kWeighted[] = {LogAct::kAppend,      LogAct::kAppend,    LogAct::kAppend, LogAct::kAppendBatch,
                                  LogAct::kAppendBatch, LogAct::kAppendBig, LogAct::kSync,   LogAct::kTrimBefore,
                                  LogAct::kTrimAfter,   LogAct::kReset,     LogAct::kReopen, LogAct::kRetain};
  for (size_t round = 0; round < effort.count(2, 60); round++) {
    const std::string name = std::string("log/") + GetParam().name + "/long" + std::to_string(round);
    if (!crash_script.wants(name)) continue;
    std::vector<LogAct> acts;
    for (size_t i = 0; i < 40; i++)
      acts.push_back(suited(kWeighted[hash_bytes(name + std::to_string(i), effort.seed) % std::size(kWeighted)], GetParam().options));
    const LogScript script(name, GetParam().options, 300 + 500 * (round % 3), acts);
    PowerLossPlan plan;
    plan.seed = effort.seed;
    plan.step_every = effort.share(4);
    plan.nested_every = 400;
    plan.killed_every = effort.share(30, 16);
    plan.budget.single_count = 16;
    ASSERT_EQ("", power_loss.run(script, plan));
  }
  report(GetParam().name, power_loss, GetParam().deep_distinct_of_longer);
}

// The mark that opens the second segment behind a cut must not name what the cut took away: power loss may take the first one's opening mark.
TEST_P(LogPowerLossTest, segments_behind_a_cut_recover_from_power_loss_at_every_step) {
  PowerLoss power_loss;
  for (const bool ends_in_a_reset : {false, true}) {
    std::vector<LogAct> acts(6, LogAct::kAppend);  // two segments
    acts.insert(acts.end(), {LogAct::kReopen, ends_in_a_reset ? LogAct::kReset : suited(LogAct::kTrimAfter, GetParam().options),
                             LogAct::kAppend, LogAct::kAppendBig, LogAct::kAppend});
    const std::string name = std::string("log/") + GetParam().name + (ends_in_a_reset ? "/reset" : "/cut");
    PowerLossPlan plan;
    plan.seed = test_effort().seed;
    plan.first_act = 7;
    plan.nested_every = 400;
    ASSERT_EQ("", power_loss.run(LogScript(name, GetParam().options, 900, acts), plan));
  }
  report(GetParam().name, power_loss);
}

TEST_P(LogPowerLossTest, a_recovery_from_the_cache_of_a_killed_process_loses_nothing_with_the_power) {
  PowerLoss power_loss;
  const LogScript script(std::string("log/killed/") + GetParam().name, GetParam().options, 900,
                         {LogAct::kAppend, LogAct::kAppendBig, LogAct::kSync, LogAct::kTrimBefore, LogAct::kAppendBig,
                          suited(LogAct::kTrimAfter, GetParam().options), LogAct::kReset, LogAct::kAppend, LogAct::kReopen});
  PowerLossPlan plan;
  plan.killed_every = 1;
  plan.seed = test_effort().seed;
  plan.step_every = test_effort().share(3);
  ASSERT_EQ("", power_loss.run(script, plan));
  report(std::string("killed before, ") + GetParam().name, power_loss);
}

INSTANTIATE_TEST_SUITE_P(Options, LogPowerLossTest, testing::ValuesIn(kOptionSets),
                         [](const auto& set) { return std::string(set.param.name); });

}  // namespace
}  // namespace firn
