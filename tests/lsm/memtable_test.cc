// The memtable: what is found at which sequence number, how full it gets, and that replay builds the same again.
#include "lsm/memtable.h"

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "lsm/log_replay.h"
#include "lsm/memtable_fixture.h"

namespace firn {
namespace {

TEST_F(MemtableTest, AnEmptyOneFindsNothing) {
  EXPECT_TRUE(memtable_->empty());
  EXPECT_EQ(std::nullopt, find("key"));
}

TEST_F(MemtableTest, AVersionIsVisibleFromItsSequenceNumberOn) {
  commit_at({5}, {{"key", "five"}});
  commit_at({7}, {{"key", "seven"}});
  commit_at({9}, {{"key", "", EntryKind::kDelete}});
  EXPECT_EQ(std::nullopt, find("key", {4}));
  EXPECT_EQ("five", find("key", {5}));
  EXPECT_EQ("five", find("key", {6}));
  EXPECT_EQ("seven", find("key", {7}));
  EXPECT_EQ("seven", find("key", {8}));
  EXPECT_EQ("deleted", find("key", {9}));
  EXPECT_EQ(Seq{5}, memtable_->seq_min());
  EXPECT_EQ(Seq{9}, memtable_->seq_max());
  EXPECT_EQ(1u, memtable_->key_count());
}

TEST_F(MemtableTest, OfSeveralOperationsOfOneCommitTheLastOneWins) {
  commit_at({1}, {{"key", "before"}});
  commit_at({2}, {{"key", "a"}, {"other", "x"}, {"key", "b"}, {"key", "c"}});
  EXPECT_EQ("c", find("key"));
  EXPECT_EQ("before", find("key", {1}));
  EXPECT_EQ("x", find("other"));
}

TEST_F(MemtableTest, AnExpiryComesBackWithItsEntry) {
  commit({{"key", "value", EntryKind::kPutExpiring, 1700000000123}});
  const InternalKey key{1, Slice("key")};
  Entry entry;
  ASSERT_TRUE(memtable_->find(key, memtable_->hash(key), kSeqMax, &entry));
  EXPECT_EQ(EntryKind::kPutExpiring, entry.kind);
  EXPECT_EQ(1700000000123, entry.expiry_ms);
  EXPECT_EQ("value", entry.value.to_string());
}

TEST_F(MemtableTest, EqualKeysOfTwoPrefixesAreDifferent) {
  commit({{"key", "one", EntryKind::kPut, 0, 1}, {"key", "two", EntryKind::kPut, 0, 2}});
  EXPECT_EQ("one", find(*memtable_, "key", kSeqMax, 1));
  EXPECT_EQ("two", find(*memtable_, "key", kSeqMax, 2));
  EXPECT_EQ(std::nullopt, find(*memtable_, "key", kSeqMax, 3));
}

TEST_F(MemtableTest, FullLinesGoOnInTheNextAndEveryKeyIsFound) {
  start(4096);  // eight lines of eight slots, of which seven in eight are used
  size_t count = 0;
  for (; memtable_->has_room(1); count++) commit({{"k" + std::to_string(count), std::to_string(count)}});
  EXPECT_EQ(56u, count);
  EXPECT_FALSE(memtable_->has_room(1));
  EXPECT_TRUE(memtable_->has_room(0));
  for (size_t i = 0; i < count; i++) EXPECT_EQ(std::to_string(i), find("k" + std::to_string(i)));
  for (size_t i = count; i < 2 * count; i++) EXPECT_EQ(std::nullopt, find("k" + std::to_string(i)));
}

TEST_F(MemtableTest, EveryVersionIsFoundWhetherItsKeyIsInItsLineOrNotYet) {
  start(256 << 10);
  std::mt19937 random(7);
  std::map<std::string, std::map<uint64_t, std::string>> model;  // by key, by sequence number
  const auto expect_all = [&] {
    for (const auto& [key, versions] : model) {
      ASSERT_EQ(std::nullopt, find(key, {versions.begin()->first - 1}));
      for (auto version = versions.begin(); version != versions.end(); ++version) {
        ASSERT_EQ(version->second, find(key, {version->first})) << key;
        const auto next = std::next(version);
        ASSERT_EQ(version->second, find(key, next == versions.end() ? kSeqMax : Seq{next->first - 1})) << key;
      }
    }
  };
  for (uint64_t seq = 1; seq <= 600; seq++) {
    // Single puts of new keys and of some that were put just before, and now and then a batch.
    std::vector<TestOperation> operations;
    for (size_t i = seq % 16 == 0 ? 1 + random() % 12 : 1; i > 0; i--)
      operations.push_back({"k" + std::to_string(random() % 3 == 0 ? seq - random() % std::min<uint64_t>(seq, 12) : seq * 100 + i),
                            std::to_string(random())});
    commit(operations);
    for (const TestOperation& operation : operations) model[operation.key][seq] = operation.value;
    if (seq < 50 || seq % 50 == 0) expect_all();
  }
  EXPECT_EQ(model.size(), memtable_->key_count());
  memtable_->seal();
  expect_all();
  EXPECT_EQ(model.size(), texts(*iterate(*memtable_)).size());
}

TEST_F(MemtableTest, ItHasRoomForTheKeysThatItWasAskedToHold) {
  start(4096, 1000);
  EXPECT_TRUE(memtable_->has_room(1000));
  start(1 << 20);
  EXPECT_TRUE(memtable_->has_room((1 << 20) / 64 * 7 / 8));
}

class ReplayTest : public MemtableTest {
 protected:
  Result<std::shared_ptr<Memtable>> replay() {
    LogReplay replay(kMemtableHashSeed);
    FIRN_TRY(replay.recover(log_->directory(), kLogId, {1}, SegmentIo::kPwrite).status());
    return replay.take_memtables().front();
  }
  // What one more record, of this payload, comes to.
  Code verdict(const std::string& payload, uint64_t offset = 168) {
    MemtableReplay replay(*memtable_);
    if (const Status status = replay.add(offset, Slice(std::string_view(payload))); !status.ok()) return status.code();
    return replay.finish().code();
  }
};

TEST_F(ReplayTest, GivesTheSameMemtableAgain) {
  start(512 << 10);
  std::mt19937_64 random(7);
  const auto below = [&random](uint64_t n) { return random() % n; };
  for (int i = 0; i < 800; i++) {
    std::vector<TestOperation> operations;
    for (uint64_t n = 1 + below(4); n > 0; n--) {
      operations.push_back({"key" + std::to_string(below(150)), std::string(below(40), 'v'), static_cast<EntryKind>(below(3)),
                            static_cast<int64_t>(below(1000)), static_cast<Prefix>(1 + below(2))});
      if (operations.back().kind == EntryKind::kDelete) operations.back().value.clear();
    }
    commit(operations);
  }
  const auto replayed = replay();
  ASSERT_TRUE(replayed.ok()) << replayed.status().message();
  EXPECT_EQ(memtable_->end(), (*replayed)->end());
  EXPECT_EQ(memtable_->key_count(), (*replayed)->key_count());
  EXPECT_EQ(memtable_->seq_min(), (*replayed)->seq_min());
  EXPECT_EQ(memtable_->seq_max(), (*replayed)->seq_max());
  for (uint64_t seq = 1; seq <= 800; seq += 37) {
    EXPECT_EQ(texts(*iterate(*memtable_, {seq})), texts(*iterate(**replayed, {seq}))) << seq;
    for (int key = 0; key < 150; key++) {
      const std::string name = "key" + std::to_string(key);
      EXPECT_EQ(find(*memtable_, name, {seq}), find(**replayed, name, {seq}));
    }
  }
}

// One record's payload of one entry, as a commit writes it.
std::string encoded(const TestOperation& operation, Seq seq, uint64_t previous = 0) {
  std::string bytes(log_entry_bytes(operation.kind, operation.key.size(), operation.value.size()), '\0');
  encode_log_entry(reinterpret_cast<uint8_t*>(bytes.data()), operation.entry(seq), previous);
  return bytes;
}

TEST_F(ReplayTest, EntriesThatAreNotWellFormedAreCorrupt) {
  const std::string good = encoded({"key", "value"}, {1});
  std::string bytes = good;
  bytes[15] = 3;  // kind
  EXPECT_EQ(Code::kCorrupt, verdict(bytes));
  bytes = good;
  bytes[12] = 0;  // key bytes
  EXPECT_EQ(Code::kCorrupt, verdict(bytes));
  bytes = good;
  bytes[14] = 1;  // above the longest key
  EXPECT_EQ(Code::kCorrupt, verdict(bytes));
  bytes = good;
  bytes[16] = 6;  // one byte more of value than the record has
  EXPECT_EQ(Code::kCorrupt, verdict(bytes));
  bytes[19] = '\xff';
  EXPECT_EQ(Code::kCorrupt, verdict(bytes));
  bytes = good;
  bytes[15] = static_cast<char>(EntryKind::kPutExpiring);  // then the expiry takes eight bytes that are not there
  EXPECT_EQ(Code::kCorrupt, verdict(bytes));
  for (size_t length = 1; length < good.size(); length++) EXPECT_EQ(Code::kCorrupt, verdict(good.substr(0, length))) << length;
  EXPECT_EQ(Code::kCorrupt, verdict(good + "12345678"));
}

TEST_F(ReplayTest, EntriesThatDoNotFollowOneAnotherAreCorrupt) {
  EXPECT_EQ(Code::kCorrupt, verdict(encoded({"key", "value"}, {0}))) << "no commit has the number 0";
  EXPECT_EQ(Code::kCorrupt, verdict(encoded({"key", "value"}, {kSeqMax.value + 1})));
  EXPECT_EQ(Code::kCorrupt, verdict(encoded({"key", "value"}, {5}, 160))) << "a previous version that is not there";
  commit_at({5}, {{"key", "value"}});
  EXPECT_EQ(Code::kCorrupt, verdict(encoded({"new", "value"}, {4}))) << "numbers do not fall";
  EXPECT_EQ(Code::kCorrupt, verdict(encoded({"key", "again"}, {6}, 0))) << "the previous version is left out";
  EXPECT_EQ(Code::kCorrupt, verdict(encoded({"key", "again"}, {6}, 176))) << "another previous version";
}

// It is linked while those behind it are checked.
TEST_F(ReplayTest, AnEntryThatDoesNotChainIsCorruptHoweverManyFollow) {
  std::string payload = encoded({"key", "value"}, {1}, 160);
  for (int i = 0; i < 40; i++) {
    payload += encoded({"k" + std::to_string(i), ""}, {1});
    EXPECT_EQ(Code::kCorrupt, verdict(payload)) << i;
    start(64 << 10);
  }
}

// It is linked when the other segment begins.
TEST_F(ReplayTest, AnEntryThatDoesNotChainIsCorruptAtTheEndOfASegmentThatAnotherFollows) {
  const auto following = log_->prepare(64 << 10);
  ASSERT_TRUE(following.ok());
  const std::string broken = encoded({"key", "value"}, {1}, 160);
  const std::string good = encoded({"key", "value"}, {2});
  LogReplay replay(kMemtableHashSeed);
  Status status = replay.add(memtable_->segment(), 168, Slice(std::string_view(broken)));
  if (status.ok()) status = replay.add(*following, 168, Slice(std::string_view(good)));
  if (status.ok()) status = replay.finish();
  EXPECT_EQ(Code::kCorrupt, status.code());
}

TEST_F(ReplayTest, MoreKeysThanTheMemtableHoldsAreCorrupt) {
  start(4096);
  for (int i = 0; memtable_->has_room(1); i++) commit({{"k" + std::to_string(i), ""}});
  const std::string payload = encoded({"one more", ""}, {1000});
  EXPECT_EQ(Code::kCorrupt, verdict(payload, log_->active_offset() + 8));
}

TEST_F(MemtableTest, ReadersBesideTheWriterSeeWholeEntriesAndNoneFromTheFuture) {
  start(2 << 20);
  std::atomic<uint64_t> visible{0};
  std::atomic<bool> is_done{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; t++) {
    readers.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      while (!is_done) {
        const Seq seq{visible.load(std::memory_order_acquire)};
        const uint64_t key = random() % 50;
        const auto found = find(*memtable_, "key" + std::to_string(key), seq);
        // Commit number n writes key n % 50.
        if (seq.value >= 50) {
          ASSERT_TRUE(found.has_value());
          const uint64_t newest = seq.value - (seq.value - key) % 50;
          ASSERT_EQ(std::to_string(newest), *found);
        }
        if (random() % 64 == 0) {
          ASSERT_EQ(std::min<uint64_t>(seq.value, 50), texts(*iterate(*memtable_, seq)).size());
        }
      }
    });
  }
  for (uint64_t n = 1; n <= 8000; n++) {
    commit({{"key" + std::to_string(n % 50), std::to_string(n)}});
    visible.store(n, std::memory_order_release);
  }
  is_done = true;
  for (auto& reader : readers) reader.join();
}

TEST_F(MemtableTest, ReadersFindNewKeysOnTheirWayToTheirLines) {
  for (int round = 0; round < 20; round++) {
    start(1 << 20);
    std::atomic<uint64_t> visible{0};
    std::atomic<uint64_t> look_count{0};
    std::atomic<bool> is_done{false};
    std::thread reader([&] {
      while (!is_done) {
        const Seq seq{visible.load(std::memory_order_acquire)};
        for (uint64_t back = 0; back < std::min<uint64_t>(seq.value, 12); back++) {
          const uint64_t n = seq.value - back;
          ASSERT_EQ(std::to_string(n), find("key" + std::to_string(n), seq));
        }
        look_count++;
      }
    });
    for (uint64_t n = 1; n <= 2000; n++) {
      commit({{"key" + std::to_string(n), std::to_string(n)}});
      visible.store(n, std::memory_order_release);
      if (n % 100 == 0) memtable_->seal();  // also in the middle: what comes behind it begins anew
      if (n % 500 == 0) {
        for (const uint64_t seen = look_count; look_count < seen + 2 && !testing::Test::HasFailure();) std::this_thread::yield();
      }
    }
    is_done = true;
    reader.join();
  }
}

}  // namespace
}  // namespace firn
