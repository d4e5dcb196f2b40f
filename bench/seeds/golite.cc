// GoLite (seeds.md, 4.2): a file of pairs behind a log that is synced once a second, and an LSM tree that writes each entry to its log. The goroutine an operation of its
// concurrent rows is a pool of two threads here (4.4).
#include "seeds/row.h"

namespace bench {
namespace {

constexpr unsigned kThreadCount = 2;
constexpr uint64_t kHotCount = 1000;
constexpr uint64_t kBatchCount = 1000;
constexpr uint64_t kCheckStep = 61;

const Variant kEverySecond{.name = "periodic 1 s", .options = "durability=interval:1s"};

// What the two stores call their keys and values.
struct Names {
  std::string_view key, value;
};
constexpr Names kUsers{"users:key", "value"};
constexpr Names kTree{"key_", "value_"};

void preload(Database& db, Names names, uint64_t count) {
  NumberedName key(names.key), value(names.value);
  for (uint64_t i = 0; i < count; ++i) db.put(key(i), value(i));
}

void check_written(Database& db, Names names, uint64_t count) {
  NumberedName key(names.key), value(names.value);
  for (uint64_t i = 0; i < count; i += kCheckStep) db.expect(key(i), value(i));
}

void insert(Run& run, Names names) {
  Database db(run.path(), run.options());
  NumberedName key(names.key), value(names.value);
  const uint64_t done = run.measure_one(run.scaled(1'000'000), [&](uint64_t i) { db.put(key(i), value(i)); });
  check_written(db, names, done);
  require(db.count() == done, "a wrong number of keys");
}

void insert_concurrent(Run& run) {
  Database db(run.path(), run.options());
  const uint64_t done = run.measure(run.phase(run.scaled(2'000'000), kThreadCount), [&](unsigned thread) {
    return [&db, thread, key = NumberedName(kUsers.key), value = NumberedName(kUsers.value)](uint64_t i) mutable {
      const uint64_t number = i * kThreadCount + thread;
      db.put(key(number), value(number));
    };
  });
  require(db.count() == done, "a wrong number of keys");
  NumberedName key(kUsers.key), value(kUsers.value);
  for (uint64_t number = 0; number < kThreadCount; ++number) db.expect(key(number), value(number));
}

void insert_batch(Run& run) {
  constexpr size_t kEntryBytesMax = 64;
  Database db(run.path(), run.options());
  NumberedName key(kUsers.key), value(kUsers.value);
  Packed batch(kBatchCount * kEntryBytesMax);
  Phase phase = run.phase(run.scaled(1000));
  phase.units = kBatchCount;
  phase.sample_all = true;
  const uint64_t done = run.measure(phase, [&](unsigned) {
    return [&](uint64_t i) {
      batch.clear();
      for (uint64_t number = i * kBatchCount; number < (i + 1) * kBatchCount; ++number) batch.put(0, key(number), value(number));
      must(firn_write(db.handle(), batch.data(), batch.size(), 0), "write");
    };
  });
  check_written(db, kUsers, done);
  require(db.count() == done, "a wrong number of keys");
}

// `count` keys, read in order, again and again; all threads the same.
void get(Run& run, Names names, uint64_t count, uint64_t operations, unsigned threads) {
  Database db(run.path(), run.options());
  preload(db, names, count);
  const auto values = numbered_names(names.value, count);
  run.measure(run.phase(operations, threads), [&](unsigned) {
    return [&db, &values, count, key = NumberedName(names.key)](uint64_t i) mutable { db.expect(key(i % count), values[i % count]); };
  });
}

void insert_same(Run& run) {
  Database db(run.path(), run.options());
  const uint64_t done = run.measure(run.phase(run.scaled(2'000'000), kThreadCount), [&](unsigned) {
    return [&db, key = NumberedName(kTree.key), value = NumberedName(kTree.value)](uint64_t i) mutable { db.put(key(i), value(i)); };
  });
  check_written(db, kTree, done / kThreadCount);
}

void force_compaction(Run& run) {
  constexpr uint64_t kRunCount = 5;
  const uint64_t count = run.scaled(100'000);
  Phase phase = run.phase(kRunCount);
  phase.sample_all = true;
  run.measure(phase, [&](unsigned) {
    return [&](uint64_t i) {
      Database db(run.path("db" + std::to_string(i)), run.options("memtable_bytes=1MiB"));
      preload(db, kTree, count);
      must(firn_compact(db.handle()), "compact");
      NumberedName key(kTree.key), value(kTree.value);
      for (uint64_t number = 0; number < count; number += count / 10) db.expect(key(number), value(number));
    };
  });
}

}  // namespace

std::vector<Row> golite_rows() {
  const char *const buffered = "buffered 1 s", *const os = "os";
  const std::vector<Variant> levels{kEverySecond, kStrict};
  return {
      {"golite.insert", "insert of users:key%d -> value%d, new keys in order", buffered, levels, [](Run& run) { insert(run, kUsers); }},
      {"golite.insert_concurrent", "2 threads insert new keys", buffered, levels, insert_concurrent},
      {"golite.get",
       "get of 1,000 keys in order",
       buffered,
       {kEverySecond},
       [](Run& run) { get(run, kUsers, run.scaled(kHotCount), run.scaled(4'000'000), 1); }},
      {"golite.get_concurrent",
       "2 threads get 1,000 keys",
       buffered,
       {kEverySecond},
       [](Run& run) { get(run, kUsers, run.scaled(kHotCount), run.scaled(8'000'000), kThreadCount); }},
      {"golite.insert_batch", "batches of 1,000 inserts, an entry", buffered, levels, insert_batch},
      {"golite.lsm_insert", "insert of key_%d -> value_%d, new keys in order", os, {kOs, kStrict}, [](Run& run) { insert(run, kTree); }},
      {"golite.lsm_insert_concurrent", "2 threads insert the same new keys", os, {kOs, kStrict}, insert_same},
      {"golite.lsm_get",
       "get of 1M keys in order",
       os,
       {kOs},
       [](Run& run) { get(run, kTree, run.scaled(1'000'000), run.scaled(1'000'000), 1); }},
      {"golite.lsm_get_concurrent",
       "2 threads get 100,000 keys in order",
       os,
       {kOs},
       [](Run& run) { get(run, kTree, run.scaled(100'000), run.scaled(4'000'000), kThreadCount); }},
      {"golite.lsm_force_compaction",
       "open, 100,000 inserts, memtables of 1 MiB, compaction, close: all of it",
       os,
       {kOs},
       force_compaction},
  };
}

}  // namespace bench
