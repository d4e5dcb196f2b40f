// RocksDB, through its C interface: opened read-only, column family by column family; "default" is the default namespace.
#include <rocksdb/c.h>

#include <map>

#include "failure.h"
#include "foreign.h"

namespace firn::cli {
namespace {

constexpr std::string_view kDefaultFamily = "default";

// Takes the message that the library allocated.
void check(char* message, const std::string& path) {
  if (message == nullptr) return;
  Failure failure{FIRN_IO, std::string("RocksDB says: ") + message, path};
  rocksdb_free(message);
  throw failure;
}

class RocksDbSource final : public ForeignSource {
 public:
  explicit RocksDbSource(const std::string& path)
      : path_(path), options_(rocksdb_options_create()), read_options_(rocksdb_readoptions_create()) {
    rocksdb_readoptions_set_fill_cache(read_options_, 0);
    char* message = nullptr;
    size_t count = 0;
    char** const names = rocksdb_list_column_families(options_, path.c_str(), &count, &message);
    if (message == nullptr) {
      names_.assign(names, names + count);
      handles_.resize(count);
      const std::vector<const rocksdb_options_t*> options(count, options_);
      db_ = rocksdb_open_for_read_only_column_families(options_, path.c_str(), static_cast<int>(count), names, options.data(),
                                                       handles_.data(), 0, &message);
      rocksdb_list_column_families_destroy(names, count);
    }
    if (message == nullptr) return;
    release_options();
    check(message, path);
  }
  ~RocksDbSource() override {
    if (iter_ != nullptr) rocksdb_iter_destroy(iter_);
    for (rocksdb_column_family_handle_t* const handle : handles_) rocksdb_column_family_handle_destroy(handle);
    rocksdb_close(db_);
    release_options();
  }
  RocksDbSource(const RocksDbSource&) = delete;
  RocksDbSource& operator=(const RocksDbSource&) = delete;

  bool next(ForeignEntry& entry) override {
    if (iter_ != nullptr) rocksdb_iter_next(iter_);
    while (iter_ == nullptr || !rocksdb_iter_valid(iter_)) {
      if (iter_ != nullptr) end_family();
      if (family_ == handles_.size()) return false;
      iter_ = rocksdb_create_iterator_cf(db_, read_options_, handles_[family_++]);
      rocksdb_iter_seek_to_first(iter_);
    }
    const std::string& name = names_[family_ - 1];
    entry.ns = name == kDefaultFamily ? std::string_view() : std::string_view(name);
    size_t bytes = 0;
    const char* at = rocksdb_iter_key(iter_, &bytes);
    entry.key = {at, bytes};
    at = rocksdb_iter_value(iter_, &bytes);
    entry.value = {at, bytes};
    return true;
  }

 private:
  void end_family() {
    char* message = nullptr;
    rocksdb_iter_get_error(iter_, &message);
    rocksdb_iter_destroy(iter_);
    iter_ = nullptr;
    check(message, path_);
  }
  void release_options() {
    rocksdb_readoptions_destroy(read_options_);
    rocksdb_options_destroy(options_);
  }

  const std::string path_;
  rocksdb_options_t* options_;
  rocksdb_readoptions_t* read_options_;
  rocksdb_t* db_ = nullptr;
  std::vector<std::string> names_;
  std::vector<rocksdb_column_family_handle_t*> handles_;
  size_t family_ = 0;  // the one after that of iter_
  rocksdb_iterator_t* iter_ = nullptr;
};

class RocksDbTarget final : public ForeignTarget {
 public:
  explicit RocksDbTarget(const std::string& path)
      : path_(path), options_(rocksdb_options_create()), write_options_(rocksdb_writeoptions_create()) {
    rocksdb_options_set_create_if_missing(options_, 1);
    rocksdb_options_set_error_if_exists(options_, 1);
    char* message = nullptr;
    db_ = rocksdb_open(options_, path.c_str(), &message);
    if (message == nullptr) return;
    release_options();
    check(message, path);
  }
  ~RocksDbTarget() override {
    for (const auto& [name, handle] : handles_) rocksdb_column_family_handle_destroy(handle);
    rocksdb_close(db_);
    release_options();
  }
  RocksDbTarget(const RocksDbTarget&) = delete;
  RocksDbTarget& operator=(const RocksDbTarget&) = delete;

  void put(const ForeignEntry& entry) override {
    char* message = nullptr;
    if (entry.ns.empty()) {
      rocksdb_put(db_, write_options_, entry.key.data(), entry.key.size(), entry.value.data(), entry.value.size(), &message);
    } else {
      rocksdb_put_cf(db_, write_options_, family(entry.ns), entry.key.data(), entry.key.size(), entry.value.data(), entry.value.size(),
                     &message);
    }
    check(message, path_);
  }
  void finish() override {
    char* message = nullptr;
    rocksdb_flush_wal(db_, 1, &message);
    check(message, path_);
  }

 private:
  rocksdb_column_family_handle_t* family(std::string_view name) {
    const auto found = handles_.find(name);
    if (found != handles_.end()) return found->second;
    const std::string text(name);
    if (text == kDefaultFamily || text.find('\0') != std::string::npos) {
      throw Failure{FIRN_UNSUPPORTED, "'" + text + "' cannot be the name of a column family", path_};
    }
    char* message = nullptr;
    rocksdb_column_family_handle_t* const handle = rocksdb_create_column_family(db_, options_, text.c_str(), &message);
    check(message, path_);
    return handles_.emplace(text, handle).first->second;
  }
  void release_options() {
    rocksdb_writeoptions_destroy(write_options_);
    rocksdb_options_destroy(options_);
  }

  const std::string path_;
  rocksdb_options_t* options_;
  rocksdb_writeoptions_t* write_options_;
  rocksdb_t* db_ = nullptr;
  std::map<std::string, rocksdb_column_family_handle_t*, std::less<>> handles_;
};

}  // namespace

std::unique_ptr<ForeignSource> open_rocksdb_source(const std::string& path) { return std::make_unique<RocksDbSource>(path); }
std::unique_ptr<ForeignTarget> open_rocksdb_target(const std::string& path) { return std::make_unique<RocksDbTarget>(path); }

}  // namespace firn::cli
