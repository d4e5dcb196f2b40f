// strata (seeds.md, 3.2), operations of one key: a transactional store whose default mode gives each commit to the system and syncs after 333 of them (fewer, when they put more) or 100 ms. Keys carry what
// strata puts in front of each: the names of a namespace and a UUID. Values are I64.
#include "seeds/strata.h"

#include "compare/random.h"

namespace bench {
namespace strata {

SyncedCommits::SyncedCommits(const Run& run, Database& db)
    : db_(db), every_(run.variant().commits_a_sync), due_count_(every_), due_ns_(now_ns() + kIntervalNs) {}

void SyncedCommits::sync(uint64_t count) {
  const std::lock_guard lock(mutex_);
  if (count < due_count_ && now_ns() < due_ns_) return;  // another thread did it
  const uint64_t count_before = count_;
  must(firn_sync(db_.handle()), "sync");
  due_count_ = count_before + every_;
  due_ns_ = now_ns() + kIntervalNs;
}

std::string key_name(std::string_view name) { return std::string(kKeyPrefix) + std::string(name); }

std::string i64(int64_t number) { return {reinterpret_cast<const char*>(&number), sizeof number}; }

void preload(Database& db, std::string_view name, uint64_t count, size_t digit_count) {
  NumberedName key(key_name(name), digit_count);
  firn_put_opts options = FIRN_PUT_OPTS_INIT;
  options.flags = FIRN_NO_SYNC;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view to = key(i);
    const std::string value = i64(static_cast<int64_t>(i));
    must(firn_put_ex(db.handle(), 0, octets(to), to.size(), octets(value), value.size(), &options), "put_ex");
  }
  must(firn_sync(db.handle()), "sync");
}

}  // namespace strata

namespace {

using namespace strata;

constexpr uint64_t kKeyCount = 10'000;
constexpr uint64_t kCheckStep = 61;

void get_constant(Run& run, uint64_t count, size_t digit_count, uint64_t index) {
  Database db(run.path(), run.options());
  preload(db, "key_", count, digit_count);
  const std::string key(NumberedName(key_name("key_"), digit_count)(index)), value = i64(static_cast<int64_t>(index));
  run.measure_one(run.scaled(4'000'000), [&](uint64_t) { db.expect(key, value); });
}

// The key at `part` of 10,000.
void get_at(Run& run, double part) {
  const uint64_t count = run.scaled(kKeyCount);
  get_constant(run, count, 5, static_cast<uint64_t>(part * static_cast<double>(count)));
}

void get_uniform(Run& run) {
  const uint64_t count = run.scaled(kKeyCount);
  Database db(run.path(), run.options());
  preload(db, "key_", count, 5);
  NumberedName key(key_name("key_"), 5);
  std::vector<std::string> values;
  for (uint64_t i = 0; i < count; ++i) values.push_back(i64(static_cast<int64_t>(i)));
  Random random(1);
  run.measure_one(run.scaled(2'000'000), [&](uint64_t) {
    const uint64_t index = random.below(count);
    db.expect(key(index), values[index]);
  });
}

void get_missing(Run& run) {
  Database db(run.path(), run.options());
  preload(db, "key_", run.scaled(kKeyCount), 5);
  const std::string key = key_name("nonexistent");
  run.measure_one(run.scaled(4'000'000), [&](uint64_t) { db.expect_missing(key); });
}

void get_at_scale(Run& run, uint64_t keys) {
  const uint64_t count = run.scaled(keys);
  get_constant(run, count, 6, count / 2);
}

// All values are alike, so that one key's would pass for another's: behind the clock some get their own.
void check_owners(Database& db, std::string_view name) {
  constexpr uint64_t kOwnerCount = 10;
  preload(db, name, kOwnerCount);
  NumberedName key(key_name(name));
  for (uint64_t i = 0; i < kOwnerCount; ++i) db.expect(key(i), i64(static_cast<int64_t>(i)));
}

void put_unique(Run& run, uint64_t operations, std::string_view name, const std::string& value) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  NumberedName key(key_name(name));
  const uint64_t done = run.measure_one(run.scaled(operations), [&](uint64_t i) {
    db.put(key(i), value);
    commits.committed();
  });
  for (uint64_t i = 0; i < done; i += kCheckStep) db.expect_large(key(i), value);
  require(db.count() == done, "a wrong number of keys");
  check_owners(db, name);
}

void put_bytes(Run& run, size_t bytes) {
  constexpr uint64_t kBytesMax = uint64_t{512} << 20;
  put_unique(run, std::min<uint64_t>(1'000'000, kBytesMax / bytes), "sized_", std::string(bytes, '\0'));
}

void put_overwrite(Run& run) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  const std::string key = key_name("overwrite");
  std::string value = i64(0);
  const uint64_t done = run.measure_one(run.scaled(2'000'000), [&](uint64_t i) {
    std::memcpy(value.data(), &i, sizeof i);
    db.put(key, value);
    commits.committed();
  });
  db.expect(key, i64(static_cast<int64_t>(done - 1)));
}

void put_delete(Run& run) {
  const uint64_t operations = run.scaled(1'000'000);
  Database db(run.path(), run.options());
  preload(db, "del_", operations);
  SyncedCommits commits(run, db);
  NumberedName key(key_name("del_"));
  const uint64_t done = run.measure_one(operations, [&](uint64_t i) {
    db.remove(key(i));
    commits.committed();
  });
  require(db.count() == operations - done, "a wrong number of keys");
}

// cas with the version that a get found.
void cas_success(Run& run) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  const std::string key = key_name("cas");
  db.put(key, i64(0));
  firn_put_opts options = FIRN_PUT_OPTS_INIT;
  options.flags = FIRN_IF_VERSION;
  run.measure_one(run.scaled(1'000'000), [&](uint64_t i) {
    firn_entry entry = FIRN_ENTRY_INIT;
    int64_t number = 0;
    uint8_t* const buffer = reinterpret_cast<uint8_t*>(&number);
    const int64_t size = firn_get_entry(db.handle(), 0, octets(key), key.size(), buffer, sizeof number, &entry);
    require(size == sizeof number && number == static_cast<int64_t>(i), "a wrong value");
    ++number;
    options.if_version = entry.version;
    must(firn_put_ex(db.handle(), 0, octets(key), key.size(), buffer, sizeof number, &options), "cas");
    commits.committed();
  });
}

void cas_failure(Run& run) {
  constexpr uint64_t kWrongVersion = 999'999;
  Database db(run.path(), run.options());
  const std::string key = key_name("cas"), value = i64(1);
  db.put(key, i64(0));
  firn_put_opts options = FIRN_PUT_OPTS_INIT;
  options.flags = FIRN_IF_VERSION;
  options.if_version = kWrongVersion;
  run.measure_one(run.scaled(2'000'000), [&](uint64_t) {
    const int64_t code = firn_put_ex(db.handle(), 0, octets(key), key.size(), octets(value), value.size(), &options);
    require(code == FIRN_CONFLICT, "a cas with a wrong version");
  });
  db.expect(key, i64(0));
}

void cas_create(Run& run) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  NumberedName key(key_name("cas_new_"));
  const std::string value = i64(1);
  firn_put_opts options = FIRN_PUT_OPTS_INIT;
  options.flags = FIRN_IF_VERSION;  // 0: absent
  const auto create = [&](std::string_view name) {
    return firn_put_ex(db.handle(), 0, octets(name), name.size(), octets(value), value.size(), &options);
  };
  const uint64_t done = run.measure_one(run.scaled(1'000'000), [&](uint64_t i) {
    must(create(key(i)), "cas of a new key");
    commits.committed();
  });
  require(create(key(0)) == FIRN_CONFLICT, "a cas of a key that is there");
  require(db.count() == done, "a wrong number of keys");
  check_owners(db, "cas_new_");
}

}  // namespace

std::vector<Row> strata_rows() {
  const char *const batched = "periodic", *const strict = "strict";
  const std::vector<Variant> reads{kBatched}, levels{kBatched, kStrict, kNoSync}, strict_first{kStrict, kBatched, kNoSync};
  std::vector<Row> rows{
      {"strata.kv_get_existing", "get of one key of 10,000", batched, reads, [](Run& run) { get_at(run, 0.5); }},
      {"strata.kv_get_nonexistent", "get of a key that is not there, 10,000 keys", batched, reads, get_missing},
      {"strata.kv_get_early", "get of one key near the first of 10,000", batched, reads, [](Run& run) { get_at(run, 0.01); }},
      {"strata.kv_get_middle", "get of one key in the middle of 10,000", batched, reads, [](Run& run) { get_at(run, 0.5); }},
      {"strata.kv_get_late", "get of one key near the last of 10,000", batched, reads, [](Run& run) { get_at(run, 0.99); }},
      {"strata.kv_get_uniform", "get of 10,000 keys at random", batched, reads, get_uniform},
      {"strata.kv_put_unique", "put of new keys unique_%d, from empty", batched, levels,
       [](Run& run) { put_unique(run, 1'000'000, "unique_", i64(1)); }},
      {"strata.kv_put_overwrite", "one key overwritten", batched, levels, put_overwrite},
      {"strata.kv_put_delete", "delete of del_%d, each once", batched, levels, put_delete},
  };
  constexpr Sized kValues[] = {{"strata.put_bytes_64", 64},
                               {"strata.put_bytes_256", 256},
                               {"strata.put_bytes_1024", 1024},
                               {"strata.put_bytes_4096", 4096},
                               {"strata.put_bytes_16384", 16384}};
  for (const auto& [name, bytes] : kValues)
    rows.push_back(
        {name, "put of new keys sized_%d, zero bytes, from empty", batched, levels, [size = bytes](Run& run) { put_bytes(run, size); }});
  for (const Row& row : strata_replay_rows()) rows.push_back(row);
  constexpr Sized kScales[] = {
      {"strata.get_at_scale_1k", 1000}, {"strata.get_at_scale_10k", 10'000}, {"strata.get_at_scale_100k", 100'000}};
  for (const auto& [name, keys] : kScales)
    rows.push_back({name, "get of the middle key of so many", batched, reads, [count = keys](Run& run) { get_at_scale(run, count); }});
  for (const Row& row : strata_txn_rows()) rows.push_back(row);
  const std::vector<Row> cas_rows{
      {"strata.cas_success", "get, and cas with the version that it found, one key", batched, levels, cas_success},
      {"strata.cas_failure", "cas with a wrong version", batched, reads, cas_failure},
      {"strata.cas_create", "cas(0) of new keys cas_new_%d", strict, strict_first, cas_create},
      {"strata.later_insert", "put of new keys", strict, strict_first, [](Run& run) { put_unique(run, 1'000'000, "insert_", i64(1)); }},
      {"strata.later_overwrite", "one key overwritten", strict, strict_first, put_overwrite},
      {"strata.later_delete", "delete of keys, each once", strict, strict_first, put_delete},
  };
  rows.insert(rows.end(), cas_rows.begin(), cas_rows.end());
  return rows;
}

}  // namespace bench
