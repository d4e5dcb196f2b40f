// An iterator that is moved at random, in both directions, always stands where a sorted map says.
#include "table/table_model.h"

namespace firn {
namespace {

// Compares an iterator with the place in the model where it should stand; end() = not valid.
void expect_at(const Iterator& iterator, const Model& model, Model::const_iterator at) {
  ASSERT_TRUE(iterator.status().ok()) << iterator.status().message();
  ASSERT_EQ(iterator.valid(), at != model.end());
  ASSERT_TRUE(at == model.end() || is_same(iterator.entry(), at->first, at->second)) << at->first.user;
}

ModelKey random_target(const Model& model, std::mt19937_64& random) {
  auto at = model.begin();
  std::advance(at, static_cast<long>(random() % model.size()));
  ModelKey key = at->first;
  switch (random() % 4) {
    case 0:
      key.user += static_cast<char>(random());
      break;
    case 1:
      if (!key.user.empty()) key.user.back() = static_cast<char>(key.user.back() + 1);
      break;
    case 2:
      key.prefix = static_cast<Prefix>(random() % 300);
      break;
    default:
      break;
  }
  return key;
}

// Without a hash, with the key's own, or with that of a key of the table: as if both had the same.
void seek_in_some_way(Iterator& iterator, const ModelKey& target, const Model& model, std::mt19937_64& random) {
  const uint64_t way = random() % 3;
  if (way == 0) return iterator.seek(target.internal());
  auto other = model.begin();
  std::advance(other, static_cast<long>(random() % model.size()));
  iterator.begin_seek(target.internal(), hash_key(kTestHashSeed, way == 1 ? target.internal() : other->first.internal()));
  iterator.end_seek();
}

void walk_at_random(const Table& table, const Model& model, std::mt19937_64& random, int step_count) {
  auto iterator = table.new_iterator(random() % 2 == 0);
  Model::const_iterator at = model.end();
  for (int step = 0; step < step_count; ++step) {
    const uint64_t move = random() % 22;
    if (move == 0) {
      iterator->seek_to_first();
      at = model.begin();
    } else if (move == 1) {
      iterator->seek_to_last();
      at = std::prev(model.end());
    } else if (move < 4 || at == model.end()) {
      const ModelKey target = random_target(model, random);
      seek_in_some_way(*iterator, target, model, random);
      at = model.lower_bound(target);
    } else if (move < 10) {
      iterator->next();
      ++at;
    } else if (move >= 20) {
      const ModelKey bound = random_target(model, random);
      std::vector<Entry> copies(random() % 90);
      const size_t count = iterator->advance_below(bound.internal(), copies.data(), copies.size());
      for (size_t i = 0; i < count; ++i) {
        ASSERT_NE(model.end(), ++at);
        ASSERT_LT(at->first, bound);
        ASSERT_TRUE(is_same(copies[i], at->first, at->second));
      }
      if (count < copies.size()) {
        ++at;
        ASSERT_TRUE(at == model.end() || !(at->first < bound));
      }
    } else if (move >= 18) {
      const ModelKey target = random_target(model, random);
      iterator->seek_below(target.internal());
      at = model.lower_bound(target);
      at = at == model.begin() ? model.end() : std::prev(at);
    } else if (move >= 16) {
      std::vector<Entry> copies(random() % 90);
      const size_t count = iterator->advance(copies.data(), copies.size());
      for (size_t i = 0; i < count; ++i) {
        ASSERT_NE(model.end(), ++at);
        ASSERT_TRUE(is_same(copies[i], at->first, at->second));
      }
      if (count < copies.size()) ++at;
    } else {
      iterator->prev();
      at = at == model.begin() ? model.end() : std::prev(at);
    }
    expect_at(*iterator, model, at);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(TableIterator, StandsWhereASortedMapSaysAfterAnySequenceOfMoves) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const Model model = random_model(seed, 1 + random() % 700, 1 + random() % 40, 1 + random() % 700);
    for (Compression compression : built_in_compressions()) {
      auto table = open_bytes(build_table(model, compression), seed % 2 == 0 ? TableIo::kMmap : TableIo::kPread);
      ASSERT_TRUE(table.ok());
      walk_at_random(**table, model, random, 2000);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(TableIterator, AWrongGuessOfTheHashIndexCostsNoAnswer) {
  Model model;
  for (int i = 0; i < 3000; ++i) model[{1, std::to_string(100000 + i)}].value = std::string(100, 'v');
  const ModelKey first = model.begin()->first;
  const ModelKey last = model.rbegin()->first;
  for (TableIo io : {TableIo::kMmap, TableIo::kPread}) {
    std::string bytes = build_table(model, Compression::kNone);
    bytes[10] = static_cast<char>(bytes[10] ^ 1);  // in the first chunk, where the entry lies that is guessed
    auto table = open_bytes(bytes, io);
    ASSERT_TRUE(table.ok());
    Entry entry;
    ASSERT_TRUE(
        (*table)->find(first.internal(), hash_key(kTestHashSeed, first.internal()), &entry).is(Code::kCorrupt));  // its bucket is present
    auto iterator = (*table)->new_iterator(false);
    iterator->begin_seek(last.internal(), hash_key(kTestHashSeed, first.internal()));
    iterator->end_seek();
    ASSERT_TRUE(iterator->status().ok()) << iterator->status().message();
    ASSERT_TRUE(iterator->valid() && is_same(iterator->entry(), last, model[last]));
  }
}

TEST(TableIterator, IsNotValidBeforeItIsMoved) {
  auto table = open_bytes(build_table(random_model(1, 10)), TableIo::kMmap);
  ASSERT_TRUE(table.ok());
  EXPECT_FALSE((*table)->new_iterator(false)->valid());
}

// The walk asks for all of the table but its own beginning, without a gap, and at once for about as much as it has walked.
TEST(TableIterator, ALongWalkReadsAheadInWindowsThatGrowWithIt) {
  constexpr size_t kKiB = 1024;
  constexpr size_t kEntryCount = 10000;
  Model model;
  for (size_t i = 0; i < kEntryCount; ++i) model[{1, std::to_string(100000 + i)}].value = std::string(kKiB, 'v');
  ReadAheads asked;
  auto file = std::make_unique<BytesFile>(build_table(model));
  file->note_read_aheads_in(&asked);
  auto table = Table::open(std::move(file), kTestIdentity, TableIo::kMmap);
  ASSERT_TRUE(table.ok());
  auto iterator = (*table)->new_iterator(false);
  iterator->seek_to_first();
  const uint8_t* const first_value = iterator->entry().value.data();
  iterator->next();
  const auto entry_bytes = static_cast<size_t>(iterator->entry().value.data() - first_value);

  for (const size_t begin : {size_t{0}, size_t{3000}}) {
    asked.clear();
    iterator->seek(ModelKey{1, std::to_string(100000 + begin)}.internal());
    for (size_t i = 0; i < 60; ++i) iterator->next();
    EXPECT_TRUE(asked.empty()) << "a walk of less than 64 KiB";
    for (size_t walked = 60 * entry_bytes; iterator->valid(); walked += entry_bytes) {
      const size_t known = asked.size();
      iterator->next();
      if (asked.size() == known) continue;
      ASSERT_EQ(asked.size(), known + 1);
      const auto [from, end] = asked.back();
      if (known > 0) {
        EXPECT_EQ(from, asked[known - 1].second);
      } else {
        EXPECT_LT(from, begin * entry_bytes + 70 * kKiB);
      }
      const bool is_last = end >= kEntryCount * entry_bytes - kKiB;
      EXPECT_LE(end - from, std::clamp(walked + 2 * entry_bytes, 256 * kKiB, 1024 * kKiB));
      EXPECT_TRUE(is_last || end - from >= std::clamp(walked - 2 * entry_bytes, 256 * kKiB, 1024 * kKiB)) << walked << " " << end - from;
    }
    EXPECT_GE(asked.back().second, kEntryCount * entry_bytes - kKiB);
  }
}

// While it is verified, which is once; by gets, walks forward and walks backward. A very long one is asked for in windows.
TEST(TableIterator, ALongValueIsReadAheadAndAShortOneIsNot) {
  Model model;
  model[{1, "a"}].value = std::string(50'000, 'v');
  model[{1, "b"}].value = std::string(100'000, 'v');
  model[{1, "c"}].value = std::string(5'000'000, 'v');
  const std::string bytes = build_table(model);
  const auto asked_for = [&](const std::string& user, const std::string& way) {
    ReadAheads asked;
    auto file = std::make_unique<BytesFile>(bytes);
    file->note_read_aheads_in(&asked);
    auto table = Table::open(std::move(file), kTestIdentity, TableIo::kMmap);
    const ModelKey key{1, user};
    Entry entry;
    auto iterator = (*table)->new_iterator(false);
    if (way == "get") {
      EXPECT_TRUE((*table)->find(key.internal(), hash_key(kTestHashSeed, key.internal()), &entry).ok());
    } else if (way == "forward") {
      iterator->seek(key.internal());
    } else {
      iterator->seek_to_last();
      while (iterator->valid() && iterator->entry().key.user != key.internal().user) iterator->prev();
    }
    if (way != "get") entry = iterator->entry();
    EXPECT_TRUE(is_same(entry, key, model[key])) << user << way;
    const size_t count = asked.size();
    EXPECT_TRUE((*table)->find(key.internal(), hash_key(kTestHashSeed, key.internal()), &entry).ok());
    EXPECT_EQ(asked.size(), count) << "asked for what was verified";
    return asked;
  };
  for (const std::string way : {"get", "forward"}) {
    EXPECT_TRUE(asked_for("a", way).empty()) << way;
    const ReadAheads asked = asked_for("b", way);
    ASSERT_EQ(asked.size(), 1u) << way;
    EXPECT_GE(asked[0].second - asked[0].first, 95'000u) << way;
  }
  for (const std::string way : {"get", "forward", "backward"}) {
    const ReadAheads asked = asked_for("c", way);
    ASSERT_GE(asked.size(), 5u) << way;
    EXPECT_GE(asked.back().second - asked.front().first, 4'990'000u) << way;
    for (size_t i = 0; i < asked.size(); ++i) {
      EXPECT_LE(asked[i].second - asked[i].first, 2u << 20) << way;
      EXPECT_TRUE(i == 0 || asked[i].first <= asked[i - 1].second) << way;
    }
  }
}

TEST(TableIterator, ReadsAheadOverATableThatIsLongerThanItsWindows) {
  Model model;
  std::mt19937_64 random(3);
  for (int i = 0; i < 6000; ++i) {
    ModelValue value;
    value.value.resize(1000);
    for (char& c : value.value) c = static_cast<char>(random());
    model[{1, std::to_string(random())}] = value;
  }
  for (Compression compression : built_in_compressions()) {
    for (TableIo io : {TableIo::kMmap, TableIo::kPread}) {
      auto table = open_bytes(build_table(model, compression), io);
      ASSERT_TRUE(table.ok());
      const uint64_t memory_before = (*table)->memory_bytes();
      auto iterator = (*table)->new_iterator(true);
      auto at = model.cbegin();
      for (iterator->seek_to_first(); iterator->valid(); iterator->next(), ++at) {
        ASSERT_TRUE(is_same(iterator->entry(), at->first, at->second));
      }
      ASSERT_TRUE(iterator->status().ok() && at == model.cend());
      const bool is_loaded = io == TableIo::kPread || compression != Compression::kNone;
      EXPECT_EQ((*table)->memory_bytes() - memory_before > 5000 * 1000, is_loaded);
    }
  }
}

}  // namespace
}  // namespace firn
