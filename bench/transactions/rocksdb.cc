#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/optimistic_transaction_db.h>
#include <rocksdb/utilities/transaction.h>

#include <cstring>

#include "transactions/store.h"

namespace bench {
namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

class RocksdbStore final : public TransactionalStore {
 public:
  explicit RocksdbStore(const std::string& path) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kNoCompression;
    options.write_buffer_size = 64 << 20;
    rocksdb::BlockBasedTableOptions table;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.block_cache = rocksdb::NewLRUCache(size_t{1} << 30);
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::OptimisticTransactionDB* db = nullptr;
    must(rocksdb::OptimisticTransactionDB::Open(options, path, &db).ok(), "rocksdb open");
    db_.reset(db);
  }

  const char* name() const override { return "RocksDB"; }
  void put(std::string_view key, std::string_view value) override { must(db_->Put(write_, slice(key), slice(value)).ok(), "rocksdb put"); }
  void compact() override { must(db_->Flush({}).ok() && db_->CompactRange({}, nullptr, nullptr).ok(), "rocksdb compact"); }
  void add(std::string_view key, int64_t delta) override {
    begin();
    int64_t sum = 0;
    const auto status = transaction_->GetForUpdate(read_, slice(key), &value_);
    must(status.ok() || status.IsNotFound(), "rocksdb get");
    if (status.ok()) std::memcpy(&sum, value_.data(), sizeof sum);
    sum += delta;
    must(transaction_->Put(slice(key), {reinterpret_cast<const char*>(&sum), sizeof sum}).ok(), "rocksdb put");
    commit();
  }
  bool put_if_absent(std::string_view key, std::string_view value) override {
    begin();
    if (!transaction_->GetForUpdate(read_, slice(key), &value_).IsNotFound()) return false;
    must(transaction_->Put(slice(key), slice(value)).ok(), "rocksdb put");
    commit();
    return true;
  }
  void swap(std::string_view key, std::string_view value) override { read_modify_write(key, value); }
  void begin_and_close_read_only() override { db_->ReleaseSnapshot(db_->GetSnapshot()); }
  bool read_only_get(std::string_view key) override {
    rocksdb::ReadOptions read;
    read.snapshot = db_->GetSnapshot();
    const bool found = db_->Get(read, db_->DefaultColumnFamily(), slice(key), &pinned_).ok();
    pinned_.Reset();
    db_->ReleaseSnapshot(read.snapshot);
    return found;
  }
  void read_modify_write(std::string_view key, std::string_view value) override {
    begin();
    step(key, value);
    commit();
  }
  void read_modify_write_ten(const std::string* keys, std::string_view value) override {
    begin();
    for (int i = 0; i < 10; i++) step(keys[i], value);
    commit();
  }

 private:
  // The object is used again, as the manual advises.
  void begin() { transaction_.reset(db_->BeginTransaction(write_, {}, transaction_.release())); }
  void step(std::string_view key, std::string_view value) {
    must(transaction_->GetForUpdate(read_, slice(key), &value_).ok(), "rocksdb get");
    must(transaction_->Put(slice(key), slice(value)).ok(), "rocksdb put");
  }
  void commit() { must(transaction_->Commit().ok(), "rocksdb commit"); }

  std::unique_ptr<rocksdb::OptimisticTransactionDB> db_;
  std::unique_ptr<rocksdb::Transaction> transaction_;
  rocksdb::ReadOptions read_;
  rocksdb::WriteOptions write_;
  std::string value_;
  rocksdb::PinnableSlice pinned_;
};

}  // namespace

std::unique_ptr<TransactionalStore> open_rocksdb(const std::string& path) { return std::make_unique<RocksdbStore>(path); }

}  // namespace bench
