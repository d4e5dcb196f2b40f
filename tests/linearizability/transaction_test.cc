// Transactions of many threads beside flushes, compactions and blind writes are strictly serializable over the keys that they read, and with
// FIRN_TXN_SERIALIZABLE over ranges too.
#include <algorithm>
#include <mutex>
#include <random>

#include "capi/txn_fixture.h"
#include "linearizability/busy_database.h"
#include "linearizability/register_history.h"
#include "linearizability/transaction_history.h"

namespace {

using namespace firn_test;

constexpr int kKeyCount = 6;

std::string name_of(int key) { return "list" + std::to_string(key); }
std::vector<int64_t> list_in(const std::string& value) {
  std::vector<int64_t> list(value.size() / sizeof(int64_t));
  if (!list.empty()) std::memcpy(list.data(), value.data(), list.size() * sizeof(int64_t));
  return list;
}
std::string value_of(const std::vector<int64_t>& list) {
  return {reinterpret_cast<const char*>(list.data()), list.size() * sizeof(int64_t)};
}

// The list of a key, as `get(buffer, capacity)` gives it; absent is empty.
template <typename Get>
std::vector<int64_t> read_list(const Get& get) {
  std::string value(1 << 16, '\0');
  const int64_t length = get(reinterpret_cast<uint8_t*>(value.data()), value.size());
  EXPECT_TRUE(length == FIRN_NOT_FOUND || (length >= 0 && length <= static_cast<int64_t>(value.size()))) << length;
  value.resize(static_cast<size_t>(std::max<int64_t>(length, 0)));
  return list_in(value);
}

class Appender {
 public:
  Appender(firn_db* db, int thread) : db_(db), thread_(thread), random_(static_cast<uint64_t>(thread) + 1) {}

  void transact() {
    const uint32_t kind = random_() % 4;
    const uint32_t flags = kind == 0 ? FIRN_TXN_READ_ONLY : kind == 1 ? FIRN_TXN_SERIALIZABLE : 0;
    TransactionRecord record;
    record.invoked_ns = now_ns();
    const Txn txn(db_, flags);
    const uint32_t steps = 1 + random_() % 4;
    for (uint32_t i = 0; i < steps; i++) {
      const int key = static_cast<int>(random_() % kKeyCount);
      if (kind != 0 && random_() % 2 == 0)
        append(txn, key, &record);
      else if (random_() % 4 == 0)
        read_all(txn, &record);
      else
        record.steps.push_back({key, false, 0, read(txn, key)});
    }
    const int64_t code = txn.commit();
    record.returned_ns = now_ns();
    EXPECT_TRUE(code >= 0 || code == FIRN_CONFLICT) << code;
    record.committed = code >= 0;
    records_.push_back(std::move(record));
  }
  const std::vector<TransactionRecord>& records() const { return records_; }

 private:
  static std::vector<int64_t> read(const Txn& txn, int key) {
    const std::string name = name_of(key);
    return read_list([&](uint8_t* out, size_t cap) { return firn_txn_get(txn.handle(), 0, bytes(name), name.size(), out, cap); });
  }
  void append(const Txn& txn, int key, TransactionRecord* record) {
    std::vector<int64_t> list = read(txn, key);
    record->steps.push_back({key, false, 0, list});
    list.push_back(thread_ * 1'000'000 + ++last_);
    record->steps.push_back({key, true, list.back(), {}});
    EXPECT_EQ(FIRN_OK, txn.put(name_of(key), value_of(list)));
  }
  void read_all(const Txn& txn, TransactionRecord* record) {
    std::vector<std::vector<int64_t>> lists(kKeyCount);
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.prefix = bytes("list"), opts.prefix_len = 4;
    firn_iter* const iter = firn_scan(db_, txn.handle(), &opts, nullptr);
    firn_kv kv;
    while (firn_iter_entries(iter, &kv, 1) == 1) {
      lists[static_cast<size_t>(kv.key[4] - '0')] = list_in({reinterpret_cast<const char*>(kv.val), kv.val_len});
    }
    firn_iter_close(iter);
    for (int key = 0; key < kKeyCount; key++) {
      // An absent key is a read of a range, which the default isolation does not promise anything about.
      if (!lists[static_cast<size_t>(key)].empty()) record->steps.push_back({key, false, 0, lists[static_cast<size_t>(key)]});
    }
  }

  firn_db* db_;
  int thread_;
  std::mt19937 random_;
  int64_t last_ = 0;
  std::vector<TransactionRecord> records_;
};

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
    TransactionRecord last{true, {}, now_ns(), 0};
    for (int key = 0; key < kKeyCount; key++) {
      const std::string name = name_of(key);
      last.steps.push_back({key, false, 0, read_list([&](uint8_t* out, size_t cap) {
                              return firn_get(busy.handle(), 0, bytes(name), name.size(), out, cap);
                            })});
    }
    last.returned_ns = now_ns();
    history.push_back(std::move(last));
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
