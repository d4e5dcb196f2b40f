// namestore (seeds.md, 5.2), operations of one key: a map in memory, no log. Keys are formatted in the timed loop unless said. Beside each row: the same with the log on, and for the
// rows that spend a good part of their time formatting, with keys formatted before.
#include "seeds/namestore.h"

#include <algorithm>
#include <array>

namespace bench {
namespace namestore {

void preload(Database& db, uint64_t count, std::string_view value) {
  NumberedName key("key:");
  for (uint64_t i = 0; i < count; ++i) db.put(key(i), value);
}

void check_owners(Database& db) {
  NumberedName key("key:"), own("own-");
  for (uint64_t i = 0; i < kTenCount; ++i) db.put(key(i), own(i));
  for (uint64_t i = 0; i < kTenCount; ++i) db.expect(key(i), own(i));
}

}  // namespace namestore

namespace {

using namespace namestore;

constexpr unsigned kParallelThreadCount = 2;  // re-measured with 2 goroutines
constexpr uint64_t kCheckStep = 61;
constexpr int64_t kHourMs = 3'600'000;

void check_written(Database& db, uint64_t count) {
  NumberedName key("key:");
  for (uint64_t i = 0; i < count; i += kCheckStep) db.expect(key(i), kValue);
  require(db.count() == count, "a wrong number of keys");
  check_owners(db);
}

void set(Run& run) {
  const uint64_t operations = run.scaled(1'000'000);
  Database db(run.path(), run.options());
  LoopNames key(run, "key:", operations);
  check_written(db, run.measure_one(operations, [&](uint64_t i) { db.put(key(i), kValue); }));
}

void get(Run& run) {
  const uint64_t count = run.scaled(kHotCount);
  Database db(run.path(), run.options());
  preload(db, count);
  LoopNames key(run, "key:", count);
  run.measure_one(run.scaled(4'000'000), [&](uint64_t i) { db.expect(key(i % count), kValue); });
  check_owners(db);
}

void remove(Run& run) {
  const uint64_t operations = run.scaled(1'000'000);
  Database db(run.path(), run.options());
  preload(db, operations);
  NumberedName key("key:");
  const uint64_t done = run.measure_one(operations, [&](uint64_t i) { db.remove(key(i)); });
  for (uint64_t i = 0; i < done; i += kCheckStep) db.expect_missing(key(i));
  require(db.count() == operations - done, "a wrong number of keys");
}

void set_nx(Run& run) {
  Database db(run.path(), run.options());
  NumberedName key("key:");
  firn_put_opts absent = FIRN_PUT_OPTS_INIT;
  absent.flags = FIRN_IF_ABSENT;
  const auto put_new = [&](std::string_view name) {
    return firn_put_ex(db.handle(), 0, octets(name), name.size(), octets(kValue), kValue.size(), &absent);
  };
  const uint64_t done = run.measure_one(run.scaled(1'000'000), [&](uint64_t i) { must(put_new(key(i)), "put_ex of a new key"); });
  check_written(db, done);
  require(put_new(key(0)) == FIRN_EXISTS, "a key that is there was put");
}

void exists(Run& run) {
  const uint64_t count = run.scaled(kHotCount);
  Database db(run.path(), run.options());
  preload(db, count);
  LoopNames key(run, "key:", count);
  run.measure_one(run.scaled(4'000'000), [&](uint64_t i) {
    const std::string_view name = key(i % count);
    require(firn_exists(db.handle(), 0, octets(name), name.size()) == 1, "a key is missing");
  });
}

void add(Run& run, int64_t delta) {
  constexpr std::string_view kCounter = "counter";
  Database db(run.path(), run.options());
  run.measure_one(run.scaled(2'000'000), [&](uint64_t i) {
    const firn_i64 sum = firn_add(db.handle(), 0, octets(kCounter), kCounter.size(), delta);
    require(sum.status == FIRN_OK && sum.value == delta * static_cast<int64_t>(i + 1), "a wrong sum");
  });
}

void concurrent_reads(Run& run) {
  const uint64_t count = run.scaled(kHotCount);
  Database db(run.path(), run.options());
  preload(db, count);
  run.measure(run.phase(run.scaled(8'000'000), kParallelThreadCount), [&](unsigned) {
    return [&db, count, key = NumberedName("key:")](uint64_t i) mutable { db.expect(key(i % count), kValue); };
  });
  check_owners(db);
}

void concurrent_writes(Run& run) {
  Database db(run.path(), run.options());
  const uint64_t done = run.measure(run.phase(run.scaled(2'000'000), kParallelThreadCount), [&](unsigned) {
    return [&db, key = NumberedName("key:")](uint64_t i) mutable { db.put(key(i), kValue); };
  });
  NumberedName key("key:");
  for (uint64_t i = 0; i < done / kParallelThreadCount; i += kCheckStep) db.expect(key(i), kValue);
  check_owners(db);
}

void mixed(Run& run) {
  const uint64_t count = run.scaled(kHotCount);
  Database db(run.path(), run.options());
  preload(db, count);
  run.measure(run.phase(run.scaled(4'000'000), kParallelThreadCount), [&](unsigned) {
    return [&db, count, key = NumberedName("key:")](uint64_t i) mutable {
      const std::string_view name = key(i % count);
      i % 2 == 0 ? db.expect(name, kValue) : db.put(name, kValue);
    };
  });
  check_owners(db);
}

void set_value(Run& run, uint64_t operations, size_t bytes) {
  std::string value(bytes, 'v');
  Database db(run.path(), run.options());
  const uint64_t done = run.measure_one(run.scaled(operations), [&](uint64_t i) {
    value[0] = static_cast<char>(i);
    db.put("key", value);
  });
  value[0] = static_cast<char>(done - 1);
  db.expect_large("key", value);
}

void preload_expiring(Database& db, uint64_t count) {
  NumberedName key("key:");
  firn_put_opts expiring = FIRN_PUT_OPTS_INIT;
  expiring.ttl_ms = kHourMs;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view name = key(i);
    must(firn_put_ex(db.handle(), 0, octets(name), name.size(), octets(kValue), kValue.size(), &expiring), "put_ex");
  }
}

bool expires(const Database& db, std::string_view name) {
  const int64_t left_ms = firn_ttl(db.handle(), 0, octets(name), name.size());
  return left_ms > 0 && left_ms <= kHourMs;
}

void ttl(Run& run) {
  const uint64_t count = run.scaled(kHotCount);
  Database db(run.path(), run.options());
  preload_expiring(db, count);
  NumberedName key("key:");
  run.measure_one(run.scaled(2'000'000), [&](uint64_t i) { require(expires(db, key(i % count)), "a wrong time to live"); });
}

void expire(Run& run) {
  const uint64_t count = run.scaled(kHotCount);
  Database db(run.path(), run.options());
  preload(db, count);
  NumberedName key("key:");
  const uint64_t done = run.measure_one(run.scaled(2'000'000), [&](uint64_t i) {
    const std::string_view name = key(i % count);
    must(firn_expire(db.handle(), 0, octets(name), name.size(), kHourMs), "expire");
  });
  for (uint64_t i = 0; i < std::min(done, count); ++i) require(expires(db, key(i)), "a wrong time to live");
}

void persist(Run& run) {
  const uint64_t count = run.scaled(kHotCount);
  Database db(run.path(), run.options());
  preload_expiring(db, count);
  NumberedName key("key:");
  const uint64_t done = run.measure_one(run.scaled(2'000'000), [&](uint64_t i) {
    const std::string_view name = key(i % count);
    must(firn_persist(db.handle(), 0, octets(name), name.size()), "persist");
  });
  for (uint64_t i = 0; i < std::min(done, count); ++i) {
    const std::string_view name = key(i);
    require(firn_ttl(db.handle(), 0, octets(name), name.size()) == FIRN_NO_EXPIRY, "a key expires still");
    db.expect(name, kValue);
  }
  check_owners(db);
}

void get_set(Run& run) {
  constexpr std::string_view kValues[] = {"benchmark-value", "benchmark-other"};
  constexpr std::string_view kKey = "key";
  Database db(run.path(), run.options());
  db.put(kKey, kValues[0]);
  std::array<uint8_t, 64> old;
  run.measure_one(run.scaled(2'000'000), [&](uint64_t i) {
    const std::string_view next = kValues[(i + 1) % 2], last = kValues[i % 2];
    const int64_t size = firn_swap(db.handle(), 0, octets(kKey), kKey.size(), octets(next), next.size(), old.data(), old.size());
    require(size == static_cast<int64_t>(last.size()) && std::memcmp(old.data(), last.data(), last.size()) == 0, "a wrong old value");
  });
}

void compare_and_swap(Run& run) {
  constexpr std::string_view kOld = "old-value", kNew = "new-value";
  const uint64_t operations = run.scaled(1'000'000);
  Database db(run.path(), run.options());
  preload(db, operations, kOld);
  NumberedName key("key:");
  const auto swap = [&](std::string_view name) {
    return firn_compare_swap(db.handle(), 0, octets(name), name.size(), octets(kOld), kOld.size(), octets(kNew), kNew.size(), 0);
  };
  const uint64_t done = run.measure_one(operations, [&](uint64_t i) { require(swap(key(i)) == 1, "a swap failed"); });
  require(swap(key(0)) == 0, "a swap succeeded on another value");
  for (uint64_t i = 0; i < done; i += kCheckStep) db.expect(key(i), kNew);
  check_owners(db);
}

}  // namespace

std::vector<Row> namestore_rows() {
  const Variant mem_preformatted{.name = "mem, preformatted", .in_memory = true, .preformatted = true};
  const char* const mem = "mem";
  const std::vector<Variant> plain{kMem, kLogOn}, formatted{kMem, kLogOn, mem_preformatted};
  std::vector<Row> rows{
      {"namestore.set", "set of new keys key:%d, from empty", mem, formatted, set},
      {"namestore.get", "get of 1,000 keys in order", mem, formatted, get},
      {"namestore.delete", "delete of keys that are there, each once", mem, plain, remove},
      {"namestore.set_nx", "set of new keys, if absent", mem, plain, set_nx},
      {"namestore.exists", "1,000 keys in order, all there", mem, formatted, exists},
      {"namestore.incr", "one counter + 1, no formatting", mem, plain, [](Run& run) { add(run, 1); }},
      {"namestore.decr", "one counter - 1, no formatting", mem, plain, [](Run& run) { add(run, -1); }},
      {"namestore.concurrent_reads", "2 threads get 1,000 keys", mem, plain, concurrent_reads},
      {"namestore.concurrent_writes", "2 threads set the same new keys", mem, plain, concurrent_writes},
      {"namestore.mixed", "2 threads, get and set by turns, 1,000 keys", mem, plain, mixed},
      {"namestore.value_5", "set of one key, 5 B", mem, plain, [](Run& run) { set_value(run, 2'000'000, 5); }},
      {"namestore.value_1k", "set of one key, 1 KiB", mem, plain, [](Run& run) { set_value(run, 500'000, 1024); }},
      {"namestore.value_1m", "set of one key, 1 MiB", mem, plain, [](Run& run) { set_value(run, 1000, 1 << 20); }},
      {"namestore.ttl", "ttl of 1,000 keys", mem, plain, ttl},
      {"namestore.expire", "expire of 1,000 keys", mem, plain, expire},
      {"namestore.persist", "persist of 1,000 keys", mem, plain, persist},
      {"namestore.get_set", "new value for old, one key", mem, plain, get_set},
      {"namestore.cas", "compare and swap by value, each key once, 9 B", mem, plain, compare_and_swap},
  };
  for (const Row& row : namestore_many_rows()) rows.push_back(row);
  return rows;
}

}  // namespace bench
