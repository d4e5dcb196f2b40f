// Flushes and merges that scans have paid for: they come, they come once, nothing else brings them, and readers and writers see nothing of them.
#include <chrono>
#include <random>
#include <thread>

#include "db/transaction.h"
#include "db_fixture.h"
#include "full_disk_env.h"

namespace firn {
namespace {

constexpr int kKeyCount = 20'000;  // a flush of so many is paid for by 11,500 seeks

std::string key_of(int i) { return "key" + std::to_string(1'000'000 + i); }

class ScanTriggerTest : public DbTest {
 protected:
  // Gives every key this value, in one commit: they are in one memtable, which follows the one before.
  void put_all(const std::string& value) {
    std::vector<std::string> keys;
    for (int i = 0; i < kKeyCount; i++) keys.push_back(key_of(i));
    std::vector<Operation> operations;
    for (const std::string& key : keys) operations.push_back(put_of(key, value));
    ASSERT_TRUE(write(*db_, operations).ok());
    if (is_single_threaded_) {
      EXPECT_FALSE(run_jobs());
    }
    flushes_before_ = stat("flushes");
  }
  uint64_t flushes() { return stat("flushes") - flushes_before_; }  // since put_all()
  // Short scans from keys of the test's; says whether all of them began where they should.
  bool scan(int count) {
    const ThreadMark mark;
    bool is_right = true;
    for (int i = 0; i < count; i++) {
      const std::string key = key_of(static_cast<int>(random_() % kKeyCount));
      const Snapshot snapshot = db_->snapshot();
      auto iterator = db_->new_iterator(snapshot, 0);
      if (!iterator.ok()) return false;
      const Prefix prefix = *db_->prefix_of(snapshot, 0);
      (*iterator)->seek({prefix, Slice(std::string_view(key))});
      is_right = is_right && (*iterator)->valid() && (*iterator)->entry().key.user.to_string() == key;
    }
    return is_right;
  }
  // A whole scan; returns the number of entries, all with this value.
  int count_entries(const std::string& value) {
    const ThreadMark mark;
    const Snapshot snapshot = db_->snapshot();
    auto iterator = db_->new_iterator(snapshot, 0);
    if (!iterator.ok()) return -1;
    (*iterator)->seek_to_first();
    int count = 0;
    std::vector<Entry> entries(100);
    if ((*iterator)->valid() && (*iterator)->entry().value.to_string() == value) count++;
    while ((*iterator)->valid()) {
      const size_t got = (*iterator)->advance(entries.data(), entries.size());
      for (size_t i = 0; i < got; i++) count += entries[i].value.to_string() == value ? 1 : 0;
    }
    return (*iterator)->status().ok() ? count : -1;
  }
  bool run_jobs() {
    const ThreadMark mark;
    const auto more = db_->run_jobs(60'000);
    EXPECT_TRUE(more.ok()) << more.status().message();
    return more.ok() && *more;
  }
  std::mt19937 random_{1};
  bool is_single_threaded_ = true;
  uint64_t flushes_before_ = 0;
};

TEST_F(ScanTriggerTest, scans_that_have_paid_for_it_have_the_memtable_flushed_and_the_runs_merged) {
  open("single_threaded=true");
  put_all("first");
  EXPECT_TRUE(scan(9'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(0u, flushes()) << "not paid yet";
  EXPECT_TRUE(scan(4'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, flushes());
  EXPECT_EQ(1u, stat("run_count"));
  EXPECT_TRUE(scan(100'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, flushes()) << "there is nothing to flush";
  EXPECT_EQ(0u, stat("compactions")) << "one run";

  put_all("second");
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(0u, flushes()) << "what scans paid before this memtable does not count";
  EXPECT_TRUE(scan(13'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, flushes());
  EXPECT_EQ(2u, stat("run_count")) << "a merge costs more";
  EXPECT_TRUE(scan(30'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, stat("compactions"));
  EXPECT_EQ(1u, stat("run_count"));
  EXPECT_EQ(kKeyCount, count_entries("second"));
  reopen("single_threaded=true");
  EXPECT_EQ(kKeyCount, count_entries("second"));
}

TEST_F(ScanTriggerTest, what_has_paid_for_one_merge_does_not_pay_for_the_next) {
  open("single_threaded=true");
  put_all(std::string(1000, 'l'));  // a merge with this one is paid for by some 55,000 seeks, of the two others by 18,000
  ASSERT_TRUE(flush().ok());
  for (const char* value : {"first", "second"}) {
    put_all(value);
    ASSERT_TRUE(flush().ok());
  }
  EXPECT_EQ(3u, stat("run_count"));
  EXPECT_TRUE(scan(24'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(2u, stat("run_count"));
  EXPECT_TRUE(scan(40'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(2u, stat("run_count"));
  EXPECT_TRUE(scan(30'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, stat("run_count"));
  EXPECT_EQ(kKeyCount, count_entries("second"));
}

// Six runs: two that a merge has begun for, and four that are due.
TEST_F(ScanTriggerTest, a_merge_for_scans_gives_way_to_one_that_is_due) {
  open("single_threaded=true");
  for (const char* value : {"first", "second"}) {
    put_all(value);
    ASSERT_TRUE(flush().ok());
  }
  EXPECT_TRUE(scan(40'000));
  {
    const ThreadMark mark;
    const auto more = db_->run_jobs(0);
    ASSERT_TRUE(more.ok() && *more) << "a slice of ten";
  }
  for (int i = 0; i < 4; i++) {
    put(key_of(i), "second");
    ASSERT_TRUE(flush().ok());
  }
  EXPECT_EQ(6u, stat("run_count"));
  EXPECT_EQ(0u, stat("compactions"));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, stat("compactions"));
  EXPECT_EQ(3u, stat("run_count")) << "the four, and nothing is paid any more";
  EXPECT_TRUE(scan(40'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, stat("run_count"));
  EXPECT_EQ(kKeyCount, count_entries("second"));
  close();
  EXPECT_TRUE(Db::check(path()).ok());
}

// Nobody waits for such a merge, so that it failed is an event and no error; and it is not tried for ever.
TEST_F(ScanTriggerTest, a_merge_that_a_full_disk_has_no_room_for_is_tried_once) {
  FullDiskEnv env;
  DbOptions options;
  options.single_threaded = true;
  auto opened = Db::open(path(), options, env);
  ASSERT_TRUE(opened.ok());
  db_ = std::move(*opened);
  put_all("first");
  ASSERT_TRUE(flush().ok());
  put_all("second");
  ASSERT_TRUE(flush().ok());
  EXPECT_EQ(2u, stat("run_count"));
  EXPECT_TRUE(scan(30'000));
  env.disk.room_bytes = 0;
  const uint64_t event_count = stat("events");
  EXPECT_FALSE(run_jobs());
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(event_count + 1, stat("events"));
  {
    const ThreadMark mark;
    EXPECT_TRUE(db_->background_error().ok());
  }
  EXPECT_EQ(2u, stat("run_count"));
  env.disk.room_bytes = INT64_MAX;
  EXPECT_TRUE(scan(30'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, stat("run_count"));
  EXPECT_EQ(kKeyCount, count_entries("second"));
  close();
}

TEST_F(ScanTriggerTest, a_read_only_opening_has_no_jobs) {
  open("single_threaded=true");
  for (const char* value : {"first", "second"}) {
    put_all(value);
    ASSERT_TRUE(flush().ok());
  }
  put("later", "second");
  const std::string copy = copy_as_killed();
  auto opened = open_at(copy, "read_only=true,single_threaded=true,durability=interval:1ms");
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  std::swap(db_, *opened);
  EXPECT_TRUE(scan(40'000));
  EXPECT_EQ(Code::kReadOnly, write(*db_, {put_of("a", "1")}).status().code());
  {
    const ThreadMark mark;
    const auto transaction = db_->begin({});
    EXPECT_TRUE(db_->commit(*transaction, {}).ok());
  }
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(2u, stat("run_count"));
  EXPECT_EQ("second", get("later"));
  std::swap(db_, *opened);
  EXPECT_TRUE(close_only(**opened).ok());
}

TEST_F(ScanTriggerTest, whole_scans_pay_by_their_entries) {
  open("single_threaded=true");
  put_all("first");
  // 8 ms is what 6 scans of 20,000 entries have paid, 70 ns each.
  for (int i = 0; i < 4; i++) EXPECT_EQ(kKeyCount, count_entries("first"));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(0u, flushes());
  for (int i = 0; i < 4; i++) EXPECT_EQ(kKeyCount, count_entries("first"));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, flushes());
}

// A queue: what is at its head was deleted, and every look passes over it.
TEST_F(ScanTriggerTest, scans_that_pass_over_deleted_keys_have_them_dropped) {
  open("single_threaded=true");
  put_all("first");
  ASSERT_TRUE(flush().ok());
  std::vector<std::string> keys;
  for (int i = 0; i + 10 < kKeyCount; i++) keys.push_back(key_of(i));
  std::vector<Operation> operations;
  for (const std::string& key : keys) {
    operations.push_back(put_of(key, ""));
    operations.back().kind = EntryKind::kDelete;
  }
  ASSERT_TRUE(write(*db_, operations).ok());
  ASSERT_TRUE(flush().ok());
  EXPECT_EQ(2u, stat("run_count"));
  // A merge of the two takes 9.5 ms, each look at the first key passes over 19,990, 35 ns each.
  for (int i = 0; i < 10; i++) EXPECT_EQ(10, count_entries("first"));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(2u, stat("run_count")) << "not paid yet";
  for (int i = 0; i < 10; i++) EXPECT_EQ(10, count_entries("first"));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, stat("run_count"));
  EXPECT_EQ(10u, stat("table_entries"));
  EXPECT_EQ(10, count_entries("first"));
  for (int i = 0; i < 100; i++) EXPECT_EQ(10, count_entries("first"));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, stat("compactions")) << "there is nothing left to drop";
}

TEST_F(ScanTriggerTest, gets_and_scans_of_a_small_memtable_ask_for_nothing) {
  open("single_threaded=true");
  for (int i = 0; i < 1000; i++) put(key_of(i), "first");
  for (int i = 0; i < 100'000; i++) ASSERT_EQ("first", get(key_of(i % 1000)));
  {
    const ThreadMark mark;
    const Snapshot snapshot = db_->snapshot();
    auto iterator = db_->new_iterator(snapshot, 0);
    for (int i = 0; i < 100'000; i++) (*iterator)->seek_to_first();
  }
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(0u, stat("flushes"));
}

TEST_F(ScanTriggerTest, a_session_that_only_reads_has_its_runs_merged) {
  open("single_threaded=true");
  put_all("first");
  ASSERT_TRUE(flush().ok());
  put_all("second");
  ASSERT_TRUE(flush().ok());
  EXPECT_EQ(2u, stat("run_count"));
  reopen("single_threaded=true");
  EXPECT_TRUE(scan(30'000));
  EXPECT_FALSE(run_jobs());
  EXPECT_EQ(1u, stat("run_count"));
  EXPECT_EQ(kKeyCount, count_entries("second"));
}

// Memtables are sealed by a worker between the commits of a writer, under scans that have to see every key.
TEST_F(ScanTriggerTest, nobody_notices_beside_a_writer) {
  is_single_threaded_ = false;
  open();
  put_all("first");
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    std::mt19937 random(2);
    while (!is_over) {
      EXPECT_TRUE(write(*db_, {put_of(key_of(static_cast<int>(random() % kKeyCount)), "first")}).ok());
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  const auto scan_until = [&](const auto& done) {
    while (!done() && std::chrono::steady_clock::now() < end) {
      EXPECT_TRUE(scan(1000));
      EXPECT_EQ(kKeyCount, count_entries("first"));
    }
    EXPECT_TRUE(done());
  };
  scan_until([&] { return stat("run_count") == 1; });
  put_all("first");
  scan_until([&] { return flushes() > 0; });
  scan_until([&] { return stat("compactions") > 0 && stat("run_count") == 1; });
  is_over = true;
  writer.join();
  close();
  const Status sound = Db::check(path());
  EXPECT_TRUE(sound.ok()) << sound.message();
  open();
  EXPECT_EQ(kKeyCount, count_entries("first"));
}

}  // namespace
}  // namespace firn
