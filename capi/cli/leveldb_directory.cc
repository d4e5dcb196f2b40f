// LevelDB, through its C interface. It has no way of opening read-only: an opening takes the lock and replays the log, as every opening does.
#include <leveldb/c.h>

#include "failure.h"
#include "foreign.h"

namespace firn::cli {
namespace {

// Takes the message that the library allocated.
void check(char* message, const std::string& path) {
  if (message == nullptr) return;
  Failure failure{FIRN_IO, std::string("LevelDB says: ") + message, path};
  leveldb_free(message);
  throw failure;
}

class LevelDb {
 public:
  LevelDb(const std::string& path, bool create) : path_(path), options_(leveldb_options_create()) {
    leveldb_options_set_create_if_missing(options_, create);
    leveldb_options_set_error_if_exists(options_, create);
    char* message = nullptr;
    db_ = leveldb_open(options_, path.c_str(), &message);
    if (message == nullptr) return;
    leveldb_options_destroy(options_);
    check(message, path);
  }
  ~LevelDb() {
    leveldb_close(db_);
    leveldb_options_destroy(options_);
  }
  LevelDb(const LevelDb&) = delete;
  LevelDb& operator=(const LevelDb&) = delete;

  leveldb_t* handle() const { return db_; }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  leveldb_options_t* options_;
  leveldb_t* db_ = nullptr;
};

class LevelDbSource final : public ForeignSource {
 public:
  explicit LevelDbSource(const std::string& path)
      : db_(path, false),
        options_(leveldb_readoptions_create()),
        iter_((leveldb_readoptions_set_verify_checksums(options_, 1), leveldb_readoptions_set_fill_cache(options_, 0),
               leveldb_create_iterator(db_.handle(), options_))) {
    leveldb_iter_seek_to_first(iter_);
  }
  ~LevelDbSource() override {
    leveldb_iter_destroy(iter_);
    leveldb_readoptions_destroy(options_);
  }

  bool next(ForeignEntry& entry) override {
    if (is_started_) leveldb_iter_next(iter_);
    is_started_ = true;
    if (!leveldb_iter_valid(iter_)) {
      char* message = nullptr;
      leveldb_iter_get_error(iter_, &message);
      check(message, db_.path());
      return false;
    }
    size_t bytes = 0;
    const char* at = leveldb_iter_key(iter_, &bytes);
    entry.key = {at, bytes};
    at = leveldb_iter_value(iter_, &bytes);
    entry.value = {at, bytes};
    return true;
  }

 private:
  LevelDb db_;
  leveldb_readoptions_t* options_;
  leveldb_iterator_t* iter_;
  bool is_started_ = false;
};

class LevelDbTarget final : public ForeignTarget {
 public:
  explicit LevelDbTarget(const std::string& path) : db_(path, true), options_(leveldb_writeoptions_create()) {}
  ~LevelDbTarget() override { leveldb_writeoptions_destroy(options_); }

  void put(const ForeignEntry& entry) override {
    if (!entry.ns.empty()) throw Failure{FIRN_UNSUPPORTED, "LevelDB has no namespaces: export one of them with --ns", {}};
    char* message = nullptr;
    leveldb_put(db_.handle(), options_, entry.key.data(), entry.key.size(), entry.value.data(), entry.value.size(), &message);
    check(message, db_.path());
  }
  void finish() override {
    // An empty synced write makes what was logged before it durable.
    leveldb_writeoptions_set_sync(options_, 1);
    leveldb_writebatch_t* const batch = leveldb_writebatch_create();
    char* message = nullptr;
    leveldb_write(db_.handle(), options_, batch, &message);
    leveldb_writebatch_destroy(batch);
    check(message, db_.path());
  }

 private:
  LevelDb db_;
  leveldb_writeoptions_t* options_;
};

}  // namespace

std::unique_ptr<ForeignSource> open_leveldb_source(const std::string& path) { return std::make_unique<LevelDbSource>(path); }
std::unique_ptr<ForeignTarget> open_leveldb_target(const std::string& path) { return std::make_unique<LevelDbTarget>(path); }

}  // namespace firn::cli
