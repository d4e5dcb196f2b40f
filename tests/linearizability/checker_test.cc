// The checkers themselves: they accept what is right, and find planted anomalies.
#include <gtest/gtest.h>

#include "linearizability/register_history.h"
#include "linearizability/transaction_history.h"

namespace {

using namespace firn_test;

constexpr RegisterState kAbsent{};
RegisterState holding(int64_t value, uint64_t version = 0) { return {true, value, version}; }

RegisterOperation at(int64_t invoked, int64_t returned, RegisterCall call, int64_t argument = 0) {
  RegisterOperation op;
  op.call = call;
  op.argument = argument;
  op.invoked_ns = invoked;
  op.returned_ns = returned;
  return op;
}
RegisterOperation get(int64_t invoked, int64_t returned, RegisterState found) {
  RegisterOperation op = at(invoked, returned, RegisterCall::kGet);
  op.found = found;
  return op;
}
RegisterOperation put(int64_t invoked, int64_t returned, int64_t value, uint64_t version = 0) {
  RegisterOperation op = at(invoked, returned, RegisterCall::kPut, value);
  op.version = version;
  return op;
}
RegisterOperation conditional(int64_t invoked, int64_t returned, RegisterCall call, int64_t expected, int64_t value, bool succeeded,
                              uint64_t version = 0) {
  RegisterOperation op = at(invoked, returned, call, value);
  op.expected = expected;
  op.succeeded = succeeded;
  op.version = version;
  return op;
}
RegisterOperation add(int64_t invoked, int64_t returned, int64_t delta, int64_t sum) {
  RegisterOperation op = at(invoked, returned, RegisterCall::kAdd, delta);
  op.found = holding(sum);
  return op;
}
bool is_linearizable(const std::vector<RegisterOperation>& history, RegisterState initial = {}) {
  return explain_register(history, initial).empty();
}

TEST(RegisterChecker, a_read_beside_a_write_may_see_either_state_and_one_behind_it_the_new_only) {
  EXPECT_TRUE(is_linearizable({put(0, 10, 1), get(5, 6, kAbsent), get(7, 8, holding(1))}));
  EXPECT_FALSE(is_linearizable({put(0, 10, 1), get(5, 6, holding(1)), get(7, 8, kAbsent)})) << "back in time";
  EXPECT_FALSE(is_linearizable({put(0, 1, 1), get(2, 3, kAbsent)})) << "a stale read";
  EXPECT_FALSE(is_linearizable({put(0, 1, 1), put(2, 3, 2), get(4, 5, holding(1))})) << "a lost write";
  EXPECT_FALSE(is_linearizable({put(0, 10, 1), get(11, 12, holding(2))})) << "a value from nowhere";
  EXPECT_TRUE(is_linearizable({put(0, 10, 1), put(1, 9, 2), get(11, 12, holding(1))}));
  EXPECT_TRUE(is_linearizable({put(0, 10, 1), put(1, 9, 2), get(11, 12, holding(2))}));
  EXPECT_FALSE(is_linearizable({put(0, 10, 1), put(1, 9, 2), get(11, 12, holding(1)), get(13, 14, holding(2))}));
}

TEST(RegisterChecker, zero_is_not_absent) {
  EXPECT_FALSE(is_linearizable({put(0, 1, 0), get(2, 3, kAbsent)}));
  EXPECT_FALSE(is_linearizable({at(0, 1, RegisterCall::kDelete), get(2, 3, holding(0))}, holding(0)));
  EXPECT_FALSE(is_linearizable({conditional(0, 1, RegisterCall::kCompareSwap, 0, 5, true)}));
  EXPECT_FALSE(is_linearizable({conditional(0, 1, RegisterCall::kPutIfAbsent, 0, 5, true)}, holding(0)));
}

TEST(RegisterChecker, of_two_swaps_of_one_value_one_wins) {
  const auto swaps = [](bool second_wins) {
    return std::vector{put(0, 1, 7), conditional(2, 10, RegisterCall::kCompareSwap, 7, 1, true),
                       conditional(3, 9, RegisterCall::kCompareSwap, 7, 2, second_wins)};
  };
  EXPECT_TRUE(is_linearizable(swaps(false)));
  EXPECT_FALSE(is_linearizable(swaps(true)));
  EXPECT_FALSE(is_linearizable({put(0, 1, 7), conditional(2, 3, RegisterCall::kCompareSwap, 7, 1, false)})) << "refused for nothing";
}

TEST(RegisterChecker, versions_count) {
  using Call = RegisterCall;
  EXPECT_TRUE(is_linearizable({put(0, 1, 7, 100), conditional(2, 3, Call::kPutIfVersion, 100, 8, true, 101), get(4, 5, holding(8, 101))}));
  EXPECT_FALSE(is_linearizable({put(0, 1, 7, 100), put(2, 3, 7, 101), conditional(4, 5, Call::kPutIfVersion, 100, 8, true, 102)}));
  EXPECT_FALSE(is_linearizable({put(0, 1, 7, 100), conditional(2, 3, Call::kPutIfVersion, 100, 8, false)}));
  EXPECT_FALSE(is_linearizable({put(0, 1, 7, 100), get(2, 3, holding(7, 99))}));
  EXPECT_FALSE(is_linearizable({put(0, 1, 7, 100), at(2, 3, Call::kDelete), conditional(4, 5, Call::kPutIfVersion, 100, 8, true, 103)}));
}

TEST(RegisterChecker, a_lost_addition_is_found) {
  EXPECT_TRUE(is_linearizable({add(0, 10, 1, 2), add(1, 9, 1, 1)}));
  EXPECT_FALSE(is_linearizable({add(0, 10, 1, 1), add(1, 9, 1, 1)}));
}

TEST(RegisterChecker, a_call_that_never_returned_may_have_happened_or_not) {
  EXPECT_TRUE(is_linearizable({put(0, kNeverReturned, 1), get(5, 6, kAbsent), get(7, 8, holding(1))}));
  EXPECT_TRUE(is_linearizable({put(0, kNeverReturned, 1), get(7, 8, kAbsent)}));
  EXPECT_FALSE(is_linearizable({put(0, kNeverReturned, 1), get(5, 6, holding(1)), get(7, 8, kAbsent)}));
}

// ---- Transactions

TransactionStep append(int key, int64_t element) { return {key, true, element, {}}; }
TransactionStep read(int key, std::vector<int64_t> list) { return {key, false, 0, std::move(list)}; }
TransactionRecord committed(std::vector<TransactionStep> steps, int64_t invoked = 0, int64_t returned = 100) {
  return {true, std::move(steps), invoked, returned};
}
// The anomaly's name, without the transactions.
std::string anomaly(const std::vector<TransactionRecord>& history) {
  const std::string text = explain_transactions(history);
  return text.substr(0, text.find('\n'));
}

TEST(TransactionChecker, a_serial_history_is_right) {
  EXPECT_EQ("", anomaly({committed({read(1, {}), append(1, 10)}, 0, 1), committed({read(1, {10}), append(1, 20), append(2, 21)}, 2, 3),
                         committed({read(1, {10, 20}), read(2, {21})}, 4, 5)}));
}

TEST(TransactionChecker, G0_writes_that_interleave) {
  EXPECT_EQ("G0", anomaly({committed({append(1, 10), append(2, 11)}), committed({append(1, 20), append(2, 21)}),
                           committed({read(1, {10, 20})}), committed({read(2, {21, 11})})}));
}

TEST(TransactionChecker, G1a_an_aborted_read) { EXPECT_EQ("G1a", anomaly({{false, {append(1, 10)}, 0, 1}, committed({read(1, {10})})})); }

TEST(TransactionChecker, G1b_an_intermediate_read) {
  EXPECT_EQ("G1b", anomaly({committed({append(1, 10), append(1, 11)}), committed({read(1, {10})}), committed({read(1, {10, 11})})}));
}

TEST(TransactionChecker, G1c_circular_information_flow) {
  EXPECT_EQ("G1c", anomaly({committed({append(1, 10), read(2, {20})}), committed({append(2, 20), read(1, {10})})}));
}

TEST(TransactionChecker, G_single_a_lost_update) {
  EXPECT_EQ("G2-item",
            anomaly({committed({read(1, {}), append(1, 10)}), committed({read(1, {}), append(1, 20)}), committed({read(1, {10, 20})})}));
}

TEST(TransactionChecker, G2_item_a_write_skew) {
  EXPECT_EQ("G2-item", anomaly({committed({read(1, {}), append(2, 10)}), committed({read(2, {}), append(1, 20)}),
                                committed({read(1, {20})}), committed({read(2, {10})})}));
}

TEST(TransactionChecker, a_stale_snapshot_is_against_real_time_only) {
  const auto history = [](int64_t reader_begins) {
    return std::vector{committed({append(1, 10)}, 0, 5), committed({read(1, {})}, reader_begins, 20), committed({read(1, {10})}, 30, 40)};
  };
  EXPECT_EQ("", anomaly(history(4)));
  EXPECT_EQ("real time", anomaly(history(6)));
}

TEST(TransactionChecker, own_appends_that_are_missing_and_orders_that_differ) {
  EXPECT_EQ("internal: own appends are missing", anomaly({committed({append(1, 10), read(1, {})})}));
  EXPECT_EQ("incompatible order",
            anomaly({committed({append(1, 10)}), committed({append(1, 20)}), committed({read(1, {10, 20})}), committed({read(1, {20})})}));
  EXPECT_EQ("duplicate, or from nowhere", anomaly({committed({read(1, {77})})}));
}

TEST(TransactionChecker, G2_of_sets_a_phantom) {
  const std::vector<TransactionRecord> phantom = {committed({read(0, {}), append(0, 1)}), committed({read(0, {}), append(0, 2)})};
  EXPECT_EQ("", explain_set_transactions(phantom, true));
  EXPECT_EQ("G2", explain_set_transactions(phantom, false).substr(0, 2));
  const std::vector<TransactionRecord> circle = {committed({read(0, {2}), append(0, 1)}), committed({read(0, {1}), append(0, 2)})};
  EXPECT_EQ("G1c", explain_set_transactions(circle, true).substr(0, 3));
  const std::vector<TransactionRecord> serial = {committed({read(0, {}), append(0, 1)}, 0, 1),
                                                 committed({read(0, {1}), append(0, 2)}, 2, 3)};
  EXPECT_EQ("", explain_set_transactions(serial, false));
}

}  // namespace
