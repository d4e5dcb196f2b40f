// namestore's calls for several keys, lists of keys, namespaces, and its client.
#include <array>

#include "seeds/namestore.h"

namespace bench {
namespace {

using namespace namestore;

constexpr size_t kPackedBytesMax = 4096;

// Ten keys of a client: as they are given to one call.
struct Ten {
  std::vector<std::string> names = numbered_names("key:", kTenCount);
  Packed packed{kPackedBytesMax};
};

void get_ten(Run& run, Database& db, uint64_t operations) {
  preload(db, run.scaled(kHotCount));
  Ten keys;
  Packed expected(kPackedBytesMax);
  for (uint64_t i = 0; i < kTenCount; ++i) expected.answer(kValue);
  std::array<uint8_t, kPackedBytesMax> answers;
  const auto get_all = [&](uint64_t) {
    keys.packed.clear();
    for (const auto& name : keys.names) keys.packed.key(db.ns(), name);
    const int64_t size = firn_multi_get(db.handle(), keys.packed.data(), keys.packed.size(), answers.data(), answers.size());
    require(size == static_cast<int64_t>(expected.size()) && std::memcmp(answers.data(), expected.data(), expected.size()) == 0,
            "multi_get: a wrong answer");
  };
  run.measure_one(operations, get_all);
  check_owners(db);
  NumberedName own("own-");
  expected.clear();
  for (uint64_t i = 0; i < kTenCount; ++i) expected.answer(own(i));
  get_all(0);
}

void mget(Run& run) {
  Database db(run.path(), run.options());
  get_ten(run, db, run.scaled(500'000));
}

void mset(Run& run) {
  Database db(run.path(), run.options());
  Ten keys;
  run.measure_one(run.scaled(500'000), [&](uint64_t) {
    keys.packed.clear();
    for (const auto& name : keys.names) keys.packed.put(0, name, kValue);
    must(firn_write(db.handle(), keys.packed.data(), keys.packed.size(), 0), "write");
  });
  for (const auto& name : keys.names) db.expect(name, kValue);
  check_owners(db);
}

void set_ten(Run& run) {
  Database db(run.path(), run.options());
  const Ten keys;
  run.measure_one(run.scaled(2'000'000), [&](uint64_t i) { db.put(keys.names[i % kTenCount], kValue); });
  for (const auto& name : keys.names) db.expect(name, kValue);
  check_owners(db);
}

void mdel(Run& run) {
  const uint64_t operations = run.scaled(100'000);
  Database db(run.path(), run.options());
  NumberedName key("key:");
  for (uint64_t i = 0; i <= operations; ++i)
    for (uint64_t j = 0; j < kTenCount; ++j) db.put(key(i, ':', j), kValue);
  Packed packed(kPackedBytesMax);
  const uint64_t done = run.measure_one(operations, [&](uint64_t i) {
    packed.clear();
    for (uint64_t j = 0; j < kTenCount; ++j) packed.remove(0, key(i, ':', j));
    must(firn_write(db.handle(), packed.data(), packed.size(), 0), "write");
  });
  require(db.count() == (operations + 1 - done) * kTenCount, "a wrong number of keys");
  db.expect(key(operations, ':', kTenCount - 1), kValue);  // was not to be deleted
}

// All keys, copied into a buffer of the caller's.
void list_keys(Run& run, uint64_t count) {
  constexpr size_t kHeadBytes = 8;
  Database db(run.path(), run.options());
  preload(db, count);
  uint64_t bytes_expected = 0;
  for (const auto& name : numbered_names("key:", count)) bytes_expected += kHeadBytes + name.size();
  std::vector<uint8_t> keys(bytes_expected + kPackedBytesMax);
  firn_scan_opts options = FIRN_SCAN_OPTS_INIT;
  options.flags = FIRN_SCAN_KEYS_ONLY;
  Phase phase = run.phase(run.scaled(10'000'000 / count / 10));
  phase.sample_all = true;
  run.measure(phase, [&](unsigned) {
    return [&](uint64_t) {
      firn_iter* iterator = firn_scan(db.handle(), nullptr, &options, nullptr);
      require(iterator != nullptr, "scan");
      uint64_t bytes = 0;
      for (int64_t filled = 0; (filled = must(firn_iter_chunk(iterator, keys.data(), keys.size()), "iter_chunk")) > 0;)
        bytes += static_cast<uint64_t>(filled);
      firn_iter_close(iterator);
      require(bytes == bytes_expected, "a wrong list of keys");
    };
  });
}

void clear(Run& run) {
  constexpr uint64_t kKeyCount = 100;
  const uint64_t space_count = run.scaled(2000);
  Database db(run.path(), run.options());
  NumberedName space("prefix");
  std::vector<uint32_t> ids;
  for (uint64_t i = 0; i < space_count; ++i) {
    db.use_namespace(space(i));
    ids.push_back(db.ns());
    preload(db, kKeyCount);
    require(db.count() == kKeyCount, "a wrong number of keys");
  }
  Phase phase = run.phase(space_count);
  phase.sample_all = true;
  const uint64_t done =
      run.measure(phase, [&](unsigned) { return [&](uint64_t i) { must(firn_ns_clear(db.handle(), ids[i]), "ns_clear"); }; });
  for (uint64_t i = 0; i < space_count; ++i) {
    db.use_namespace(space(i));
    require(db.count() == (i < done ? 0 : kKeyCount), "a wrong number of keys");
  }
}

// A client's keys lie in a namespace of their own, where the seed put a prefix in front of each.
constexpr std::string_view kClientSpace = "rootNS:domain";

void client_set(Run& run) {
  Database db(run.path(), run.options());
  db.use_namespace(kClientSpace);
  run.measure_one(run.scaled(2'000'000), [&](uint64_t) { db.put("benchmark-key", kValue); });
  db.expect("benchmark-key", kValue);
}

void client_get(Run& run) {
  Database db(run.path(), run.options());
  db.use_namespace(kClientSpace);
  db.put("benchmark-key", kValue);
  run.measure_one(run.scaled(4'000'000), [&](uint64_t) { db.expect("benchmark-key", kValue); });
}

void client_mget(Run& run) {
  Database db(run.path(), run.options());
  db.use_namespace(kClientSpace);
  get_ten(run, db, run.scaled(500'000));
}

}  // namespace

std::vector<Row> namestore_many_rows() {
  const char* const mem = "mem";
  const std::vector<Variant> plain{kMem, kLogOn};
  return {
      {"namestore.mget", "10 preformatted keys of 1,000, a call", mem, plain, mget},
      {"namestore.mset", "10 preformatted keys overwritten, a call", mem, plain, mset},
      {"namestore.set_ten", "the keys of mset one by one, a key", mem, plain, set_ten},
      {"namestore.mdel", "delete of 10 keys key:%d:%d, a call", mem, plain, mdel},
      {"namestore.keys_10", "list of 10 keys", mem, plain, [](Run& run) { list_keys(run, 10); }},
      {"namestore.keys_100", "list of 100 keys", mem, plain, [](Run& run) { list_keys(run, 100); }},
      {"namestore.keys_1000", "list of 1,000 keys", mem, plain, [](Run& run) { list_keys(run, 1000); }},
      {"namestore.keys_10000", "list of 10,000 keys", mem, plain, [](Run& run) { list_keys(run, 10'000); }},
      {"namestore.clear", "clear of a namespace of 100 keys, of 2,000", mem, plain, clear},
      {"namestore.client_set", "set of one key in a namespace", mem, plain, client_set},
      {"namestore.client_get", "get of one key in a namespace", mem, plain, client_get},
      {"namestore.client_mget", "10 keys in a namespace, a call", mem, plain, client_mget},
  };
}

}  // namespace bench
