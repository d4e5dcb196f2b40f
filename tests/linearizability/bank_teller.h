// A bank: transfers by transactions, by batches that expect versions, and by serializable scans move money about; every snapshot, scan and multi-get sees the
// same total.
// Threading: a Teller a thread.
#pragma once

#include <random>
#include <string>
#include <thread>

#include "capi/txn_fixture.h"

namespace firn_test {

class Teller {
 public:
  static constexpr int kAccountCount = 8;
  static constexpr int64_t kBalance = 1000;
  static constexpr int64_t kTotal = kBalance * kAccountCount;

  static void open_accounts(firn_db* db) {
    for (int account = 0; account < kAccountCount; account++) ASSERT_EQ(FIRN_OK, put(db, name_of(account), number(kBalance)));
  }

  Teller(firn_db* db, int thread, uint64_t seed = 1) : db_(db), random_(static_cast<uint64_t>(thread) + seed) {}

  void work() {
    from_ = static_cast<int>(random_() % kAccountCount);
    to_ = (from_ + 1 + static_cast<int>(random_() % (kAccountCount - 1))) % kAccountCount;
    amount_ = 1 + static_cast<int64_t>(random_() % 50);
    switch (random_() % 7) {
      case 0:
        return transfer_in_transaction(0);
      case 1:
        return transfer_in_transaction(FIRN_TXN_SERIALIZABLE);
      case 2:
        return transfer_in_batch();
      case 3:
        return transfer_by_adding();
      case 4:
        return audit_by_snapshot();
      case 5:
        return audit_by_scan();
      default:
        return audit_by_multi_get();
    }
  }
  int transfers() const { return transfers_; }

 private:
  static std::string name_of(int account) { return "account" + std::to_string(account); }
  static std::string number(int64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }
  static int64_t number(const uint8_t* bytes) {
    int64_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  int64_t get(int account, uint64_t* version) const {
    const std::string name = name_of(account);
    firn_entry entry = FIRN_ENTRY_INIT;
    uint8_t value[8] = {};
    EXPECT_EQ(8, firn_get_entry(db_, 0, bytes(name), name.size(), value, sizeof value, &entry));
    *version = entry.version;
    return number(value);
  }
  static int64_t get(const Txn& txn, int account) {
    const std::string value = txn.get(name_of(account));
    EXPECT_EQ(8u, value.size()) << value;
    return number(bytes(value));
  }
  int64_t sum(firn_txn* txn, uint32_t flags) const {
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.flags = flags;
    firn_iter* const iter = firn_scan(db_, txn, &opts, nullptr);
    int64_t total = 0;
    firn_kv kv[3];
    for (int64_t count; (count = firn_iter_entries(iter, kv, 3)) > 0;) {
      for (int64_t i = 0; i < count; i++) total += number(kv[i].val);
    }
    firn_iter_close(iter);
    return total;
  }
  void ended(int64_t code) {
    EXPECT_TRUE(code > 0 || code == FIRN_CONFLICT) << code;
    if (code > 0) transfers_++;
  }

  void transfer_in_transaction(uint32_t flags) {
    const Txn txn(db_, flags);
    if (flags == FIRN_TXN_SERIALIZABLE) {
      EXPECT_EQ(kTotal, sum(txn.handle(), 0));
    }
    const int64_t from = get(txn, from_), to = get(txn, to_);
    EXPECT_EQ(FIRN_OK, txn.put(name_of(from_), number(from - amount_)));
    EXPECT_EQ(FIRN_OK, txn.put(name_of(to_), number(to + amount_)));
    EXPECT_EQ(kTotal, sum(txn.handle(), FIRN_SCAN_REVERSE)) << "with own writes";
    ended(txn.commit());
  }
  void transfer_in_batch() {
    uint64_t from_version = 0, to_version = 0;
    const int64_t from = get(from_, &from_version), to = get(to_, &to_version);
    std::string batch;
    append_operation(&batch, FIRN_OP_EXPECT_VERSION, 0, name_of(from_), "", static_cast<int64_t>(from_version));
    append_operation(&batch, FIRN_OP_EXPECT_VERSION, 0, name_of(to_), "", static_cast<int64_t>(to_version));
    append_operation(&batch, FIRN_OP_PUT, 0, name_of(from_), number(from - amount_));
    append_operation(&batch, FIRN_OP_PUT, 0, name_of(to_), number(to + amount_));
    ended(firn_write(db_, bytes(batch), batch.size(), 0));
  }
  void transfer_by_adding() {
    std::string batch;
    append_operation(&batch, FIRN_OP_ADD, 0, name_of(from_), number(-amount_));
    append_operation(&batch, FIRN_OP_ADD, 0, name_of(to_), number(amount_));
    const int64_t code = firn_write(db_, bytes(batch), batch.size(), 0);
    EXPECT_GT(code, 0);
    ended(code);
  }

  void audit_by_snapshot() {
    const Txn txn(db_, FIRN_TXN_READ_ONLY);
    int64_t total = 0;
    for (int account = 0; account < kAccountCount; account++) {
      total += get(txn, account);
      if (account == kAccountCount / 2) std::this_thread::yield();
    }
    EXPECT_EQ(kTotal, total);
    EXPECT_EQ(kTotal, sum(txn.handle(), 0));
  }
  void audit_by_scan() { EXPECT_EQ(kTotal, sum(nullptr, random_() % 2 == 0 ? FIRN_SCAN_REVERSE : 0)); }
  void audit_by_multi_get() {
    std::string requests;
    for (int account = 0; account < kAccountCount; account++) append_request(&requests, 0, name_of(account));
    uint8_t answers[16 * kAccountCount];
    ASSERT_EQ(16 * kAccountCount, firn_multi_get(db_, bytes(requests), requests.size(), answers, sizeof answers));
    int64_t total = 0;
    for (int account = 0; account < kAccountCount; account++) total += number(answers + 16 * account + 8);
    EXPECT_EQ(kTotal, total);
  }

  firn_db* db_;
  std::mt19937 random_;
  int from_ = 0;
  int to_ = 0;
  int64_t amount_ = 0;
  int transfers_ = 0;
};

}  // namespace firn_test
