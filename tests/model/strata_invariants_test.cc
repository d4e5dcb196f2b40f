// The 24 invariants of strata, one of the earlier systems, by their numbers: M1 about the log and recovery, M2 about transactions. Where Firn promises more than
// strata did (M2.12, M2.13, M2.16), the test is about Firn's promise.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "capi/txn_fixture.h"
#include "env/killed_copy.h"

namespace {

namespace fs = std::filesystem;
using namespace firn_test;

firn_db* open_at(const fs::path& path) {
  firn_error error = FIRN_ERROR_INIT;
  firn_db* const db = firn_open(path.c_str(), nullptr, &error);
  EXPECT_NE(nullptr, db) << error.message << " " << error.file;
  return db;
}

int32_t erase(firn_db* db, std::string_view key) { return firn_delete(db, 0, bytes(key), key.size()); }

int64_t put_if(firn_db* db, std::string_view key, std::string_view value, uint32_t flags, uint64_t version = 0) {
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  opts.flags = flags;
  opts.if_version = version;
  return firn_put_ex(db, 0, bytes(key), key.size(), bytes(value), value.size(), &opts);
}

// Every key with its value and version.
std::string dump(firn_db* db) {
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  opts.flags = FIRN_SCAN_ENTRIES;
  firn_iter* const iter = firn_scan(db, nullptr, &opts, nullptr);
  std::string all, chunk(1 << 16, '\0');
  for (int64_t length; (length = firn_iter_chunk(iter, reinterpret_cast<uint8_t*>(chunk.data()), chunk.size())) > 0;) {
    all.append(chunk, 0, static_cast<size_t>(length));
  }
  firn_iter_close(iter);
  return all;
}

class StrataLogInvariants : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("firn-strata-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    path_ = folder_ / "db";
  }
  void TearDown() override { fs::remove_all(folder_); }

  // `body` with the database open, in a process that is then killed.
  void run_and_kill(const std::function<void(firn_db*)>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(120);
      body(open_at(path_));
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(child, ::waitpid(child, &status, 0));
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }
  std::string state() { return state(path_); }
  static std::string state(const fs::path& path) {
    firn_db* const db = open_at(path);
    std::string all = dump(db);
    EXPECT_EQ(FIRN_OK, firn_close(db));
    return all;
  }
  // Puts, deletes, counters and a batch; every call a commit.
  static void work(firn_db* db, int count) {
    for (int i = 0; i < count; i++) {
      const std::string key = "key" + std::to_string(i % 50);
      if (i % 7 == 3)
        EXPECT_EQ(FIRN_OK, erase(db, key));
      else if (i % 7 == 5)
        EXPECT_EQ(FIRN_OK, firn_add(db, 0, bytes("counter"), 7, i).status);
      else
        EXPECT_EQ(FIRN_OK, put(db, key, "value" + std::to_string(i)));
    }
  }
  std::vector<std::string> log_bytes() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path_ / "wal")) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::string file{std::istreambuf_iterator<char>(in), {}};
      file.resize(file.find_last_not_of('\0') + 1);
      files.push_back(std::move(file));
    }
    return files;
  }

  fs::path folder_;
  fs::path path_;
};

TEST_F(StrataLogInvariants, M1_1_what_was_appended_to_the_log_never_changes) {
  firn_db* const db = open_at(path_);
  work(db, 100);
  const auto before = log_bytes();
  work(db, 100);
  const auto after = log_bytes();
  ASSERT_EQ(1u, before.size());
  ASSERT_EQ(1u, after.size());
  EXPECT_GT(after[0].size(), before[0].size());
  EXPECT_EQ(before[0], after[0].substr(0, before[0].size()));
  EXPECT_EQ(FIRN_OK, firn_close(db));
}

TEST_F(StrataLogInvariants, M1_2_the_same_log_gives_the_same_state) {
  run_and_kill([](firn_db* db) { work(db, 500); });
  fs::copy(path_, folder_ / "copy", fs::copy_options::recursive);
  EXPECT_EQ(state(folder_ / "copy"), state());
}

TEST_F(StrataLogInvariants, M1_3_the_state_after_recovery_is_the_state_before_the_crash) {
  run_and_kill([this](firn_db* db) {
    work(db, 500);
    std::ofstream(folder_ / "state", std::ios::binary) << dump(db);
  });
  std::ifstream in(folder_ / "state", std::ios::binary);
  const std::string before{std::istreambuf_iterator<char>(in), {}};
  EXPECT_GT(before.size(), 100u);
  EXPECT_EQ(before, state());
}

TEST_F(StrataLogInvariants, M1_4_a_record_that_no_memory_knows_any_more_is_replayed) {
  firn_db* const db = open_at(path_);
  work(db, 200);
  ASSERT_EQ(FIRN_OK, put(db, "last", "appended"));
  firn::copy_as_killed(path_, folder_ / "copy");  // the log as it is on disk; the memory stays here
  firn_db* const copy = open_at(folder_ / "copy");
  EXPECT_EQ("appended", get(copy, "last"));
  EXPECT_EQ(dump(db), dump(copy));
  EXPECT_EQ(FIRN_OK, firn_close(copy));
  EXPECT_EQ(FIRN_OK, firn_close(db));
}

TEST_F(StrataLogInvariants, M1_5_nothing_is_there_that_was_not_committed) {
  run_and_kill([](firn_db* db) {
    put(db, "a", "1");
    put_if(db, "a", "refused", FIRN_IF_ABSENT);
    put_if(db, "b", "refused", FIRN_IF_PRESENT);
    firn_add(db, 0, bytes("a"), 1, 1);  // a type mismatch
    std::string batch;
    append_operation(&batch, FIRN_OP_PUT, 0, "c", "refused");
    append_operation(&batch, FIRN_OP_EXPECT_VERSION, 0, "a", "", 0);
    firn_write(db, bytes(batch), batch.size(), 0);
  });
  firn_db* const db = open_at(path_);
  EXPECT_EQ("a=1", Txn(db, FIRN_TXN_READ_ONLY).scan({}));
  EXPECT_EQ(FIRN_OK, firn_close(db));
}

TEST_F(StrataLogInvariants, M1_6_every_commit_in_the_log_is_in_memory_after_replay) {
  run_and_kill([](firn_db* db) {
    for (int i = 0; i < 1000; i++) put(db, "key" + std::to_string(i), "v");
  });
  firn_db* const db = open_at(path_);
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  ASSERT_EQ(FIRN_OK, firn_recovery(db, &info));
  EXPECT_EQ(1000u, info.records_replayed);
  EXPECT_EQ(0u, info.bytes_dropped);
  for (int i = 0; i < 1000; i++) ASSERT_EQ("v", get(db, "key" + std::to_string(i)));
  EXPECT_EQ(FIRN_OK, firn_close(db));
}

TEST_F(StrataLogInvariants, M1_7_replaying_again_and_again_gives_the_same_state) {
  run_and_kill([](firn_db* db) { work(db, 500); });
  fs::copy(path_, folder_ / "once", fs::copy_options::recursive);
  for (int i = 0; i < 3; i++) run_and_kill([](firn_db*) {});
  EXPECT_EQ(state(folder_ / "once"), state());
}

TEST_F(StrataLogInvariants, M1_8_deleted_keys_stay_deleted_after_recovery) {
  run_and_kill([](firn_db* db) {
    put(db, "flushed", "v");
    firn_flush(db);
    put(db, "logged", "v");
    erase(db, "flushed");
    erase(db, "logged");
  });
  for (int round = 0; round < 2; round++) {
    firn_db* const db = open_at(path_);
    EXPECT_EQ("FIRN_NOT_FOUND", get(db, "flushed"));
    EXPECT_EQ("FIRN_NOT_FOUND", get(db, "logged"));
    EXPECT_EQ(FIRN_OK, firn_compact(db));
    EXPECT_EQ("FIRN_NOT_FOUND", get(db, "flushed"));
    EXPECT_EQ(FIRN_OK, firn_close(db));
  }
}

TEST_F(StrataLogInvariants, M2_14_a_transaction_that_was_not_committed_is_nowhere_after_recovery) {
  run_and_kill([](firn_db* db) {
    const Txn open(db);
    open.put("a", "uncommitted");
    open.put("b", "uncommitted");
    const Txn done(db);
    done.put("c", "committed");
    done.put("d", "committed");
    done.commit();
  });
  firn_db* const db = open_at(path_);
  EXPECT_EQ("c=committed,d=committed", Txn(db, FIRN_TXN_READ_ONLY).scan({}));
  EXPECT_EQ(FIRN_OK, firn_close(db));
}

class StrataTransactionInvariants : public CapiTest {
 protected:
  void SetUp() override {
    CapiTest::SetUp();
    ASSERT_EQ(FIRN_OK, put(db_, "a", "0"));
    ASSERT_EQ(FIRN_OK, put(db_, "b", "0"));
  }
};

TEST_F(StrataTransactionInvariants, M2_1_all_writes_of_a_transaction_apply_or_none) {
  const Txn refused(db_), applied(db_);
  refused.get("a");
  for (const Txn* txn : {&refused, &applied}) {
    txn->put("x", "1");
    txn->put("y", "1");
    txn->erase("b");
  }
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  EXPECT_EQ(FIRN_CONFLICT, refused.commit());
  EXPECT_EQ("a=1,b=0", Txn(db_).scan({}));
  EXPECT_GT(applied.commit(), 0);
  EXPECT_EQ("a=1,x=1,y=1", Txn(db_).scan({}));
}

TEST_F(StrataTransactionInvariants, M2_2_uncommitted_writes_of_others_are_not_read) {
  const Txn writer(db_), reader(db_);
  writer.put("a", "dirty");
  EXPECT_EQ("0", reader.get("a"));
  EXPECT_EQ("0", get(db_, "a"));
  EXPECT_EQ("a=0,b=0", reader.scan({}));
}

TEST_F(StrataTransactionInvariants, M2_3_a_key_keeps_its_value_within_a_transaction) {
  const Txn txn(db_);
  EXPECT_EQ("0", txn.get("a"));
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  EXPECT_EQ("0", txn.get("a"));
  ASSERT_EQ(FIRN_OK, erase(db_, "a"));
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  EXPECT_EQ("0", txn.get("a"));
}

TEST_F(StrataTransactionInvariants, M2_4_a_transaction_reads_its_own_writes) {
  const Txn txn(db_);
  txn.put("a", "mine");
  EXPECT_EQ("mine", txn.get("a"));
  txn.erase("a");
  EXPECT_EQ("FIRN_NOT_FOUND", txn.get("a"));
  txn.put("c", "new");
  EXPECT_EQ("b=0,c=new", txn.scan({}));
}

TEST_F(StrataTransactionInvariants, M2_5_all_reads_of_a_transaction_come_from_one_moment) {
  const Txn txn(db_);
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  ASSERT_EQ(FIRN_OK, put(db_, "b", "1"));
  EXPECT_EQ("0", txn.get("a")) << "also what is read late";
  ASSERT_EQ(FIRN_OK, firn_flush(db_));
  EXPECT_EQ("0", txn.get("b"));
}

TEST_F(StrataTransactionInvariants, M2_6_a_transaction_is_never_seen_in_part) {
  std::atomic<bool> is_done{false};
  std::thread reader([&] {
    while (!is_done) {
      const std::string seen = Txn(db_, FIRN_TXN_READ_ONLY).scan({});
      const size_t comma = seen.find(',');
      EXPECT_EQ(seen.substr(2, comma - 2), seen.substr(comma + 3)) << seen;
    }
  });
  for (int i = 0; i < 2000; i++) {
    const Txn txn(db_);
    txn.put("a", std::to_string(i));
    txn.put("b", std::to_string(i));
    EXPECT_GT(txn.commit(), 0);
  }
  is_done = true;
  reader.join();
}

TEST_F(StrataTransactionInvariants, M2_7_a_commit_is_refused_when_a_key_that_was_read_has_another_version) {
  const Txn txn(db_);
  txn.get("a");
  txn.put("c", "1");
  ASSERT_EQ(FIRN_OK, put(db_, "a", "0"));  // the same value
  EXPECT_EQ(FIRN_CONFLICT, txn.commit());
}

TEST_F(StrataTransactionInvariants, M2_8_a_swap_succeeds_on_the_expected_version_only_and_one_of_many_wins) {
  const auto version = static_cast<uint64_t>(put_if(db_, "a", "1", 0));
  EXPECT_EQ(FIRN_CONFLICT, put_if(db_, "a", "2", FIRN_IF_VERSION, version - 1));
  EXPECT_EQ(FIRN_CONFLICT, put_if(db_, "a", "2", FIRN_IF_VERSION, version + 1));
  std::atomic<int> winners{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] { winners += put_if(db_, "a", "won", FIRN_IF_VERSION, version) > 0 ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(1, winners);
}

TEST_F(StrataTransactionInvariants, M2_9_the_first_committer_wins) {
  const Txn first(db_), second(db_), third(db_);
  for (const Txn* txn : {&first, &second, &third}) {
    txn->get("a");
    txn->put("a", "written");
  }
  EXPECT_GT(second.commit(), 0);
  EXPECT_EQ(FIRN_CONFLICT, first.commit());
  EXPECT_EQ(FIRN_CONFLICT, third.commit());
}

TEST_F(StrataTransactionInvariants, M2_10_blind_writes_do_not_conflict_and_the_last_writer_wins) {
  const Txn first(db_), second(db_);
  first.put("a", "first");
  second.put("a", "second");
  EXPECT_GT(first.commit(), 0);
  EXPECT_GT(second.commit(), 0);
  EXPECT_EQ("second", get(db_, "a"));
}

TEST_F(StrataTransactionInvariants, M2_11_a_swap_beside_a_transaction_is_not_one_of_its_reads) {
  const auto version = static_cast<uint64_t>(put_if(db_, "a", "1", 0));
  const Txn txn(db_);
  txn.get("b");
  txn.put("c", "1");
  EXPECT_GT(put_if(db_, "a", "2", FIRN_IF_VERSION, version), 0);
  EXPECT_EQ(FIRN_CONFLICT, put_if(db_, "b", "2", FIRN_IF_VERSION, 1 + version));
  EXPECT_GT(txn.commit(), 0);
}

TEST_F(StrataTransactionInvariants, M2_12_a_swap_of_version_0_inserts_when_the_key_is_absent_now) {
  EXPECT_EQ(FIRN_CONFLICT, put_if(db_, "a", "1", FIRN_IF_VERSION, 0));
  EXPECT_GT(put_if(db_, "new", "1", FIRN_IF_VERSION, 0), 0);
  EXPECT_EQ(FIRN_CONFLICT, put_if(db_, "new", "2", FIRN_IF_VERSION, 0));
  ASSERT_EQ(FIRN_OK, erase(db_, "a"));
  EXPECT_GT(put_if(db_, "a", "1", FIRN_IF_VERSION, 0), 0) << "deleted is absent";
}

TEST_F(StrataTransactionInvariants, M2_13_no_version_from_before_a_delete_fits_again) {
  std::vector<uint64_t> versions;
  for (int i = 0; i < 3; i++) versions.push_back(static_cast<uint64_t>(put_if(db_, "k", "v", 0)));
  ASSERT_EQ(FIRN_OK, erase(db_, "k"));
  const auto none_fits = [&] {
    for (const uint64_t version : versions) EXPECT_EQ(FIRN_CONFLICT, put_if(db_, "k", "no", FIRN_IF_VERSION, version));
  };
  none_fits();
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  none_fits();
  ASSERT_EQ(FIRN_OK, put(db_, "k", "v"));
  none_fits();
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  none_fits();
  EXPECT_EQ("v", get(db_, "k"));
}

TEST_F(StrataTransactionInvariants, M2_15_of_two_that_read_and_write_one_key_one_is_refused) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      for (int added = 0; added < 200;) {
        const Txn txn(db_);
        txn.put("a", std::to_string(std::stoi(txn.get("a")) + 1));
        if (txn.commit() > 0) added++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ("800", get(db_, "a"));
}

TEST_F(StrataTransactionInvariants, M2_16_write_skew_over_point_reads_is_refused) {
  const Txn first(db_), second(db_);
  EXPECT_EQ("0", first.get("b"));
  EXPECT_EQ("0", second.get("a"));
  first.put("a", "1");
  second.put("b", "1");
  EXPECT_GT(first.commit(), 0);
  EXPECT_EQ(FIRN_CONFLICT, second.commit());
  EXPECT_EQ("a=1,b=0", Txn(db_).scan({}));
}

}  // namespace
