// RocksDB through its C API: what Go, Python and others reach. The settings are those of rocksdb.cc, but for the memtable's bloom over whole keys, which this API cannot ask for.
#include <rocksdb/c.h>
#include <rocksdb/version.h>

#include <utility>

#include "compare/engine.h"

namespace bench {
namespace {

// Calls `function` with a place for its message; a message ends the run.
template <typename Function>
auto must(Function&& function) {
  char* message = nullptr;
  const auto check = [&] {
    if (message != nullptr) fail(std::string("rocksdb_c: ") + message);
  };
  if constexpr (std::is_void_v<decltype(function(&message))>) {
    function(&message);
    check();
  } else {
    const auto result = function(&message);
    check();
    return result;
  }
}

template <auto kDestroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    kDestroy(object);
  }
};
using ReadOptions = std::unique_ptr<rocksdb_readoptions_t, Destroy<rocksdb_readoptions_destroy>>;
using WriteOptions = std::unique_ptr<rocksdb_writeoptions_t, Destroy<rocksdb_writeoptions_destroy>>;
using Batch = std::unique_ptr<rocksdb_writebatch_t, Destroy<rocksdb_writebatch_destroy>>;
using ScanIterator = std::unique_ptr<rocksdb_iterator_t, Destroy<rocksdb_iter_destroy>>;
using Pinned = std::unique_ptr<rocksdb_pinnableslice_t, Destroy<rocksdb_pinnableslice_destroy>>;
using Options = std::unique_ptr<rocksdb_options_t, Destroy<rocksdb_options_destroy>>;

class RocksdbCSession final : public Session {
 public:
  RocksdbCSession(rocksdb_t& db, rocksdb_column_family_handle_t& family, bool sync) : db_(db), family_(family) {
    rocksdb_writeoptions_set_sync(write_options_.get(), sync ? 1 : 0);
  }
  void put(std::string_view key, std::string_view value) override {
    must([&](char** message) { rocksdb_put(&db_, write_options_.get(), key.data(), key.size(), value.data(), value.size(), message); });
  }
  bool get(std::string_view key, ValueSink& sink) override {
    const Pinned pinned(
        must([&](char** message) { return rocksdb_get_pinned(&db_, read_options_.get(), key.data(), key.size(), message); }));
    if (pinned == nullptr) return false;
    size_t bytes = 0;
    const char* const value = rocksdb_pinnableslice_value(pinned.get(), &bytes);
    sink.take(0, value, bytes);
    return true;
  }
  void remove(std::string_view key) override {
    must([&](char** message) { rocksdb_delete(&db_, write_options_.get(), key.data(), key.size(), message); });
  }
  void write(std::span<const Entry> batch) override {
    rocksdb_writebatch_clear(batch_.get());
    for (const auto& entry : batch) {
      rocksdb_writebatch_put(batch_.get(), entry.key.data(), entry.key.size(), entry.value.data(), entry.value.size());
    }
    must([&](char** message) { rocksdb_write(&db_, write_options_.get(), batch_.get(), message); });
  }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override {
    const size_t count = keys.size();
    key_bytes_.resize(count);
    key_sizes_.resize(count);
    values_.resize(count);
    messages_.resize(count);
    for (size_t i = 0; i < count; i++) {
      key_bytes_[i] = keys[i].data();
      key_sizes_[i] = keys[i].size();
    }
    rocksdb_batched_multi_get_cf(&db_, read_options_.get(), &family_, count, key_bytes_.data(), key_sizes_.data(), values_.data(),
                                 messages_.data(), false);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
      if (messages_[i] != nullptr) fail(std::string("rocksdb_c: ") + messages_[i]);
      const Pinned pinned(values_[i]);
      if (pinned == nullptr) continue;
      size_t bytes = 0;
      const char* const value = rocksdb_pinnableslice_value(pinned.get(), &bytes);
      sink.take(i, value, bytes);
      found++;
    }
    return found;
  }
  uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) override {
    const ScanIterator iterator(rocksdb_create_iterator(&db_, read_options_.get()));
    uint64_t count = 0;
    for (rocksdb_iter_seek(iterator.get(), start.data(), start.size()); rocksdb_iter_valid(iterator.get()) != 0;
         rocksdb_iter_next(iterator.get())) {
      size_t key_bytes = 0;
      size_t value_bytes = 0;
      const char* const key = rocksdb_iter_key(iterator.get(), &key_bytes);
      const char* const value = rocksdb_iter_value(iterator.get(), &value_bytes);
      sink.take({key, key_bytes}, {value, value_bytes});
      if (++count == limit) break;
    }
    must([&](char** message) { rocksdb_iter_get_error(iterator.get(), message); });
    return count;
  }

 private:
  rocksdb_t& db_;
  rocksdb_column_family_handle_t& family_;
  const ReadOptions read_options_{rocksdb_readoptions_create()};
  const WriteOptions write_options_{rocksdb_writeoptions_create()};
  const Batch batch_{rocksdb_writebatch_create()};
  std::vector<const char*> key_bytes_;
  std::vector<size_t> key_sizes_;
  std::vector<rocksdb_pinnableslice_t*> values_;
  std::vector<char*> messages_;
};

Options options_for(const Setup& setup) {
  rocksdb_block_based_table_options_t* const table = rocksdb_block_based_options_create();
  rocksdb_cache_t* const cache = rocksdb_cache_create_lru((size_t{1} << 30) + 2 * setup.key_count * (setup.key_bytes + setup.value_bytes));
  rocksdb_block_based_options_set_block_cache(table, cache);
  rocksdb_cache_destroy(cache);  // the table's options hold it
  rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10));
  rocksdb_block_based_options_set_data_block_index_type(table, rocksdb_block_based_table_data_block_index_type_binary_search_and_hash);
  rocksdb_block_based_options_set_checksum(table, 4);  // XXH3
  Options options(rocksdb_options_create());
  rocksdb_options_set_create_if_missing(options.get(), 1);
  rocksdb_options_set_block_based_table_factory(options.get(), table);
  rocksdb_block_based_options_destroy(table);
  rocksdb_options_set_compression(options.get(), rocksdb_no_compression);
  rocksdb_options_set_bottommost_compression(options.get(), rocksdb_no_compression);
  rocksdb_options_set_write_buffer_size(options.get(), 64 << 20);
  rocksdb_options_set_max_write_buffer_number(options.get(), 4);
  rocksdb_options_set_max_background_jobs(options.get(), 2);
  rocksdb_options_set_max_open_files(options.get(), -1);
  return options;
}

class RocksdbCEngine final : public Engine {
 public:
  explicit RocksdbCEngine(const Setup& setup) : sync_(setup.durability == Durability::kSync), options_(options_for(setup)) {
    const std::string path = setup.path + "/db";
    const char* const family = "default";
    const rocksdb_options_t* const family_options = options_.get();
    db_ = must([&](char** message) {
      return rocksdb_open_column_families(options_.get(), path.c_str(), 1, &family, &family_options, &family_, message);
    });
  }
  ~RocksdbCEngine() override {
    rocksdb_column_family_handle_destroy(family_);
    rocksdb_close(db_);
  }
  std::unique_ptr<Session> session() override { return std::make_unique<RocksdbCSession>(*db_, *family_, sync_); }
  void sync() override {
    must([&](char** message) { rocksdb_flush_wal(db_, 1, message); });
  }
  void compact() override {
    rocksdb_flushoptions_t* const flush = rocksdb_flushoptions_create();
    must([&](char** message) { rocksdb_flush(db_, flush, message); });
    rocksdb_flushoptions_destroy(flush);
    rocksdb_compactoptions_t* const all = rocksdb_compactoptions_create();
    rocksdb_compactoptions_set_bottommost_level_compaction(all, 3);  // force, optimized
    rocksdb_compact_range_opt(db_, all, nullptr, 0, nullptr, 0);
    rocksdb_compactoptions_destroy(all);
  }

 private:
  bool sync_;
  Options options_;
  rocksdb_t* db_ = nullptr;
  rocksdb_column_family_handle_t* family_ = nullptr;
};

const std::string version =
    std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) + "." + std::to_string(ROCKSDB_PATCH) + ", rocksdb/c.h";

const bool registered = register_engine({.name = "rocksdb_c",
                                         .rank = 11,
                                         .peer = true,
                                         .debug_package = BENCH_DEBIAN_PACKAGES,
                                         .version = version,
                                         .settings = "as rocksdb, without the memtable's bloom",
                                         .open = [](const Setup& setup) { return std::make_unique<RocksdbCEngine>(setup); }});

}  // namespace
}  // namespace bench
