// Tables that a merge has replaced: whoever lets go of them closes none, a slice of the background work closes one, and a flush waits for none of them.
#include "db/table_closer.h"

#include <chrono>
#include <thread>

#include "db_fixture.h"
#include "full_disk_env.h"

namespace firn {
namespace {

TEST(TableCloser, ClosesWhatNobodyElseHoldsInTheOrderThatItCame) {
  TableCloser closer;
  EXPECT_FALSE(closer.close_one());
  std::array<TableRef, 3> tables;
  std::array<std::weak_ptr<const TableHandle>, 3> witnesses;
  for (size_t i = 0; i < tables.size(); i++) {
    tables[i] = std::make_shared<TableHandle>();
    witnesses[i] = tables[i];
    closer.add(tables[i]);
  }
  EXPECT_FALSE(closer.has_closable());
  EXPECT_FALSE(closer.close_one());
  tables[2].reset();
  tables[1].reset();
  EXPECT_FALSE(witnesses[1].expired()) << "letting go closes nothing";
  EXPECT_TRUE(closer.has_closable());
  EXPECT_TRUE(closer.close_one());
  EXPECT_TRUE(witnesses[1].expired());
  EXPECT_FALSE(witnesses[2].expired());
  EXPECT_TRUE(closer.close_one());
  EXPECT_FALSE(closer.close_one());
  EXPECT_FALSE(witnesses[0].expired());
  tables[0].reset();
  EXPECT_TRUE(closer.close_one());
  EXPECT_TRUE(witnesses[0].expired());
}

class ReplacedTablesTest : public DbTest {
 protected:
  // Files of the database that have no name any more and are still mapped, as the system counts them.
  size_t count_nameless(const char* directory) const {
    const std::string below = std::filesystem::canonical(path()) / directory;
    std::ifstream maps("/proc/self/maps");
    size_t count = 0;
    for (std::string line; std::getline(maps, line);) {
      if (line.find(below) != std::string::npos && line.ends_with(" (deleted)")) count++;
    }
    return count;
  }
  size_t count_replaced() const { return count_nameless("tables"); }
  // Three tables that a merge has replaced and a snapshot still holds.
  void replace_three() {
    for (int i = 0; i < 3; i++) {
      put("key", "of run " + std::to_string(i));
      ASSERT_TRUE(flush().ok());
    }
    {
      const ThreadMark mark;
      snapshot_ = db_->snapshot();
    }
    ASSERT_TRUE(compact().ok());
    ASSERT_EQ(3u, count_replaced());
  }
  void let_go() { snapshot_.reset(); }

  FullDiskEnv disk_env_;
  std::optional<Snapshot> snapshot_;
};

TEST_F(ReplacedTablesTest, a_slice_closes_one_that_nobody_reads) {
  open("single_threaded=true");
  replace_three();
  const ThreadMark mark;
  ASSERT_TRUE(db_->run_jobs(0).ok());
  EXPECT_EQ(3u, count_replaced()) << "they are read";
  let_go();
  EXPECT_EQ(3u, count_replaced()) << "whoever lets go closes none";
  for (size_t left : {2u, 1u, 0u}) {
    const Result<bool> more = db_->run_jobs(0);
    ASSERT_TRUE(more.ok());
    EXPECT_EQ(left != 0, *more);
    EXPECT_EQ(left, count_replaced());
  }
  EXPECT_EQ("of run 2", get("key"));
}

TEST_F(ReplacedTablesTest, a_flush_waits_for_none) {
  open("single_threaded=true");
  replace_three();
  put("other", "value");
  let_go();
  ASSERT_TRUE(flush().ok());
  EXPECT_EQ(3u, count_replaced());
}

TEST_F(ReplacedTablesTest, a_merge_goes_on_between_them) {
  open("single_threaded=true");
  replace_three();
  for (int run = 0; run < 4; run++) {
    std::vector<std::string> keys;
    std::vector<Operation> operations;
    for (int i = run; i < 300'000; i += 4) keys.push_back("key" + std::to_string(i));
    for (const std::string& key : keys) operations.push_back(put_of(key, "v"));
    ASSERT_TRUE(write(*db_, operations).ok());
    ASSERT_TRUE(flush().ok());
  }
  const ThreadMark mark;
  let_go();
  const uint64_t merges = stat("compactions");
  int slices = 0;
  for (; stat("compactions") == merges; slices++) {
    ASSERT_TRUE(db_->run_jobs(0).ok());
    if (slices == 8) {
      EXPECT_GE(count_replaced(), 2u) << "the merge has not waited for all of them";
    }
  }
  EXPECT_GT(slices, 64) << "a slice is 4,096 entries, with one of sixteen a table is closed";
  EXPECT_EQ(5u, count_replaced()) << "the merge has not kept them waiting: of three none is left, and its five inputs are new";
}

TEST_F(ReplacedTablesTest, a_job_that_failed_finds_their_room_when_it_is_tried_again) {
  env_ = &disk_env_;
  open("single_threaded=true");
  replace_three();
  put("other", "value");
  let_go();
  disk_env_.disk.fails_writes = true;
  EXPECT_FALSE(flush().ok());
  EXPECT_EQ(0u, count_replaced());
  disk_env_.disk.fails_writes = false;
  EXPECT_TRUE(flush().ok());
  EXPECT_EQ("value", get("other"));
}

TEST_F(ReplacedTablesTest, a_full_compaction_without_threads_leaves_none) {
  open("single_threaded=true");
  replace_three();
  let_go();
  ASSERT_TRUE(compact().ok());
  EXPECT_EQ(0u, count_replaced());
}

TEST_F(ReplacedTablesTest, a_worker_closes_them) {
  open();
  replace_three();
  let_go();
  while (count_replaced() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ("of run 2", get("key"));
}

// What a snapshot holds besides tables: the memtable of then, whose segment is flushed and has no name any more.
TEST_F(ReplacedTablesTest, who_gives_a_snapshot_back_frees_nothing_where_a_worker_does) {
  env_ = &disk_env_;
  open();
  put("key", "value");
  {
    const ThreadMark mark;
    snapshot_ = db_->snapshot();
  }
  ASSERT_TRUE(flush().ok());
  while (count_nameless("wal") == 0) std::this_thread::yield();  // the worker removes the segment behind the flush
  disk_env_.disk.holds_table_writes = true;
  put("key", "other");
  std::thread flushing([this] { EXPECT_TRUE(flush().ok()); });
  while (disk_env_.disk.held_count == 0) std::this_thread::yield();  // the worker can free nothing now
  let_go();
  EXPECT_EQ(1u, count_nameless("wal"));
  disk_env_.disk.holds_table_writes = false;
  flushing.join();
  while (count_nameless("wal") != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TEST_F(ReplacedTablesTest, a_close_leaves_none) {
  open("single_threaded=true");
  replace_three();
  let_go();
  close();
  EXPECT_EQ(0u, count_replaced());
}

}  // namespace
}  // namespace firn
