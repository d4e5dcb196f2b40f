// The catalog of namespaces: what changes commit and make, and that loading those entries gives the same catalog again.
#include "lsm/namespace_catalog.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace firn {
namespace {

// What lies under the system prefix, as an iterator.
class SystemEntries final : public Iterator {
 public:
  void apply(const NamespaceCatalog::Change& change) {
    for (const auto& [key, value] : change.entries) {
      if (value)
        entries_[key] = *value;
      else
        entries_.erase(key);
    }
  }
  std::map<std::string, std::string>& entries() { return entries_; }
  void fail_now() { fail(Code::kIo); }

  void seek_to_first() override { show(entries_.begin()); }
  void seek_to_last() override { show(std::prev(entries_.end())); }
  void seek(const InternalKey& key) override { show(entries_.lower_bound(key.user.to_string())); }
  void next() override { show(std::next(at_)); }
  void prev() override { show(std::prev(at_)); }

 private:
  void show(std::map<std::string, std::string>::iterator at) {
    at_ = at;
    valid_ = status_.ok() && at != entries_.end();
    if (!valid_) return;
    own_.key = {kSystemPrefix, Slice(std::string_view(at->first))};
    own_.value = Slice(std::string_view(at->second));
    entry_ = &own_;
  }

  std::map<std::string, std::string> entries_;
  std::map<std::string, std::string>::iterator at_;
  Entry own_;
};

class CatalogTest : public testing::Test {
 protected:
  uint32_t change(const NamespaceCatalog::Change& change) {
    system_.apply(change);
    catalog_ = change.next;
    return change.id;
  }
  uint32_t create(const std::string& name) { return change(catalog_->create(name, {++seq_})); }

  Result<NamespaceCatalogRef> load() { return NamespaceCatalog::load(system_); }

  std::shared_ptr<const NamespaceCatalog> catalog_ = std::make_shared<NamespaceCatalog>();
  SystemEntries system_;
  uint64_t seq_ = 100;
};

TEST_F(CatalogTest, ANewOneHasTheDefaultNamespaceOnly) {
  EXPECT_EQ(kDefaultPrefix, catalog_->prefix_of(0, {1}));
  EXPECT_EQ(kSystemPrefix, catalog_->prefix_of(1, kSeqMax));
  EXPECT_EQ(kSystemPrefix, catalog_->prefix_of(UINT32_MAX, kSeqMax));
  EXPECT_TRUE(catalog_->is_live(kSystemPrefix));
  EXPECT_TRUE(catalog_->is_live(kDefaultPrefix));
  EXPECT_FALSE(catalog_->is_live(kDefaultPrefix + 1));
}

TEST_F(CatalogTest, ANamespaceIsThereFromItsCommitOn) {
  const uint32_t id = create("first");
  EXPECT_NE(0u, id);
  EXPECT_EQ(kSystemPrefix, catalog_->prefix_of(id, {seq_ - 1}));
  const Prefix prefix = catalog_->prefix_of(id, {seq_});
  EXPECT_GT(prefix, kDefaultPrefix);
  EXPECT_TRUE(catalog_->is_live(prefix));
  EXPECT_EQ(1u, catalog_->names().count("first"));
}

TEST_F(CatalogTest, AClearedOneMovesAndOlderReadersStayWhereItWas) {
  const uint32_t id = create("first");
  const Prefix before = catalog_->prefix_of(id, {seq_});
  change(catalog_->clear(id, {++seq_}, {}));
  EXPECT_EQ(before, catalog_->prefix_of(id, {seq_ - 1}));
  const Prefix after = catalog_->prefix_of(id, {seq_});
  EXPECT_NE(before, after);
  EXPECT_FALSE(catalog_->is_live(before));
  EXPECT_TRUE(catalog_->is_live(after));
  change(catalog_->clear(0, {++seq_}, {}));
  EXPECT_EQ(kDefaultPrefix, catalog_->prefix_of(0, {seq_ - 1}));
  EXPECT_NE(kDefaultPrefix, catalog_->prefix_of(0, {seq_}));
}

TEST_F(CatalogTest, NeitherIdsNorPrefixesAreUsedTwice) {
  const uint32_t first = create("name");
  const Prefix prefix = catalog_->prefix_of(first, {seq_});
  change(catalog_->drop(first, {++seq_}, {}));
  EXPECT_EQ(kSystemPrefix, catalog_->prefix_of(first, {seq_}));
  EXPECT_EQ(prefix, catalog_->prefix_of(first, {seq_ - 1}));
  EXPECT_TRUE(catalog_->names().empty());
  auto loaded = load();
  ASSERT_TRUE(loaded.ok());
  catalog_ = *loaded;  // also not after a new opening
  const uint32_t second = create("name");
  EXPECT_NE(first, second);
  EXPECT_GT(catalog_->prefix_of(second, {seq_}), prefix);
}

TEST_F(CatalogTest, IsFullBeforeItCouldNotBeReadAgain) {
  create("first");
  EXPECT_TRUE(catalog_->has_room());
  std::string& counters = system_.entries().at("c");
  const uint32_t last = (1u << 24) - 1;
  std::memcpy(counters.data(), &last, sizeof last);
  auto loaded = load();
  ASSERT_TRUE(loaded.ok());
  catalog_ = *loaded;
  ASSERT_TRUE(catalog_->has_room());
  EXPECT_EQ(last, create("last"));
  EXPECT_FALSE(catalog_->has_room());
  EXPECT_TRUE(load().ok());
}

TEST_F(CatalogTest, IsFullBeforeAPrefixWouldBeGivenTwice) {
  const uint32_t id = create("first");
  std::string& counters = system_.entries().at("c");
  const Prefix last = UINT32_MAX - 1;
  std::memcpy(counters.data() + 4, &last, sizeof last);
  catalog_ = load().value();
  ASSERT_TRUE(catalog_->has_room());
  change(catalog_->clear(id, {++seq_}, {}));
  EXPECT_EQ(last, catalog_->prefix_of(id, kSeqMax));
  EXPECT_FALSE(catalog_->has_prefixes());
  EXPECT_FALSE(catalog_->has_room());
  EXPECT_EQ(last, load().value()->prefix_of(id, kSeqMax));
}

TEST_F(CatalogTest, OrphansAreAdoptedWhileThereIsRoom) {
  change(catalog_->adopt({5, UINT32_MAX, 7}));
  EXPECT_EQ(2u, catalog_->names().size());
  EXPECT_TRUE(catalog_->is_live(5) && catalog_->is_live(7));
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(catalog_->names(), (*loaded)->names());
  std::string& counters = system_.entries().at("c");
  const uint32_t full = 1u << 24;
  std::memcpy(counters.data(), &full, sizeof full);
  catalog_ = load().value();
  change(catalog_->adopt({9}));
  EXPECT_FALSE(catalog_->is_live(9));
  EXPECT_TRUE(load().ok());
}

TEST_F(CatalogTest, ARangeOfPrefixesIsLiveIfAllOfThemAre) {
  const uint32_t a = create("a");
  const uint32_t b = create("b");
  const Prefix from = catalog_->prefix_of(a, {seq_});
  const Prefix to = catalog_->prefix_of(b, {seq_});
  ASSERT_EQ(from + 1, to);
  EXPECT_TRUE(catalog_->are_live(from, to));
  EXPECT_TRUE(catalog_->are_live(kSystemPrefix, to));
  EXPECT_FALSE(catalog_->are_live(from, to + 1));
  change(catalog_->clear(a, {++seq_}, {}));
  EXPECT_FALSE(catalog_->are_live(from, to));
  EXPECT_TRUE(catalog_->are_live(to, to + 1));
  EXPECT_FALSE(catalog_->are_live(0, UINT32_MAX));
}

TEST_F(CatalogTest, LoadingTheCommittedEntriesGivesTheSameCatalog) {
  for (const char* name : {"a", "b", "c", "d"}) create(name);
  change(catalog_->clear(2, {++seq_}, {}));
  change(catalog_->drop(3, {++seq_}, {}));
  change(catalog_->clear(0, {++seq_}, {}));
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(catalog_->names(), (*loaded)->names());
  for (uint32_t id = 0; id < 6; id++) EXPECT_EQ(catalog_->prefix_of(id, kSeqMax), (*loaded)->prefix_of(id, kSeqMax)) << id;
  EXPECT_EQ(catalog_->create("e", {1}).id, (*loaded)->create("e", {1}).id);
}

TEST_F(CatalogTest, NoEntriesAreTheCatalogOfANewDatabase) {
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(kDefaultPrefix, (*loaded)->prefix_of(0, kSeqMax));
}

TEST_F(CatalogTest, EntriesThatAreNotWellFormedAreCorrupt) {
  create("name");
  const auto whole = system_.entries();
  const std::string u32(4, '\1');
  const std::string small("\1\0\0\0\1\0\0\0", 8);
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"c", u32},
           {"c", small + u32},
           {"c", std::string(8, '\x7f')},
           {"d", small},
           {"d", ""},
           {"n", small},
           {"nother", u32},
           {"nother", std::string("\0\0\0\0\1\0\0\0", 8)},  // a named default namespace
           {"nother", std::string("\7\0\0\0\1\0\0\0", 8)},  // an id that was never given out
           {"nother", std::string("\1\0\0\0\7\0\0\0", 8)},  // a prefix that was never given out
           {"nother", std::string("\1\0\0\0\1\0\0\0", 8)},  // an id that another name has
           {"nother", std::string("\1\0\0\0\0\0\0\0", 8)},  // the system prefix
           {"d", std::string("\2\0\0\0", 4)},               // the prefix that "name" has
           {"d", std::string(4, '\0')},                     // the same
           {"d", std::string("\7\0\0\0", 4)},               // a prefix that was never given out
           {"c", std::string("\0\0\0\0\7\0\0\0", 8)},       // the next id is that of the default namespace
           {"x", small},
           {"cc", small},
           {"dd", u32}}) {
    system_.entries() = whole;
    system_.entries()[key] = value;
    EXPECT_EQ(Code::kCorrupt, load().status().code()) << key << " of " << value.size();
  }
}

TEST_F(CatalogTest, AnErrorOfTheReaderIsNotTheEndOfTheEntries) {
  create("name");
  system_.fail_now();
  EXPECT_EQ(Code::kIo, load().status().code());
}

TEST_F(CatalogTest, APrefixThatWasGivenUpIsRememberedUntilNobodyReadsSoFarBack) {
  const uint32_t id = create("a");
  const Prefix first = catalog_->prefix_of(id, kSeqMax);
  change(catalog_->clear(id, {++seq_}, {}));
  const Prefix second = catalog_->prefix_of(id, kSeqMax);
  change(catalog_->drop(id, {++seq_}, {}));
  for (const auto& catalog : {catalog_, load().value()}) {
    EXPECT_EQ(id, catalog->id_of(first));
    EXPECT_EQ(id, catalog->id_of(second));
    EXPECT_EQ(0u, catalog->id_of(kDefaultPrefix));
    EXPECT_EQ(std::nullopt, catalog->id_of(second + 1));
  }
  ++seq_;
  change(catalog_->clear(0, {seq_}, {seq_}));
  EXPECT_EQ(std::nullopt, catalog_->id_of(first));
  EXPECT_EQ(std::nullopt, load().value()->id_of(first));
  EXPECT_EQ(0u, catalog_->id_of(kDefaultPrefix)) << "given up by the last change";
}

}  // namespace
}  // namespace firn
