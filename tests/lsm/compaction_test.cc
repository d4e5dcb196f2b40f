// Which runs are merged, which tables are taken over as they are, and how the rest is cut into parts.
#include "lsm/compaction.h"

#include "lsm/table_fixture.h"

namespace firn {
namespace {

using Ids = std::vector<uint64_t>;
constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kLarge = 10 * kMiB;  // is taken over rather than rewritten

struct Tables {
  VersionRef version = std::make_shared<Version>();
  uint64_t next_id = 1;

  // The newest run so far.
  uint64_t add(uint64_t run_id, const std::string& smallest, const std::string& largest, uint64_t bytes, EntryKind kind = EntryKind::kPut,
               Prefix prefix = 1) {
    version = apply_changes(*version, {}, {{run_id, make_table(next_id, smallest, largest, bytes, next_id, kind, prefix)}});
    return next_id++;
  }
};

// Every input is either moved or in exactly one part; parts and moved tables do not overlap; parts ascend; in a part newer runs come first.
void expect_sound(const CompactionPlan& plan) {
  std::vector<uint64_t> seen = ids_of(plan.moved);
  std::vector<std::pair<InternalKey, InternalKey>> ranges;
  for (const TableRef& table : plan.moved) ranges.push_back({table->table->properties().smallest(), table->table->properties().largest()});
  const InternalKey* before = nullptr;
  std::vector<InternalKey> largest_of_parts;
  largest_of_parts.reserve(plan.parts.size());
  for (const auto& part : plan.parts) {
    InternalKey smallest{UINT32_MAX, Slice()};
    InternalKey largest{0, Slice()};
    for (const auto& run : part.newest_first) {
      EXPECT_FALSE(run.empty());
      for (size_t i = 0; i < run.size(); i++) {
        const TableProperties& properties = run[i]->table->properties();
        seen.push_back(run[i]->id);
        if (properties.smallest().compare(smallest) < 0) smallest = properties.smallest();
        if (properties.largest().compare(largest) > 0) largest = properties.largest();
        if (i > 0) {
          EXPECT_LT(run[i - 1]->table->properties().largest().compare(properties.smallest()), 0);
        }
      }
    }
    if (before != nullptr) {
      EXPECT_LT(before->compare(smallest), 0);
    }
    largest_of_parts.push_back(largest);
    before = &largest_of_parts.back();
    ranges.push_back({smallest, largest});
  }
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first.compare(b.first) < 0; });
  for (size_t i = 1; i < ranges.size(); i++) EXPECT_LT(ranges[i - 1].second.compare(ranges[i].first), 0);
  Ids inputs = ids_of(plan.inputs);
  std::sort(inputs.begin(), inputs.end());
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(inputs, seen);
}

TEST(Compaction, FewRunsAreLeftAlone) {
  Tables tables;
  EXPECT_FALSE(pick_compaction(*tables.version));
  for (uint64_t run = 1; run <= 3; run++) tables.add(run, "a", "z", kMiB);
  EXPECT_FALSE(pick_compaction(*tables.version));
}

TEST(Compaction, FourRunsOfLikeSizeAreMergedIntoTheNewest) {
  Tables tables;
  for (uint64_t run = 1; run <= 4; run++) tables.add(run, "a", "z", kMiB);
  const auto plan = pick_compaction(*tables.version);
  ASSERT_TRUE(plan);
  EXPECT_EQ(4u, plan->run_id);
  EXPECT_TRUE(plan->includes_oldest);
  ASSERT_EQ(1u, plan->parts.size());
  ASSERT_EQ(4u, plan->parts[0].newest_first.size());
  for (uint64_t i = 0; i < 4; i++) EXPECT_EQ((Ids{4 - i}), ids_of(plan->parts[0].newest_first[i]));
  EXPECT_EQ(Seq{1}, plan->seq_lower);
  EXPECT_EQ(Seq{4}, plan->seq_upper);
  expect_sound(*plan);
}

TEST(Compaction, AMuchLargerOldRunIsLeftOutAndTombstonesStay) {
  Tables tables;
  tables.add(1, "a", "z", 1000 * kMiB);
  for (uint64_t run = 2; run <= 5; run++) tables.add(run, "a", "z", kMiB);
  const auto plan = pick_compaction(*tables.version);
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->includes_oldest);
  EXPECT_EQ(4u, plan->inputs.size());
  expect_sound(*plan);
}

TEST(Compaction, SizesThatFallSteeplyWaitUntilThereAreTooManyRuns) {
  Tables tables;
  uint64_t bytes = uint64_t{1} << 50;
  uint64_t run = 1;
  for (; run <= 7; run++, bytes /= 16) {
    tables.add(run, "a", "z", bytes);
    EXPECT_FALSE(pick_compaction(*tables.version)) << run;
  }
  tables.add(run, "a", "z", bytes);
  const auto plan = pick_compaction(*tables.version);
  ASSERT_TRUE(plan);
  EXPECT_EQ(4u, plan->inputs.size());
  EXPECT_EQ(8u, plan->run_id);
}

TEST(Compaction, LargeTablesThatOverlapNothingAreTakenOver) {
  Tables tables;
  for (uint64_t run = 1; run <= 4; run++) tables.add(run, "k" + std::to_string(run), "k" + std::to_string(run) + "z", kLarge);
  const auto plan = pick_compaction(*tables.version);
  ASSERT_TRUE(plan);
  EXPECT_EQ(4u, plan->moved.size());
  EXPECT_TRUE(plan->parts.empty());
  expect_sound(*plan);
}

TEST(Compaction, SmallNeighboursAreMergedAlthoughTheyDoNotOverlap) {
  Tables tables;
  for (uint64_t run = 1; run <= 4; run++) tables.add(run, "k" + std::to_string(run), "k" + std::to_string(run) + "z", 1000);
  const auto plan = pick_compaction(*tables.version);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->moved.empty());
  EXPECT_EQ(1u, plan->parts.size());
  expect_sound(*plan);
}

TEST(Compaction, PartsDoNotSpanMovedTables) {
  Tables tables;
  tables.add(1, "a", "c", kLarge);
  const uint64_t moved = tables.add(1, "h", "k", kLarge);
  tables.add(1, "p", "r", kLarge);
  tables.add(2, "b", "d", kLarge);
  tables.add(3, "q", "s", kLarge);
  tables.add(4, "c", "e", kLarge);
  const auto plan = pick_compaction(*tables.version);
  ASSERT_TRUE(plan);
  EXPECT_EQ((Ids{moved}), ids_of(plan->moved));
  ASSERT_EQ(2u, plan->parts.size());
  EXPECT_EQ(3u, plan->parts[0].newest_first.size());
  EXPECT_EQ(2u, plan->parts[1].newest_first.size());
  expect_sound(*plan);
}

TEST(Compaction, TablesThatTouchInOneKeyAreMerged) {
  Tables tables;
  tables.add(1, "a", "c", kLarge);
  tables.add(2, "c", "e", kLarge);
  tables.add(3, "x", "y", kLarge);
  tables.add(4, "z", "zz", kLarge);
  const auto plan = pick_compaction(*tables.version);
  ASSERT_TRUE(plan);
  EXPECT_EQ(1u, plan->parts.size());
  EXPECT_EQ(2u, plan->moved.size());
  expect_sound(*plan);
}

TEST(Compaction, WhatHoldsGarbageIsRewrittenInAMergeDownToTheOldestRunOnly) {
  for (const EntryKind kind : {EntryKind::kDelete, EntryKind::kPutExpiring}) {
    Tables tables;
    for (uint64_t run = 1; run <= 4; run++) {
      tables.add(run, "k" + std::to_string(run), "k" + std::to_string(run) + "z", kLarge, run == 3 ? kind : EntryKind::kPut);
    }
    const auto plan = pick_compaction(*tables.version);
    ASSERT_TRUE(plan);
    EXPECT_EQ(3u, plan->moved.size());
    EXPECT_EQ(1u, plan->parts.size());
    tables.version = apply_changes(*tables.version, {}, {{0, make_table(99, "a", "z", 1000 * kMiB)}});
    const auto upper = pick_compaction(*tables.version);
    ASSERT_TRUE(upper);
    EXPECT_FALSE(upper->includes_oldest);
    EXPECT_EQ(4u, upper->moved.size());
  }
}

TEST(Compaction, AboveAMergeThatGoesOnOnlyNewerRunsAreMerged) {
  Tables tables;
  for (uint64_t run = 1; run <= 5; run++) tables.add(run, "a", "z", kMiB);
  constexpr uint64_t kNewestInput = 5;
  EXPECT_FALSE(pick_above(*tables.version, kNewestInput));
  for (uint64_t run = 6; run <= 8; run++) tables.add(run, "a", "z", kMiB, EntryKind::kDelete);
  EXPECT_FALSE(pick_above(*tables.version, kNewestInput)) << "three are few";
  tables.add(9, "a", "z", kMiB);
  const auto plan = pick_above(*tables.version, kNewestInput);
  ASSERT_TRUE(plan);
  EXPECT_EQ(9u, plan->run_id);
  EXPECT_FALSE(plan->includes_oldest) << "the tombstones stay";
  EXPECT_EQ(Seq{6}, plan->seq_lower);
  EXPECT_EQ(4u, plan->inputs.size());
  expect_sound(*plan);
}

TEST(FullCompaction, NothingIsDoneToOneCleanRun) {
  const NamespaceCatalog catalog{};
  Tables tables;
  EXPECT_FALSE(plan_full_compaction(*tables.version, catalog));
  tables.add(1, "a", "c", kMiB);
  tables.add(1, "d", "f", kMiB);
  EXPECT_FALSE(plan_full_compaction(*tables.version, catalog));
}

TEST(FullCompaction, TakesAllRunsWhateverTheirSizes) {
  const NamespaceCatalog catalog{};
  Tables tables;
  tables.add(1, "a", "z", 1000 * kMiB);
  tables.add(2, "a", "z", 1000);
  const auto plan = plan_full_compaction(*tables.version, catalog);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->includes_oldest);
  EXPECT_EQ(2u, plan->inputs.size());
  expect_sound(*plan);
}

TEST(FullCompaction, OneRunIsDoneAgainForTombstonesExpiriesAndDeadPrefixes) {
  const NamespaceCatalog catalog{};
  for (const EntryKind kind : {EntryKind::kDelete, EntryKind::kPutExpiring}) {
    Tables tables;
    tables.add(1, "a", "c", kLarge);
    tables.add(1, "d", "f", kLarge, kind);
    const auto plan = plan_full_compaction(*tables.version, catalog);
    ASSERT_TRUE(plan);
    EXPECT_EQ((Ids{1}), ids_of(plan->moved));
    EXPECT_EQ(1u, plan->parts.size());
  }
  Tables tables;
  tables.add(1, "a", "c", kLarge, EntryKind::kPut, kDefaultPrefix + 1);  // of no namespace
  const auto plan = plan_full_compaction(*tables.version, catalog);
  ASSERT_TRUE(plan);
  EXPECT_EQ(1u, plan->parts.size());
}

// Tables of two keys each; those that expire do so above 1.
TEST(Purge, NothingIsDoneWhereNothingExpiresOrHasExpired) {
  Tables tables;
  EXPECT_FALSE(pick_purge(*tables.version, 2));
  tables.add(1, "a", "c", kLarge, EntryKind::kDelete);
  EXPECT_FALSE(pick_purge(*tables.version, 2));
  tables.add(1, "d", "f", kLarge, EntryKind::kPutExpiring);
  EXPECT_FALSE(pick_purge(*tables.version, 1));
}

TEST(Purge, ItTakesTheRunsFromTheNewestWithExpiredEntriesToTheOldest) {
  Tables tables;
  tables.add(1, "a", "c", kLarge);
  tables.add(2, "a", "c", kLarge, EntryKind::kPutExpiring);
  tables.add(3, "a", "c", kLarge);
  EXPECT_FALSE(pick_purge(*tables.version, 2)) << "an estimate of 1 in 6";
  tables.add(2, "e", "f", kLarge, EntryKind::kPutExpiring);
  const auto plan = pick_purge(*tables.version, 2);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->includes_oldest);
  EXPECT_EQ(2u, plan->run_id);
  EXPECT_EQ(3u, plan->inputs.size());
  expect_sound(*plan);
}

// Reading two runs of 1 MiB and writing them as one costs what some 15,000 seeks in one more run do, or three million entries.
TEST(ForScans, NothingIsDoneBeforeScansHavePaid) {
  Tables tables;
  const ScanCounts many{1'000'000, 1'000'000'000};
  EXPECT_FALSE(pick_for_scans(*tables.version, many));
  tables.add(1, "a", "z", kMiB);
  EXPECT_FALSE(pick_for_scans(*tables.version, many)) << "one run";
  tables.add(2, "a", "z", kMiB);
  EXPECT_FALSE(pick_for_scans(*tables.version, {0, 0}));
  EXPECT_FALSE(pick_for_scans(*tables.version, {10'000, 0}));
  EXPECT_FALSE(pick_for_scans(*tables.version, {0, 2'000'000}));
}

TEST(ForScans, RunsAreMergedThatScansHavePaidFor) {
  Tables tables;
  tables.add(1, "a", "z", kMiB);
  tables.add(2, "a", "z", kMiB);
  for (const ScanCounts counts : {ScanCounts{20'000, 0}, ScanCounts{0, 4'000'000}, ScanCounts{10'000, 2'000'000}}) {
    const auto plan = pick_for_scans(*tables.version, counts);
    ASSERT_TRUE(plan) << counts.seeks;
    EXPECT_TRUE(plan->includes_oldest);
    EXPECT_EQ(2u, plan->run_id);
    EXPECT_EQ(2u, plan->inputs.size());
    expect_sound(*plan);
  }
}

TEST(ForScans, ALargeRunWaitsUntilItIsPaidForToo) {
  Tables tables;
  const uint64_t largest = tables.add(1, "a", "z", 1024 * kMiB);
  for (uint64_t run = 2; run <= 3; run++) tables.add(run, "a", "z", kMiB);
  const auto small = pick_for_scans(*tables.version, {20'000, 0});
  ASSERT_TRUE(small);
  EXPECT_FALSE(small->includes_oldest);
  EXPECT_EQ(3u, small->run_id);
  const Ids inputs = ids_of(small->inputs);
  EXPECT_EQ(2u, inputs.size());
  EXPECT_EQ(0, std::count(inputs.begin(), inputs.end(), largest));
  const auto all = pick_for_scans(*tables.version, {10'000'000, 0});
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->includes_oldest);
  EXPECT_EQ(3u, all->inputs.size());
  expect_sound(*all);
}

}  // namespace
}  // namespace firn
