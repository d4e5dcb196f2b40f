// The read view: the newest of active memtable, sealed ones and runs answers; an iterator over all of it; references.
#include "lsm/read_view.h"

#include "lsm/memtable_fixture.h"
#include "lsm/table_fixture.h"

namespace firn {
namespace {

class ReadViewTest : public MemtableTest {
 protected:
  // A memtable with these operations, the first at sequence number `first`.
  std::shared_ptr<Memtable> memtable_of(uint64_t first, const std::vector<TestOperation>& operations) {
    start(64 << 10);
    for (const auto& operation : operations) commit_at({first++}, {operation});
    return memtable_;
  }
  static std::string find(const ReadView& view, const char* key, Seq seq = kSeqMax) {
    const InternalKey internal{1, Slice(std::string_view(key))};
    Entry entry;
    const Status status = view.find(internal, hash_key(kMemtableHashSeed, internal), seq, &entry);
    if (!status.ok()) return status.is(Code::kNotFound) ? "none" : "error";
    return entry.kind == EntryKind::kDelete ? "deleted" : entry.value.to_string();
  }
  static_assert(kMemtableHashSeed == kTestHashSeed, "tables and memtables of these tests agree on the hash");

  std::unique_ptr<ReadView> full_view() {
    const VersionRef version =
        apply_changes(Version(), {},
                      {{2, make_table(2, Model{{{1, "b"}, {"table 2", 5}}, {{1, "f"}, {"table 2", 5}}})},
                       {1, make_table(1, Model{{{1, "a"}, {"table 1", 1}}, {{1, "b"}, {"table 1", 1}}, {{1, "g"}, {"table 1", 1}}})}});
    auto older = memtable_of(10, {{"c", "older"}, {"d", "older"}, {"f", "", EntryKind::kDelete}});
    auto newer = memtable_of(20, {{"d", "newer"}, {"e", "newer"}});
    auto active = memtable_of(30, {{"e", "active"}, {"g", "active"}});
    return std::make_unique<ReadView>(active, std::vector{newer, older}, version, std::make_shared<NamespaceCatalog>());
  }
};

TEST_F(ReadViewTest, TheNewestPartThatHasAKeyAnswers) {
  const auto view = full_view();
  EXPECT_EQ("table 1", find(*view, "a"));
  EXPECT_EQ("table 2", find(*view, "b"));
  EXPECT_EQ("older", find(*view, "c"));
  EXPECT_EQ("newer", find(*view, "d"));
  EXPECT_EQ("active", find(*view, "e"));
  EXPECT_EQ("deleted", find(*view, "f"));
  EXPECT_EQ("active", find(*view, "g"));
  EXPECT_EQ("none", find(*view, "h"));
  EXPECT_EQ("newer", find(*view, "e", {29}));
  EXPECT_EQ("table 1", find(*view, "g", {30}));
}

TEST_F(ReadViewTest, AnIteratorGivesTheSameAnswersInOrder) {
  const auto view = full_view();
  const auto iterator = view->new_iterator({30});
  ASSERT_TRUE(iterator.ok());
  EXPECT_EQ((std::vector<std::string>{"1:a=table 1@1", "1:b=table 2@5", "1:c=older@10", "1:d=newer@20", "1:e=active@30", "1:f=deleted@12",
                                      "1:g=table 1@1"}),
            texts(**iterator));
}

TEST_F(ReadViewTest, OneRunAnswersAloneUntilTheActiveMemtableHasAnEntry) {
  const VersionRef version = apply_changes(Version(), {}, {{1, make_table(1, Model{{{1, "b"}, {"table", 1}}, {{1, "d"}, {"table", 1}}})}});
  const auto active = memtable_of(10, {});
  const ReadView view(active, {}, version, std::make_shared<NamespaceCatalog>());
  EXPECT_EQ("table", find(view, "b"));
  EXPECT_EQ("none", find(view, "c"));
  EXPECT_EQ("none", find(view, "e"));
  commit_at({10}, {{"b", "active"}});
  EXPECT_EQ("active", find(view, "b"));
  EXPECT_EQ("table", find(view, "b", {9}));
  const ReadView sealed(memtable_of(20, {}), {active}, version, std::make_shared<NamespaceCatalog>());
  EXPECT_EQ("active", find(sealed, "b"));
  EXPECT_EQ("table", find(sealed, "d"));
}

// More than are asked for ahead, several times over; some cannot have the key.
TEST_F(ReadViewTest, OfManyRunsTheNewestThatHasAKeyAnswers) {
  constexpr uint64_t kRuns = 4 * ReadView::Probe::kAheadCount + 3;
  std::vector<std::pair<uint64_t, TableRef>> runs;
  for (uint64_t id = 1; id <= kRuns; id++) {
    const std::string number = std::to_string(100 + id);
    Model model{{{1, "k" + number}, {"own " + number, id}}};
    if (id % 3 != 0) {
      model[{1, "a"}] = {"of all, " + number, id};
      model[{1, "shared" + std::to_string(id / 7)}] = {"newer than most, " + number, id};
      model[{1, "z"}] = {"of all, " + number, id};
    }
    runs.emplace_back(id, make_table(id, model));
  }
  const ReadView view(nullptr, {}, apply_changes(Version(), {}, runs), std::make_shared<NamespaceCatalog>());
  const auto find_ahead = [&view](const std::string& key) -> std::string {
    const InternalKey internal{1, Slice(key)};
    const uint64_t hash = hash_key(kMemtableHashSeed, internal);
    ReadView::Probe probe;
    view.prefetch(internal, hash, &probe);
    view.prefetch_entry(hash, probe);
    Entry entry;
    const Status status = view.find(internal, hash, kSeqMax, &probe, &entry);
    return status.ok() ? entry.value.to_string() : status.is(Code::kNotFound) ? "none" : "error";
  };
  const auto expect = [&](const std::string& value, const std::string& key) {
    EXPECT_EQ(value, find(view, key.c_str())) << key;
    EXPECT_EQ(value, find_ahead(key)) << key;
  };
  for (uint64_t id = 1; id <= kRuns; id++) expect("own " + std::to_string(100 + id), "k" + std::to_string(100 + id));
  const auto newest_at = [](uint64_t id) { return std::to_string(100 + (id % 3 == 0 ? id - 1 : id)); };
  expect("of all, " + newest_at(kRuns), "a");
  expect("of all, " + newest_at(kRuns), "z");
  for (uint64_t id = 6; id < kRuns; id += 7) expect("newer than most, " + newest_at(id), "shared" + std::to_string(id / 7));
  expect("none", "k100");
  expect("none", "nothing");
}

TEST_F(ReadViewTest, WithoutAnActiveMemtableItReadsTheRest) {
  const ReadView view(nullptr, {memtable_of(10, {{"c", "sealed"}})}, std::make_shared<Version>(), std::make_shared<NamespaceCatalog>());
  EXPECT_EQ("sealed", find(view, "c"));
  EXPECT_EQ("none", find(view, "d"));
  EXPECT_EQ((std::vector<std::string>{"1:c=sealed@10"}), texts(**view.new_iterator(kSeqMax)));
}

TEST_F(ReadViewTest, ReferencesAreCountedOverAllStripes) {
  ReadView view(nullptr, {}, std::make_shared<Version>(), std::make_shared<NamespaceCatalog>());
  EXPECT_FALSE(view.is_referenced());
  view.acquire(3);
  view.acquire(1000003);
  EXPECT_TRUE(view.is_referenced());
  view.release(4);  // another thread gives it back
  EXPECT_TRUE(view.is_referenced());
  view.release(3);
  EXPECT_FALSE(view.is_referenced());
}

}  // namespace
}  // namespace firn
