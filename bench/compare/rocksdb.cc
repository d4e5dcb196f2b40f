// RocksDB through its C++ API. Settings after its tuning guide for data that fit into memory on two cores: block cache larger than the data,
// full bloom filters of 10 bits, hash index inside data blocks, memtable bloom for point reads, XXH3 block checksums (the package has no
// hardware CRC), no compression, two background jobs. Commits go to the write-ahead log; sync only when asked.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/options_util.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include "compare/engine.h"

namespace bench {
namespace {

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

void must(const rocksdb::Status& status) {
  if (!status.ok()) fail("rocksdb: " + status.ToString());
}

class RocksdbSession final : public Session {
 public:
  RocksdbSession(rocksdb::DB& db, bool sync) : db_(db) { write_options_.sync = sync; }
  void put(std::string_view key, std::string_view value) override { must(db_.Put(write_options_, slice(key), slice(value))); }
  bool get(std::string_view key, ValueSink& sink) override {
    value_.Reset();
    const auto status = db_.Get(read_options_, db_.DefaultColumnFamily(), slice(key), &value_);
    if (status.IsNotFound()) return false;
    must(status);
    sink.take(0, value_.data(), value_.size());
    return true;
  }
  void remove(std::string_view key) override { must(db_.Delete(write_options_, slice(key))); }
  void write(std::span<const Entry> batch) override {
    batch_.Clear();
    for (const auto& entry : batch) must(batch_.Put(slice(entry.key), slice(entry.value)));
    must(db_.Write(write_options_, &batch_));
  }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override {
    keys_.clear();
    for (const auto& key : keys) keys_.push_back(slice(key));
    values_.resize(keys.size());
    statuses_.resize(keys.size());
    db_.MultiGet(read_options_, db_.DefaultColumnFamily(), keys.size(), keys_.data(), values_.data(), statuses_.data());
    size_t found = 0;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses_[i].ok()) {
        sink.take(i, values_[i].data(), values_[i].size());
        ++found;
      } else if (!statuses_[i].IsNotFound()) {
        must(statuses_[i]);
      }
      values_[i].Reset();
    }
    return found;
  }
  uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) override {
    const std::unique_ptr<rocksdb::Iterator> iterator(db_.NewIterator(read_options_));
    uint64_t count = 0;
    for (iterator->Seek(slice(start)); iterator->Valid(); iterator->Next()) {
      sink.take(view(iterator->key()), view(iterator->value()));
      if (++count == limit) break;
    }
    must(iterator->status());
    return count;
  }

 private:
  rocksdb::DB& db_;
  rocksdb::ReadOptions read_options_;
  rocksdb::WriteOptions write_options_;
  rocksdb::PinnableSlice value_;
  rocksdb::WriteBatch batch_;
  std::vector<rocksdb::Slice> keys_;
  std::vector<rocksdb::PinnableSlice> values_;
  std::vector<rocksdb::Status> statuses_;
};

rocksdb::Options options_for(const Setup& setup) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache((size_t{1} << 30) + 2 * setup.key_count * (setup.key_bytes + setup.value_bytes));
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.checksum = rocksdb::kXXH3;
  rocksdb::Options options;
  options.create_if_missing = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  options.bottommost_compression = rocksdb::kNoCompression;
  options.write_buffer_size = 64 << 20;
  options.max_write_buffer_number = 4;
  options.max_background_jobs = 2;
  options.max_open_files = -1;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_whole_key_filtering = true;
  return options;
}

class RocksdbEngine final : public Engine {
 public:
  explicit RocksdbEngine(const Setup& setup) : sync_(setup.durability == Durability::kSync) {
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(options_for(setup), setup.path + "/db", &db));
    db_.reset(db);
  }
  ~RocksdbEngine() override { must(db_->Close()); }
  std::unique_ptr<Session> session() override { return std::make_unique<RocksdbSession>(*db_, sync_); }
  void sync() override { must(db_->SyncWAL()); }
  void compact() override {
    must(db_->Flush(rocksdb::FlushOptions()));
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    must(db_->CompactRange(all, nullptr, nullptr));
  }

 private:
  bool sync_;
  std::unique_ptr<rocksdb::DB> db_;
};

const bool registered = register_engine({.name = "rocksdb",
                                         .rank = 10,
                                         .peer = true,
                                         .debug_package = BENCH_DEBIAN_PACKAGES,
                                         .version = rocksdb::GetRocksVersionAsString(),
                                         .settings = "WAL on, sync only in fillsync; cache above the data, bloom 10, data block hash "
                                                     "index, memtable bloom, XXH3, write buffers 4 x 64 MiB, "
                                                     "2 background jobs, no compression",
                                         .open = [](const Setup& setup) { return std::make_unique<RocksdbEngine>(setup); }});

}  // namespace
}  // namespace bench
