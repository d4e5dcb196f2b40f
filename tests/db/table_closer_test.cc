// Tables that a merge has replaced: whoever lets go of them closes none, a slice of the background work closes one, and a flush waits for none of them.
#include "db/table_closer.h"

#include <algorithm>
#include <array>
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

TEST(TableCloser, ClosesSixteenTimesWhatAMergeGoesOver) {
  constexpr uint64_t kMebibyte = 1 << 20;
  TableCloser closer;
  closer.close_beside_merge(100 * kMebibyte);  // saves up nothing for later
  std::array<std::weak_ptr<const TableHandle>, 8> witnesses;
  for (size_t i = 0; i < witnesses.size(); i++) {
    const auto table = std::make_shared<TableHandle>();
    table->file_bytes = i < 2 ? 64 * kMebibyte : 0;
    witnesses[i] = TableRef(table);
    closer.add(table);
  }
  EXPECT_TRUE(closer.has_closable());
  const auto closed = [&] {
    return std::count_if(witnesses.begin(), witnesses.end(), [](const auto& witness) { return witness.expired(); });
  };
  for (int i = 1; i <= 8; i++) {
    closer.close_beside_merge(kMebibyte);
    EXPECT_EQ(i / 4, closed()) << i;
  }
  closer.close_beside_merge(4096);
  EXPECT_EQ(6, closed()) << "four small ones, however little it was";
  const auto held = std::make_shared<TableHandle>();
  closer.add(held);
  closer.close_beside_merge(kMebibyte);
  EXPECT_EQ(8, closed());
  EXPECT_FALSE(closer.has_closable());
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
  // Descriptors of tables that this process has open.
  size_t count_descriptors() const {
    const std::string below = std::filesystem::canonical(path()) / "tables";
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;  // the listing's own
      const std::string file = std::filesystem::read_symlink(entry, gone);
      if (file.find(below) != std::string::npos && file.find(".tbl") != std::string::npos) count++;
    }
    return count;
  }
  // The worker looks every half second.
  void wait_until_none_is_left(const char* directory) const {
    for (int i = 0; i < 60'000 && count_nameless(directory) != 0; i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(0u, count_nameless(directory));
  }
  void run_all_jobs() {
    const ThreadMark mark;
    for (int calls = 0;; calls++) {
      ASSERT_LT(calls, 100);
      const Result<bool> more = db_->run_jobs(0);
      ASSERT_TRUE(more.ok());
      if (!*more) break;
    }
  }
  void flush_three() {
    for (int i = 0; i < 3; i++) {
      put("key", "of run " + std::to_string(i));
      put("run" + std::to_string(i), "");
      ASSERT_TRUE(flush().ok());
    }
  }
  // Three tables that a merge has replaced and a snapshot still holds.
  void replace_three() {
    flush_three();
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
  ASSERT_TRUE(db_->run_jobs(0).ok());
  ASSERT_EQ(merges, stat("compactions")) << "a slice is 4,096 entries";
  EXPECT_EQ(0u, count_replaced()) << "the merge has not kept them waiting";
  for (int slices = 1; stat("compactions") == merges; slices++) {
    ASSERT_LT(slices, 100);
    ASSERT_TRUE(db_->run_jobs(0).ok());
  }
  EXPECT_EQ(5u, count_replaced()) << "its own inputs";
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
  flush_three();
  ASSERT_TRUE(compact().ok());
  EXPECT_EQ(0u, count_replaced());
}

TEST_F(ReplacedTablesTest, jobs_that_are_run_to_their_end_leave_none) {
  open("single_threaded=true");
  flush_three();
  put("key", "of run 3");
  ASSERT_TRUE(flush().ok());
  run_all_jobs();
  EXPECT_EQ(1u, stat("compactions"));
  EXPECT_EQ(0u, count_replaced());
}

// Tables so small that a merge of four goes over next to nothing.
TEST_F(ReplacedTablesTest, tiny_tables_do_not_pile_up) {
  open("single_threaded=true");
  for (int i = 0; i < 60; i++) {
    put("key", std::to_string(i));
    ASSERT_TRUE(flush().ok());
    ASSERT_LE(count_replaced(), 8u) << i;
  }
  EXPECT_GT(stat("compactions"), 10u);
}

TEST_F(ReplacedTablesTest, writes_without_threads_close_what_a_reader_has_let_go_of) {
  open("single_threaded=true");
  replace_three();
  for (int i = 0; i < 10; i++) put("other", "does the slices that there are");
  EXPECT_EQ(3u, count_replaced());
  let_go();
  for (int i = 0; i < 10; i++) put("other", "value");
  EXPECT_EQ(0u, count_replaced());
}

TEST_F(ReplacedTablesTest, what_a_full_disk_has_no_room_for_gets_theirs) {
  env_ = &disk_env_;
  open("single_threaded=true,memtable_bytes=256KiB");
  replace_three();
  put("other", "value");
  let_go();
  disk_env_.disk.room_bytes = 0;
  disk_env_.disk.room_per_nameless_bytes = 1 << 20;
  EXPECT_TRUE(flush().ok()) << "the next segment";
  EXPECT_EQ(2u, count_replaced()) << "as many as it takes";
}

TEST_F(ReplacedTablesTest, a_close_has_their_room) {
  env_ = &disk_env_;
  open("single_threaded=true,memtable_bytes=256KiB");
  replace_three();
  put("other", "value");
  let_go();
  disk_env_.disk.room_bytes = 0;
  disk_env_.disk.room_per_nameless_bytes = 1 << 20;
  const Status closed = close_only(*db_);
  EXPECT_TRUE(closed.ok()) << closed.message();
  db_.reset();
}

TEST_F(ReplacedTablesTest, a_resume_has_their_room) {
  env_ = &disk_env_;
  open("single_threaded=true,memtable_bytes=256KiB");
  replace_three();
  put("other", "value");
  disk_env_.disk.fails_syncs = true;
  EXPECT_FALSE(sync().ok());
  disk_env_.disk.fails_syncs = false;
  let_go();
  disk_env_.disk.room_bytes = 0;
  disk_env_.disk.room_per_nameless_bytes = 1 << 20;
  const ThreadMark mark;
  const Status resumed = db_->resume();
  EXPECT_TRUE(resumed.ok()) << resumed.message();
  disk_env_.disk.room_bytes = INT64_MAX / 2;
  EXPECT_EQ("value", get("other"));
}

TEST_F(ReplacedTablesTest, a_worker_closes_them_also_when_the_database_has_failed) {
  env_ = &disk_env_;
  open();
  replace_three();
  put("other", "value");
  disk_env_.disk.fails_syncs = true;
  EXPECT_FALSE(sync().ok());
  let_go();
  wait_until_none_is_left("tables");
  disk_env_.disk.fails_syncs = false;
  EXPECT_FALSE(close_only(*db_).ok());
  db_.reset();
}

TEST_F(ReplacedTablesTest, tables_that_were_opened_anew_are_replaced_too) {
  open("single_threaded=true,table_io=pread,cache_bytes=0");
  flush_three();
  run_all_jobs();
  ASSERT_EQ(3u, count_descriptors());
  {
    const ThreadMark mark;
    snapshot_ = db_->snapshot();
  }
  EXPECT_EQ("of run 2", get("key"));  // what that has read is too much
  put("other", "does a slice");
  const size_t with_old = count_descriptors();
  ASSERT_GT(with_old, 3u) << "the snapshot's";
  let_go();
  EXPECT_EQ(with_old, count_descriptors()) << "whoever lets go closes none";
  run_all_jobs();
  EXPECT_EQ(3u, count_descriptors());
}

// A merge that scans have paid for has finished a table when it gives way.
TEST_F(ReplacedTablesTest, what_a_merge_had_written_that_is_given_up_is_replaced_too) {
  open("single_threaded=true,memtable_bytes=1GiB");
  for (int run = 0; run < 2; run++) {
    const std::string value(1 << 20, static_cast<char>('a' + run));
    for (int i = run; i < 80; i += 2) put("key" + std::to_string(100 + i), value);
    ASSERT_TRUE(flush().ok());
  }
  const ThreadMark mark;
  {
    const Snapshot snapshot = db_->snapshot();
    auto iterator = db_->new_iterator(snapshot, 0);
    const Result<Prefix> prefix = db_->prefix_of(snapshot, 0);
    ASSERT_TRUE(iterator.ok() && prefix.ok());
    for (int i = 0; i < 200'000; i++) (*iterator)->seek({*prefix, Slice(std::string_view("key150"))});
  }
  for (int slices = 0; slices < 70; slices++) {
    const Result<bool> more = db_->run_jobs(0);
    ASSERT_TRUE(more.ok() && *more) << "a slice is a mebibyte of eighty";
  }
  for (int i = 0; i < 4; i++) {
    put("key", "of a run that is due");
    ASSERT_TRUE(flush().ok());
  }
  EXPECT_EQ(0u, count_replaced());
  ASSERT_TRUE(db_->run_jobs(0).ok());
  EXPECT_EQ(5u, count_replaced()) << "four small ones, and what was written, which is not closed yet either";
}

// Nobody runs jobs there.
TEST_F(ReplacedTablesTest, a_reader_beside_a_writer_keeps_no_former_tables) {
  open("single_threaded=true");
  flush_three();
  auto reader = open_at(path(), "read_only=true");
  ASSERT_TRUE(reader.ok());
  const size_t before = count_descriptors();
  ASSERT_GT(before, 0u);
  const ThreadMark mark;
  for (int i = 0; i < 20; i++) {
    put("key", std::to_string(i));
    ASSERT_TRUE((*reader)->refresh().ok());
    EXPECT_EQ(std::to_string(i), get(**reader, "key"));
  }
  EXPECT_EQ(before, count_descriptors());
  EXPECT_TRUE((*reader)->close().ok());
}

TEST_F(ReplacedTablesTest, a_worker_closes_them) {
  open();
  replace_three();
  let_go();
  wait_until_none_is_left("tables");
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
  wait_until_none_is_left("wal");
}

}  // namespace
}  // namespace firn
