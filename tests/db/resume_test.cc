// firn_resume: a database whose disk was full, or failed, goes on without being opened anew.
#include <atomic>
#include <thread>

#include "db_fixture.h"
#include "full_disk_env.h"

namespace firn {
namespace {

class ResumeTest : public DbTest {
 protected:
  ResumeTest() { env_ = &full_disk_; }
  ~ResumeTest() override {
    heal();  // before the fixture closes
  }
  void heal() {
    full_disk_.disk.fails_syncs = false;
    full_disk_.disk.fails_writes = false;
    full_disk_.disk.room_bytes = INT64_MAX;
  }
  Status resume() {
    const ThreadMark mark;
    return db_->resume();
  }
  Code write_code(std::string_view key, std::string_view value, WriteFlags flags = {}) {
    const auto seq = write(*db_, {put_of(key, value)}, flags);
    return seq.ok() ? Code::kOk : seq.status().code();
  }
  std::vector<EventKind> event_kinds() {
    Event events[256];
    std::vector<EventKind> kinds;
    const size_t count = db_->events(0, events, 256);
    for (size_t i = 0; i < count; i++) kinds.push_back(events[i].kind);
    return kinds;
  }
  bool told(EventKind kind) {
    const auto kinds = event_kinds();
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  }
  void fill(int from, int to) {
    for (int i = from; i < to; i++) put("key" + std::to_string(i), "value" + std::to_string(i));
  }
  void expect_filled(Db& db, int to) {
    for (int i = 0; i < to; i++) EXPECT_EQ(get(db, "key" + std::to_string(i)), "value" + std::to_string(i));
  }
  void expect_filled_after_reopening(int to) {
    expect_filled(*db_, to);
    const std::string killed = copy_as_killed();
    auto copy = open_at(killed);
    ASSERT_TRUE(copy.ok()) << copy.status().message();
    expect_filled(**copy, to);
    ASSERT_TRUE(close_only(**copy).ok());
    reopen();
    expect_filled(*db_, to);
    close();
    EXPECT_TRUE(Db::check(path(), *env_).ok());
    open();
  }

  FullDiskEnv full_disk_;
};

TEST_F(ResumeTest, a_healthy_database_has_nothing_to_resume) {
  open();
  fill(0, 10);
  EXPECT_TRUE(resume().ok());
  EXPECT_FALSE(told(EventKind::kResumed));
  EXPECT_EQ(stat("version"), 10u) << "no number was skipped";
  reopen("read_only=true");
  EXPECT_EQ(resume().code(), Code::kReadOnly);
}

TEST_F(ResumeTest, after_a_failed_sync_everything_visible_becomes_durable_and_writes_go_on) {
  for (const char* options : {"log_io=mmap", "log_io=pwrite", "log_io=mmap,single_threaded=true"}) {
    SCOPED_TRACE(options);
    std::filesystem::remove_all(path());
    open(options);
    fill(0, 1000);
    full_disk_.disk.fails_syncs = true;
    EXPECT_EQ(write_code("key1000", "value1000", {.sync = true}), Code::kIndeterminate);
    EXPECT_EQ(write_code("refused", ""), Code::kReadOnly);
    EXPECT_EQ(get("key1000"), "value1000") << "visible, and indeterminate";
    EXPECT_TRUE(told(EventKind::kError));
    EXPECT_FALSE(resume().ok()) << "the cause is still there";
    EXPECT_EQ(write_code("refused", ""), Code::kReadOnly);
    heal();
    ASSERT_TRUE(resume().ok());
    EXPECT_TRUE(told(EventKind::kResumed));
    EXPECT_EQ(stat("durable_version"), stat("version"));
    EXPECT_GE(stat("version"), (uint64_t{1} << 32) - 1) << "no number is given twice";
    fill(1001, 2000);
    EXPECT_EQ(write_code("key2000", "value2000", {.sync = true}), Code::kOk);
    EXPECT_TRUE(sync().ok());
    EXPECT_EQ(get("refused"), "none");
    expect_filled_after_reopening(2001);
    close();
  }
}

TEST_F(ResumeTest, a_commit_whose_write_failed_stays_invisible_for_ever) {
  open("log_io=pwrite");
  fill(0, 1000);
  full_disk_.disk.fails_writes = true;
  EXPECT_EQ(write_code("half", "way"), Code::kIndeterminate);
  EXPECT_EQ(get("half"), "none");
  heal();
  ASSERT_TRUE(resume().ok());
  EXPECT_EQ(get("half"), "none") << "its entry must not come to light with the numbers that follow";
  const uint64_t before = stat("version");
  full_disk_.disk.fails_writes = true;
  EXPECT_EQ(write_code("half", "way"), Code::kIndeterminate);
  heal();
  ASSERT_TRUE(resume().ok());
  EXPECT_GT(stat("version"), before) << "the number of the commit that failed is not given again";
  fill(1000, 1500);
  EXPECT_EQ(get("half"), "none");
  expect_filled_after_reopening(1500);
  EXPECT_EQ(get("half"), "none");
}

TEST_F(ResumeTest, attempts_to_make_a_segment_on_a_full_disk_leave_no_files) {
  open("memtable_bytes=256KiB,single_threaded=true");
  fill(0, 100);
  const std::vector<std::string> before = names(path() + "/wal");
  full_disk_.disk.room_bytes = 1000;  // for names, not for a segment
  for (int i = 0; i < 3; i++) EXPECT_EQ(Code::kNoSpace, write_code("large", std::string(300'000, 'x')));
  EXPECT_EQ(before, names(path() + "/wal"));
  heal();
  EXPECT_EQ(Code::kOk, write_code("large", std::string(300'000, 'x')));
  expect_filled(*db_, 100);
}

TEST_F(ResumeTest, a_full_disk_refuses_and_resumes_as_often_as_it_happens) {
  open("memtable_bytes=256KiB,log_io=pwrite");
  int written = 0;
  for (int round = 0; round < 3; round++) {
    full_disk_.disk.room_bytes = 1 << 20;
    Code code = Code::kOk;
    while (code == Code::kOk) {
      code = write_code("key" + std::to_string(written), "value" + std::to_string(written));
      if (code == Code::kOk) written++;
    }
    EXPECT_TRUE(code == Code::kNoSpace || code == Code::kIndeterminate || code == Code::kReadOnly) << static_cast<int>(code);
    expect_filled(*db_, written);
    heal();
    ASSERT_TRUE(resume().ok());
    // An indeterminate commit may have survived.
    put("key" + std::to_string(written), "value" + std::to_string(written));
    written++;
  }
  EXPECT_GT(written, 1000);
  expect_filled_after_reopening(written);
}

TEST_F(ResumeTest, killed_at_any_moment_of_a_resumption_nothing_acknowledged_is_lost) {
  open("log_io=pwrite");
  fill(0, 500);
  full_disk_.disk.fails_syncs = true;
  EXPECT_EQ(write_code("key500", "value500", {.sync = true}), Code::kIndeterminate);
  full_disk_.disk.fails_syncs = false;
  int failed_count = 0;
  // A disk with room for a little more each time: what resume() leaves when it fails is what a kill there leaves.
  for (int64_t room = 1;; room = room * 2 + 1) {
    full_disk_.disk.room_bytes = room;
    const Status status = resume();
    full_disk_.disk.room_bytes = INT64_MAX;
    const std::string killed = copy_as_killed();
    auto copy = open_at(killed);
    ASSERT_TRUE(copy.ok()) << room << " " << copy.status().message();
    expect_filled(**copy, 501);
    ASSERT_TRUE(close_only(**copy).ok());
    if (status.ok()) break;
    EXPECT_EQ(status.code(), Code::kNoSpace);
    failed_count++;
  }
  EXPECT_GT(failed_count, 5);
  fill(501, 600);
  expect_filled_after_reopening(600);
}

TEST_F(ResumeTest, readers_and_scans_go_on_through_it) {
  open("log_io=pwrite,memtable_bytes=256KiB");
  fill(0, 2000);
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; t++) {
    readers.emplace_back([&, t] {
      for (int i = t; !stop; i = (i + 7) % 2000) {
        EXPECT_EQ(get("key" + std::to_string(i)), "value" + std::to_string(i));
        EXPECT_EQ(get("half"), "none");
      }
    });
  }
  for (int round = 0; round < 5; round++) {
    full_disk_.disk.fails_writes = true;
    EXPECT_EQ(write_code("half", "way"), Code::kIndeterminate);
    heal();
    Status status;
    do {
      status = resume();  // a flush in the background may have failed with the disk
    } while (!status.ok());
    put("key0", "value0");
  }
  stop = true;
  for (auto& reader : readers) reader.join();
}

TEST_F(ResumeTest, retained_changes_of_before_are_given_up_and_later_ones_kept) {
  open("changes_retention_bytes=64MiB");
  fill(0, 100);
  ASSERT_TRUE(flush().ok());
  full_disk_.disk.fails_syncs = true;
  EXPECT_EQ(write_code("key100", "value100", {.sync = true}), Code::kIndeterminate);
  heal();
  ASSERT_TRUE(resume().ok());
  const ThreadMark mark;
  EXPECT_EQ(db_->changes_bounds().first.value, stat("version") + 1) << "no sync says anything about the segments of before";
  fill(101, 110);
  ASSERT_TRUE(flush().ok());
  uint8_t out[4096];
  size_t needed = 0;
  const auto bytes = db_->changes(db_->changes_bounds().first, false, out, sizeof out, &needed);
  ASSERT_TRUE(bytes.ok());
  EXPECT_GT(*bytes, 9u * 32);
}

}  // namespace
}  // namespace firn
