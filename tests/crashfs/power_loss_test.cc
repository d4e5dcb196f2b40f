// T1 for databases: power loss at every step of every short sequence of acts and of longer scripts. See power_loss.h for what is demanded.
#include <gtest/gtest.h>

#include <cstdio>

#include "crashfs/crash_fs.h"
#include "crashfs/database_subject.h"
#include "crashfs/effort.h"
#include "crashfs/power_loss.h"
#include "crashfs/selector.h"

namespace firn {
namespace {

constexpr const char* kTiny = "memtable_bytes=4KiB";

// What a script leaves on the disk, and the state that it means. `closed`: in order.
void start_from(const DatabaseScript& before, bool closed, DatabaseScript* script) {
  CrashFs fs({}, 77);
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

DatabaseScript filling(const std::string& options, size_t value_bytes) {
  return DatabaseScript("filling", options, value_bytes,
                        {Act::kPut, Act::kNamespace, Act::kBatch, Act::kAdd, Act::kFlush, Act::kPut, Act::kTransaction, Act::kFlush,
                         Act::kPut, Act::kDelete, Act::kPut});
}

// `deep_distinct`: how many distinct images a deep run has to make here, when nothing is selected. Together with those of log_power_loss_test.cc more than 1,000,000.
void report(const char* what, const PowerLoss& power_loss, uint64_t deep_distinct = 0) {
  if (test_effort().is_deep && !crash_script.is_set()) {
    EXPECT_GE(power_loss.counts().distinct, deep_distinct) << what << ": fewer images than its part of the bar";
  }
  std::printf("[ figures  ] %s: %s\n", what, power_loss.counts().text().c_str());
}

struct OptionSet {
  const char* name;
  const char* options;
  uint64_t deep_distinct;  // of the short sequences: see report()
};
constexpr uint64_t kLongDeepDistinct = 15'000;
constexpr OptionSet kOptionSets[] = {
    {"process", "memtable_bytes=4KiB", 65'000},
    {"sync", "memtable_bytes=4KiB,durability=sync", 40'000},
    {"none", "memtable_bytes=4KiB,durability=none", 45'000},
    {"pwrite", "memtable_bytes=4KiB,log_io=pwrite,table_io=pread", 40'000},
    {"pwrite_sync", "memtable_bytes=4KiB,log_io=pwrite,durability=sync", 40'000},
    {"retention", "memtable_bytes=4KiB,changes_retention_bytes=16KiB", 60'000},
    {"compressed", "memtable_bytes=4KiB,compression=lz4,table_io=pread", 55'000},
    {"every", "memtable_bytes=4KiB,durability=every:2", 60'000},
};

class PowerLossTest : public testing::TestWithParam<OptionSet> {};

// Every sequence is crashed in its last act: what comes before is a shorter sequence.
TEST_P(PowerLossTest, every_short_sequence_of_acts_recovers_from_power_loss_at_every_step) {
  PowerLoss power_loss;
  const Effort effort = test_effort();
  const bool is_main = std::string(GetParam().name) == "process" || std::string(GetParam().name) == "sync";
  for (const bool is_filled : {false, true}) {
    for (size_t length = 0; length <= 3; length++) {
      size_t count = 1;
      for (size_t i = 0; i < length; i++) count *= kExhaustiveActCount;
      for (size_t number = 0; number < count; number++) {
        std::vector<Act> acts;
        std::string name = std::string(GetParam().name) + (is_filled ? "/filled" : "/fresh");
        for (size_t i = 0, rest = number; i < length; i++, rest /= kExhaustiveActCount) {
          acts.push_back(static_cast<Act>(rest % kExhaustiveActCount));
          name += std::string("/") + name_of(acts.back());
        }
        if (!crash_script.wants(name)) continue;
        const uint64_t share = length < 2 ? 1 : length == 2 ? effort.share(is_main ? 8 : 40) : effort.share(is_main ? 200 : 1000);
        if (share > 1 && hash_bytes(name, effort.seed) % share != 0) continue;
        DatabaseScript script(name, GetParam().options, 700, acts);
        if (is_filled) start_from(filling(GetParam().options, 700), number % 2 == 0, &script);
        PowerLossPlan plan;
        plan.first_act = length;
        plan.seed = effort.seed;
        plan.nested_every = effort.share(400, 400);
        plan.killed_every = effort.share(60, 64);
        const std::string problem = power_loss.run(script, plan);
        ASSERT_EQ("", problem);
      }
    }
  }
  report(GetParam().name, power_loss, GetParam().deep_distinct);
}

INSTANTIATE_TEST_SUITE_P(Options, PowerLossTest, testing::ValuesIn(kOptionSets),
                         [](const auto& set) { return std::string(set.param.name); });

// Longer scripts: rotation, flushes, compactions, the manifest's roll, large commits, namespaces that come and go.
std::vector<Act> random_acts(uint64_t seed, size_t count) {
  constexpr Act kWeighted[] = {Act::kPut,         Act::kPut,         Act::kPut,   Act::kPut,     Act::kPutSync,
                               Act::kDelete,      Act::kBatch,       Act::kBatch, Act::kAdd,     Act::kCompareSwap,
                               Act::kTransaction, Act::kDeleteRange, Act::kFlush, Act::kCompact, Act::kNamespace,
                               Act::kReopen,      Act::kClear,       Act::kSync,  Act::kBigPut,  Act::kPut};
  std::vector<Act> acts;
  for (size_t i = 0; i < count; i++) acts.push_back(kWeighted[hash_bytes(std::to_string(i), seed) % std::size(kWeighted)]);
  return acts;
}

TEST_P(PowerLossTest, longer_scripts_recover_from_power_loss_at_every_step) {
  PowerLoss power_loss;
  const Effort effort = test_effort();
  const size_t count = effort.count(1, 6);
  for (size_t round = 0; round < count; round++) {
    const std::string name = std::string(GetParam().name) + "/long" + std::to_string(round);
    if (!crash_script.wants(name)) continue;
    const DatabaseScript script(name, GetParam().options, 600 + 200 * (round % 4),
                                random_acts(hash_bytes(name, effort.seed), effort.is_deep ? 60 : 40));
    PowerLossPlan plan;
    plan.seed = effort.seed;
    plan.step_every = effort.share(8);
    plan.budget.single_count = 16;
    plan.nested_every = 800;
    plan.killed_every = effort.share(60, 64);
    ASSERT_EQ("", power_loss.run(script, plan));
  }
  report(GetParam().name, power_loss, kLongDeepDistinct);
}

// What the next process finds in the cache and the disk does not have yet must not cost it what the disk still needs. Crashed at every step, also of the creation.
TEST(PowerLossAfterKillTest, a_recovery_from_the_cache_of_a_killed_process_loses_nothing_with_the_power) {
  PowerLoss power_loss;
  for (const char* options : {"memtable_bytes=4KiB,durability=sync", "memtable_bytes=4KiB,changes_retention_bytes=16KiB"}) {
    const DatabaseScript script(
        std::string("killed/") + options, options, 700,
        {Act::kPutSync, Act::kFlush, Act::kPut, Act::kPutSync, Act::kFlush, Act::kCompact, Act::kPutSync, Act::kReopen});
    PowerLossPlan plan;
    plan.killed_every = 1;
    plan.seed = test_effort().seed;
    plan.step_every = test_effort().share(6);
    ASSERT_EQ("", power_loss.run(script, plan));
  }
  report("killed before", power_loss);
}

// What is lost is bounded by the clock, and by the count, whatever is counted: also of commits that are no writes.
TEST(PowerLossBoundTest, no_more_than_the_durability_says_is_lost) {
  PowerLoss power_loss;
  const std::pair<const char*, std::vector<Act>> scripts[] = {
      {"memtable_bytes=4KiB,durability=interval:500ms",
       {Act::kPut, Act::kNamespace, Act::kBatch, Act::kPause, Act::kPut, Act::kPut, Act::kNamespace, Act::kPause, Act::kAdd}},
      {"memtable_bytes=64KiB,durability=every:2",
       {Act::kPut, Act::kPut, Act::kAdd, Act::kPut, Act::kBatch, Act::kPut, Act::kTransaction, Act::kPut, Act::kAdd}},
      {"memtable_bytes=4KiB,durability=every:1",
       {Act::kPut, Act::kClear, Act::kNamespace, Act::kPut, Act::kBatch, Act::kClear, Act::kNamespace}},
  };
  for (const auto& [options, acts] : scripts) {
    const DatabaseScript script(std::string("bound/") + options, options, 700, acts);
    if (!crash_script.wants(script.name)) continue;
    PowerLossPlan plan;
    plan.seed = test_effort().seed;
    plan.step_every = test_effort().share(1);
    ASSERT_EQ("", power_loss.run(script, plan));
  }
  report("bounds", power_loss);
}

// Commits that do not wait for their sync are there after the next one, and are lost as a whole and in order before it.
TEST(PowerLossNoSyncTest, what_did_not_wait_for_its_sync_is_durable_after_the_next_one) {
  PowerLoss power_loss;
  for (const char* options : {"memtable_bytes=4KiB,durability=sync", "memtable_bytes=4KiB,log_io=pwrite,durability=sync"}) {
    const DatabaseScript script(std::string("no_sync/") + options, options, 700,
                                {Act::kPutNoSync, Act::kPutNoSync, Act::kSync, Act::kPutNoSync, Act::kNamespace, Act::kPutNoSync,
                                 Act::kPutNoSync, Act::kPutSync, Act::kPutNoSync, Act::kPut, Act::kPutNoSync, Act::kPutNoSync, Act::kSync});
    if (!crash_script.wants(script.name)) continue;
    PowerLossPlan plan;
    plan.seed = test_effort().seed;
    plan.killed_every = 60;
    ASSERT_EQ("", power_loss.run(script, plan));
  }
  report("no sync", power_loss);
}

// The manifest's segments are 64 KiB: only a long run fills one.
TEST(PowerLossManifestTest, a_manifest_that_rolls_recovers_from_power_loss_at_every_step) {
  PowerLoss power_loss;
  const Effort effort = test_effort();
  // Not reopened: every opening begins a new segment of the manifest.
  DatabaseScript before("rolling", kTiny, 1300, std::vector<Act>(1500, Act::kPut));
  CrashFs fs({}, effort.seed);
  const auto subject = before.make_subject();
  ASSERT_TRUE(subject->open(fs).ok());
  ModelState state = before.start_state;
  size_t rolled_at = 0;
  for (size_t i = 0; i < before.size() && rolled_at == 0; i++) {
    ASSERT_TRUE(subject->act(i, state, fs).ok());
    state = before.apply(i, state);
    if (fs.live().files.contains("/db/manifest/00000000000000000002.log")) rolled_at = i;
  }
  ASSERT_NE(0u, rolled_at) << "the manifest never rolled: the test shows nothing";
  before.acts.resize(rolled_at + 2, Act::kPut);
  PowerLossPlan plan;
  plan.first_act = rolled_at;
  plan.seed = effort.seed;
  plan.nested_every = 50;
  ASSERT_EQ("", power_loss.run(before, plan));
  EXPECT_GT(power_loss.counts().points, 0u);
  report("manifest roll", power_loss);
}

}  // namespace
}  // namespace firn
