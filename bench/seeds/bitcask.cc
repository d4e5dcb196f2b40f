// Bitcask-Go (seeds.md, 1.2): one write(2) a put, never an fsync. Keys, and the values of "small" rows, are formatted in the timed loop.
#include "seeds/row.h"

namespace bench {
namespace {

constexpr unsigned kParallelThreadCount = 2;  // re-measured with 2 goroutines
constexpr uint64_t kCheckStep = 61;
constexpr uint64_t kOwnerCount = 10;
const std::string kKilobyte(1024, 'k');

// Of what a timed loop wrote, every kCheckStep-th key and the last one.
template <class Expect>
void check_written(uint64_t count, Expect&& expect) {
  for (uint64_t i = 0; i < count; i += kCheckStep) expect(i);
  if (count > 0) expect(count - 1);
}

void preload(Database& db, uint64_t count, const std::string& bytes) {
  NumberedName key("key-");
  IndexedBytes value(bytes);
  for (uint64_t i = 0; i < count; ++i) db.put(key(i), value(i));
}

void put_small(Run& run) {
  Database db(run.path(), run.options());
  NumberedName key("key-"), value("val-");
  const uint64_t done = run.measure_one(run.scaled(1'000'000), [&](uint64_t i) { db.put(key(i), value(i)); });
  check_written(done, [&](uint64_t i) { db.expect(key(i), value(i)); });
  require(db.count() == done, "keys are missing");
}

void put_kilobyte(Run& run) {
  Database db(run.path(), run.options());
  NumberedName key("key-");
  const uint64_t done = run.measure_one(run.scaled(500'000), [&](uint64_t i) { db.put(key(i), kKilobyte); });
  check_written(done, [&](uint64_t i) { db.expect(key(i), kKilobyte); });
  require(db.count() == done, "keys are missing");
  // By the seed's definition all values are alike.
  IndexedBytes value(kKilobyte);
  preload(db, kOwnerCount, kKilobyte);
  for (uint64_t i = 0; i < kOwnerCount; ++i) db.expect(key(i), value(i));
}

void get_small(Run& run) {
  const uint64_t count = run.scaled(1000);
  Database db(run.path(), run.options());
  NumberedName key("key-");
  const auto values = numbered_names("val-", count);
  for (uint64_t i = 0; i < count; ++i) db.put(key(i), values[i]);
  run.measure_one(run.scaled(2'000'000), [&](uint64_t i) { db.expect(key(i % count), values[i % count]); });
}

void get_kilobyte(Run& run) {
  const uint64_t count = run.scaled(10'000);
  Database db(run.path(), run.options());
  preload(db, count, kKilobyte);
  NumberedName key("key-");
  IndexedBytes value(kKilobyte);
  run.measure_one(run.scaled(1'000'000), [&](uint64_t i) { db.expect(key(i % count), value(i % count)); });
}

void put_parallel(Run& run) {
  Database db(run.path(), run.options());
  const Phase phase = run.phase(run.scaled(2'000'000), kParallelThreadCount);
  const uint64_t done = run.measure(phase, [&db](unsigned) {
    return [&db, key = NumberedName("key-"), value = NumberedName("val-")](uint64_t i) mutable { db.put(key(i), value(i)); };
  });
  NumberedName key("key-"), value("val-");
  check_written(done / kParallelThreadCount, [&](uint64_t i) { db.expect(key(i), value(i)); });
}

void get_in_parallel(Run& run, Database& db, uint64_t operations, uint64_t count, const std::string& bytes, unsigned threads) {
  run.measure(run.phase(operations, threads), [&](unsigned) {
    return [&db, count, key = NumberedName("key-"), value = IndexedBytes(bytes)](uint64_t i) mutable {
      db.expect(key(i % count), value(i % count));
    };
  });
}

void get_parallel(Run& run) {
  const uint64_t count = run.scaled(10'000);
  const std::string value(128, 'v');
  Database db(run.path(), run.options());
  preload(db, count, value);
  get_in_parallel(run, db, run.scaled(4'000'000), count, value, kParallelThreadCount);
}

void recovery(Run& run) {
  const uint64_t count = run.scaled(10'000);
  IndexedBytes value(std::string(4096, 'v'));
  NumberedName key("key-", 9);
  {
    Database db(run.path(), run.options());
    for (uint64_t i = 0; i < count; ++i) db.put(key(i), value(i));
    must(firn_compact(db.handle()), "compact");
  }
  Phase phase = run.phase(run.scaled(50));
  phase.sample_all = true;
  run.measure(phase, [&run](unsigned) { return [&run](uint64_t) { const Database db(run.path(), run.options()); }; });
  const Database db(run.path(), run.options());
  require(db.count() == count, "keys are missing");
  for (uint64_t i = 0; i < count; ++i) db.expect(key(i), value(i));
}

void get_older(Run& run, unsigned threads) {
  const uint64_t count = run.scaled(2000);
  Database db(run.path(), run.options("memtable_bytes=1MiB"));
  preload(db, count, kKilobyte);
  must(firn_flush(db.handle()), "flush");
  get_in_parallel(run, db, run.scaled(1'000'000) * threads, count / 2, kKilobyte, threads);
}

}  // namespace

std::vector<Row> bitcask_rows() {
  const char* const os = "os";
  return {
      {"bitcask.put_small", "put of key-%d -> val-%d, new keys in order, from empty", os, {kOs}, put_small},
      {"bitcask.put_1k", "the same keys, 1 KiB", os, {kOs}, put_kilobyte},
      {"bitcask.get_small", "get of 1,000 keys in order", os, {kOs}, get_small},
      {"bitcask.get_1k", "get of 10,000 keys of 1 KiB in order", os, {kOs}, get_kilobyte},
      {"bitcask.put_parallel", "2 threads put the same keys", os, {kOs}, put_parallel},
      {"bitcask.get_parallel", "2 threads get 10,000 keys of 128 B", os, {kOs}, get_parallel},
      {"bitcask.recovery", "open and close, 10,000 keys of 4 KiB, compacted", os, {kOs}, recovery},
      {"bitcask.get_older", "get of 1,000 keys of 1 KiB from old files of 1 MiB", os, {kOs}, [](Run& run) { get_older(run, 1); }},
      {"bitcask.get_older_parallel", "the same, 2 threads", os, {kOs}, [](Run& run) { get_older(run, kParallelThreadCount); }},
  };
}

}  // namespace bench
