#include <firn.h>

#include "transactions/store.h"

namespace bench {
namespace {

const uint8_t* bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

class FirnStore final : public TransactionalStore {
 public:
  explicit FirnStore(const std::string& path) : db_(firn_open(path.c_str(), nullptr, nullptr)) { must(db_ != nullptr, "firn_open"); }
  ~FirnStore() override { firn_close(db_); }

  const char* name() const override { return "firn"; }
  void put(std::string_view key, std::string_view value) override {
    must(firn_put(db_, 0, bytes(key), key.size(), bytes(value), value.size()) == FIRN_OK, "firn_put");
  }
  void compact() override { must(firn_compact(db_) == FIRN_OK, "firn_compact"); }
  void add(std::string_view key, int64_t delta) override {
    must(firn_add(db_, 0, bytes(key), key.size(), delta).status == FIRN_OK, "firn_add");
  }
  bool put_if_absent(std::string_view key, std::string_view value) override {
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.flags = FIRN_IF_ABSENT;
    const int64_t version = firn_put_ex(db_, 0, bytes(key), key.size(), bytes(value), value.size(), &opts);
    must(version > 0 || version == FIRN_EXISTS, "firn_put_ex");
    return version > 0;
  }
  void swap(std::string_view key, std::string_view value) override {
    firn_entry entry = FIRN_ENTRY_INIT;
    must(firn_get_entry(db_, 0, bytes(key), key.size(), buffer_, sizeof buffer_, &entry) >= 0, "firn_get_entry");
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.flags = FIRN_IF_VERSION;
    opts.if_version = entry.version;
    must(firn_put_ex(db_, 0, bytes(key), key.size(), bytes(value), value.size(), &opts) > 0, "firn_put_ex");
  }
  void begin_and_close_read_only() override { firn_txn_close(begin(FIRN_TXN_READ_ONLY)); }
  bool read_only_get(std::string_view key) override {
    firn_txn* txn = begin(FIRN_TXN_READ_ONLY);
    const bool found = firn_txn_get(txn, 0, bytes(key), key.size(), buffer_, sizeof buffer_) >= 0;
    firn_txn_close(txn);
    return found;
  }
  void read_modify_write(std::string_view key, std::string_view value) override {
    firn_txn* txn = begin(0);
    step(txn, key, value);
    finish(txn);
  }
  void read_modify_write_ten(const std::string* keys, std::string_view value) override {
    firn_txn* txn = begin(0);
    for (int i = 0; i < 10; i++) step(txn, keys[i], value);
    finish(txn);
  }

 private:
  firn_txn* begin(uint32_t flags) {
    firn_txn* txn = firn_txn_begin(db_, flags, nullptr);
    must(txn != nullptr, "firn_txn_begin");
    return txn;
  }
  void step(firn_txn* txn, std::string_view key, std::string_view value) {
    must(firn_txn_get(txn, 0, bytes(key), key.size(), buffer_, sizeof buffer_) >= 0, "firn_txn_get");
    must(firn_txn_put(txn, 0, bytes(key), key.size(), bytes(value), value.size()) == FIRN_OK, "firn_txn_put");
  }
  static void finish(firn_txn* txn) {
    must(firn_txn_commit(txn) > 0, "firn_txn_commit");
    firn_txn_close(txn);
  }

  firn_db* db_;
  uint8_t buffer_[4096];
};

}  // namespace

std::unique_ptr<TransactionalStore> open_firn(const std::string& path) { return std::make_unique<FirnStore>(path); }

}  // namespace bench
