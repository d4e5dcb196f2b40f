// Commits: large ones, many keys, durability modes, single-threaded background work, and all of it after a kill.
#include "db/db_fixture.h"

#include <chrono>
#include <thread>

namespace firn {
namespace {

class CommitTest : public DbTest {
 protected:
  std::vector<std::string> keys_of_batch(size_t count) {
    std::vector<std::string> keys;
    for (size_t i = 0; i < count; i++) keys.push_back("key" + std::to_string(i));
    return keys;
  }
  static std::vector<Operation> puts_of(const std::vector<std::string>& keys, std::string_view value) {
    std::vector<Operation> operations;
    for (const std::string& key : keys) operations.push_back(put_of(key, value));
    return operations;
  }
  // A process that opens the database, puts these, and is gone without a close.
  int put_and_die(const std::string& options, const std::vector<std::pair<std::string, std::string>>& entries) {
    return in_child([&] {
      auto db = open_at(path(), options);
      if (!db.ok()) return 1;
      for (const auto& [key, value] : entries) {
        if (!write(**db, {put_of(key, value)}).ok()) return 2;
        if (get(**db, key) != value) return 3;
      }
      ::_exit(0);  // the database, and its threads, are not even destroyed
    });
  }
};

TEST_F(CommitTest, ACommitLargerThanAMemtableGetsOneOfItsSize) {
  const std::string large(1 << 20, 'L');
  ASSERT_EQ(0, put_and_die("memtable_bytes=4KiB", {{"before", "small"}, {"large", large}, {"after", "small"}}));
  open("memtable_bytes=4KiB");
  EXPECT_FALSE(db_->recovery().clean);
  EXPECT_EQ(large, get("large"));
  EXPECT_EQ("small", get("before"));
  EXPECT_EQ("small", get("after"));
}

TEST_F(CommitTest, AValueOf100MiBIsStoredAndFoundAlsoInATable) {
  open("memtable_bytes=1MiB");
  std::string value(100 << 20, '\0');
  for (size_t i = 0; i < value.size(); i += 4096) value[i] = static_cast<char>(i >> 12);
  put("large", value);
  EXPECT_TRUE(get("large") == value);
  ASSERT_TRUE(flush().ok());
  EXPECT_TRUE(get("large") == value);
  reopen();
  EXPECT_TRUE(get("large") == value);
}

TEST_F(CommitTest, ABatchWithMoreKeysThanASmallMemtableHasSlotsIsTakenAndRecovered) {
  const std::vector<std::string> keys = keys_of_batch(5000);
  const int verdict = in_child([&] {
    auto db = open_at(path(), "memtable_bytes=4KiB,single_threaded=true");
    if (!db.ok()) return 1;
    if (!write(**db, {put_of("small", "before")}).ok()) return 2;
    if (!write(**db, puts_of(keys, "")).ok()) return 3;
    for (const std::string& key : keys) {
      if (get(**db, key) != "") return 4;
    }
    ::_exit(0);  // without a close
  });
  ASSERT_EQ(0, verdict);
  open("memtable_bytes=4KiB");
  EXPECT_FALSE(db_->recovery().clean);
  EXPECT_EQ("before", get("small"));
  for (const std::string& key : keys) ASSERT_EQ("", get(key)) << key;
  reopen();
  for (const std::string& key : keys) ASSERT_EQ("", get(key)) << key;
}

TEST_F(CommitTest, AnEmptyBatchReturnsThePresentVersionAndWritesNothing) {
  open();
  const Seq seq = put("key", "value");
  const auto empty = write(*db_, {});
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(seq, *empty);
  EXPECT_EQ(seq.value + 1, put("key", "value").value);
}

TEST_F(CommitTest, ABatchWithABadNamespaceChangesNothing) {
  open();
  const Seq seq = put("key", "value");
  EXPECT_EQ(Code::kInvalid, write(*db_, {put_of("key", "changed"), put_of("key", "value", 77)}).status().code());
  EXPECT_EQ("value", get("key"));
  EXPECT_EQ(seq.value + 1, put("other", "value").value);
}

TEST_F(CommitTest, EveryDurabilityModeSurvivesAKillAndAClose) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < 100; i++) entries.emplace_back("key" + std::to_string(i), "value" + std::to_string(i) + std::string(100, '.'));
  for (const char* durability : {"none", "process", "every:3", "interval:5ms", "sync"}) {
    for (const char* log_io : {"mmap", "pwrite"}) {
      SCOPED_TRACE(std::string(durability) + " " + log_io);
      const std::string options = std::string("durability=") + durability + ",log_io=" + log_io + ",memtable_bytes=8KiB";
      ASSERT_EQ(0, put_and_die(options, entries));
      open(options);
      EXPECT_FALSE(db_->recovery().clean);
      for (const auto& [key, value] : entries) ASSERT_EQ(value, get(key));
      reopen(options);
      EXPECT_TRUE(db_->recovery().clean);
      EXPECT_EQ(0u, db_->recovery().records_replayed);
      for (const auto& [key, value] : entries) ASSERT_EQ(value, get(key));
      close();
      std::filesystem::remove_all(path());
    }
  }
}

TEST_F(CommitTest, SyncModesSyncAndOthersDoNot) {
  open("durability=sync");
  for (int i = 0; i < 5; i++) put("key", "value");
  EXPECT_GE(stat("syncs"), 5u);
  reopen("durability=process");
  for (int i = 0; i < 5; i++) put("key", "value");
  EXPECT_EQ(0u, stat("syncs"));
  ASSERT_TRUE(sync().ok());
  EXPECT_EQ(1u, stat("syncs"));
  ASSERT_TRUE(write(*db_, {put_of("key", "value")}, {.sync = true}).ok());
  EXPECT_EQ(2u, stat("syncs"));
}

TEST_F(CommitTest, CommitsThatDoNotWaitForASyncShareTheNextOne) {
  open("durability=sync");
  put("first", "made durable");
  const uint64_t before = stat("syncs");
  Seq last;
  for (int i = 0; i < 20; i++) {
    const auto seq = write(*db_, {put_of("key" + std::to_string(i), "value")}, {.no_sync = true});
    ASSERT_TRUE(seq.ok());
    last = *seq;
    EXPECT_EQ("value", get("key" + std::to_string(i)));
  }
  EXPECT_EQ(before, stat("syncs"));
  {
    const ThreadMark mark;
    EXPECT_EQ(Code::kTimeout, db_->wait_durable(last, 0).code());
  }
  ASSERT_TRUE(sync().ok());
  EXPECT_EQ(before + 1, stat("syncs"));
  const ThreadMark mark;
  EXPECT_TRUE(db_->wait_durable(last, 0).ok());
}

TEST_F(CommitTest, CommitsThatDoNotWaitForASyncAreCounted) {
  open("durability=every:3");
  for (int i = 0; i < 3; i++) ASSERT_TRUE(write(*db_, {put_of("key", "value")}, {.no_sync = true}).ok());
  while (stat("syncs") == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the test's time limit is the judge
}

TEST_F(CommitTest, PeriodicModesSyncInTheBackground) {
  for (const char* durability : {"every:3", "interval:5ms"}) {
    open(std::string("durability=") + durability);
    for (int i = 0; i < 3; i++) put("key", "value");
    while (stat("syncs") == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the test's time limit is the judge
    close();
  }
}

TEST_F(CommitTest, WithoutThreadsTheCallerDoesTheWork) {
  open("single_threaded=true,memtable_bytes=4KiB");
  for (int i = 0; i < 2000; i++) put("key" + std::to_string(i % 700), std::to_string(i) + std::string(50, '.'));
  for (;;) {
    const ThreadMark mark;
    const auto more = db_->run_jobs(1);
    ASSERT_TRUE(more.ok());
    if (!*more) break;
  }
  EXPECT_GT(stat("flushes"), 0u);
  EXPECT_GT(stat("compactions"), 0u);
  ASSERT_TRUE(compact().ok());
  EXPECT_EQ(700u, stat("table_entries"));
  for (int i = 1300; i < 2000; i++) ASSERT_EQ(std::to_string(i) + std::string(50, '.'), get("key" + std::to_string(i % 700)));
  reopen();
  const ThreadMark mark;
  EXPECT_EQ(Code::kMisuse, db_->run_jobs(1).status().code());
}

TEST_F(CommitTest, AFullCompactionLeavesOneRunWithoutWhatWasDeleted) {
  open("memtable_bytes=4KiB");
  for (int i = 0; i < 500; i++) put("key" + std::to_string(i), std::string(50, 'v'));
  for (int i = 0; i < 500; i += 2) {
    const std::string key = "key" + std::to_string(i);
    Operation operation = put_of(key, "");
    operation.kind = EntryKind::kDelete;
    ASSERT_TRUE(write(*db_, {operation}).ok());
  }
  ASSERT_TRUE(compact().ok());
  EXPECT_EQ(250u, stat("table_entries"));
  EXPECT_EQ(stat("table_count"), names(path() + "/tables").size()) << "old files are gone";
  EXPECT_EQ("none", get("key0"));
  EXPECT_EQ(std::string(50, 'v'), get("key1"));
}

}  // namespace
}  // namespace firn
