// LevelDB: bloom filters of 10 bits, cache above the data, large write buffer and tables, no compression. Its tables are mapped, and blocks are read
// without a copy; checksums are verified by compactions only (its default).
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/options.h>
#include <leveldb/write_batch.h>

#include "compare/engine.h"

namespace bench {
namespace {

leveldb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const leveldb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

void must(const leveldb::Status& status) {
  if (!status.ok()) fail("leveldb: " + status.ToString());
}

class LeveldbSession final : public Session {
 public:
  LeveldbSession(leveldb::DB& db, bool sync) : db_(db) { write_options_.sync = sync; }
  void put(std::string_view key, std::string_view value) override { must(db_.Put(write_options_, slice(key), slice(value))); }
  bool get(std::string_view key, ValueSink& sink) override { return get_one(key, 0, sink); }
  void remove(std::string_view key) override { must(db_.Delete(write_options_, slice(key))); }
  void write(std::span<const Entry> batch) override {
    batch_.Clear();
    for (const auto& entry : batch) batch_.Put(slice(entry.key), slice(entry.value));
    must(db_.Write(write_options_, &batch_));
  }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override {
    size_t found = 0;
    for (size_t i = 0; i < keys.size(); ++i) found += get_one(keys[i], i, sink);
    return found;
  }
  uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) override {
    const std::unique_ptr<leveldb::Iterator> iterator(db_.NewIterator(leveldb::ReadOptions()));
    uint64_t count = 0;
    for (iterator->Seek(slice(start)); iterator->Valid(); iterator->Next()) {
      sink.take(view(iterator->key()), view(iterator->value()));
      if (++count == limit) break;
    }
    must(iterator->status());
    return count;
  }

 private:
  bool get_one(std::string_view key, size_t position, ValueSink& sink) {
    const auto status = db_.Get(leveldb::ReadOptions(), slice(key), &value_);
    if (status.IsNotFound()) return false;
    must(status);
    sink.take(position, value_.data(), value_.size());
    return true;
  }
  leveldb::DB& db_;
  leveldb::WriteOptions write_options_;
  leveldb::WriteBatch batch_;
  std::string value_;
};

class LeveldbEngine final : public Engine {
 public:
  explicit LeveldbEngine(const Setup& setup)
      : sync_(setup.durability == Durability::kSync),
        filter_(leveldb::NewBloomFilterPolicy(10)),
        cache_(leveldb::NewLRUCache((size_t{1} << 30) + 2 * setup.key_count * (setup.key_bytes + setup.value_bytes))) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.compression = leveldb::kNoCompression;
    options.filter_policy = filter_.get();
    options.block_cache = cache_.get();
    options.write_buffer_size = 64 << 20;
    options.max_file_size = 32 << 20;
    options.max_open_files = 5000;
    leveldb::DB* db = nullptr;
    must(leveldb::DB::Open(options, setup.path + "/db", &db));
    db_.reset(db);
  }
  std::unique_ptr<Session> session() override { return std::make_unique<LeveldbSession>(*db_, sync_); }
  void sync() override {
    leveldb::WriteBatch empty;
    leveldb::WriteOptions options;
    options.sync = true;
    must(db_->Write(options, &empty));
  }
  void compact() override { db_->CompactRange(nullptr, nullptr); }

 private:
  bool sync_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> db_;
};

const bool registered = register_engine(
    {.name = "leveldb",
     .rank = 11,
     .peer = true,
     .debug_package = BENCH_DEBIAN_PACKAGES,
     .version = std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion),
     .settings = "sync only in fillsync; cache above the data, bloom 10, write buffer 64 MiB, tables of 32 MiB, no compression",
     .open = [](const Setup& setup) { return std::make_unique<LeveldbEngine>(setup); }});

}  // namespace
}  // namespace bench
