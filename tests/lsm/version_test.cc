// Versions: what changes make of them, which table of a run a key is looked for in, and a run as one iterator.
#include "lsm/version.h"

#include "lsm/table_fixture.h"

namespace firn {
namespace {

using Ids = std::vector<uint64_t>;

InternalKey key_of(const char* text, Prefix prefix = 1) { return {prefix, Slice(std::string_view(text))}; }

TEST(VersionTest, RunsAreOrderedNewestFirstAndTablesByKey) {
  const VersionRef version =
      apply_changes(Version(), {}, {{1, make_table(10, "m", "p", 5)}, {3, make_table(12, "a", "z", 7)}, {1, make_table(11, "a", "c", 6)}});
  ASSERT_EQ(2u, version->runs.size());
  EXPECT_EQ(3u, version->runs[0].id);
  EXPECT_EQ(1u, version->runs[1].id);
  EXPECT_EQ((Ids{11, 10}), ids_of(version->runs[1].tables));
  EXPECT_EQ(18u, version->bytes());
  EXPECT_EQ(11u, version->runs[1].bytes());
  EXPECT_EQ(3u, version->table_count());
}

TEST(VersionTest, AnEmptiedRunGoesAndTheOldVersionStays) {
  const VersionRef before = apply_changes(Version(), {}, {{1, make_table(10, "a", "b", 5)}, {2, make_table(11, "a", "b", 5)}});
  const VersionRef after = apply_changes(*before, {10}, {{2, make_table(12, "c", "d", 5)}});
  ASSERT_EQ(1u, after->runs.size());
  EXPECT_EQ((Ids{11, 12}), ids_of(after->runs[0].tables));
  EXPECT_EQ(2u, before->runs.size());
  EXPECT_EQ((Ids{10}), ids_of(before->runs[1].tables));
}

TEST(VersionTest, ATableMovesToAnotherRunByRemovingAndAddingIt) {
  const TableRef table = make_table(10, "a", "b", 5);
  const VersionRef before = apply_changes(Version(), {}, {{1, table}, {2, make_table(11, "c", "d", 5)}});
  const VersionRef after = apply_changes(*before, {10}, {{2, table}});
  ASSERT_EQ(1u, after->runs.size());
  EXPECT_EQ((Ids{10, 11}), ids_of(after->runs[0].tables));
}

TEST(VersionTest, ARunFindsTheOneTableThatMayHaveAKey) {
  const VersionRef version =
      apply_changes(Version(), {}, {{1, make_table(1, "b", "d", 5)}, {1, make_table(2, "f", "h", 5)}, {1, make_table(3, "k", "k", 5)}});
  const firn::Run& run = version->runs[0];
  const auto table_of = [&run](const InternalKey& key) -> uint64_t {
    const Table* table = run.table_of(key);
    for (const TableRef& ref : run.tables) {
      if (ref->table.get() == table) return ref->id;
    }
    return 0;
  };
  for (const auto& [key, id] : std::vector<std::pair<const char*, uint64_t>>{
           {"a", 0}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 0}, {"f", 2}, {"h", 2}, {"i", 0}, {"k", 3}, {"kk", 0}, {"z", 0}}) {
    EXPECT_EQ(id, table_of(key_of(key))) << key;
  }
  EXPECT_EQ(0u, table_of(key_of("c", 2)));
  EXPECT_EQ(0u, table_of(key_of("z", 0)));
}

// The search in a run compares eight bytes behind what all keys share; here these are equal, or differ only in what follows them.
TEST(VersionTest, TablesWhoseKeysHaveEqualHeadsAreToldApartByTheKeys) {
  const std::string eight = "headhead";
  const std::string zeros(3, '\0');  // stand for what a short key does not have
  const std::vector<std::pair<std::string, std::string>> ranges = {{"a", "b"},
                                                                   {"m", "m" + zeros.substr(0, 1)},
                                                                   {"m" + zeros, "m" + zeros + "1"},
                                                                   {"x" + eight + "b", "x" + eight + "d"},
                                                                   {"x" + eight + "e", "x" + eight + "e"},
                                                                   {"x" + eight + "g", "x" + eight + "k"},
                                                                   {"x" + eight + "m", "y"}};
  for (const bool is_alone : {false, true}) {  // alone: all keys of the run begin with "xheadhead"
    SCOPED_TRACE(is_alone);
    std::vector<std::pair<uint64_t, TableRef>> added;
    std::vector<std::pair<std::string, std::string>> placed;
    for (const auto& range : ranges) {
      if (is_alone && (range.first[0] != 'x' || range.second == "y")) continue;
      placed.push_back(range);
      added.emplace_back(1, make_table(placed.size(), range.first, range.second, 5));
    }
    const VersionRef version = apply_changes(Version(), {}, added);
    const firn::Run& run = version->runs[0];
    std::vector<std::string> keys = {"", "zz", "x", "x" + eight, "xhead", eight};
    for (const auto& range : ranges) {
      for (const std::string& end : {range.first, range.second}) {
        for (const char* more : {"", "0", "z"}) keys.push_back(end + more);
        keys.push_back(end + '\0');
        keys.push_back(end.substr(0, end.size() - 1) + static_cast<char>(end.back() + 1));
        keys.push_back(end.substr(0, end.size() - 1));
      }
    }
    for (const std::string& key : keys) {
      const Table* expected = nullptr;
      for (size_t i = 0; i < placed.size(); i++) {
        if (placed[i].first <= key && key <= placed[i].second) expected = run.tables[i]->table.get();
      }
      EXPECT_EQ(expected, run.table_of({1, Slice(std::string_view(key))})) << testing::PrintToString(key);
    }
  }
}

TEST(VersionTest, ARunIteratesOverAllItsTablesInBothDirections) {
  const std::vector<TableRef> tables = {make_table(1, "a", "b", 5), make_table(2, "c", "d", 5), make_table(3, "e", "f", 5)};
  for (const bool sequential : {true, false}) {
    const auto iterator = new_run_iterator(tables, sequential);
    std::string seen;
    for (iterator->seek_to_first(); iterator->valid(); iterator->next()) seen += iterator->entry().key.user.to_string();
    EXPECT_EQ("abcdef", seen);
    for (const size_t batch_count : {1U, 2U, 3U, 4U, 5U, 6U, 9U}) {
      iterator->seek_to_first();
      seen = iterator->entry().key.user.to_string();
      std::vector<Entry> copies(batch_count);
      for (size_t count = batch_count; count == batch_count;) {
        count = iterator->advance(copies.data(), batch_count);
        for (size_t i = 0; i < count; i++) seen += copies[i].key.user.to_string();
        EXPECT_EQ(count == batch_count, iterator->valid());
      }
      EXPECT_EQ("abcdef", seen) << batch_count;
    }
    seen.clear();
    for (iterator->seek_to_last(); iterator->valid(); iterator->prev()) seen += iterator->entry().key.user.to_string();
    EXPECT_EQ("fedcba", seen);
    iterator->seek(key_of("bb"));
    ASSERT_TRUE(iterator->valid());
    EXPECT_EQ("c", iterator->entry().key.user.to_string());
    iterator->prev();
    EXPECT_EQ("b", iterator->entry().key.user.to_string());
    iterator->next();
    EXPECT_EQ("c", iterator->entry().key.user.to_string());
    iterator->seek(key_of("g"));
    EXPECT_FALSE(iterator->valid());
    EXPECT_TRUE(iterator->status().ok());
  }
}

TEST(VersionTest, ARunMovesOnOverItsTablesUpToABound) {
  const std::vector<TableRef> tables = {make_table(1, "a", "b", 5), make_table(2, "c", "d", 5), make_table(3, "e", "f", 5)};
  const std::string keys = "abcdef";
  for (size_t from = 0; from < keys.size(); from++) {
    for (const char* bound : {"a", "b", "bb", "c", "cc", "d", "e", "f", "g"}) {
      for (size_t max = 0; max <= keys.size(); max++) {
        SCOPED_TRACE(keys.substr(from, 1) + " " + bound + " " + std::to_string(max));
        const auto iterator = new_run_iterator(tables, false);
        iterator->seek(key_of(keys.substr(from, 1).c_str()));
        std::vector<Entry> copies(max);
        const size_t count = iterator->advance_below(key_of(bound), copies.data(), max);
        std::string seen;
        for (size_t i = 0; i < count; i++) seen += copies[i].key.user.to_string();
        std::string expected;
        for (size_t at = from + 1; at < keys.size() && expected.size() < max && keys.substr(at, 1) < bound; at++) expected += keys[at];
        ASSERT_EQ(expected, seen);
        const size_t stands_at = from + count + (count < max ? 1 : 0);
        ASSERT_EQ(stands_at < keys.size(), iterator->valid());
        if (iterator->valid()) {
          ASSERT_EQ(keys.substr(stands_at, 1), iterator->entry().key.user.to_string());
        }
      }
    }
  }
}

TEST(VersionTest, NamesOfTablesAreReadBackAndNothingElseIsOne) {
  for (const uint64_t id : {uint64_t{0}, uint64_t{1}, uint64_t{0xabcdef}, UINT64_MAX}) {
    uint64_t read = 1;
    EXPECT_TRUE(parse_table_name(table_name(id), &read));
    EXPECT_EQ(id, read);
  }
  uint64_t ignored = 0;
  for (const char* name : {"", "1.tbl", "000000000000000A.tbl", "000000000000000g.tbl", "0000000000000001.sst", "0000000000000001.tbl~"}) {
    EXPECT_FALSE(parse_table_name(name, &ignored)) << name;
  }
}

}  // namespace
}  // namespace firn
