// RocksDB's write-ahead log without the rest of it: WriteBatch::PutLogData() puts a blob into the log and nowhere else. Part of log_bench where RocksDB is there.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>

#include <memory>

#include "log_place.h"

namespace {

using namespace log_bench;

std::unique_ptr<rocksdb::DB> open_rocksdb(const Place& place) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.max_total_wal_size = uint64_t{1} << 30;
  rocksdb::DB* db = nullptr;
  stop_unless(rocksdb::DB::Open(options, place.file("rocksdb"), &db).ok(), "RocksDB does not open");
  return std::unique_ptr<rocksdb::DB>(db);
}

void append(benchmark::State& state, size_t bytes, const rocksdb::WriteOptions& options) {
  const std::string record = payload(bytes);
  const Place place;
  const auto db = open_rocksdb(place);
  rocksdb::WriteBatch batch;
  for (auto _ : state) {
    batch.Clear();
    stop_unless(batch.PutLogData(record).ok() && db->Write(options, &batch).ok(), "RocksDB does not write");
  }
  state.SetItemsProcessed(state.iterations());
}

// As durable as `process`: every record goes to the system with a write(2) of its own.
void RocksDbWalAppend(benchmark::State& state) { append(state, static_cast<size_t>(state.range(0)), {}); }
BENCHMARK(RocksDbWalAppend)->Arg(64)->Arg(256)->Arg(512)->Arg(1024);

void RocksDbWalSync(benchmark::State& state) {
  rocksdb::WriteOptions options;
  options.sync = true;
  append(state, kRecordBytes, options);
}
BENCHMARK(RocksDbWalSync)->UseRealTime();

std::unique_ptr<Place> shared_place;
std::unique_ptr<rocksdb::DB> shared_db;

void RocksDbWalSyncWriters(benchmark::State& state) {
  if (state.thread_index() == 0) {
    shared_place = std::make_unique<Place>();
    shared_db = open_rocksdb(*shared_place);
  }
  const std::string record = payload(kRecordBytes);
  rocksdb::WriteOptions options;
  options.sync = true;
  for (auto _ : state) {
    rocksdb::WriteBatch batch;
    stop_unless(batch.PutLogData(record).ok() && shared_db->Write(options, &batch).ok(), "RocksDB does not write");
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) {
    shared_db.reset();
    shared_place.reset();
  }
}
BENCHMARK(RocksDbWalSyncWriters)->Threads(4)->Threads(16)->UseRealTime();

}  // namespace
