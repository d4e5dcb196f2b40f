// The clock of a database: wall time at the opening, and from then on only forward.
#include "db/db_clock.h"

#include <gtest/gtest.h>

namespace firn {
namespace {

class SetEnv final : public Env {
 public:
  Result<std::unique_ptr<Directory>> open_directory(const std::string&, bool) override { return Code::kUnsupported; }
  int64_t wall_ms() override { return wall_ms_value; }
  int64_t monotonic_ns() override { return monotonic_ns_value; }
  uint64_t random() override { return 4; }

  int64_t wall_ms_value = 1'700'000'000'000;
  int64_t monotonic_ns_value = 5'000'000'000;
};

TEST(DbClock, BeginsWithTheWallTimeAndMovesWithTheMonotonicOne) {
  SetEnv env;
  const DbClock clock(env);
  EXPECT_EQ(1'700'000'000'000, clock.now_ms());
  env.monotonic_ns_value += 1'999'999;
  EXPECT_EQ(1'700'000'000'001, clock.now_ms());
  env.monotonic_ns_value += 1;
  EXPECT_EQ(1'700'000'000'002, clock.now_ms());
}

TEST(DbClock, StepsOfTheSystemsClockDoNotReachIt) {
  SetEnv env;
  const DbClock clock(env);
  env.wall_ms_value -= 1'000'000;
  EXPECT_EQ(1'700'000'000'000, clock.now_ms());
  env.wall_ms_value += 2'000'000;
  env.monotonic_ns_value += 3'000'000;
  EXPECT_EQ(1'700'000'000'003, clock.now_ms());
}

}  // namespace
}  // namespace firn
