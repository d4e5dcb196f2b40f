// Transactions that append to lists and read them, and a record of each.
// Threading: an Appender a thread.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "capi/txn_fixture.h"
#include "linearizability/register_history.h"
#include "linearizability/transaction_history.h"

namespace firn_test {

class Appender {
 public:
  static constexpr int kKeyCount = 6;
  static std::string name_of(int key) { return "list" + std::to_string(key); }
  // The list of a key, as `get(buffer, capacity)` gives it; absent is empty.
  template <typename Get>
  static std::vector<int64_t> read_list(const Get& get) {
    std::string value(1 << 16, '\0');
    const int64_t length = get(reinterpret_cast<uint8_t*>(value.data()), value.size());
    EXPECT_TRUE(length == FIRN_NOT_FOUND || (length >= 0 && length <= static_cast<int64_t>(value.size()))) << length;
    value.resize(static_cast<size_t>(std::max<int64_t>(length, 0)));
    return list_in(value);
  }
  // What lies in the lists now, as a transaction behind all others.
  static TransactionRecord read_at_the_end(firn_db* db) {
    TransactionRecord last{true, {}, now_ns(), 0};
    for (int key = 0; key < kKeyCount; key++) {
      const std::string name = name_of(key);
      last.steps.push_back(
          {key, false, 0, read_list([&](uint8_t* out, size_t cap) { return firn_get(db, 0, bytes(name), name.size(), out, cap); })});
    }
    last.returned_ns = now_ns();
    return last;
  }

  Appender(firn_db* db, int thread, uint64_t seed = 1) : db_(db), thread_(thread), random_(static_cast<uint64_t>(thread) + seed) {}

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
  static std::vector<int64_t> list_in(const std::string& value) {
    std::vector<int64_t> list(value.size() / sizeof(int64_t));
    if (!list.empty()) std::memcpy(list.data(), value.data(), list.size() * sizeof(int64_t));
    return list;
  }
  static std::string value_of(const std::vector<int64_t>& list) {
    return {reinterpret_cast<const char*>(list.data()), list.size() * sizeof(int64_t)};
  }
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

}  // namespace firn_test
