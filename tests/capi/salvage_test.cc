// firn_salvage and firn_check over every class of damage: what is brought back is right, what is missing is told.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "capi_fixture.h"
#include "env/environment.h"
#include "env/killed_copy.h"

namespace firn_test {
namespace {

namespace fs = std::filesystem;

class SalvageTest : public testing::Test {
 protected:
  static constexpr int kKeyCount = 6000;

  std::string path(const std::string& name) const { return disk_.path() + "/" + name; }
  static std::string key(int i) {
    std::string text = std::to_string(i);
    return "key" + std::string(6 - text.size(), '0') + text;
  }
  static std::string value(int i, const char* generation) { return generation + std::to_string(i) + std::string(60, 'v'); }

  firn_db* open(const std::string& name, const char* options = "") {
    firn_options* parsed = firn_options_new();
    EXPECT_EQ(firn_options_parse(parsed, options), FIRN_OK);
    firn_error error = FIRN_ERROR_INIT;
    firn_db* db = firn_open(path(name).c_str(), parsed, &error);
    EXPECT_NE(db, nullptr) << error.message << " " << error.file;
    firn_options_free(parsed);
    return db;
  }
  // Two runs, deletions, a namespace, and a part that is only in the log: the files of a killed process.
  void make(const char* options = "") {
    firn_db* db = open("live", options);
    ns_ = static_cast<uint32_t>(firn_ns_open(db, bytes("other"), 5, 0));
    ASSERT_EQ(firn_flush(db), FIRN_OK);  // else the name's memtable may be flushed together with the next
    // A commit each, so that each is one table.
    for (int i = 0; i < kKeyCount; i++) put_in_batch(0, key(i), value(i, "old"));
    for (int i = 0; i < 500; i++) put_in_batch(ns_, key(i), value(i, "ns"));
    commit(db);
    ASSERT_EQ(firn_flush(db), FIRN_OK);
    for (int i = 0; i < kKeyCount; i += 2) put_in_batch(0, key(i), value(i, "new"));
    for (int i = 0; i < kKeyCount; i += 50) delete_in_batch(0, key(i));
    commit(db);
    ASSERT_EQ(firn_flush(db), FIRN_OK);
    for (int i = 0; i < 1000; i++) store(db, 0, "log" + key(i), value(i, "log"));
    ASSERT_EQ(firn_sync(db), FIRN_OK);
    firn::copy_as_killed(path("live"), path("db"));
    ASSERT_EQ(firn_close(db), FIRN_OK);
  }
  void store(firn_db* db, uint32_t ns, const std::string& key, const std::string& value) {
    ASSERT_EQ(firn_put(db, ns, bytes(key), key.size(), bytes(value), value.size()), FIRN_OK);
    model_[{ns, key}] = value;
    history_[{ns, key}].insert(value);
  }
  void put_in_batch(uint32_t ns, const std::string& key, const std::string& value) {
    append_operation(&batch_, FIRN_OP_PUT, ns, key, value);
    model_[{ns, key}] = value;
    history_[{ns, key}].insert(value);
  }
  void delete_in_batch(uint32_t ns, const std::string& key) {
    append_operation(&batch_, FIRN_OP_DELETE, ns, key, "");
    model_.erase({ns, key});
  }
  void commit(firn_db* db) {
    ASSERT_GT(firn_write(db, bytes(batch_), batch_.size(), 0), 0);
    batch_.clear();
  }
  // The segment of the log with this text.
  std::string segment_with(const std::string& text) const {
    for (const std::string& segment : files("wal")) {
      if (read(segment).find(text) != std::string::npos) return segment;
    }
    ADD_FAILURE() << text << " is in no segment";
    return "";
  }

  std::vector<std::string> files(const std::string& below) const {
    std::vector<std::string> found;
    for (const auto& file : fs::directory_iterator(path("db/" + below))) found.push_back(file.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string largest(const std::string& below) const {
    const auto all = files(below);
    return *std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return fs::file_size(a) < fs::file_size(b); });
  }
  static void flip(const std::string& file, uint64_t offset) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(bytes.get() ^ 1);
    bytes.seekp(static_cast<std::streamoff>(offset));
    bytes.put(byte);
  }
  static void overwrite(const std::string& file, uint64_t offset, size_t count) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(offset));
    bytes << std::string(count, '\x5a');
  }

  int64_t salvage(int32_t check_code = FIRN_CORRUPT) {
    EXPECT_EQ(firn_check(path("db").c_str(), nullptr), check_code);
    std::map<std::string, std::string> before;
    for (const auto& file : fs::recursive_directory_iterator(path("db"))) {
      if (file.is_regular_file() && file.path().filename() != "LOCK") before[file.path()] = read(file.path());
    }
    fs::remove_all(path("new"));
    losses_.assign(64, firn_loss{});
    firn_error error = FIRN_ERROR_INIT;
    const int64_t count = firn_salvage(path("db").c_str(), path("new").c_str(), losses_.data(), losses_.size(), &report_, &error);
    EXPECT_GE(count, 0) << error.message << " " << error.file;
    losses_.resize(static_cast<size_t>(std::clamp<int64_t>(count, 0, 64)));
    EXPECT_EQ(report_.losses, static_cast<uint64_t>(count));
    for (const auto& [file, content] : before) EXPECT_EQ(read(file), content) << file << " has changed";
    return count;
  }
  static std::string read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Every key has a value that it had once; how many differ from what they were last, or are missing; and how many came back that were deleted.
  struct Difference {
    size_t missing = 0, older = 0, risen = 0;
  };
  Difference compare() {
    EXPECT_EQ(firn_check(path("new").c_str(), nullptr), FIRN_OK);
    firn_db* db = open("new");
    Difference difference;
    std::map<std::pair<uint32_t, std::string>, std::string> found;
    for (const uint32_t ns : {0u, ns_}) {
      firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
      opts.ns = ns;
      firn_iter* iter = firn_scan(db, nullptr, &opts, nullptr);
      firn_kv kv[64];
      for (int64_t n; (n = firn_iter_entries(iter, kv, 64)) > 0;) {
        for (int64_t i = 0; i < n; i++) {
          found[{ns, {reinterpret_cast<const char*>(kv[i].key), kv[i].key_len}}] = {reinterpret_cast<const char*>(kv[i].val),
                                                                                    kv[i].val_len};
        }
      }
      firn_iter_close(iter);
    }
    for (const auto& [at, value] : found) {
      EXPECT_TRUE(history_[at].contains(value)) << at.second << " has a value that it never had";
      difference.risen += model_.contains(at) ? 0 : 1;
    }
    for (const auto& [at, value] : model_) {
      const auto there = found.find(at);
      difference.missing += there == found.end() ? 1 : 0;
      difference.older += there != found.end() && there->second != value ? 1 : 0;
    }
    EXPECT_EQ(report_.entries_written >= found.size(), true);
    store(db, 0, "and it", "takes writes");
    EXPECT_EQ(firn_close(db), FIRN_OK);
    model_.erase({0, "and it"});
    return difference;
  }
  void expect_all() {
    const Difference difference = compare();
    EXPECT_EQ(difference.missing, 0u);
    EXPECT_EQ(difference.older, 0u);
    EXPECT_EQ(difference.risen, 0u);
  }
  bool told(uint32_t kind) const {
    return std::any_of(losses_.begin(), losses_.end(), [kind](const firn_loss& loss) { return loss.kind == kind; });
  }

  firn::TemporaryDirectory disk_;
  uint32_t ns_ = 0;
  std::string batch_;
  std::map<std::pair<uint32_t, std::string>, std::string> model_;
  std::map<std::pair<uint32_t, std::string>, std::set<std::string>> history_;
  std::vector<firn_loss> losses_;
  firn_salvage_report report_ = FIRN_SALVAGE_REPORT_INIT;
};

TEST_F(SalvageTest, a_whole_database_comes_back_whole_and_nothing_is_told) {
  for (const char* options : {"", "compression=zstd", "table_io=pread,log_io=pwrite"}) {
    SCOPED_TRACE(options);
    fs::remove_all(path("live"));
    fs::remove_all(path("db"));
    model_.clear();
    history_.clear();
    make(options);
    EXPECT_EQ(salvage(FIRN_OK), 0);
    EXPECT_EQ(report_.tables, 3u) << "the namespace's name, all old ones, the new ones";
    EXPECT_EQ(report_.tables_damaged, 0u);
    EXPECT_EQ(report_.log_records, 1000u);
    EXPECT_EQ(report_.entries_lost, 0u);
    expect_all();
  }
}

TEST_F(SalvageTest, a_damaged_part_of_a_table_costs_that_part) {
  make();
  const std::string table = largest("tables");
  overwrite(table, 100'000, 5000);
  EXPECT_EQ(salvage(), 1);
  EXPECT_EQ(losses_[0].kind, FIRN_LOSS_RANGE);
  EXPECT_EQ(losses_[0].code, FIRN_CORRUPT);
  EXPECT_EQ(losses_[0].file, table);
  EXPECT_LE(losses_[0].offset, 100'000u);
  EXPECT_GE(losses_[0].offset + losses_[0].bytes, 105'000u);
  EXPECT_LE(losses_[0].bytes, 5000u + 3 * 4096);
  EXPECT_GT(losses_[0].first_len, 0u);
  EXPECT_GT(losses_[0].last_len, 0u);
  EXPECT_EQ(losses_[0].entries, report_.entries_lost);
  EXPECT_EQ(report_.tables_damaged, 1u);
  EXPECT_EQ(report_.bytes_lost, losses_[0].bytes);
  const Difference difference = compare();
  EXPECT_GT(difference.missing + difference.older, 0u);
  EXPECT_LE(difference.missing + difference.older + difference.risen, report_.entries_lost) << "the report is exact";
  // What is missing lies between the keys that it names.
  const std::string first(reinterpret_cast<const char*>(losses_[0].first_key), losses_[0].first_len);
  const std::string last(reinterpret_cast<const char*>(losses_[0].last_key), losses_[0].last_len);
  firn_db* db = open("new");
  for (const auto& [at, value] : model_) {
    if (at.first == 0 && (at.second <= first || at.second >= last)) {
      EXPECT_EQ(firn_exists(db, 0, bytes(at.second), at.second.size()), 1) << at.second;
    }
  }
  EXPECT_EQ(firn_close(db), FIRN_OK);
}

TEST_F(SalvageTest, a_damaged_part_of_a_compressed_table_costs_that_part) {
  make("compression=zstd");
  overwrite(largest("tables"), 10'000, 100);
  EXPECT_GE(salvage(), 1);
  EXPECT_TRUE(told(FIRN_LOSS_RANGE));
  EXPECT_GT(report_.entries_lost, 0u);
  const Difference difference = compare();
  EXPECT_LE(difference.missing + difference.older + difference.risen, report_.entries_lost);
  EXPECT_LT(report_.entries_lost, 1500u);
}

TEST_F(SalvageTest, damage_anywhere_behind_the_entries_costs_nothing) {
  make();
  const std::string table = largest("tables");
  const std::string whole = read(table);
  // The last bytes are footer, properties, directory, namespaces, and the hash index in front of them.
  for (const uint64_t back : {10u, 60u, 140u, 170u, 400u, 3000u, 40'000u}) {
    SCOPED_TRACE(back);
    flip(table, whole.size() - back);
    EXPECT_LE(salvage(), 1);
    if (losses_.empty()) {
      expect_all();
    } else {
      const Difference difference = compare();  // a damaged checksum of a chunk costs the chunk
      EXPECT_LE(difference.missing + difference.older + difference.risen, report_.entries_lost);
      EXPECT_LT(report_.entries_lost, 100u);
    }
    flip(table, whole.size() - back);
  }
}

TEST_F(SalvageTest, a_lost_table_costs_its_entries_and_older_ones_come_back) {
  make();
  const std::string table = files("tables").back();
  for (const char* how : {"removed", "cut", "overwritten", "empty"}) {
    SCOPED_TRACE(how);
    const std::string content = read(table);
    if (std::string(how) == "removed") fs::remove(table);
    if (std::string(how) == "cut") fs::resize_file(table, content.size() / 2);
    if (std::string(how) == "overwritten") overwrite(table, content.size() - 152, 152);
    if (std::string(how) == "empty") fs::resize_file(table, 0);
    EXPECT_EQ(salvage(), 1);
    EXPECT_EQ(losses_[0].kind, FIRN_LOSS_TABLE);
    EXPECT_EQ(losses_[0].file, table);
    EXPECT_EQ(losses_[0].bytes, content.size());
    EXPECT_EQ(report_.tables_lost, 1u);
    const Difference difference = compare();
    EXPECT_EQ(difference.missing, 0u) << "the older run has every key";
    EXPECT_EQ(difference.older, size_t{kKeyCount / 2 - kKeyCount / 50});
    EXPECT_EQ(difference.risen, size_t{kKeyCount / 50});
    std::ofstream(table, std::ios::binary) << content;
  }
}

TEST_F(SalvageTest, a_damaged_place_in_the_log_costs_that_commit) {
  make();
  const std::string segment = segment_with("log" + key(500));
  const uint64_t at = read(segment).find("log" + key(500));
  flip(segment, at);
  EXPECT_EQ(salvage(FIRN_OK), 1) << "no mark covers it yet: an opening would take it for a torn tail, and cut what lies behind";
  EXPECT_EQ(losses_[0].kind, FIRN_LOSS_LOG);
  EXPECT_EQ(losses_[0].file, segment);
  EXPECT_LE(losses_[0].offset, at);
  EXPECT_GT(losses_[0].offset + losses_[0].bytes, at);
  EXPECT_EQ(report_.log_records, 999u);
  const Difference difference = compare();
  EXPECT_EQ(difference.missing, 1u);
  EXPECT_EQ(difference.older + difference.risen, 0u);
}

TEST_F(SalvageTest, of_several_versions_in_the_log_the_newest_comes_back) {
  firn_db* db = open("live");
  for (int i = 0; i < 3; i++) store(db, 0, "key", value(i, "v"));
  store(db, 0, "twice", "first");
  put_in_batch(0, "twice", "second");
  put_in_batch(0, "twice", "last");
  commit(db);
  ASSERT_EQ(firn_sync(db), FIRN_OK);
  firn::copy_as_killed(path("live"), path("db"));
  ASSERT_EQ(firn_close(db), FIRN_OK);
  EXPECT_EQ(salvage(FIRN_OK), 0);
  expect_all();
}

TEST_F(SalvageTest, a_lost_or_cut_segment_of_the_log_costs_what_it_held) {
  make();
  const std::string segment = segment_with("log" + key(500));
  const std::string content = read(segment);
  fs::resize_file(segment, content.find("log" + key(500)));
  EXPECT_GE(salvage(), 1);
  // In the last segment, with no mark behind it, the cut cannot be told from an end that was never durable; the next one is made in the background.
  EXPECT_TRUE(told(FIRN_LOSS_TAIL) || told(FIRN_LOSS_LOG));
  EXPECT_EQ(compare().missing, 500u);
  overwrite(segment, 0, 128);
  EXPECT_GE(salvage(), 1);
  EXPECT_TRUE(told(FIRN_LOSS_LOG));
  EXPECT_EQ(compare().missing, 1000u);
  for (const std::string& each : files("wal")) fs::remove(each);
  EXPECT_GE(salvage(), 1);
  EXPECT_EQ(losses_[0].code, FIRN_NOT_FOUND);
  EXPECT_EQ(compare().missing, 1000u);
}

TEST_F(SalvageTest, without_a_manifest_all_files_that_lie_there_are_taken) {
  make();
  for (const std::string& segment : files("manifest")) overwrite(segment, 0, static_cast<size_t>(fs::file_size(segment)));
  EXPECT_EQ(salvage(), 1);
  EXPECT_EQ(losses_[0].kind, FIRN_LOSS_MANIFEST);
  expect_all();
  fs::remove_all(path("db/manifest"));
  EXPECT_EQ(salvage(FIRN_NOT_FOUND), 1);
  expect_all();
}

TEST_F(SalvageTest, namespaces_that_lost_their_names_get_new_ones) {
  make();
  overwrite(files("tables")[0], 0, 10);  // the name is all that this table has
  EXPECT_GE(salvage(), 2);
  EXPECT_TRUE(told(FIRN_LOSS_NAMES));
  firn_db* db = open("new");
  uint8_t list[256];
  const int64_t bytes_listed = firn_ns_list(db, list, sizeof list);
  ASSERT_GT(bytes_listed, 8);
  uint32_t id = 0;
  std::memcpy(&id, list, 4);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(list) + 8, static_cast<size_t>(bytes_listed) - 8).substr(0, 9), "salvaged-");
  EXPECT_EQ(firn_get(db, id, bytes(key(400)), key(400).size(), nullptr, 0), static_cast<int64_t>(value(400, "ns").size()));
  EXPECT_EQ(firn_close(db), FIRN_OK);
}

TEST_F(SalvageTest, namespaces_of_which_some_lost_their_names_all_come_to_light) {
  constexpr int kCount = 200;
  firn_db* db = open("db");
  for (int i = 0; i < kCount; i++) {
    const std::string name = "tenant-" + std::to_string(1000 + i);
    const int64_t id = firn_ns_open(db, bytes(name), name.size(), 0);
    ASSERT_GT(id, 0);
    ASSERT_EQ(firn_put(db, static_cast<uint32_t>(id), bytes(name), name.size(), bytes(name), name.size()), FIRN_OK);
  }
  ASSERT_EQ(firn_compact(db), FIRN_OK);
  ASSERT_EQ(firn_close(db), FIRN_OK);
  flip(largest("tables"), 2000);  // the first chunk: most of the names, and what is given out next
  EXPECT_GE(salvage(), 2);
  EXPECT_TRUE(told(FIRN_LOSS_NAMES));
  db = open("new");
  std::vector<uint8_t> list(65536);
  const int64_t bytes_listed = firn_ns_list(db, list.data(), list.size());
  ASSERT_GT(bytes_listed, 0);
  std::set<std::string> values;
  int kept_count = 0;
  for (int64_t at = 0; at < bytes_listed;) {
    uint32_t id = 0;
    uint32_t name_len = 0;
    std::memcpy(&id, &list[static_cast<size_t>(at)], 4);
    std::memcpy(&name_len, &list[static_cast<size_t>(at) + 4], 4);
    const std::string name(reinterpret_cast<const char*>(&list[static_cast<size_t>(at) + 8]), name_len);
    at += 8 + name_len;
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.ns = id;
    firn_iter* iter = firn_scan(db, nullptr, &opts, nullptr);
    firn_kv kv;
    while (firn_iter_entries(iter, &kv, 1) == 1) {
      values.emplace(reinterpret_cast<const char*>(kv.val), kv.val_len);
      if (name.starts_with("tenant-")) {
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(kv.key), kv.key_len), name);
        kept_count++;
      }
    }
    firn_iter_close(iter);
  }
  EXPECT_EQ(values.size(), static_cast<size_t>(kCount));  // under its own name or a new one
  EXPECT_GT(kept_count, 10);
  const int64_t id = firn_ns_open(db, bytes("another"), 7, 0);
  EXPECT_GT(id, 0);
  EXPECT_EQ(firn_get(db, static_cast<uint32_t>(id), bytes("k"), 1, nullptr, 0), FIRN_NOT_FOUND);
  EXPECT_EQ(firn_close(db), FIRN_OK);
}

TEST_F(SalvageTest, everything_at_once_is_told_one_by_one) {
  make();
  overwrite(largest("tables"), 50'000, 100);
  overwrite(largest("tables"), 200'000, 100);
  flip(files("tables").back(), 100'000);
  const std::string segment = segment_with("log" + key(500));
  flip(segment, read(segment).find("log" + key(10)));
  EXPECT_EQ(salvage(), 4);
  EXPECT_EQ(report_.tables_damaged, 2u);
  const Difference difference = compare();
  EXPECT_GT(difference.missing, 0u);
  EXPECT_LE(difference.missing + difference.older + difference.risen, report_.entries_lost + 1);
}

TEST_F(SalvageTest, bad_arguments_and_hopeless_cases_have_their_codes) {
  make();
  const auto code = [&](const char* from, const char* to) { return firn_salvage(from, to, nullptr, 0, nullptr, nullptr); };
  EXPECT_EQ(code(nullptr, path("new").c_str()), FIRN_INVALID);
  EXPECT_EQ(code(path("db").c_str(), ""), FIRN_INVALID);
  EXPECT_EQ(firn_salvage(path("db").c_str(), path("new").c_str(), nullptr, 1, nullptr, nullptr), FIRN_INVALID);
  EXPECT_EQ(code(path("none").c_str(), path("new").c_str()), FIRN_NOT_FOUND);
  EXPECT_EQ(code(path("db").c_str(), path("live").c_str()), FIRN_EXISTS);
  EXPECT_EQ(code(path("db").c_str(), path("no/where").c_str()), FIRN_NOT_FOUND);
  fs::create_directory(path("empty"));
  EXPECT_EQ(code(path("empty").c_str(), path("new").c_str()), FIRN_NOT_A_DATABASE);
  firn_db* db = open("live");
  EXPECT_EQ(code(path("live").c_str(), path("new").c_str()), FIRN_LOCKED);
  EXPECT_EQ(firn_close(db), FIRN_OK);
  for (const char* below : {"manifest", "tables", "wal"}) {
    for (const std::string& file : files(below)) fs::resize_file(file, 10);
  }
  EXPECT_EQ(code(path("db").c_str(), path("new").c_str()), FIRN_CORRUPT);
  EXPECT_FALSE(fs::exists(path("new")));
}

}  // namespace
}  // namespace firn_test
