// LMDB: one transaction a put, one (renewed) read transaction a get, so that every get sees the newest commit.
// Process durability: MDB_NOSYNC | MDB_WRITEMAP, that is, commits are stores into a shared mapping: they survive kill -9, as the meta page is stored
// last, and nothing is synced. Sync durability: neither flag, so that a commit is pwrite and fdatasync, LMDB's default.
#include <lmdb.h>

#include "compare/engine.h"

namespace bench {
namespace {

void must(int code) {
  if (code != MDB_SUCCESS) fail(std::string("lmdb: ") + mdb_strerror(code));
}

MDB_val val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view view(const MDB_val& bytes) { return {static_cast<const char*>(bytes.mv_data), bytes.mv_size}; }

class LmdbSession final : public Session {
 public:
  LmdbSession(MDB_env* env, MDB_dbi dbi) : env_(env), dbi_(dbi) {
    must(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &read_));
    must(mdb_cursor_open(read_, dbi_, &cursor_));
    mdb_txn_reset(read_);
  }
  ~LmdbSession() override {
    mdb_cursor_close(cursor_);
    mdb_txn_abort(read_);
  }
  void put(std::string_view key, std::string_view value) override {
    const Entry entry{key, value};
    write({&entry, 1});
  }
  bool get(std::string_view key, ValueSink& sink) override { return multi_get({&key, 1}, sink) == 1; }
  void remove(std::string_view key) override {
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    MDB_val k = val(key);
    const int code = mdb_del(txn, dbi_, &k, nullptr);
    if (code != MDB_NOTFOUND) must(code);
    must(mdb_txn_commit(txn));
  }
  void write(std::span<const Entry> batch) override {
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    for (const auto& entry : batch) {
      MDB_val k = val(entry.key), v = val(entry.value);
      must(mdb_put(txn, dbi_, &k, &v, 0));
    }
    must(mdb_txn_commit(txn));
  }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override {
    must(mdb_txn_renew(read_));
    size_t found = 0;
    for (size_t i = 0; i < keys.size(); ++i) {
      MDB_val k = val(keys[i]), v;
      const int code = mdb_get(read_, dbi_, &k, &v);
      if (code == MDB_NOTFOUND) continue;
      must(code);
      sink.take(i, static_cast<const char*>(v.mv_data), v.mv_size);
      ++found;
    }
    mdb_txn_reset(read_);
    return found;
  }
  uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) override {
    must(mdb_txn_renew(read_));
    must(mdb_cursor_renew(read_, cursor_));
    MDB_val k = val(start), v;
    uint64_t count = 0;
    // An empty start (all entries) is not a key that LMDB accepts.
    int code = mdb_cursor_get(cursor_, &k, &v, start.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (code == MDB_SUCCESS) {
      sink.take(view(k), view(v));
      if (++count == limit) break;
      code = mdb_cursor_get(cursor_, &k, &v, MDB_NEXT);
    }
    if (code != MDB_NOTFOUND) must(code);
    mdb_txn_reset(read_);
    return count;
  }

 private:
  MDB_env* env_;
  MDB_dbi dbi_;
  MDB_txn* read_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
};

class LmdbEngine final : public Engine {
 public:
  explicit LmdbEngine(const Setup& setup) {
    const unsigned process_flags = setup.durability == Durability::kProcess ? MDB_NOSYNC | MDB_WRITEMAP : 0u;
    must(mdb_env_create(&env_));
    must(mdb_env_set_mapsize(env_, (size_t{1} << 30) + 8 * setup.key_count * (setup.key_bytes + setup.value_bytes + 32)));
    must(mdb_env_open(env_, setup.path.c_str(), process_flags | MDB_NOTLS, 0644));
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    must(mdb_dbi_open(txn, nullptr, 0, &dbi_));
    must(mdb_txn_commit(txn));
  }
  ~LmdbEngine() override { mdb_env_close(env_); }
  std::unique_ptr<Session> session() override { return std::make_unique<LmdbSession>(env_, dbi_); }
  void sync() override { must(mdb_env_sync(env_, 1)); }
  void compact() override {}  // a B+ tree in place: mdb_copy -c would need a second file and a reopening

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

const bool registered =
    register_engine({.name = "lmdb",
                     .rank = 12,
                     .peer = true,
                     .version = mdb_version(nullptr, nullptr, nullptr),
                     .settings = "MDB_NOSYNC | MDB_WRITEMAP (fillsync: neither), MDB_NOTLS; a transaction a put, a renewed one a get",
                     .open = [](const Setup& setup) { return std::make_unique<LmdbEngine>(setup); }});

}  // namespace
}  // namespace bench
