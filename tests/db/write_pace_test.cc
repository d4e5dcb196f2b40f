// How fast writers may go: not slowed down without need, slower the further the jobs are behind, and at no more than the rate that was found, however many they are.
#include "db/write_pace.h"

#include <gtest/gtest.h>

#include "db_fixture.h"
#include "full_disk_env.h"

namespace firn {
namespace {

constexpr uint64_t kStepBytes = 64 << 10;

TEST(WritePace, NobodyIsSlowedDownWithoutNeed) {
  EXPECT_EQ(0, WritePace::delay_of_step_ns({}));
  EXPECT_EQ(0, WritePace::delay_of_step_ns({3, kRunCountSlow}));
  WritePace pace;
  EXPECT_TRUE(pace.is_due(100));
  EXPECT_EQ(0, pace.wait_until(100, {}, 1'000));
  EXPECT_FALSE(pace.is_due(100 + kStepBytes - 1));
  EXPECT_TRUE(pace.is_due(100 + kStepBytes));
}

TEST(WritePace, TheFurtherTheJobsAreBehindTheSlower) {
  double before = 0;
  for (double memtables = 3.25; memtables <= kSealedCountMax; memtables += 0.25) {
    const double delay = WritePace::delay_of_step_ns({memtables, 0});
    EXPECT_GT(delay, before);
    before = delay;
  }
  EXPECT_EQ(before, WritePace::delay_of_step_ns({kSealedCountMax + 1, 0})) << "it ends where writers wait";
  EXPECT_EQ(before, WritePace::delay_of_step_ns({0, kRunCountMax}));
  EXPECT_LT(WritePace::delay_of_step_ns({0, kRunCountSlow + 1}), before / 100) << "it begins softly";
}

TEST(WritePace, ManyWritersTogetherGoAtOneRate) {
  const WritePace::Debt debt{4, 0};
  const auto step_ns = static_cast<int64_t>(WritePace::delay_of_step_ns(debt));
  ASSERT_GT(step_ns, 0);
  WritePace pace;
  (void)pace.wait_until(0, {}, 0);
  for (int64_t step = 1; step <= 10; step++) {
    EXPECT_EQ(1'000 + step * step_ns, pace.wait_until(static_cast<uint64_t>(step) * kStepBytes, debt, 1'000)) << "all at the same moment";
  }
  EXPECT_EQ(1'000'000'000 + 3 * step_ns, pace.wait_until(13 * kStepBytes, debt, 1'000'000'000)) << "a large commit counts as what it is";
  pace.begin_segment();
  EXPECT_TRUE(pace.is_due(0));
  EXPECT_EQ(0, pace.wait_until(500, {}, 1'000'000'000)) << "the jobs have caught up: what was owed is forgotten";
}

class WritePaceTest : public DbTest {
 protected:
  FullDiskEnv slow_disk_;
};

TEST_F(WritePaceTest, WritersBesideAFlushThatIsBehindAreSlowedDownBeforeTheyWait) {
  env_ = &slow_disk_;
  open("memtable_bytes=256KiB");
  slow_disk_.disk.holds_table_writes = true;
  const std::string value(1'000, 'v');
  const auto put_many = [&](int from, int to) {
    for (int i = from; i < to; i++) put("key" + std::to_string(i), value);
  };
  put_many(0, 600);  // two memtables and a part of the third
  EXPECT_EQ(0u, stat("stalls"));
  put_many(600, 1'100);  // four and a part of the fifth; writers would wait for the seventh
  EXPECT_GT(stat("stalls"), 0u);
  slow_disk_.disk.holds_table_writes = false;
  ASSERT_TRUE(flush().ok());
  for (int i = 0; i < 1'100; i++) ASSERT_EQ(value, get("key" + std::to_string(i)));
}

}  // namespace
}  // namespace firn
