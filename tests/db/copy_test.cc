// Checkpoints and backups on a disk that fills up or cannot link.
#include "db/backup.h"
#include "db_fixture.h"
#include "full_disk_env.h"

namespace firn {
namespace {

class CopyTest : public DbTest {
 protected:
  CopyTest() { env_ = &full_disk_; }

  std::string copy_path() const { return disk_.path() + "/copy"; }
  std::string backups_path() const { return disk_.path() + "/backups"; }
  Status checkpoint() {
    const ThreadMark mark;
    return db_->checkpoint(copy_path());
  }
  Result<std::unique_ptr<BackupJob>> begin_backup() {
    const ThreadMark mark;
    return db_->begin_backup(backups_path());
  }
  Result<uint64_t> backup() {
    FIRN_TRY_ASSIGN(auto job, begin_backup());
    for (bool more = true; more;) {
      FIRN_TRY_ASSIGN(more, job->step(1 << 16));
    }
    return job->finish();
  }
  // Two runs and a memtable.
  void fill() {
    open();
    for (int i = 0; i < 2000; i++) put("key" + std::to_string(i), std::string(100, 'a'));
    ASSERT_TRUE(flush().ok());
    for (int i = 0; i < 1000; i++) put("key" + std::to_string(i), std::string(100, 'b'));
    ASSERT_TRUE(flush().ok());
    for (int i = 0; i < 500; i++) put("key" + std::to_string(i), std::string(100, 'c'));
  }
  void expect_filled(const std::string& path) {
    ASSERT_TRUE(Db::check(path, *env_).ok());
    auto copy = open_at(path);
    ASSERT_TRUE(copy.ok()) << copy.status().message();
    EXPECT_EQ(get(**copy, "key10"), std::string(100, 'c'));
    EXPECT_EQ(get(**copy, "key700"), std::string(100, 'b'));
    EXPECT_EQ(get(**copy, "key1999"), std::string(100, 'a'));
    EXPECT_EQ(get(**copy, "later"), "none");
    ASSERT_TRUE(close_only(**copy).ok());
  }

  FullDiskEnv full_disk_;
};

TEST_F(CopyTest, a_checkpoint_that_meets_a_full_disk_at_any_place_leaves_nothing_and_disturbs_nothing) {
  fill();
  int failed_count = 0;
  for (int64_t room = 0;; room = room < 64 ? room + 1 : room * 3 / 2) {
    full_disk_.disk.room_bytes = room;
    const Status status = checkpoint();
    full_disk_.disk.room_bytes = INT64_MAX;
    if (status.ok()) break;
    EXPECT_EQ(status.code(), Code::kNoSpace) << room << " " << status.message();
    EXPECT_FALSE(std::filesystem::exists(copy_path())) << room;
    failed_count++;
  }
  EXPECT_GT(failed_count, 10);
  put("later", "value");
  expect_filled(copy_path());
}

TEST_F(CopyTest, where_links_are_not_to_be_had_tables_are_copied) {
  full_disk_.disk.can_link = false;
  fill();
  ASSERT_TRUE(checkpoint().ok());
  for (const std::string& name : names(copy_path() + "/tables")) {
    EXPECT_EQ(std::filesystem::hard_link_count(copy_path() + "/tables/" + name), 1u);
  }
  expect_filled(copy_path());
  ASSERT_TRUE(backup().ok());
  const auto second = backup();
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(verify_backup(*env_, backups_path(), *second).ok());
}

TEST_F(CopyTest, tables_that_were_merged_away_meanwhile_are_copied_from_the_snapshot) {
  fill();
  const ThreadMark mark;
  auto job = begin_backup();
  ASSERT_TRUE(job.ok());
  ASSERT_TRUE((*job)->step(1).ok());
  ASSERT_TRUE(compact().ok());
  for (bool more = true; more;) {
    const auto stepped = (*job)->step(1000);
    ASSERT_TRUE(stepped.ok()) << stepped.status().message();
    more = *stepped;
  }
  const auto id = (*job)->finish();
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(verify_backup(*env_, backups_path(), *id).ok());
}

TEST_F(CopyTest, a_backup_that_meets_a_full_disk_counts_for_nothing_and_the_next_one_succeeds) {
  fill();
  ASSERT_TRUE(backup().ok());
  put("key0", "changed");
  int failed_count = 0;
  for (int64_t room = 0;; room = room < 64 ? room + 1 : room * 3 / 2) {
    full_disk_.disk.room_bytes = room;
    const auto id = backup();
    full_disk_.disk.room_bytes = INT64_MAX;
    const auto list = list_backups(*env_, backups_path());
    ASSERT_TRUE(list.ok());
    if (id.ok()) {
      EXPECT_EQ(list->size(), 2u);
      break;
    }
    EXPECT_EQ(id.status().code(), Code::kNoSpace) << room;
    EXPECT_EQ(list->size(), 1u);
    EXPECT_EQ(names(backups_path()).size(), 2u) << "the first one and the lock";
    failed_count++;
  }
  EXPECT_GT(failed_count, 10);
  EXPECT_TRUE(verify_backup(*env_, backups_path(), 1).ok());
}

TEST_F(CopyTest, a_table_of_a_fork_is_copied_although_its_number_and_length_are_the_same) {
  open();
  put("first", "value");
  ASSERT_TRUE(flush().ok());
  ASSERT_TRUE(checkpoint().ok());
  put("key", "of the database");
  ASSERT_TRUE(flush().ok());
  ASSERT_TRUE(backup().ok());
  close();
  auto fork = open_at(copy_path());
  ASSERT_TRUE(fork.ok());
  db_ = std::move(*fork);
  put("key", "of one its fork");
  ASSERT_TRUE(flush().ok());
  const auto id = backup();
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(2u, *id);
  const auto list = list_backups(*env_, backups_path());
  ASSERT_TRUE(list.ok() && list->size() == 2);
  for (const BackupInfo& each : *list) {
    EXPECT_TRUE(verify_backup(*env_, backups_path(), each.id).ok());
    auto made = open_at(backups_path() + "/" + each.name, "read_only=true");
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(each.id == 1 ? "of the database" : "of one its fork", get(**made, "key"));
  }
}

TEST_F(CopyTest, a_damaged_table_is_not_backed_up) {
  fill();
  const std::string table = path() + "/tables/" + names(path() + "/tables")[0];
  std::string bytes = read_whole(table);
  bytes[bytes.size() / 3] ^= 1;
  write_whole(table, bytes);
  const auto id = backup();
  EXPECT_EQ(id.status().code(), Code::kCorrupt);
  EXPECT_EQ(file_of(id.status()), table);
  EXPECT_TRUE(list_backups(*env_, backups_path())->empty());
  write_whole(table, (bytes[bytes.size() / 3] ^= 1, bytes));
}

TEST_F(CopyTest, a_checkpoint_says_so_until_it_is_whole) {
  fill();
  ASSERT_TRUE(checkpoint().ok());
  write_whole(copy_path() + "/INCOMPLETE", "");
  for (const char* options : {"", "read_only=true"}) {
    EXPECT_EQ(open_at(copy_path(), options).status().code(), Code::kNotADatabase);
  }
  EXPECT_EQ(Db::check(copy_path(), *env_).code(), Code::kNotADatabase);
}

}  // namespace
}  // namespace firn
