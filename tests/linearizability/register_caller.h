// Calls on a few keys, by every way that there is, and what they answered: histories of registers.
// Threading: a Caller a thread.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "capi/capi_fixture.h"
#include "linearizability/register_history.h"

namespace firn_test {

// One thread's calls, and what it has recorded of them, by key.
class Caller {
 public:
  using History = std::vector<RegisterOperation>;
  static constexpr int kKeyCount = 4;

  Caller(firn_db* db, uint32_t ns, int thread, uint64_t seed)
      : db_(db), ns_(ns), thread_(thread), random_(seed + static_cast<uint64_t>(thread)), histories_(kKeyCount) {}

  // Which key the next call is on.
  void choose_key(int key) {
    key_ = key;
    name_ = name_of(key);
  }
  void call() {
    choose_key(static_cast<int>(below(kKeyCount)));
    switch (below(16)) {
      case 0:
      case 1:
        return get();
      case 2:
        return get_in_snapshot();
      case 3:
        return get_many();
      case 4:
        return scan();
      case 5:
        return put();
      case 6:
        return put_in_batch();
      case 7:
        return put_in_transaction();
      case 8:
        return remove();
      case 9:
        return compare_swap();
      case 10:
        return add();
      case 11:
        return put_if_absent();
      case 12:
      case 13:
        return put_if_version();
      case 14:
        return swap();
      default:
        return below(8) == 0 ? remove_all() : add();
    }
  }
  const std::vector<History>& histories() const { return histories_; }

  void get() {
    RegisterOperation op = begun(RegisterCall::kGet);
    firn_entry entry = FIRN_ENTRY_INIT;
    uint8_t value[8];
    const int64_t length = firn_get_entry(db_, ns_, key_bytes(), name_.size(), value, sizeof value, &entry);
    if (length >= 0) op.found = {true, number(value), entry.version};
    ended(op);
    EXPECT_TRUE(length == 8 || length == FIRN_NOT_FOUND) << length;
  }
  void get_in_snapshot() {
    RegisterOperation op = begun(RegisterCall::kGet);
    firn_txn* const txn = firn_txn_begin(db_, below(2) == 0 ? FIRN_TXN_READ_ONLY : 0, nullptr);
    uint8_t value[8];
    if (firn_txn_get(txn, ns_, key_bytes(), name_.size(), value, sizeof value) >= 0) op.found = {true, number(value), 0};
    ended(op);
    firn_txn_close(txn);
  }
  void get_many() {
    std::string requests;
    for (int key = 0; key < kKeyCount; key++) append_request(&requests, ns_, name_of(key));
    const RegisterOperation op = begun(RegisterCall::kGet);
    uint8_t answers[16 * kKeyCount];
    const int64_t length = firn_multi_get(db_, bytes(requests), requests.size(), answers, sizeof answers);
    const int64_t at_ns = now_ns();
    EXPECT_GT(length, 0);
    const uint8_t* at = answers;
    for (int key = 0; key < kKeyCount; key++) {
      RegisterOperation one = op;
      const int64_t code = number(at);
      if (code == 8) one.found = {true, number(at + 8), 0};
      at += code == 8 ? 16 : 8;
      ended(key, one, at_ns);
    }
  }
  void scan() {
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.ns = ns_;
    opts.flags = FIRN_SCAN_ENTRIES | (below(2) == 0 ? FIRN_SCAN_REVERSE : 0);
    const RegisterOperation op = begun(RegisterCall::kGet);
    firn_iter* const iter = firn_scan(db_, nullptr, &opts, nullptr);
    uint8_t chunk[1024];
    const int64_t length = firn_iter_chunk(iter, chunk, sizeof chunk);
    const int64_t at_ns = now_ns();
    firn_iter_close(iter);
    std::vector<RegisterOperation> ops(kKeyCount, op);
    for (int64_t at = 0; at < length; at += 8 + 16 + 4 + 8) {  // "keyN" and 8 bytes
      const int key = chunk[at + 27] - '0';
      ops[static_cast<size_t>(key)].found = {true, number(chunk + at + 28), static_cast<uint64_t>(number(chunk + at + 8))};
    }
    for (int key = 0; key < kKeyCount; key++) ended(key, ops[static_cast<size_t>(key)], at_ns);
  }
  void put() {
    RegisterOperation op = begun(RegisterCall::kPut, fresh());
    op.version = static_cast<uint64_t>(put_ex(op.argument, 0));
    ended(op);
  }
  void put_in_batch() {
    const int other = (key_ + 1) % kKeyCount;
    RegisterOperation op = begun(RegisterCall::kPut, fresh());
    std::string batch;
    append_operation(&batch, FIRN_OP_PUT, ns_, name_, number(op.argument));
    append_operation(&batch, FIRN_OP_PUT, ns_, name_of(other), number(op.argument));
    op.version = static_cast<uint64_t>(firn_write(db_, bytes(batch), batch.size(), 0));
    const int64_t at_ns = now_ns();
    ended(key_, op, at_ns);
    ended(other, op, at_ns);
  }
  void put_in_transaction() {
    RegisterOperation op = begun(RegisterCall::kPut, fresh());
    const std::string value = number(op.argument);
    firn_txn* const txn = firn_txn_begin(db_, 0, nullptr);
    EXPECT_EQ(FIRN_OK, firn_txn_put(txn, ns_, key_bytes(), name_.size(), bytes(value), value.size()));
    op.version = static_cast<uint64_t>(firn_txn_commit(txn));
    ended(op);
    firn_txn_close(txn);
  }
  void remove() {
    const RegisterOperation op = begun(RegisterCall::kDelete);
    const std::string end = name_ + '\0';
    if (below(3) == 0)
      EXPECT_GE(firn_delete_range(db_, ns_, key_bytes(), name_.size(), bytes(end), end.size(), 0), 0);
    else
      EXPECT_EQ(FIRN_OK, firn_delete(db_, ns_, key_bytes(), name_.size()));
    ended(op);
  }
  void remove_all() {
    const RegisterOperation op = begun(RegisterCall::kDelete);
    EXPECT_EQ(FIRN_OK, firn_ns_clear(db_, ns_));
    const int64_t at_ns = now_ns();
    for (int key = 0; key < kKeyCount; key++) ended(key, op, at_ns);
  }
  void compare_swap() {
    RegisterOperation op = begun(RegisterCall::kCompareSwap, fresh());
    op.expected = seen_value_;
    const std::string old_value = number(op.expected), new_value = number(op.argument);
    op.succeeded = firn_compare_swap(db_, ns_, key_bytes(), name_.size(), bytes(old_value), 8, bytes(new_value), 8, 0) == 1;
    ended(op);
  }
  void add() {
    RegisterOperation op = begun(RegisterCall::kAdd, static_cast<int64_t>(below(5)) - 2);
    op.found.is_there = true;
    EXPECT_EQ(FIRN_OK, firn_add_to(db_, ns_, key_bytes(), name_.size(), op.argument, &op.found.value));
    ended(op);
  }
  void put_if_absent() {
    RegisterOperation op = begun(RegisterCall::kPutIfAbsent, fresh());
    finish_conditional(op, put_ex(op.argument, FIRN_IF_ABSENT), FIRN_EXISTS);
  }
  void put_if_version() {
    RegisterOperation op = begun(RegisterCall::kPutIfVersion, fresh());
    op.expected = below(3) == 0 ? 0 : static_cast<int64_t>(seen_version_);
    finish_conditional(op, put_ex(op.argument, FIRN_IF_VERSION, static_cast<uint64_t>(op.expected)), FIRN_CONFLICT);
  }
  void swap() {
    RegisterOperation op = begun(RegisterCall::kSwap, fresh());
    const std::string value = number(op.argument);
    uint8_t old_value[8];
    op.found.is_there = firn_swap(db_, ns_, key_bytes(), name_.size(), bytes(value), 8, old_value, sizeof old_value) == 8;
    if (op.found.is_there) op.found.value = number(old_value);
    ended(op);
  }

 private:
  static std::string number(int64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }
  static int64_t number(const void* bytes) {
    int64_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  uint64_t below(uint64_t n) { return random_() % n; }
  static std::string name_of(int key) { return "key" + std::to_string(key); }
  int64_t fresh() { return thread_ * 1'000'000 + ++last_; }
  const uint8_t* key_bytes() const { return bytes(name_); }

  RegisterOperation begun(RegisterCall call, int64_t argument = 0) const {
    RegisterOperation op;
    op.call = call;
    op.thread = thread_;
    op.argument = argument;
    op.invoked_ns = now_ns();
    return op;
  }
  void ended(RegisterOperation op) { ended(key_, op, now_ns()); }
  void ended(int key, RegisterOperation op, int64_t at_ns) {
    op.returned_ns = at_ns;
    histories_[static_cast<size_t>(key)].push_back(op);
    if (op.found.is_there) seen_value_ = op.found.value;
    if (op.found.version != 0) seen_version_ = op.found.version;
  }

  // A put under a condition, or none; a version or a code.
  int64_t put_ex(int64_t value, uint32_t flags, uint64_t if_version = 0) {
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.flags = flags;
    opts.if_version = if_version;
    const std::string text = number(value);
    return firn_put_ex(db_, ns_, key_bytes(), name_.size(), bytes(text), text.size(), &opts);
  }
  void finish_conditional(RegisterOperation op, int64_t code, int64_t refusal) {
    op.succeeded = code > 0;
    op.version = op.succeeded ? static_cast<uint64_t>(code) : 0;
    ended(op);
    EXPECT_TRUE(code > 0 || code == refusal) << code;
  }

  firn_db* db_;
  uint32_t ns_;
  int thread_;
  std::mt19937_64 random_;
  std::vector<History> histories_;
  int key_ = 0;
  std::string name_;
  int64_t last_ = 0;
  int64_t seen_value_ = 0;
  uint64_t seen_version_ = 0;
};

}  // namespace firn_test
