// dump, import, export through the real binary; directories of LevelDB, RocksDB and LMDB are made and read by those libraries themselves.
#include <filesystem>
#include <map>

#include "tests/cli/firn_command.h"

#if defined(FIRN_CLI_LEVELDB)
#include <leveldb/c.h>
#endif
#if defined(FIRN_CLI_ROCKSDB)
#include <rocksdb/c.h>
#endif
#if defined(FIRN_CLI_LMDB)
#include <lmdb.h>
#endif

namespace firn::cli {
namespace {

class Transfer : public CliTest {
 protected:
  using Entries = std::map<std::string, std::string>;

  // Every byte value in keys and values, long values, and enough of them for several table files.
  static Entries entries() {
    Entries entries;
    for (int i = 0; i < 3000; ++i) entries["key" + std::to_string(i)] = std::string(static_cast<size_t>(i % 700), static_cast<char>(i));
    entries[all_bytes()] = all_bytes() + all_bytes();
    entries[std::string("\0\xff", 2)] = "";
    return entries;
  }
  std::string scanned(const Entries& entries) const {
    std::string text;
    for (const auto& [key, value] : entries) text += hex_of(key) + "\t" + hex_of(value) + "\n";
    return text;
  }
  void expect_import(const std::string& from, const Entries& entries, const Arguments& more = {}) {
    Arguments arguments{"import", db(), from};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_TRUE(firn_ok(arguments).starts_with("imported "));
    EXPECT_EQ(firn_ok({"scan", db(), "--hex"}), scanned(entries));
  }
};

TEST_F(Transfer, ADumpBringsBackNamespacesBytesAndExpiries) {
  firn_ok({"put", db(), "k", "v", "--ttl", "1h"});
  firn_ok({"put", db(), hex_of(all_bytes()), hex_of(all_bytes()), "--hex"});
  firn_ok({"put", db(), "k", "other", "--ns", "names"});
  const std::string dumped = firn_ok({"dump", db()});
  EXPECT_NE(dumped.find("{\"key\":\"k\",\"value\":\"v\",\"expiry_ms\":"), std::string::npos) << dumped;
  EXPECT_NE(dumped.find("{\"ns\":\"names\",\"key\":\"k\",\"value\":\"other\"}\n"), std::string::npos) << dumped;
  EXPECT_EQ(firn_ok({"import", path("copy"), "-"}, dumped).substr(0, 18), "imported 3 entries");
  EXPECT_EQ(firn_ok({"scan", path("copy"), "--hex"}), firn_ok({"scan", db(), "--hex"}));
  EXPECT_EQ(firn_ok({"get", path("copy"), "k", "--ns", "names"}), "other");
  EXPECT_EQ(firn_ok({"ttl", path("copy"), "k"}).substr(0, 14), "expires in 59m");
  EXPECT_EQ(firn_ok({"dump", db(), "--ns", "names"}), "{\"ns\":\"names\",\"key\":\"k\",\"value\":\"other\"}\n");
  EXPECT_EQ(firn({"dump", db(), "--ns", "nobody"}).status, 1);
  EXPECT_EQ(firn({"dump", path("nothing")}).status, 1);
}

TEST_F(Transfer, WhatHasExpiredIsLeftOutAndBadLinesAreNamed) {
  EXPECT_EQ(
      firn_ok({"import", db(), "-", "--json"}, "{\"key\":\"a\",\"value\":\"1\",\"expiry_ms\":1000}\n\n{\"key\":\"b\",\"value\":\"2\"}\n")
          .substr(0, 36),
      "{\"entries\":1,\"bytes\":2,\"expired\":1,\"");
  EXPECT_EQ(firn_ok({"scan", db()}), "b\t2\n");
  for (const char* const bad :
       {"{\"key\":\"a\"}", "{\"value\":\"a\"}", "{\"key\":\"\",\"value\":\"a\"}", "{\"key\":\"a\",\"value\":\"b\",\"more\":1}",
        "{\"key\":\"a\",\"value\":\"b\",\"expiry_ms\":\"x\"}", "a\tb", "{\"key\":\"a\",\"key_hex\":\"61\",\"value\":\"\"}"}) {
    const Outcome outcome = firn({"import", db(), "-"}, std::string("{\"key\":\"x\",\"value\":\"y\"}\n") + bad + "\n");
    EXPECT_EQ(outcome.status, 2) << bad;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(firn({"import", db(), path("nothing")}).status, 1);
}

TEST_F(Transfer, AnImportIntoANamespaceLeavesTheOthersAlone) {
  firn_ok({"put", db(), "k", "v"});
  firn_ok({"import", db(), "-", "--ns", "in"}, "{\"key\":\"a\",\"value\":\"1\"}\n{\"ns\":\"more\",\"key\":\"b\",\"value\":\"2\"}\n");
  EXPECT_EQ(firn_ok({"scan", db()}), "k\tv\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--ns", "in"}), "a\t1\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--ns", "more"}), "b\t2\n");
}

TEST_F(Transfer, ATerminalSeesTheProgress) {
  write_file(path("lines"), "{\"key\":\"a\",\"value\":\"1\"}\n");
  const Outcome outcome = firn_on_terminal({"import", db(), "-"}, path("lines"), "", {"TERM=xterm", "NO_COLOR="});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.err.find("importing"), std::string::npos) << outcome.err;
  EXPECT_TRUE(outcome.err.ends_with("\r\033[K"));
  EXPECT_EQ(outcome.out, "imported 1 entry, 2 B\n");
}

#if defined(FIRN_CLI_LEVELDB)
TEST_F(Transfer, LevelDbComesIn) {
  leveldb_options_t* const options = leveldb_options_create();
  leveldb_options_set_create_if_missing(options, 1);
  leveldb_options_set_write_buffer_size(options, 256 << 10);
  char* error = nullptr;
  leveldb_t* const from = leveldb_open(options, path("from").c_str(), &error);
  ASSERT_EQ(error, nullptr) << error;
  leveldb_writeoptions_t* const writing = leveldb_writeoptions_create();
  leveldb_put(from, writing, "gone", 4, "x", 1, &error);
  leveldb_put(from, writing, "key1", 4, "old", 3, &error);
  for (const auto& [key, value] : entries()) leveldb_put(from, writing, key.data(), key.size(), value.data(), value.size(), &error);
  leveldb_delete(from, writing, "gone", 4, &error);
  EXPECT_EQ(error, nullptr);
  leveldb_close(from);
  leveldb_writeoptions_destroy(writing);
  leveldb_options_destroy(options);
  expect_import(path("from"), entries());
}

TEST_F(Transfer, LevelDbReadsWhatWasExported) {
  std::string lines;
  for (const auto& [key, value] : entries()) lines += hex_of(key) + "\t" + hex_of(value) + "\n";
  firn_ok({"load", db(), "--hex"}, lines);
  firn_ok({"export", db(), path("to"), "--to", "leveldb"});
  leveldb_options_t* const options = leveldb_options_create();
  char* error = nullptr;
  leveldb_t* const to = leveldb_open(options, path("to").c_str(), &error);
  ASSERT_EQ(error, nullptr) << error;
  leveldb_readoptions_t* const reading = leveldb_readoptions_create();
  size_t bytes = 0;
  char* const value = leveldb_get(to, reading, "key699", 6, &bytes, &error);
  EXPECT_EQ(value == nullptr ? "" : std::string(value, bytes), entries()["key699"]);
  leveldb_free(value);
  leveldb_readoptions_destroy(reading);
  leveldb_close(to);
  leveldb_options_destroy(options);
  const Outcome again = firn({"export", db(), path("to"), "--to", "leveldb"});
  EXPECT_NE(again.status, 0) << "it is there already";
}
#else
TEST_F(Transfer, LevelDbIsLoudlyNotBuiltIn) {
  std::filesystem::create_directory(path("from"));
  const Outcome outcome = firn({"import", db(), path("from"), "--from", "leveldb"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("was built without leveldb"), std::string::npos) << outcome.err;
  GTEST_SKIP() << "SKIPPED: LevelDB's library was not there when the command was built";
}
#endif

#if defined(FIRN_CLI_ROCKSDB)
TEST_F(Transfer, RocksDbComesInWithItsColumnFamilies) {
  rocksdb_options_t* const options = rocksdb_options_create();
  rocksdb_options_set_create_if_missing(options, 1);
  rocksdb_options_set_write_buffer_size(options, 256 << 10);
  char* error = nullptr;
  rocksdb_t* const from = rocksdb_open(options, path("from").c_str(), &error);
  ASSERT_EQ(error, nullptr) << error;
  rocksdb_column_family_handle_t* const family = rocksdb_create_column_family(from, options, "names", &error);
  rocksdb_writeoptions_t* const writing = rocksdb_writeoptions_create();
  rocksdb_put(from, writing, "gone", 4, "x", 1, &error);
  for (const auto& [key, value] : entries()) rocksdb_put(from, writing, key.data(), key.size(), value.data(), value.size(), &error);
  rocksdb_delete(from, writing, "gone", 4, &error);
  rocksdb_put_cf(from, writing, family, "k", 1, "in a family", 11, &error);
  EXPECT_EQ(error, nullptr);
  rocksdb_column_family_handle_destroy(family);
  rocksdb_close(from);
  rocksdb_writeoptions_destroy(writing);
  rocksdb_options_destroy(options);
  expect_import(path("from"), entries());
  EXPECT_EQ(firn_ok({"get", db(), "k", "--ns", "names"}), "in a family");
  firn_ok({"export", db(), path("back"), "--to", "rocksdb"});
  firn_ok({"import", path("again"), path("back")});
  EXPECT_EQ(firn_ok({"dump", path("again")}), firn_ok({"dump", db()}));
}
#else
TEST_F(Transfer, RocksDbIsLoudlyNotBuiltIn) {
  EXPECT_EQ(firn({"import", db(), path("from"), "--from", "rocksdb"}).status, 2);
  GTEST_SKIP() << "SKIPPED: RocksDB's library was not there when the command was built";
}
#endif

#if defined(FIRN_CLI_LMDB)
TEST_F(Transfer, LmdbComesInWithItsNamedDatabases) {
  Entries small = entries();
  std::filesystem::create_directory(path("from"));
  MDB_env* env = nullptr;
  ASSERT_EQ(mdb_env_create(&env), 0);
  mdb_env_set_maxdbs(env, 4);
  mdb_env_set_mapsize(env, size_t{64} << 20);
  ASSERT_EQ(mdb_env_open(env, path("from").c_str(), 0, 0600), 0);
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  MDB_dbi named = 0;
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &dbi), 0);
  ASSERT_EQ(mdb_dbi_open(txn, "names", MDB_CREATE, &named), 0);
  const auto put = [&](MDB_dbi to, const std::string& key, const std::string& value) {
    MDB_val k{key.size(), const_cast<char*>(key.data())};
    MDB_val v{value.size(), const_cast<char*>(value.data())};
    EXPECT_EQ(mdb_put(txn, to, &k, &v, 0), 0);
  };
  for (const auto& [key, value] : small) put(dbi, key, value);
  put(named, "k", "in a database");
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
  expect_import(path("from"), small);
  EXPECT_EQ(firn_ok({"get", db(), "k", "--ns", "names"}), "in a database");
  firn_ok({"export", db(), path("back"), "--to", "lmdb"});
  firn_ok({"import", path("again"), path("back")});
  EXPECT_EQ(firn_ok({"dump", path("again")}), firn_ok({"dump", db()}));
}
#else
TEST_F(Transfer, LmdbIsLoudlyNotBuiltIn) {
  EXPECT_EQ(firn({"import", db(), path("from"), "--from", "lmdb"}).status, 2);
  GTEST_SKIP() << "SKIPPED: LMDB's library was not there when the command was built";
}
#endif

}  // namespace
}  // namespace firn::cli
