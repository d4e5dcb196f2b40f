// A database that was closed in order is opened without writing anything: manifest and log are made before the first write.
#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "base/iterator.h"
#include "db/transaction.h"
#include "db_fixture.h"
#include "full_disk_env.h"

namespace firn {
namespace {

class FirstWriteTest : public DbTest {
 protected:
  void SetUp() override {
    open();
    put("a", "1");
    put("b", "2");
    close();
  }
  // Every file with its content.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> contents;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      contents[entry.path()] = entry.is_regular_file() ? std::string(std::istreambuf_iterator<char>(file), {}) : "";
    }
    return contents;
  }
};

TEST_F(FirstWriteTest, who_only_reads_changes_no_file) {
  const auto before = files();
  open();
  EXPECT_EQ("1", get("a"));
  {
    const ThreadMark mark;
    Snapshot snapshot = db_->snapshot();
    auto iterator = db_->new_iterator(snapshot, 0);
    ASSERT_TRUE(iterator.ok());
    (*iterator)->seek({*db_->prefix_of(snapshot, 0), Slice()});
    EXPECT_TRUE((*iterator)->valid());
    EXPECT_TRUE(db_->sync().ok());
    EXPECT_TRUE(db_->flush().ok());
    EXPECT_TRUE(db_->wait_durable(Seq(), 0).ok());
    EXPECT_EQ(0u, db_->stats().syncs);
    const auto transaction = db_->begin({.read_only = true});
    EXPECT_TRUE(db_->commit(*transaction, {}).ok());
  }
  EXPECT_EQ(before, files()) << "while it is open";
  close();
  EXPECT_EQ(before, files());
}

TEST_F(FirstWriteTest, what_is_written_then_is_there_and_numbered_on) {
  open();
  EXPECT_EQ("2", get("b"));
  EXPECT_EQ(Seq{3}, put("c", "3"));
  EXPECT_EQ("1", get("a"));
  EXPECT_EQ("3", get("c"));
  const std::string copy = copy_as_killed();
  close();
  auto killed = open_at(copy);
  ASSERT_TRUE(killed.ok()) << killed.status().message();
  EXPECT_FALSE((*killed)->recovery().clean);
  EXPECT_EQ("3", get(**killed, "c"));
  EXPECT_TRUE(close_only(**killed).ok());
  open();
  EXPECT_TRUE(db_->recovery().clean);
  EXPECT_EQ("3", get("c"));
}

TEST_F(FirstWriteTest, many_may_be_the_first) {
  for (int round = 0; round < 10; round++) {
    open();
    constexpr int kThreadCount = 4;
    std::atomic<int> ready_count{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreadCount; i++) {
      threads.emplace_back([&, i] {
        ready_count++;
        while (ready_count < kThreadCount) std::this_thread::yield();
        const std::string key = std::to_string(round) + "." + std::to_string(i);
        EXPECT_TRUE(write(*db_, {put_of(key, "x")}).ok());
        EXPECT_EQ("x", get(*db_, key));
      });
    }
    for (std::thread& thread : threads) thread.join();
    reopen();
    for (int i = 0; i < kThreadCount; i++) EXPECT_EQ("x", get(std::to_string(round) + "." + std::to_string(i)));
    close();
  }
}

TEST_F(FirstWriteTest, transactions_that_began_before_it_see_what_came_since) {
  open();
  const ThreadMark mark;
  const auto stale = db_->begin({});
  const auto fresh = db_->begin({});
  Entry entry;
  ASSERT_TRUE(stale->find(0, Slice("a"), &entry).ok());
  ASSERT_TRUE(fresh->find(0, Slice("b"), &entry).ok());
  put("a", "new");
  ASSERT_TRUE(stale->set(put_of("c", "x")).ok());
  ASSERT_TRUE(fresh->set(put_of("d", "y")).ok());
  EXPECT_EQ(Code::kConflict, db_->commit(*stale, {}).status().code());
  EXPECT_TRUE(db_->commit(*fresh, {}).ok());
  EXPECT_EQ("none", get("c"));
  EXPECT_EQ("y", get("d"));
}

TEST_F(FirstWriteTest, one_that_fails_is_tried_again_with_the_next) {
  open();
  const std::string wal = path() + "/wal";
  const std::string aside = path() + "/aside";
  std::filesystem::rename(wal, aside);
  EXPECT_FALSE(write(*db_, {put_of("c", "3")}).ok());
  EXPECT_EQ("1", get("a"));
  EXPECT_EQ("none", get("c"));
  std::filesystem::rename(aside, wal);
  EXPECT_TRUE(write(*db_, {put_of("c", "4")}).ok());
  EXPECT_EQ("4", get("c"));
  reopen();
  EXPECT_EQ("1", get("a"));
  EXPECT_EQ("4", get("c"));
  put("d", "5");
  close();
  EXPECT_TRUE(Db::check(path()).ok());
}

// Whatever of it finds no room, or cannot be synced: nothing has happened, and later it works.
TEST_F(FirstWriteTest, one_on_a_full_or_failing_disk_has_not_happened) {
  for (const bool fails_syncs : {false, true}) {
    uint64_t failure_count = 0;
    for (int64_t room_bytes = 0;; room_bytes += 32 << 10) {
      open();
      {
        const ThreadMark mark;
        ASSERT_TRUE(db_->compact().ok());  // no work is left for the next opening
      }
      close();
      FullDiskEnv env;
      auto db = Db::open(path(), DbOptions(), env);
      ASSERT_TRUE(db.ok()) << db.status().message();
      const std::string key = (fails_syncs ? "s" : "k") + std::to_string(room_bytes);
      env.disk.room_bytes = room_bytes;
      env.disk.fails_syncs = fails_syncs && failure_count == 0;
      const bool is_done = write(**db, {put_of(key, "v")}).ok();
      EXPECT_EQ(is_done ? "v" : "none", get(**db, key));
      EXPECT_EQ("1", get(**db, "a"));
      env.disk.room_bytes = INT64_MAX;
      env.disk.fails_syncs = false;
      if (!is_done) {
        failure_count++;
        const ThreadMark mark;
        EXPECT_TRUE((*db)->resume().ok());
        EXPECT_TRUE(write(**db, {put_of(key, "later")}).ok());
        EXPECT_EQ("later", get(**db, key));
      }
      ASSERT_TRUE(close_only(**db).ok());
      if (is_done) break;
    }
    EXPECT_GT(failure_count, 1u);
    EXPECT_TRUE(Db::check(path()).ok());
  }
}

// An entry whose time is over lies in a table: a job is due.
class DueWorkTest : public FirstWriteTest {
 protected:
  void SetUp() override {
    FirstWriteTest::SetUp();
    open("single_threaded=true");
    const ThreadMark mark;
    EXPECT_TRUE(db_->put_if(make_put(0, Slice("t"), Slice("v"), db_->now_ms() + 1), {}, {}).ok());
    EXPECT_TRUE(db_->flush().ok());
    while (get("t") != "none") std::this_thread::sleep_for(std::chrono::milliseconds(1));
    close();
    tables_ = tables();
    ASSERT_FALSE(tables_.empty());
  }
  std::vector<std::string> tables() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path() + "/tables")) names.push_back(entry.path());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<std::string> tables_;
};

TEST_F(DueWorkTest, who_opens_to_read_and_closes_again_does_not_pay_for_it) {
  const auto before = files();
  open("single_threaded=true");
  EXPECT_EQ("1", get("a"));
  EXPECT_EQ("none", get("t"));
  EXPECT_EQ(before, files()) << "while it is open";
  close();
  EXPECT_EQ(before, files());
}

TEST_F(DueWorkTest, a_commit_of_nothing_and_a_write_that_fails_do_not_begin_it) {
  const auto before = files();
  FullDiskEnv env;
  DbOptions options;
  options.single_threaded = true;
  auto db = Db::open(path(), options, env);
  ASSERT_TRUE(db.ok()) << db.status().message();
  {
    const ThreadMark mark;
    const auto transaction = (*db)->begin({.read_only = true});
    EXPECT_TRUE((*db)->commit(*transaction, {}).ok());
  }
  env.disk.room_bytes = 0;
  {
    const ThreadMark mark;
    const auto transaction = (*db)->begin({});
    EXPECT_TRUE(transaction->set(put_of("c", "3")).ok());
    EXPECT_TRUE((*db)->commit(*transaction, {}).status().is(Code::kNoSpace));
  }
  EXPECT_EQ("1", get(**db, "a"));
  EXPECT_TRUE(close_only(**db).ok());
  EXPECT_EQ(before, files());
}

TEST_F(DueWorkTest, it_is_done_when_jobs_are_run) {
  open("single_threaded=true");
  {
    const ThreadMark mark;
    for (;;) {
      const Result<bool> more = db_->run_jobs(1);
      ASSERT_TRUE(more.ok()) << more.status().message();
      if (!*more) break;
    }
  }
  EXPECT_NE(tables_, tables());
  reopen();
  EXPECT_EQ("1", get("a"));
  EXPECT_EQ("2", get("b"));
}

TEST_F(DueWorkTest, that_it_cannot_begin_is_told_and_is_no_loss) {
  for (const bool is_healed : {false, true}) {
    FullDiskEnv env;
    auto db = Db::open(path(), DbOptions(), env);
    ASSERT_TRUE(db.ok()) << db.status().message();
    env.disk.room_bytes = 0;
    while ((*db)->background_error().ok()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE((*db)->background_error().is(Code::kNoSpace)) << (*db)->background_error().message();
    EXPECT_EQ("1", get(**db, "a"));
    if (is_healed) {
      env.disk.room_bytes = INT64_MAX;
      while (tables() == tables_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      while (!(*db)->background_error().ok()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_TRUE(close_only(**db).ok());
  }
}

TEST_F(DueWorkTest, it_is_done_in_the_background_while_it_is_open) {
  open();
  while (tables() == tables_) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ("1", get("a"));
  reopen();
  EXPECT_EQ("2", get("b"));
}

}  // namespace
}  // namespace firn
