// Every call on one key, from many threads beside flushes and compactions, is linearizable. A failure prints what happened around the wrong answer; threads cannot be
// replayed, FIRN_SEED repeats the operations.
#include <cstdlib>
#include <mutex>
#include <random>

#include "crashfs/effort.h"
#include "linearizability/busy_database.h"
#include "linearizability/register_caller.h"

namespace {

using namespace firn_test;
using History = Caller::History;

class RegisterTest : public testing::TestWithParam<BusyOptions> {};

TEST_P(RegisterTest, calls_on_one_key_are_linearizable) {
  BusyDatabase db(GetParam());
  const uint64_t seed = firn::test_effort().seed;
  uint32_t round = 0;
  for (const int thread_count : {2, 3, 4, 8}) {
    SCOPED_TRACE(firn::replay_command() + ", " + std::to_string(thread_count) + " threads");
    const std::string name = "round" + std::to_string(round++);
    const int64_t id = firn_ns_open(db.handle(), bytes(name), name.size(), 0);
    ASSERT_GT(id, 0);
    const auto ns = static_cast<uint32_t>(id);
    std::vector<History> histories(Caller::kKeyCount);
    std::mutex mutex;
    db.run(thread_count, [&](int thread) {
      Caller caller(db.handle(), ns, thread, seed + round * 100);
      for (int i = 0; i < 2500 * kEffort / thread_count; i++) caller.call();
      const std::lock_guard lock(mutex);
      for (size_t key = 0; key < Caller::kKeyCount; key++) {
        histories[key].insert(histories[key].end(), caller.histories()[key].begin(), caller.histories()[key].end());
      }
    });
    for (const History& history : histories) {
      EXPECT_GT(history.size(), 200u * kEffort);
      ASSERT_EQ("", explain_register(history));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(options, RegisterTest, testing::ValuesIn(kBusyOptions),
                         [](const auto& set) { return std::string(set.param.name); });

}  // namespace
