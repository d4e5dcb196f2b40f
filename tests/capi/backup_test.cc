// Checkpoint, backup and restore as users call them: under load, killed in the middle, by several, misused.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "capi_fixture.h"
#include "env/environment.h"

namespace firn_test {
namespace {

class BackupTest : public testing::Test {
 protected:
  static std::string number(uint64_t i) {
    std::string text = std::to_string(i);
    return std::string(8 - text.size(), '0') + text;
  }
  // Commit i puts number(i), and i as the last one: so every state is the numbers from 1 to the last, and nothing else.
  static bool write_next(firn_db* db, uint64_t i) {
    std::string batch;
    append_operation(&batch, FIRN_OP_PUT, 0, number(i), std::string(50 + i % 100, 'v'));
    append_operation(&batch, FIRN_OP_PUT, 0, "last", number(i));
    return firn_write(db, bytes(batch), batch.size(), 0) > 0;
  }
  // The last number of a state that is whole.
  static uint64_t last_of(firn_db* db) {
    char last[9] = {};
    if (firn_get(db, 0, bytes("last"), 4, reinterpret_cast<uint8_t*>(last), 8) != 8) return 0;
    const uint64_t count = std::strtoull(last, nullptr, 10);
    firn_iter* iter = firn_scan(db, nullptr, nullptr, nullptr);
    firn_kv kv[64];
    uint64_t seen = 0;
    for (int64_t n; (n = firn_iter_entries(iter, kv, 64)) > 0;) {
      for (int64_t i = 0; i < n; i++) {
        const std::string key(reinterpret_cast<const char*>(kv[i].key), kv[i].key_len);
        if (key == "last") continue;
        seen++;
        EXPECT_EQ(key, number(seen));
        EXPECT_EQ(kv[i].val_len, 50 + seen % 100);
      }
    }
    firn_iter_close(iter);
    EXPECT_EQ(seen, count);
    return count;
  }
  static uint64_t last_of(const std::string& path) {
    firn_error error = FIRN_ERROR_INIT;
    EXPECT_EQ(firn_check(path.c_str(), &error), FIRN_OK) << error.file << " " << error.message;
    firn_db* db = firn_open(path.c_str(), nullptr, &error);
    EXPECT_NE(db, nullptr) << error.message;
    if (db == nullptr) return 0;
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    EXPECT_EQ(firn_recovery(db, &info), FIRN_OK);
    EXPECT_EQ(info.clean, 1);
    const uint64_t last = last_of(db);
    EXPECT_TRUE(write_next(db, last + 1)) << "it takes writes";
    EXPECT_EQ(firn_close(db), FIRN_OK);
    return last;
  }
  firn_db* open(const char* options = "memtable_bytes=1MiB") {
    firn_options* parsed = firn_options_new();
    EXPECT_EQ(firn_options_parse(parsed, options), FIRN_OK);
    firn_error error = FIRN_ERROR_INIT;
    firn_db* db = firn_open(path("db").c_str(), parsed, &error);
    EXPECT_NE(db, nullptr) << error.message;
    firn_options_free(parsed);
    return db;
  }
  std::string path(const std::string& name) const { return disk_.path() + "/" + name; }
  int64_t run(firn_backup* backup, uint64_t max_bytes = 0) {
    EXPECT_NE(backup, nullptr);
    int32_t more = 1;
    while (more == 1) more = firn_backup_step(backup, max_bytes, &progress_);
    EXPECT_EQ(more, 0);
    return firn_backup_finish(backup, nullptr);
  }
  int64_t back_up(firn_db* db, uint64_t max_bytes = 0) { return run(firn_backup_begin(db, path("backups").c_str(), nullptr), max_bytes); }
  uint64_t restored_last(uint64_t id) {
    const std::string to = path("restored");
    std::filesystem::remove_all(to);
    EXPECT_EQ(run(firn_restore_begin(path("backups").c_str(), id, to.c_str(), nullptr)), static_cast<int64_t>(id));
    return last_of(to);
  }
  struct Listed {
    uint64_t id;
    int64_t time_ms;
    uint64_t version, bytes, tables;
  };
  std::vector<Listed> list() {
    std::vector<Listed> listed(32);
    const int64_t bytes =
        firn_backup_list(path("backups").c_str(), reinterpret_cast<uint8_t*>(listed.data()), listed.size() * sizeof(Listed), nullptr);
    EXPECT_GE(bytes, 0);
    listed.resize(static_cast<size_t>(bytes) / sizeof(Listed));
    return listed;
  }

  firn::TemporaryDirectory disk_;
  firn_backup_progress progress_ = FIRN_BACKUP_PROGRESS_INIT;
};

TEST_F(BackupTest, checkpoints_and_backups_under_load_are_states_that_there_were) {
  firn_db* db = open();
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t i = 1; !stop && i < 5'000'000; i++) {
      ASSERT_TRUE(write_next(db, i));
      acknowledged = i;
    }
  });
  while (acknowledged < 2000) std::this_thread::yield();
  std::vector<std::pair<uint64_t, uint64_t>> bounds;
  for (int i = 0; i < 4; i++) {
    const uint64_t before = acknowledged;
    ASSERT_EQ(firn_checkpoint(db, path("checkpoint" + std::to_string(i)).c_str(), nullptr), FIRN_OK);
    bounds.emplace_back(before, acknowledged + 1);
  }
  std::vector<std::pair<uint64_t, uint64_t>> backup_bounds;
  for (int i = 0; i < 3; i++) {
    const uint64_t before = acknowledged;
    firn_backup* backup = firn_backup_begin(db, path("backups").c_str(), nullptr);
    backup_bounds.emplace_back(before, acknowledged + 1);
    EXPECT_EQ(run(backup, 100'000), i + 1);
  }
  stop = true;
  writer.join();
  ASSERT_EQ(firn_close(db), FIRN_OK);
  for (size_t i = 0; i < bounds.size(); i++) {
    const uint64_t last = last_of(path("checkpoint" + std::to_string(i)));
    EXPECT_GE(last, bounds[i].first);
    EXPECT_LE(last, bounds[i].second);
  }
  for (size_t i = 0; i < backup_bounds.size(); i++) {
    EXPECT_EQ(firn_backup_verify(path("backups").c_str(), i + 1, nullptr), FIRN_OK);
    const uint64_t last = restored_last(i + 1);
    EXPECT_GE(last, backup_bounds[i].first);
    EXPECT_LE(last, backup_bounds[i].second);
  }
}

TEST_F(BackupTest, a_checkpoint_killed_in_the_middle_is_refused_or_whole) {
  constexpr int kRoundCount = 25;
  {
    firn_db* db = open();
    for (uint64_t i = 1; i <= 3000; i++) ASSERT_TRUE(write_next(db, i));
    ASSERT_EQ(firn_close(db), FIRN_OK);
  }
  int refused_count = 0, whole_count = 0, absent_count = 0;
  std::mt19937 random(7);
  for (int round = 0; round < kRoundCount; round++) {
    const std::string to = path("checkpoint");
    std::filesystem::remove_all(to);
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      firn_db* db = firn_open(path("db").c_str(), nullptr, nullptr);
      (void)!::write(ready[1], "x", 1);
      if (db != nullptr) (void)firn_checkpoint(db, to.c_str(), nullptr);
      ::pause();
      ::_exit(0);
    }
    char byte;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ::usleep(static_cast<useconds_t>(random() % 150'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(ready[0]);
    ::close(ready[1]);
    if (!std::filesystem::exists(to)) {
      absent_count++;
    } else if (std::filesystem::is_empty(to)) {
      absent_count++;  // its name alone
    } else if (const int32_t code = firn_check(to.c_str(), nullptr); code == FIRN_OK) {
      whole_count++;
      EXPECT_EQ(last_of(to), 3000u);
    } else {
      refused_count++;
      EXPECT_EQ(code, FIRN_NOT_A_DATABASE);
      EXPECT_EQ(firn_open(to.c_str(), nullptr, nullptr), nullptr);
    }
  }
  EXPECT_EQ(last_of(path("db")), 3000u) << "the source is none the worse: nothing was written to it";
  std::printf("%d absent, %d refused, %d whole\n", absent_count, refused_count, whole_count);
}

TEST_F(BackupTest, a_backup_killed_in_the_middle_does_not_count_and_is_cleared_away_by_the_next) {
  {
    firn_db* db = open();
    for (uint64_t i = 1; i <= 3000; i++) ASSERT_TRUE(write_next(db, i));
    ASSERT_EQ(back_up(db), 1);
    for (uint64_t i = 3001; i <= 6000; i++)
      ASSERT_TRUE(write_next(db, i));  // there is something to copy that the first backup does not have
    ASSERT_EQ(firn_compact(db), FIRN_OK);
    ASSERT_EQ(firn_close(db), FIRN_OK);
  }
  const int code = firn::in_child([this] {
    firn_db* db = firn_open(path("db").c_str(), nullptr, nullptr);
    firn_backup* backup = firn_backup_begin(db, path("backups").c_str(), nullptr);
    if (firn_backup_step(backup, 1000, nullptr) != 1) return 1;
    ::kill(::getpid(), SIGKILL);
    return 2;
  });
  ASSERT_EQ(code, 1000 + SIGKILL);
  EXPECT_EQ(list().size(), 1u);
  EXPECT_EQ(restored_last(1), 3000u);
  firn_db* db = open();
  EXPECT_EQ(back_up(db), 3) << "the number of the one that was cut short is not given again";
  ASSERT_EQ(firn_close(db), FIRN_OK);
  EXPECT_EQ(list().size(), 2u);
  EXPECT_EQ(restored_last(3), 6000u);
  size_t directory_count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path("backups"))) directory_count += entry.is_directory() ? 1 : 0;
  EXPECT_EQ(directory_count, 2u);
}

TEST_F(BackupTest, a_checkpoint_links_tables_and_shares_no_fate) {
  firn_db* db = open();
  for (uint64_t i = 1; i <= 1000; i++) ASSERT_TRUE(write_next(db, i));
  ASSERT_EQ(firn_flush(db), FIRN_OK);
  ASSERT_EQ(firn_checkpoint(db, path("one").c_str(), nullptr), FIRN_OK);
  for (const auto& table : std::filesystem::directory_iterator(path("one/tables"))) EXPECT_EQ(std::filesystem::hard_link_count(table), 2u);
  for (uint64_t i = 1001; i <= 2000; i++) ASSERT_TRUE(write_next(db, i));
  ASSERT_EQ(firn_compact(db), FIRN_OK);
  std::filesystem::remove_all(path("gone"));
  EXPECT_EQ(last_of(path("one")), 1000u);
  EXPECT_EQ(last_of(db), 2000u);
  ASSERT_EQ(firn_checkpoint(db, (path("two") + "/").c_str(), nullptr), FIRN_OK) << "a slash at the end is none of the name";
  EXPECT_EQ(last_of(path("two")), 2000u);
  ASSERT_EQ(firn_close(db), FIRN_OK);
}

TEST_F(BackupTest, memory_databases_and_read_only_openings_have_checkpoints_too) {
  firn_db* db = firn_open(":memory:", nullptr, nullptr);
  for (uint64_t i = 1; i <= 500; i++) ASSERT_TRUE(write_next(db, i));
  ASSERT_EQ(firn_flush(db), FIRN_OK);
  for (uint64_t i = 501; i <= 700; i++) ASSERT_TRUE(write_next(db, i));
  const int64_t ns = firn_ns_open(db, bytes("other"), 5, 0);
  ASSERT_GT(ns, 0);
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  opts.ttl_ms = 1'000'000;
  ASSERT_GT(firn_put_ex(db, static_cast<uint32_t>(ns), bytes("key"), 3, bytes("value"), 5, &opts), 0);
  ASSERT_EQ(firn_checkpoint(db, path("db").c_str(), nullptr), FIRN_OK);
  ASSERT_EQ(firn_close(db), FIRN_OK);

  firn_db* reader = open("read_only=true");
  ASSERT_EQ(firn_checkpoint(reader, path("again").c_str(), nullptr), FIRN_OK);
  ASSERT_EQ(firn_close(reader), FIRN_OK);
  EXPECT_EQ(last_of(path("again")), 700u);
  firn_db* again = firn_open(path("again").c_str(), nullptr, nullptr);
  const int64_t found = firn_ns_open(again, bytes("other"), 5, FIRN_NS_EXISTING);
  ASSERT_EQ(found, ns);
  EXPECT_GT(firn_ttl(again, static_cast<uint32_t>(found), bytes("key"), 3), 900'000);
  ASSERT_EQ(firn_close(again), FIRN_OK);
}

TEST_F(BackupTest, the_second_backup_costs_what_is_new) {
  firn_db* db = open();
  for (uint64_t i = 1; i <= 20'000; i++) ASSERT_TRUE(write_next(db, i));
  ASSERT_EQ(firn_compact(db), FIRN_OK);
  EXPECT_EQ(back_up(db, 50'000), 1);
  EXPECT_EQ(progress_.bytes_linked, 0u);
  EXPECT_EQ(progress_.bytes_done, progress_.bytes_total);
  EXPECT_EQ(progress_.tables_done, progress_.tables_total);
  for (uint64_t i = 20'001; i <= 20'100; i++) ASSERT_TRUE(write_next(db, i));
  EXPECT_EQ(back_up(db), 2);
  EXPECT_GT(progress_.bytes_linked, progress_.bytes_total * 9 / 10);
  EXPECT_EQ(progress_.version, 20'100u);

  const auto backups = list();
  ASSERT_EQ(backups.size(), 2u);
  EXPECT_EQ(backups[0].id, 1u);
  EXPECT_EQ(backups[0].version, 20'000u);
  EXPECT_EQ(backups[1].version, 20'100u);
  EXPECT_GT(backups[1].bytes, backups[0].bytes);
  EXPECT_GT(backups[1].tables, backups[0].tables);
  EXPECT_GT(backups[0].time_ms, 1'600'000'000'000);

  ASSERT_EQ(firn_backup_delete(path("backups").c_str(), 1, nullptr), FIRN_OK);
  EXPECT_EQ(firn_backup_delete(path("backups").c_str(), 1, nullptr), FIRN_NOT_FOUND);
  EXPECT_EQ(list().size(), 1u);
  EXPECT_EQ(firn_backup_verify(path("backups").c_str(), 2, nullptr), FIRN_OK);
  EXPECT_EQ(restored_last(2), 20'100u);
  ASSERT_EQ(firn_close(db), FIRN_OK);
}

TEST_F(BackupTest, a_fork_of_the_database_is_not_taken_for_it) {
  firn_db* db = open();
  for (uint64_t i = 1; i <= 100; i++) ASSERT_TRUE(write_next(db, i));
  ASSERT_EQ(firn_checkpoint(db, path("fork").c_str(), nullptr), FIRN_OK);
  for (uint64_t i = 101; i <= 150; i++) ASSERT_TRUE(write_next(db, i));
  ASSERT_EQ(firn_flush(db), FIRN_OK);
  EXPECT_EQ(back_up(db), 1);
  ASSERT_EQ(firn_close(db), FIRN_OK);
  // Same identity, tables with the same numbers, other content.
  firn_db* fork = firn_open(path("fork").c_str(), nullptr, nullptr);
  for (uint64_t i = 101; i <= 170; i++) ASSERT_TRUE(write_next(fork, i));
  ASSERT_EQ(firn_flush(fork), FIRN_OK);
  EXPECT_EQ(back_up(fork), 2);
  ASSERT_EQ(firn_close(fork), FIRN_OK);
  EXPECT_EQ(restored_last(1), 150u);
  EXPECT_EQ(restored_last(2), 170u);
}

TEST_F(BackupTest, a_backup_can_be_cancelled_and_ends_with_its_database) {
  firn_db* db = open();
  for (uint64_t i = 1; i <= 3000; i++) ASSERT_TRUE(write_next(db, i));
  ASSERT_EQ(firn_flush(db), FIRN_OK);
  firn_backup* backup = firn_backup_begin(db, path("backups").c_str(), nullptr);
  EXPECT_EQ(firn_backup_step(backup, 1, &progress_), 1);
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(firn_backup_begin(db, path("backups").c_str(), &error), nullptr);
  EXPECT_EQ(error.code, FIRN_LOCKED);
  EXPECT_EQ(firn_backup_finish(backup, &error), FIRN_CANCELLED);
  EXPECT_EQ(error.code, FIRN_CANCELLED);
  EXPECT_EQ(firn_backup_finish(backup, nullptr), FIRN_CLOSED);
  EXPECT_EQ(firn_backup_step(backup, 1, nullptr), FIRN_CLOSED);
  EXPECT_TRUE(list().empty());

  backup = firn_backup_begin(db, path("backups").c_str(), nullptr);
  ASSERT_EQ(firn_close(db), FIRN_OK);
  EXPECT_EQ(firn_backup_step(backup, 0, nullptr), FIRN_CLOSED);
  EXPECT_EQ(firn_backup_finish(backup, nullptr), FIRN_CLOSED) << "after an error: the error";
  EXPECT_TRUE(list().empty());
}

TEST_F(BackupTest, places_that_are_taken_or_missing_are_refused_and_nothing_is_touched) {
  firn_db* db = open();
  ASSERT_TRUE(write_next(db, 1));
  const auto checkpoint_code = [&](const std::string& to) { return firn_checkpoint(db, to.c_str(), nullptr); };
  std::filesystem::create_directory(path("there"));
  EXPECT_EQ(checkpoint_code(path("there")), FIRN_EXISTS);
  EXPECT_EQ(checkpoint_code(path("db")), FIRN_EXISTS);
  EXPECT_EQ(checkpoint_code(path("no/where")), FIRN_NOT_FOUND);
  EXPECT_EQ(checkpoint_code(""), FIRN_INVALID);
  EXPECT_EQ(checkpoint_code("/"), FIRN_INVALID);
  EXPECT_EQ(checkpoint_code(path("there/..")), FIRN_INVALID);
  EXPECT_EQ(firn_checkpoint(db, nullptr, nullptr), FIRN_INVALID);
  EXPECT_TRUE(std::filesystem::is_empty(path("there")));

  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(firn_backup_begin(db, path("db").c_str(), &error), nullptr);
  EXPECT_EQ(error.code, FIRN_NOT_A_DATABASE);
  EXPECT_EQ(firn_backup_begin(db, path("no/where").c_str(), &error), nullptr);
  EXPECT_EQ(error.code, FIRN_NOT_FOUND);
  EXPECT_EQ(firn_backup_begin(db, nullptr, &error), nullptr);
  EXPECT_EQ(error.code, FIRN_INVALID);
  EXPECT_EQ(firn_backup_list(path("no").c_str(), nullptr, 0, nullptr), FIRN_NOT_FOUND);
  EXPECT_EQ(firn_backup_list(path("db").c_str(), nullptr, 0, nullptr), FIRN_NOT_A_DATABASE);
  EXPECT_EQ(firn_backup_list(path("there").c_str(), nullptr, 0, nullptr), 0);
  EXPECT_EQ(firn_backup_verify(path("there").c_str(), 1, nullptr), FIRN_NOT_FOUND);
  EXPECT_EQ(back_up(db), 1);
  EXPECT_EQ(firn_restore_begin(path("backups").c_str(), 2, path("x").c_str(), &error), nullptr);
  EXPECT_EQ(error.code, FIRN_NOT_FOUND);
  EXPECT_EQ(firn_restore_begin(path("backups").c_str(), 1, path("there").c_str(), &error), nullptr);
  EXPECT_EQ(error.code, FIRN_EXISTS);
  EXPECT_EQ(firn_restore_begin(nullptr, 1, path("x").c_str(), &error), nullptr);
  EXPECT_EQ(error.code, FIRN_INVALID);
  ASSERT_EQ(firn_close(db), FIRN_OK);
}

TEST_F(BackupTest, a_damaged_backup_is_not_restored) {
  firn_db* db = open();
  for (uint64_t i = 1; i <= 1000; i++) ASSERT_TRUE(write_next(db, i));
  EXPECT_EQ(back_up(db), 1);
  ASSERT_EQ(firn_close(db), FIRN_OK);
  for (const auto& file : std::filesystem::recursive_directory_iterator(path("backups"))) {
    if (file.path().extension() != ".tbl") continue;
    std::FILE* table = std::fopen(file.path().c_str(), "r+b");
    std::fseek(table, 5000, SEEK_SET);
    std::fputc('!', table);
    std::fclose(table);
  }
  EXPECT_EQ(firn_backup_verify(path("backups").c_str(), 1, nullptr), FIRN_CORRUPT);
  firn_backup* restore = firn_restore_begin(path("backups").c_str(), 1, path("restored").c_str(), nullptr);
  ASSERT_NE(restore, nullptr);
  EXPECT_EQ(firn_backup_step(restore, 0, nullptr), FIRN_CORRUPT);
  EXPECT_EQ(firn_backup_step(restore, 0, nullptr), FIRN_CORRUPT) << "sticky";
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(firn_backup_finish(restore, &error), FIRN_CORRUPT);
  EXPECT_NE(std::string(error.file).find(".tbl"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path("restored")));
}

}  // namespace
}  // namespace firn_test
