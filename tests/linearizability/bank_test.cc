// A bank whose total every snapshot, scan and multi-get sees, beside flushes and compactions.
#include "linearizability/bank_teller.h"
#include "linearizability/busy_database.h"

namespace {

using namespace firn_test;

class BankTest : public testing::TestWithParam<BusyOptions> {};

TEST_P(BankTest, no_money_is_made_or_lost) {
  BusyDatabase busy(GetParam());
  Teller::open_accounts(busy.handle());
  std::atomic<int> transfers{0};
  for (const int thread_count : {2, 4, 8}) {
    busy.run(thread_count, [&](int thread) {
      Teller teller(busy.handle(), thread);
      for (int i = 0; i < 1000 * kEffort / thread_count && !testing::Test::HasFailure(); i++) teller.work();
      transfers += teller.transfers();
    });
  }
  EXPECT_GT(transfers, 300);
}

INSTANTIATE_TEST_SUITE_P(options, BankTest, testing::ValuesIn(kBusyOptions), [](const auto& set) { return std::string(set.param.name); });

}  // namespace
