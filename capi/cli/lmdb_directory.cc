// LMDB: a directory with data.mdb, opened read-only, in one transaction. Keys of the main database that name databases are namespaces. Of a key with several
// values (MDB_DUPSORT) an import cannot keep all: it refuses.
#include <lmdb.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "failure.h"
#include "foreign.h"
#include "output.h"

namespace firn::cli {
namespace {

constexpr unsigned kDatabaseCountMax = 4096;
constexpr size_t kMapBytes = size_t{1} << 40;  // address space, not memory
constexpr uint64_t kCommitBytes = uint64_t{64} << 20;

void check(int code, const std::string& path) {
  if (code == MDB_SUCCESS) return;
  throw Failure{code == ENOSPC ? FIRN_NO_SPACE : FIRN_IO, std::string("LMDB says: ") + mdb_strerror(code), path};
}

std::string_view view_of_value(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }
MDB_val value_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

class Environment {
 public:
  Environment(const std::string& path, unsigned flags) {
    check(mdb_env_create(&env_), path);
    int code = mdb_env_set_maxdbs(env_, kDatabaseCountMax);
    if (code == MDB_SUCCESS && (flags & MDB_RDONLY) == 0) code = mdb_env_set_mapsize(env_, kMapBytes);
    if (code == MDB_SUCCESS) code = mdb_env_open(env_, path.c_str(), flags, 0644);
    if (code == MDB_SUCCESS) return;
    mdb_env_close(env_);
    check(code, path);
  }
  ~Environment() { mdb_env_close(env_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  MDB_env* handle() const { return env_; }

 private:
  MDB_env* env_ = nullptr;
};

class LmdbSource final : public ForeignSource {
 public:
  explicit LmdbSource(const std::string& path) : path_(path), env_(path, MDB_RDONLY) {
    check(mdb_txn_begin(env_.handle(), nullptr, MDB_RDONLY, &txn_), path_);
    try {
      check(mdb_dbi_open(txn_, nullptr, 0, &main_), path_);
      find_names();
      open_cursor(main_);
    } catch (...) {
      mdb_txn_abort(txn_);
      throw;
    }
  }
  ~LmdbSource() override {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    mdb_txn_abort(txn_);
  }
  LmdbSource(const LmdbSource&) = delete;
  LmdbSource& operator=(const LmdbSource&) = delete;

  bool next(ForeignEntry& entry) override {
    for (;;) {
      MDB_val key{};
      MDB_val value{};
      const int code = mdb_cursor_get(cursor_, &key, &value, MDB_NEXT);
      if (code == MDB_NOTFOUND) {
        if (next_name_ == names_.size()) return false;
        open_name(names_[next_name_++]);
        continue;
      }
      check(code, path_);
      entry.key = view_of_value(key);
      // The main database also holds the names of the others.
      if (ns_.empty() && std::binary_search(names_.begin(), names_.end(), entry.key)) continue;
      entry.ns = ns_;
      entry.value = view_of_value(value);
      return true;
    }
  }

 private:
  // A key of the main database names a database exactly if it can be opened as one.
  void find_names() {
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(txn_, main_, &cursor), path_);
    MDB_val key{};
    MDB_val value{};
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT_NODUP) == MDB_SUCCESS) {
      const std::string name(view_of_value(key));
      if (name.find('\0') != std::string::npos) continue;
      MDB_dbi dbi = 0;
      const int code = mdb_dbi_open(txn_, name.c_str(), 0, &dbi);
      if (code == MDB_INCOMPATIBLE) continue;  // an ordinary key
      if (code != MDB_SUCCESS) mdb_cursor_close(cursor);
      check(code, path_);
      names_.push_back(name);
    }
    mdb_cursor_close(cursor);
  }
  void open_name(const std::string& name) {
    MDB_dbi dbi = 0;
    check(mdb_dbi_open(txn_, name.c_str(), 0, &dbi), path_);
    mdb_cursor_close(cursor_);
    cursor_ = nullptr;
    open_cursor(dbi);
    ns_ = name;
  }
  void open_cursor(MDB_dbi dbi) {
    unsigned flags = 0;
    check(mdb_dbi_flags(txn_, dbi, &flags), path_);
    if ((flags & MDB_DUPSORT) != 0) throw Failure{FIRN_UNSUPPORTED, "a database there keeps several values a key (MDB_DUPSORT)", path_};
    check(mdb_cursor_open(txn_, dbi, &cursor_), path_);
  }

  const std::string path_;
  Environment env_;
  MDB_txn* txn_ = nullptr;
  MDB_dbi main_ = 0;
  std::vector<std::string> names_;  // in order
  size_t next_name_ = 0;
  std::string ns_;
  MDB_cursor* cursor_ = nullptr;
};

class LmdbTarget final : public ForeignTarget {
 public:
  explicit LmdbTarget(const std::string& path) : path_(path), env_((make_directory(path), path), 0) { begin(); }
  ~LmdbTarget() override {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
  }
  LmdbTarget(const LmdbTarget&) = delete;
  LmdbTarget& operator=(const LmdbTarget&) = delete;

  void put(const ForeignEntry& entry) override {
    if (entry.ns != ns_) {
      ns_ = entry.ns;
      open_database();
    }
    MDB_val key = value_of(entry.key);
    MDB_val value = value_of(entry.value);
    const int code = mdb_put(txn_, dbi_, &key, &value, 0);
    if (code == MDB_BAD_VALSIZE) {
      throw Failure{FIRN_TOO_LARGE, "LMDB takes keys of at most " + std::to_string(mdb_env_get_maxkeysize(env_.handle())) + " bytes",
                    path_};
    }
    check(code, path_);
    pending_bytes_ += entry.key.size() + entry.value.size();
    if (pending_bytes_ < kCommitBytes) return;
    finish();
    begin();
  }
  void finish() override {
    MDB_txn* const txn = txn_;
    txn_ = nullptr;
    check(mdb_txn_commit(txn), path_);
  }

 private:
  static void make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0777) == 0) return;
    if (errno == EEXIST) throw Failure{FIRN_EXISTS, "there is something here already", path};
    throw system_failure("cannot make the directory", path, errno);
  }
  void begin() {
    check(mdb_txn_begin(env_.handle(), nullptr, 0, &txn_), path_);
    pending_bytes_ = 0;
    open_database();
  }
  void open_database() { check(mdb_dbi_open(txn_, ns_.empty() ? nullptr : ns_.c_str(), MDB_CREATE, &dbi_), path_); }

  const std::string path_;
  Environment env_;
  MDB_txn* txn_ = nullptr;
  MDB_dbi dbi_ = 0;
  std::string ns_;
  uint64_t pending_bytes_ = 0;
};

}  // namespace

std::unique_ptr<ForeignSource> open_lmdb_source(const std::string& path) { return std::make_unique<LmdbSource>(path); }
std::unique_ptr<ForeignTarget> open_lmdb_target(const std::string& path) { return std::make_unique<LmdbTarget>(path); }

}  // namespace firn::cli
