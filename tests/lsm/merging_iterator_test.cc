// The merge of several iterators against a map, in any mixture of steps and seeks.
#include "lsm/merging_iterator.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <string>

namespace firn {
namespace {

using Entries = std::map<std::string, std::string>;

// A sequence over a map; fails when it stands at a chosen key.
class MapIterator final : public Iterator {
 public:
  explicit MapIterator(Entries entries, std::string fails_at = "") : entries_(std::move(entries)), fails_at_(std::move(fails_at)) {}

  void seek_to_first() override { show(entries_.begin()); }
  void seek_to_last() override { show(entries_.empty() ? entries_.end() : std::prev(entries_.end())); }
  void seek(const InternalKey& key) override { show(entries_.lower_bound(key.user.to_string())); }
  void next() override { show(std::next(at_)); }
  void prev() override { show(at_ == entries_.begin() ? entries_.end() : std::prev(at_)); }

 private:
  void show(Entries::iterator at) {
    at_ = at;
    valid_ = status_.ok() && at != entries_.end();
    if (!valid_) return;
    if (at->first == fails_at_) return fail(Code::kCorrupt);
    own_.key = {1, Slice(std::string_view(at->first))};
    own_.value = Slice(std::string_view(at->second));
    entry_ = &own_;
  }

  Entries entries_;
  const std::string fails_at_;
  Entries::iterator at_;
  Entry own_;
};

std::optional<std::string> present(const Iterator& iterator) {
  if (!iterator.valid()) return std::nullopt;
  return iterator.entry().key.user.to_string() + "=" + iterator.entry().value.to_string();
}

InternalKey key_of(const std::string& text) { return {1, Slice(std::string_view(text))}; }

std::unique_ptr<Iterator> merge_of(std::vector<Entries> newest_first) {
  std::vector<std::unique_ptr<Iterator>> children;
  for (Entries& entries : newest_first) children.push_back(std::make_unique<MapIterator>(std::move(entries)));
  return new_merging_iterator(std::move(children));
}

TEST(MergingIterator, OfNothingIsEmpty) {
  const auto merged = merge_of({});
  merged->seek_to_first();
  EXPECT_FALSE(merged->valid());
  merged->seek_to_last();
  EXPECT_FALSE(merged->valid());
  merged->seek(key_of("a"));
  EXPECT_FALSE(merged->valid());
  EXPECT_TRUE(merged->status().ok());
}

TEST(MergingIterator, OfEqualKeysTheNewestAnswersInBothDirections) {
  const auto merged = merge_of({{{"b", "new"}}, {{"a", "mid"}, {"b", "mid"}}, {{"a", "old"}, {"b", "old"}, {"c", "old"}}});
  std::string seen;
  for (merged->seek_to_first(); merged->valid(); merged->next()) seen += *present(*merged) + " ";
  EXPECT_EQ("a=mid b=new c=old ", seen);
  seen.clear();
  for (merged->seek_to_last(); merged->valid(); merged->prev()) seen += *present(*merged) + " ";
  EXPECT_EQ("c=old b=new a=mid ", seen);
}

TEST(MergingIterator, TurnsRoundAtEveryPlace) {
  for (int first = 0; first < 2; first++) {
    const auto merged = merge_of({{{"b", "1"}, {"d", "1"}}, {{"a", "2"}, {"d", "2"}, {"e", "2"}}, {}});
    const char* const expected[] = {"a=2", "b=1", "d=1", "e=2"};
    for (int at = 0; at < 4; at++) {
      merged->seek(key_of(std::string(1, expected[at][0])));
      ASSERT_EQ(expected[at], present(*merged));
      if (at + 1 < 4) {
        merged->next();
        ASSERT_EQ(expected[at + 1], present(*merged));
        merged->prev();
        ASSERT_EQ(expected[at], present(*merged));
      }
      if (at > 0) {
        merged->prev();
        ASSERT_EQ(expected[at - 1], present(*merged));
        merged->next();
        ASSERT_EQ(expected[at], present(*merged));
      }
    }
  }
}

TEST(MergingIterator, ARandomWalkIsThatOfAMap) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; round++) {
    std::vector<Entries> newest_first(1 + random() % 5);
    Entries model;
    for (Entries& entries : newest_first) {
      for (uint64_t n = random() % 30; n > 0; n--) entries["k" + std::to_string(random() % 60)] = std::to_string(random() % 1000);
      model.insert(entries.begin(), entries.end());  // an older one does not replace
    }
    const auto merged = merge_of(newest_first);
    auto at = model.end();
    for (int step = 0; step < 200; step++) {
      const uint64_t choice = at == model.end() ? random() % 4 : random() % 12;
      if (choice == 0) {
        merged->seek_to_first();
        at = model.begin();
      } else if (choice == 1) {
        merged->seek_to_last();
        at = model.empty() ? model.end() : std::prev(model.end());
      } else if (choice == 2) {
        const std::string key = "k" + std::to_string(random() % 70);
        merged->seek(key_of(key));
        at = model.lower_bound(key);
      } else if (choice == 3) {
        const std::string key = "k" + std::to_string(random() % 70);
        merged->seek_below(key_of(key));
        at = model.lower_bound(key);
        at = at == model.begin() ? model.end() : std::prev(at);
      } else if (choice >= 10) {
        std::vector<Entry> copies(random() % 40);
        const size_t count = merged->advance(copies.data(), copies.size());
        for (size_t i = 0; i < count; i++) {
          ASSERT_NE(model.end(), ++at) << round << " " << step;
          ASSERT_EQ(at->first + "=" + at->second, copies[i].key.user.to_string() + "=" + copies[i].value.to_string())
              << round << " " << step;
        }
        if (count < copies.size()) ++at;
      } else if (choice % 2 == 0) {
        merged->next();
        ++at;
      } else {
        merged->prev();
        at = at == model.begin() ? model.end() : std::prev(at);
      }
      ASSERT_EQ(at == model.end() ? std::nullopt : std::optional(at->first + "=" + at->second), present(*merged)) << round << " " << step;
    }
  }
}

TEST(MergingIterator, AnErrorOfAChildIsTheErrorOfTheWholeAndStays) {
  for (const bool is_newest : {true, false}) {
    std::vector<std::unique_ptr<Iterator>> children;
    children.push_back(std::make_unique<MapIterator>(Entries{{"a", "1"}, {"c", "1"}, {"e", "1"}}, is_newest ? "c" : ""));
    children.push_back(std::make_unique<MapIterator>(Entries{{"b", "2"}, {"c", "2"}, {"d", "2"}}, is_newest ? "" : "c"));
    const auto merged = new_merging_iterator(std::move(children));
    int count = 0;
    for (merged->seek_to_first(); merged->valid(); merged->next()) count++;
    EXPECT_LT(count, 3);
    EXPECT_EQ(Code::kCorrupt, merged->status().code());
    merged->seek_to_first();
    EXPECT_FALSE(merged->valid()) << "seeking again does not clear it";
    merged->seek_to_last();
    EXPECT_FALSE(merged->valid());
    EXPECT_EQ(Code::kCorrupt, merged->status().code());
  }
}

TEST(MergingIterator, AnErrorWhileTurningRoundIsSeen) {
  std::vector<std::unique_ptr<Iterator>> children;
  children.push_back(std::make_unique<MapIterator>(Entries{{"d", "1"}, {"e", "1"}}));
  children.push_back(std::make_unique<MapIterator>(Entries{{"a", "2"}, {"c", "2"}, {"f", "2"}}, "c"));
  const auto merged = new_merging_iterator(std::move(children));
  merged->seek(key_of("d"));
  ASSERT_EQ("d=1", present(*merged));
  merged->prev();
  EXPECT_FALSE(merged->valid());
  EXPECT_EQ(Code::kCorrupt, merged->status().code());
}

}  // namespace
}  // namespace firn
