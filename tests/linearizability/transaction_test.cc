// Transactions of many threads beside flushes, compactions and blind writes are strictly serializable over the keys that they read, and with
// FIRN_TXN_SERIALIZABLE over ranges too.
#include <algorithm>
#include <mutex>

#include "linearizability/busy_database.h"
#include "linearizability/list_appender.h"

namespace {

using namespace firn_test;

class TransactionHistoryTest : public testing::TestWithParam<BusyOptions> {
 protected:
  // transact() of one Worker a thread; all that they recorded.
  template <typename Worker, typename... More>
  std::vector<TransactionRecord> run(firn_db* db, BusyDatabase* busy, int thread_count, int count, const More&... more) {
    std::vector<TransactionRecord> history;
    std::mutex mutex;
    busy->run(thread_count, [&](int thread) {
      Worker worker(db, thread, more...);
      for (int i = 0; i < count; i++) worker.transact();
      const std::lock_guard lock(mutex);
      history.insert(history.end(), worker.records().begin(), worker.records().end());
    });
    return history;
  }
  static long committed_count(const std::vector<TransactionRecord>& history) {
    return std::count_if(history.begin(), history.end(), [](const TransactionRecord& record) { return record.committed; });
  }
};

TEST_P(TransactionHistoryTest, committed_transactions_over_keys_are_strictly_serializable) {
  for (const int thread_count : {2, 5, 8}) {
    SCOPED_TRACE(thread_count);
    BusyDatabase busy(GetParam());
    auto history = run<Appender>(busy.handle(), &busy, thread_count, 200 * kEffort / thread_count);
    history.push_back(Appender::read_at_the_end(busy.handle()));
    EXPECT_GT(committed_count(history), 20);
    ASSERT_EQ("", explain_transactions(history));
  }
}

// Reads the whole set by a scan, then adds an element of its own.
class SetMember {
 public:
  SetMember(firn_db* db, int thread, uint32_t flags) : db_(db), thread_(thread), flags_(flags) {}

  void transact() {
    TransactionRecord record;
    record.invoked_ns = now_ns();
    const Txn txn(db_, flags_);
    TransactionStep scan;
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.flags = FIRN_SCAN_KEYS_ONLY | (last_ % 2 == 0 ? 0 : FIRN_SCAN_REVERSE);
    firn_iter* const iter = firn_scan(db_, txn.handle(), &opts, nullptr);
    firn_kv kv[16];
    for (int64_t count; (count = firn_iter_entries(iter, kv, 16)) > 0;) {
      for (int64_t i = 0; i < count; i++)
        scan.list.push_back(std::stoll(std::string(reinterpret_cast<const char*>(kv[i].key), kv[i].key_len)));
    }
    firn_iter_close(iter);
    std::sort(scan.list.begin(), scan.list.end());
    const int64_t element = 1'000'000 * (last_ * 7919 % 97 + 1) + thread_ * 10'000 + last_;  // spread over the range
    last_++;
    EXPECT_EQ(FIRN_OK, txn.put(std::to_string(element), "x"));
    record.steps = {std::move(scan), {0, true, element, {}}};
    const int64_t code = txn.commit();
    record.returned_ns = now_ns();
    EXPECT_TRUE(code > 0 || code == FIRN_CONFLICT) << code;
    record.committed = code > 0;
    records_.push_back(std::move(record));
  }
  const std::vector<TransactionRecord>& records() const { return records_; }

 private:
  firn_db* db_;
  int thread_;
  uint32_t flags_;
  int64_t last_ = 0;
  std::vector<TransactionRecord> records_;
};

TEST_P(TransactionHistoryTest, serializable_transactions_over_a_range_have_no_phantoms_others_nothing_worse) {
  for (const uint32_t flags : {0u, FIRN_TXN_SERIALIZABLE}) {
    SCOPED_TRACE(flags);
    BusyDatabase busy(GetParam());
    const auto history = run<SetMember>(busy.handle(), &busy, 4, 20 * kEffort, flags);
    EXPECT_GT(committed_count(history), 20);
    ASSERT_EQ("", explain_set_transactions(history, flags == 0));
  }
}

INSTANTIATE_TEST_SUITE_P(options, TransactionHistoryTest, testing::ValuesIn(kBusyOptions),
                         [](const auto& set) { return std::string(set.param.name); });

}  // namespace
