// Which run a flush adds its table to, and what answers when tables give back the memory that they hold.
#include <chrono>
#include <map>
#include <thread>

#include "db_fixture.h"
#include "lsm/version.h"

namespace firn {
namespace {

class RunsTest : public DbTest {
 protected:
  // A table that is not small, of the keys "k000" to "k999".
  void write_large_table() {
    std::vector<std::string> keys;
    const std::string value(5000, 'v');
    for (int i = 0; i < 1000; i++) keys.push_back("k" + std::to_string(1000 + i).substr(1));
    std::vector<Operation> operations;
    for (const std::string& key : keys) operations.push_back(put_of(key, value));
    ASSERT_TRUE(write(*db_, operations).ok());
    ASSERT_TRUE(flush().ok());
    ASSERT_GT(stat("table_bytes"), kTableBytesSmall);
  }
  void put_and_flush(const std::vector<std::pair<std::string, std::string>>& entries) {
    std::vector<Operation> operations;
    for (const auto& [key, value] : entries) operations.push_back(put_of(key, value));
    ASSERT_TRUE(write(*db_, operations).ok());
    ASSERT_TRUE(flush().ok());
  }
  void remove_and_flush(std::string_view key) {
    Operation operation;
    operation.kind = EntryKind::kDelete;
    operation.key = Slice(key);
    ASSERT_TRUE(write(*db_, {operation}).ok());
    ASSERT_TRUE(flush().ok());
  }
  // "runs/tables".
  std::string shape() { return std::to_string(stat("run_count")) + "/" + std::to_string(stat("table_count")); }
  void expect_sound() {
    close();
    const Status status = Db::check(path());
    EXPECT_TRUE(status.ok()) << status.message();
  }
};

TEST_F(RunsTest, a_flush_behind_all_keys_of_a_large_run_joins_it) {
  open("single_threaded=true");
  write_large_table();
  EXPECT_EQ("1/1", shape());
  put_and_flush({{"m", "first"}, {"n", "first"}});
  EXPECT_EQ("1/2", shape()) << "a sequential load makes one run";
  for (int round = 0; round < 2; round++) {
    EXPECT_EQ("first", get("m"));
    EXPECT_EQ("first", get("n"));
    EXPECT_EQ(std::string(5000, 'v'), get("k999"));
    reopen("single_threaded=true");
  }
  expect_sound();
}

TEST_F(RunsTest, a_flush_that_meets_the_last_key_of_a_large_run_hides_it) {
  open("single_threaded=true");
  write_large_table();
  put_and_flush({{"k999", "second"}, {"l", "second"}});
  EXPECT_EQ("2/2", shape()) << "a key is in a run once";
  for (int round = 0; round < 2; round++) {
    EXPECT_EQ("second", get("k999"));
    EXPECT_EQ("second", get("l"));
    EXPECT_EQ(std::string(5000, 'v'), get("k998"));
    reopen("single_threaded=true");
  }
  expect_sound();
}

TEST_F(RunsTest, a_flush_before_all_keys_of_a_large_run_joins_it_and_one_that_meets_its_first_key_hides_it) {
  open("single_threaded=true");
  write_large_table();
  put_and_flush({{"a", "first"}, {"b", "first"}});
  EXPECT_EQ("1/2", shape());
  put_and_flush({{"Z", "second"}, {"a", "second"}});
  EXPECT_EQ("2/3", shape());
  for (int round = 0; round < 2; round++) {
    EXPECT_EQ("second", get("Z"));
    EXPECT_EQ("second", get("a"));
    EXPECT_EQ("first", get("b"));
    reopen("single_threaded=true");
  }
  expect_sound();
}

TEST_F(RunsTest, a_deletion_of_the_last_key_of_a_large_run_hides_it) {
  open("single_threaded=true");
  write_large_table();
  remove_and_flush("k999");
  EXPECT_EQ("2/2", shape());
  EXPECT_EQ("none", get("k999"));
  reopen("single_threaded=true");
  EXPECT_EQ("none", get("k999"));
  EXPECT_TRUE(compact().ok());
  EXPECT_EQ("none", get("k999"));
  EXPECT_EQ(std::string(5000, 'v'), get("k000"));
  expect_sound();
}

TEST_F(RunsTest, tables_that_are_opened_anew_to_free_memory_answer_as_before) {
  open("single_threaded=true,table_io=pread,cache_bytes=0");
  constexpr int kKeys = 600;
  for (int run = 0; run < 3; run++) {
    std::vector<std::pair<std::string, std::string>> entries;
    for (int i = run; i < kKeys; i += run + 1) entries.emplace_back("key" + std::to_string(i), "of run " + std::to_string(run));
    put_and_flush(entries);
  }
  ASSERT_EQ("3/3", shape());
  const auto expect_answers = [this] {
    for (int i = 0; i < kKeys; i++) {
      int newest = 0;
      for (int run = 1; run < 3; run++) {
        if (i >= run && (i - run) % (run + 1) == 0) newest = run;
      }
      ASSERT_EQ("of run " + std::to_string(newest), get("key" + std::to_string(i))) << i;
    }
  };
  expect_answers();
  const uint64_t held_bytes = stat("table_memory_bytes");
  const ThreadMark mark;
  const Snapshot before = db_->snapshot();
  put("a write", "does a slice of the work in the background");
  EXPECT_LT(stat("table_memory_bytes"), held_bytes / 2) << "of what the present state holds";
  EXPECT_EQ("3/3", shape());
  expect_answers();
  EXPECT_EQ("none", get("key600"));
  const auto iterator = db_->new_iterator(before, 0);
  ASSERT_TRUE(iterator.ok());
  int count = 0;
  for ((*iterator)->seek_to_first(); (*iterator)->valid(); (*iterator)->next()) count++;
  EXPECT_TRUE((*iterator)->status().ok());
  EXPECT_EQ(kKeys, count) << "a snapshot keeps the tables that it has";
}

// A long merge of old runs has begun when new runs come: they are merged before it ends, and neither loses anything.
TEST_F(RunsTest, newer_runs_are_merged_before_a_long_merge_ends) {
  open("single_threaded=true");
  const ThreadMark mark;
  std::map<std::string, std::string> expected;
  const auto put_run = [&](int run, int first, int count) {
    std::vector<std::pair<std::string, std::string>> entries;
    for (int i = first; i < first + count; i++) entries.emplace_back("key" + std::to_string(i), "of run " + std::to_string(run));
    for (const auto& [key, value] : entries) expected[key] = value;
    put_and_flush(entries);
  };
  for (int run = 0; run < 4; run++) put_run(run, run * 5'000, 20'000);
  ASSERT_EQ(0u, stat("compactions"));
  put("k", "does a slice of the long merge");
  expected["k"] = "does a slice of the long merge";
  ASSERT_EQ(0u, stat("compactions")) << "it has 80,000 entries, and a slice 4,096";
  // Flushes do no merging. The newest hide what the long merge has read already.
  for (int run = 4; run < 8; run++) put_run(run, run * 100, 1'000);
  ASSERT_TRUE(flush().ok());
  const uint64_t run_count = stat("run_count");
  while (stat("compactions") == 0) ASSERT_TRUE(db_->run_jobs(0).ok());
  EXPECT_EQ(run_count - 3, stat("run_count"));
  EXPECT_LT(stat("compaction_read_bytes"), stat("table_bytes") / 4)
      << "the four small ones became one; the four large ones are still there";
  for (;;) {
    const Result<bool> more = db_->run_jobs(1);
    ASSERT_TRUE(more.ok());
    if (!*more) break;
  }
  EXPECT_GE(stat("compactions"), 2u);
  for (int round = 0; round < 2; round++) {
    for (const auto& [key, value] : expected) ASSERT_EQ(value, get(key)) << key;
    reopen("single_threaded=true");
  }
  expect_sound();
}

TEST_F(RunsTest, who_only_reads_has_memory_freed_too) {
  open("table_io=pread,cache_bytes=0");
  write_large_table();
  for (const char* options : {"table_io=pread,cache_bytes=0,single_threaded=true", "table_io=pread,cache_bytes=0"}) {
    reopen(options);
    const uint64_t fresh_bytes = stat("table_memory_bytes");
    for (int i = 0; i < 1000; i++) ASSERT_EQ(std::string(5000, 'v'), get("k" + std::to_string(1000 + i).substr(1)));
    const ThreadMark mark;
    while (stat("table_memory_bytes") > fresh_bytes) {
      const Result<bool> more = db_->run_jobs(1);  // of a database without threads
      ASSERT_TRUE(more.ok() || more.status().is(Code::kMisuse)) << options;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(std::string(5000, 'v'), get("k500"));
  }
}

}  // namespace
}  // namespace firn
