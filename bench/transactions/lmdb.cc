#include <lmdb.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "transactions/store.h"

namespace bench {
namespace {

MDB_val val(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }

class LmdbStore final : public TransactionalStore {
 public:
  explicit LmdbStore(const std::string& path) {
    mkdir(path.c_str(), 0700);
    must(mdb_env_create(&env_) == 0, "mdb_env_create");
    must(mdb_env_set_mapsize(env_, size_t{8} << 30) == 0, "mdb_env_set_mapsize");
    // Commits are stores into a shared mapping: a kill loses nothing, nothing is synced.
    must(mdb_env_open(env_, path.c_str(), MDB_NOSYNC | MDB_WRITEMAP, 0600) == 0, "mdb_env_open");
    MDB_txn* txn = begin();
    must(mdb_dbi_open(txn, nullptr, 0, &dbi_) == 0, "mdb_dbi_open");
    commit(txn);
    must(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &read_) == 0, "mdb_txn_begin");
    mdb_txn_reset(read_);
  }
  ~LmdbStore() override {
    mdb_txn_abort(read_);
    mdb_env_close(env_);
  }

  const char* name() const override { return "LMDB"; }
  void put(std::string_view key, std::string_view value) override {
    MDB_txn* txn = begin();
    set(txn, key, value);
    commit(txn);
  }
  void compact() override {}
  void add(std::string_view key, int64_t delta) override {
    MDB_txn* txn = begin();
    MDB_val k = val(key), v;
    int64_t sum = 0;
    if (mdb_get(txn, dbi_, &k, &v) == 0) std::memcpy(&sum, v.mv_data, sizeof sum);
    sum += delta;
    set(txn, key, {reinterpret_cast<const char*>(&sum), sizeof sum});
    commit(txn);
  }
  bool put_if_absent(std::string_view key, std::string_view value) override {
    MDB_txn* txn = begin();
    MDB_val k = val(key), v = val(value);
    const int code = mdb_put(txn, dbi_, &k, &v, MDB_NOOVERWRITE);
    must(code == 0 || code == MDB_KEYEXIST, "mdb_put");
    commit(txn);
    return code == 0;
  }
  void swap(std::string_view key, std::string_view value) override { read_modify_write(key, value); }
  void begin_and_close_read_only() override {
    must(mdb_txn_renew(read_) == 0, "mdb_txn_renew");
    mdb_txn_reset(read_);
  }
  bool read_only_get(std::string_view key) override {
    must(mdb_txn_renew(read_) == 0, "mdb_txn_renew");
    MDB_val k = val(key), v;
    const bool found = mdb_get(read_, dbi_, &k, &v) == 0;
    if (found) std::memcpy(buffer_, v.mv_data, std::min(v.mv_size, sizeof buffer_));
    mdb_txn_reset(read_);
    return found;
  }
  void read_modify_write(std::string_view key, std::string_view value) override {
    MDB_txn* txn = begin();
    step(txn, key, value);
    commit(txn);
  }
  void read_modify_write_ten(const std::string* keys, std::string_view value) override {
    MDB_txn* txn = begin();
    for (int i = 0; i < 10; i++) step(txn, keys[i], value);
    commit(txn);
  }

 private:
  MDB_txn* begin() {
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn) == 0, "mdb_txn_begin");
    return txn;
  }
  void set(MDB_txn* txn, std::string_view key, std::string_view value) {
    MDB_val k = val(key), v = val(value);
    must(mdb_put(txn, dbi_, &k, &v, 0) == 0, "mdb_put");
  }
  void step(MDB_txn* txn, std::string_view key, std::string_view value) {
    MDB_val k = val(key), v;
    must(mdb_get(txn, dbi_, &k, &v) == 0, "mdb_get");
    std::memcpy(buffer_, v.mv_data, std::min(v.mv_size, sizeof buffer_));
    set(txn, key, value);
  }
  static void commit(MDB_txn* txn) { must(mdb_txn_commit(txn) == 0, "mdb_txn_commit"); }

  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
  MDB_txn* read_ = nullptr;  // renewed for each read, as the manual advises
  char buffer_[4096];
};

}  // namespace

std::unique_ptr<TransactionalStore> open_lmdb(const std::string& path) { return std::make_unique<LmdbStore>(path); }

}  // namespace bench
