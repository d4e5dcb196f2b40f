// What the tests of transactions share: a transaction that closes itself, with text in and out.
#pragma once

#include <memory>

#include "capi_fixture.h"

namespace firn_test {

class Txn {
 public:
  explicit Txn(firn_db* db, uint32_t flags = 0) : db_(db), txn_(firn_txn_begin(db, flags, nullptr)) {}
  ~Txn() { firn_txn_close(txn_); }
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;

  firn_txn* handle() const { return txn_; }

  std::string get(std::string_view key, uint32_t ns = 0) const {
    std::string value(1024, '\0');
    const int64_t length = firn_txn_get(txn_, ns, bytes(key), key.size(), reinterpret_cast<uint8_t*>(value.data()), value.size());
    if (length < 0) return firn_status_name(static_cast<int32_t>(length));
    value.resize(static_cast<size_t>(length));
    return value;
  }
  int32_t put(std::string_view key, std::string_view value, uint32_t ns = 0) const {
    return firn_txn_put(txn_, ns, bytes(key), key.size(), bytes(value), value.size());
  }
  int32_t erase(std::string_view key, uint32_t ns = 0) const { return firn_txn_delete(txn_, ns, bytes(key), key.size()); }
  int64_t write(const std::string& batch) const { return firn_txn_write(txn_, bytes(batch), batch.size()); }
  int64_t commit() const { return firn_txn_commit(txn_); }

  struct Window {
    std::string lower = {};
    std::string upper = {};  // empty: open
    uint32_t flags = 0;
    uint64_t limit = 0;
    std::string glob = {};
    uint32_t ns = 0;
  };
  // "key=value,..."; or the code's name.
  std::string scan(const Window& window) const {
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.flags = window.flags;
    opts.limit = window.limit;
    opts.ns = window.ns;
    if (!window.lower.empty()) opts.lower = bytes(window.lower), opts.lower_len = window.lower.size();
    if (!window.upper.empty()) opts.upper = bytes(window.upper), opts.upper_len = window.upper.size();
    if (!window.glob.empty()) opts.glob = window.glob.data(), opts.glob_len = window.glob.size();
    const std::unique_ptr<firn_iter, void (*)(firn_iter*)> iter(firn_scan(db_, txn_, &opts, nullptr), firn_iter_close);
    return iter == nullptr ? "no iterator" : rest(iter.get());
  }
  static std::string rest(firn_iter* iter) {
    std::string all;
    firn_kv kv[3];
    for (;;) {
      const int64_t count = firn_iter_entries(iter, kv, 3);
      if (count < 0) return firn_status_name(static_cast<int32_t>(count));
      if (count == 0) return all;
      for (int64_t i = 0; i < count; i++) {
        all += all.empty() ? "" : ",";
        all.append(reinterpret_cast<const char*>(kv[i].key), kv[i].key_len).append("=");
        all.append(reinterpret_cast<const char*>(kv[i].val), kv[i].val_len);
      }
    }
  }

 private:
  firn_db* db_;
  firn_txn* txn_;
};

}  // namespace firn_test
