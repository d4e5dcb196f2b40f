// The order of a memtable: made late, a piece at a time, and the same as a sorted map's after every piece.
#include "lsm/memtable_order.h"

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "env/thread_mark.h"
#include "lsm/memtable_fixture.h"

namespace firn {
namespace {

class MemtableOrderTest : public MemtableTest {
 protected:
  void put(const std::string& key, Prefix prefix = 1) { put_together({{prefix, key}}); }
  // One commit; of a key that it has several times the last value counts.
  void put_together(const std::vector<std::pair<Prefix, std::string>>& keys) {
    std::vector<TestOperation> operations;
    for (const auto& [prefix, key] : keys) {
      const std::string value = "v" + std::to_string(last_.value + 1) + "." + std::to_string(operations.size());
      operations.push_back({key, value, EntryKind::kPut, 0, prefix});
      model_[{prefix, key}] = std::to_string(prefix) + ":" + key + "=" + value + "@" + std::to_string(last_.value + 1);
    }
    commit(operations);
  }

  void expect_like_model() {
    std::vector<std::string> forward;
    for (const auto& [key, text] : model_) forward.push_back(text);
    const auto iterator = iterate(*memtable_);
    EXPECT_EQ(forward, texts(*iterator));
    std::vector<std::string> backward;
    for (iterator->seek_to_last(); iterator->valid(); iterator->prev()) backward.push_back(text_of(iterator->entry()));
    std::reverse(backward.begin(), backward.end());
    EXPECT_EQ(forward, backward);
  }
  void expect_seek(const std::string& key, Prefix prefix = 1) {
    const auto iterator = iterate(*memtable_);
    iterator->seek({prefix, Slice(std::string_view(key))});
    const auto expected = model_.lower_bound({prefix, key});
    ASSERT_EQ(expected != model_.end(), iterator->valid()) << key;
    if (iterator->valid()) {
      EXPECT_EQ(expected->second, text_of(iterator->entry()));
    }
  }

  std::map<std::pair<Prefix, std::string>, std::string> model_;
};

TEST_F(MemtableOrderTest, AnEmptyMemtableHasNoOrder) {
  std::vector<std::unique_ptr<Iterator>> iterators;
  ASSERT_TRUE(memtable_->add_iterators(kSeqMax, &iterators).ok());
  EXPECT_TRUE(iterators.empty());
}

TEST_F(MemtableOrderTest, FollowsTheWriterAPieceAtATime) {
  start(1 << 20);
  std::mt19937_64 random(3);
  for (int piece = 0; piece < 40; piece++) {
    for (uint64_t n = random() % 50; n > 0; n--) {
      std::vector<std::pair<Prefix, std::string>> keys;
      for (uint64_t k = random() % 4; k < 4; k++)
        keys.push_back({static_cast<Prefix>(1 + random() % 3), "key" + std::to_string(random() % 2000)});
      if (random() % 4 == 0) keys.push_back(keys.front());
      put_together(keys);
    }
    expect_like_model();
    for (int i = 0; i < 5; i++) expect_seek("key" + std::to_string(random() % 2000), static_cast<Prefix>(random() % 5));
  }
}

TEST_F(MemtableOrderTest, AnOlderReaderSeesItsOwnVersionsOfKeysThatAreOverwrittenBetweenWalks) {
  start(1 << 20);
  std::mt19937_64 random(5);
  struct Reader {
    Seq seq;
    std::unique_ptr<Iterator> iterator;
    std::vector<std::string> seen;
  };
  std::vector<Reader> readers;
  const auto all = [this] {
    std::vector<std::string> texts;
    for (const auto& [key, text] : model_) texts.push_back(text);
    return texts;
  };
  for (int piece = 0; piece < 60; piece++) {
    for (uint64_t n = random() % 30; n > 0; n--) put("key" + std::to_string(random() % 50));
    readers.push_back(
        {last_, random() % 2 == 0 ? iterate(*memtable_, last_) : nullptr, all()});  // the others walk only when more was written
    const Reader& reader = readers[random() % readers.size()];
    const auto again = iterate(*memtable_, reader.seq);
    EXPECT_EQ(reader.seen, texts(*again)) << piece;
    expect_like_model();
  }
  for (const Reader& reader : readers) {
    if (reader.iterator != nullptr) {
      EXPECT_EQ(reader.seen, texts(*reader.iterator)) << "an iterator keeps what it began with";
    }
  }
}

TEST_F(MemtableOrderTest, KeysThatShareLongPrefixesOrAreOneAnothersPrefixesAreOrdered) {
  const std::string shared = "https://example.org/a/long/path/that/all/have/";
  for (const char* tail : {"b", "a", "", "aa", "a\xff", "\x01", "ab", "zzzzzzzzzzzzzzzz", "zzzzzzzzzzzzzzzy"}) put(shared + tail);
  put(shared + std::string(1, '\0'));
  put(shared + std::string(9, '\0'));
  expect_like_model();
  // Now keys that share less: heads begin further left.
  put("https://example.net/");
  put("a");
  put(std::string(1, '\0'));
  put(std::string(20, '\xff'));
  expect_like_model();
  for (const auto& [key, text] : std::map(model_)) {
    expect_seek(key.second);
    expect_seek(key.second + std::string(1, '\0'));
    expect_seek(key.second.substr(0, key.second.size() / 2));
  }
  expect_seek("", 0);
  expect_seek("", 2);
}

// Heads that many keys have, at the edges of the steps that a search takes and across several of them.
TEST_F(MemtableOrderTest, SeeksFindTheirPlaceAmongKeysWithEqualHeads) {
  for (const int equal_count : {1, 2, 15, 16, 17, 33, 100}) {
    for (const int in_front_count : {0, 1, 15, 16, 17}) {
      SCOPED_TRACE(std::to_string(equal_count) + " " + std::to_string(in_front_count));
      model_.clear();
      start(1 << 20);
      for (int i = 0; i < in_front_count; i++) put("a" + std::to_string(100 + i));
      for (int i = 0; i < equal_count; i++) put("equal heads" + std::to_string(100 + i));
      put("z");
      for (const auto& [key, text] : std::map(model_)) {
        expect_seek(key.second);
        expect_seek(key.second + "+");
      }
      for (const char* key : {"", "a", "b", "equal", "equal heads", "equal heads+", "equal headz", "y", "zz"}) expect_seek(key);
    }
  }
}

TEST_F(MemtableOrderTest, SeeksOutsideWhatAllKeysShareStandBeforeOrBehindThem) {
  for (const char* tail : {"1", "2", "3"}) put(std::string("shared") + tail);
  for (const char* key : {"", "a", "share", "shared", "shared0", "sharee", "z"}) expect_seek(key);
}

TEST_F(MemtableOrderTest, AnIteratorKeepsWhatItBeganWith) {
  start(1 << 20);
  for (int i = 0; i < 300; i += 2) put("key" + std::to_string(i));
  const Seq then = last_;
  const auto iterator = iterate(*memtable_, then);
  const auto before = texts(*iterator);
  for (int i = 0; i < 300; i++) put("key" + std::to_string(i));
  expect_like_model();  // arrays are merged meanwhile
  EXPECT_EQ(before, texts(*iterator));
  EXPECT_EQ(before, texts(*iterate(*memtable_, then))) << "a new iterator at the old number sees the same";
}

// Stripes of threads keep references of their own to the arrays, and lose them when large ones are merged.
TEST_F(MemtableOrderTest, ScansOnManyThreadsFindWhatWasThereWhenTheyBegan) {
  constexpr uint64_t kKeyCount = 40'000;
  const auto key_of = [](uint64_t i) { return std::to_string(1'000'000 + i * 7919 % kKeyCount); };
  start(8 << 20);
  std::atomic<uint64_t> written{0};
  std::vector<std::thread> readers;
  for (uint64_t reader = 0; reader < 3; reader++) {
    readers.emplace_back([&, reader] {
      const ThreadMark mark;
      std::mt19937_64 random(reader);
      for (uint64_t count = 0; count < kKeyCount;) {
        count = written;
        if (count == 0) continue;
        const std::string key = key_of(random() % count);
        const auto iterator = iterate(*memtable_);
        iterator->seek({1, Slice(std::string_view(key))});
        ASSERT_TRUE(iterator->valid()) << key;
        ASSERT_EQ(key, iterator->entry().key.user.to_string());
        iterator->next();
        ASSERT_FALSE(iterator->valid() && iterator->entry().key.user.to_string() <= key)
            << "a version that was overwritten is shown, too: " << key;
      }
    });
  }
  for (uint64_t i = 0; i < kKeyCount; i++) {
    commit({{key_of(i), ""}});
    if (i % 2 == 0) commit({{key_of(i / 2), ""}, {key_of(i), ""}, {key_of(i), ""}});
    written = i + 1;
  }
  for (std::thread& reader : readers) reader.join();
}

TEST_F(MemtableOrderTest, TombstonesAreShown) {
  commit({{"a", "x"}, {"b", "y"}});
  commit({{"a", "", EntryKind::kDelete}});
  EXPECT_EQ((std::vector<std::string>{"1:a=deleted@2", "1:b=y@1"}), texts(*iterate(*memtable_)));
}

TEST_F(MemtableOrderTest, AStrayWriteIntoTheImageNeverReachesAReader) {
  put("one");
  const uint64_t second = log_->active_offset();
  put("two");
  memtable_->segment()->image()[second + 33] ^= 1;
  std::vector<std::unique_ptr<Iterator>> iterators;
  const Status status = memtable_->add_iterators(kSeqMax, &iterators);
  EXPECT_EQ(Code::kCorrupt, status.code());
  ASSERT_NE(nullptr, status.detail());
  EXPECT_EQ(second, status.detail()->offset);
}

}  // namespace
}  // namespace firn
