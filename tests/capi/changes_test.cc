// The change feed, and waiting for durability and for commits.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "txn_fixture.h"

namespace {

using namespace firn_test;

class ChangesTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("firn-changes-" + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    open();
  }
  void TearDown() override {
    close();
    std::filesystem::remove_all(path_);
  }
  void open(const char* options = "changes_retention_bytes=1GiB") {
    firn_options* const parsed = firn_options_new();
    ASSERT_EQ(FIRN_OK, firn_options_parse(parsed, options));
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open(path_.c_str(), parsed, &error);
    firn_options_free(parsed);
    ASSERT_NE(nullptr, db_) << error.message;
  }
  void close() {
    EXPECT_EQ(FIRN_OK, firn_close(db_));
    db_ = nullptr;
  }
  void reopen(const char* options = "changes_retention_bytes=1GiB") {
    close();
    open(options);
  }

  // "op ns key=value" of each change, commits separated by " | "; moves from_ on. Or the code's name.
  std::string read(uint32_t flags = 0, size_t cap = 1 << 20) {
    std::string out(cap, '\0');
    const int64_t bytes = firn_changes(db_, from_, reinterpret_cast<uint8_t*>(out.data()), out.size(), flags);
    if (bytes < 0) return firn_status_name(static_cast<int32_t>(bytes));
    out.resize(static_cast<size_t>(bytes));
    std::string text;
    uint64_t last = 0;
    for (size_t at = 0; at < out.size();) {
      uint64_t version = 0;
      uint32_t words[4];
      std::memcpy(&version, out.data() + at, 8);
      std::memcpy(words, out.data() + at + 8, sizeof words);
      std::memcpy(&expiry_ms_, out.data() + at + 24, 8);
      at += 32;
      EXPECT_GE(version, from_);
      if (!text.empty()) text += version == last ? ", " : " | ";
      last = version;
      text += std::to_string(words[0]) + " " + std::to_string(words[1]) + " " + out.substr(at, words[2]) + "=" +
              out.substr(at + words[2], words[3]);
      at += words[2] + words[3];
    }
    if (last != 0) from_ = last + 1;
    return text;
  }
  std::string all() {
    from_ = 0;
    return read();
  }
  bool is_readable() const {
    pollfd poller{firn_notify_fd(db_), POLLIN, 0};
    return poll(&poller, 1, 0) == 1;
  }
  void clear() const {
    uint64_t count = 0;
    (void)!::read(firn_notify_fd(db_), &count, sizeof count);
  }

  std::filesystem::path path_;
  firn_db* db_ = nullptr;
  uint64_t from_ = 0;
  int64_t expiry_ms_ = 0;
};

TEST_F(ChangesTest, it_tells_the_results_of_all_operations_in_order) {
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  ASSERT_EQ(FIRN_OK, firn_delete(db_, 0, bytes("a"), 1));
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT, 0, "b", "2", 100'000);
  append_operation(&batch, FIRN_OP_PUT, 0, "c", "3");
  append_operation(&batch, FIRN_OP_DELETE_RANGE, 0, "b", "c");
  ASSERT_GT(firn_write(db_, bytes(batch), batch.size(), 0), 0);
  {
    const Txn txn(db_);
    EXPECT_EQ(FIRN_OK, txn.put("d", "4"));
    EXPECT_EQ(FIRN_OK, txn.put("e", "5"));
    EXPECT_GT(txn.commit(), 0);
  }
  EXPECT_EQ("1 0 a=1 | 2 0 a= | 2 0 b=, 1 0 c=3 | 1 0 d=4, 1 0 e=5", all());
  EXPECT_EQ("", read());
  ASSERT_EQ(1, firn_add(db_, 0, bytes("n"), 1, 1).value);
  EXPECT_EQ(std::string("1 0 n=") + '\1' + std::string(7, '\0'), read());
}

TEST_F(ChangesTest, flushed_commits_stay_readable_across_flush_compaction_and_reopening) {
  std::string expected;
  for (int i = 0; i < 6; i++) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_EQ(FIRN_OK, put(db_, key, "v"));
    expected += (i == 0 ? "" : " | ") + ("1 0 " + key + "=v");
    if (i == 1) {
      ASSERT_EQ(FIRN_OK, firn_flush(db_));
    } else if (i == 2) {
      ASSERT_EQ(FIRN_OK, firn_compact(db_));
    } else if (i == 3) {
      reopen();
    }
    EXPECT_EQ(expected, all()) << i;
  }
  from_ = 0;
  EXPECT_EQ("1 0 k0=v", read(0, 34 + 1)) << "whole commits, as many as fit";
  EXPECT_EQ("1 0 k1=v", read(0, 35));
  EXPECT_EQ("FIRN_TOO_LARGE", read(0, 34));
  uint8_t size[8];
  EXPECT_EQ(FIRN_TOO_LARGE, firn_changes(db_, from_, size, sizeof size, 0));
  EXPECT_EQ(35, size[0]);
}

TEST_F(ChangesTest, a_commit_that_does_not_fit_is_not_passed_over_for_a_smaller_one_behind_it) {
  ASSERT_EQ(FIRN_OK, put(db_, "small", "1"));
  ASSERT_EQ(FIRN_OK, put(db_, "large", std::string(300, 'x')));
  ASSERT_EQ(FIRN_OK, put(db_, "small", "2"));
  from_ = 1;
  EXPECT_EQ("1 0 small=1", read(0, 200));
  EXPECT_EQ(firn_status_name(FIRN_TOO_LARGE), read(0, 200));
  EXPECT_EQ("1 0 large=" + std::string(300, 'x') + " | 1 0 small=2", read(0, 1000));
}

TEST_F(ChangesTest, namespaces_are_told_by_their_ids_also_after_they_were_cleared_or_dropped) {
  const auto ns = static_cast<uint32_t>(firn_ns_open(db_, bytes("n"), 1, 0));
  ASSERT_EQ(FIRN_OK, put(db_, "k", "1", ns));
  ASSERT_EQ(FIRN_OK, firn_ns_clear(db_, ns));
  ASSERT_EQ(FIRN_OK, put(db_, "k", "2", ns));
  ASSERT_EQ(FIRN_OK, put(db_, "z", "0"));
  ASSERT_EQ(FIRN_OK, firn_ns_clear(db_, 0));
  ASSERT_EQ(FIRN_OK, firn_ns_drop(db_, ns));
  const char* const expected = "16 1 n= | 1 1 k=1 | 17 1 n= | 1 1 k=2 | 1 0 z=0 | 17 0 = | 18 1 n=";
  EXPECT_EQ(expected, all());
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  reopen();
  EXPECT_EQ(expected, all());
}

TEST_F(ChangesTest, what_is_not_kept_is_not_found_and_the_bounds_tell) {
  reopen("");
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  uint64_t first = 99, next = 99;
  EXPECT_EQ(FIRN_OK, firn_changes_bounds(db_, &first, &next));
  EXPECT_EQ(1u, first);
  EXPECT_EQ(2u, next);
  ASSERT_EQ(FIRN_OK, firn_flush(db_));
  EXPECT_EQ(FIRN_OK, firn_changes_bounds(db_, &first, &next));
  EXPECT_EQ(2u, first);
  from_ = 1;
  EXPECT_EQ("FIRN_NOT_FOUND", read());
  from_ = 2;
  EXPECT_EQ("", read());
  from_ = 3;
  EXPECT_EQ("FIRN_INVALID", read());
  ASSERT_EQ(FIRN_OK, put(db_, "b", "2"));
  from_ = 2;
  EXPECT_EQ("1 0 b=2", read());
  EXPECT_EQ(FIRN_INVALID, firn_changes_bounds(db_, nullptr, &next));
}

TEST_F(ChangesTest, the_bound_in_bytes_lets_the_oldest_go_and_switching_it_off_all) {
  reopen("changes_retention_bytes=20000,memtable_bytes=16KiB");
  for (int i = 0; i < 400; i++) ASSERT_EQ(FIRN_OK, put(db_, "k" + std::to_string(i), std::string(300, 'v')));
  ASSERT_EQ(FIRN_OK, firn_flush(db_));
  uint64_t first = 0, next = 0;
  EXPECT_EQ(FIRN_OK, firn_changes_bounds(db_, &first, &next));
  EXPECT_GT(first, 200u);
  EXPECT_LT(first, 401u);
  from_ = first;
  EXPECT_NE("FIRN_NOT_FOUND", read());
  EXPECT_EQ(401u, from_);
  const auto segments = [&] {
    const std::filesystem::directory_iterator all(path_ / "wal");
    return std::distance(begin(all), end(all));
  };
  close();
  EXPECT_GT(segments(), 0);
  open("");
  ASSERT_EQ(FIRN_OK, put(db_, "x", "y"));
  close();
  EXPECT_EQ(0, segments());
  open("");
}

TEST_F(ChangesTest, old_prefixes_are_forgotten_with_the_changes_that_need_them) {
  reopen("");
  const auto ns = static_cast<uint32_t>(firn_ns_open(db_, bytes("n"), 1, 0));
  for (int i = 0; i < 50; i++) {
    ASSERT_EQ(FIRN_OK, put(db_, "k", "v", ns));
    ASSERT_EQ(FIRN_OK, firn_ns_clear(db_, ns));
    ASSERT_EQ(FIRN_OK, firn_flush(db_));
  }
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  reopen("");
  ASSERT_EQ(FIRN_OK, put(db_, "k", "v", ns));
  EXPECT_EQ("v", get(db_, "k", ns));
}

TEST_F(ChangesTest, only_durable_commits_are_told_when_asked_for) {
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  EXPECT_EQ("", read(FIRN_CHANGES_DURABLE));
  ASSERT_EQ(FIRN_OK, firn_sync(db_));
  ASSERT_EQ(FIRN_OK, put(db_, "b", "2"));
  EXPECT_EQ("1 0 a=1", read(FIRN_CHANGES_DURABLE));
  EXPECT_EQ("", read(FIRN_CHANGES_DURABLE));
  EXPECT_EQ("1 0 b=2", read());
}

TEST_F(ChangesTest, the_descriptor_tells_of_the_commit_behind_the_end_of_the_feed) {
  ASSERT_GE(firn_notify_fd(db_), 0);
  EXPECT_EQ(firn_notify_fd(db_), firn_notify_fd(db_));
  EXPECT_FALSE(is_readable());
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  EXPECT_FALSE(is_readable()) << "nobody was at the end";
  EXPECT_EQ("1 0 a=1", read());
  EXPECT_EQ("", read());
  ASSERT_EQ(FIRN_OK, put(db_, "b", "2"));
  EXPECT_TRUE(is_readable());
  clear();
  ASSERT_EQ(FIRN_OK, put(db_, "c", "3"));
  EXPECT_FALSE(is_readable()) << "told once";
  ASSERT_EQ(FIRN_OK, firn_sync(db_));
  EXPECT_TRUE(is_readable()) << "the durable bound moved";
  clear();
  ASSERT_EQ(FIRN_OK, firn_wake(db_));
  EXPECT_TRUE(is_readable());
}

TEST_F(ChangesTest, a_write_that_does_not_wait_for_its_sync_is_durable_when_somebody_has_waited) {
  reopen("durability=sync");
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  ASSERT_EQ(FIRN_OK, firn_wait_durable(db_, 0, 0));
  const auto put_ex = [&](uint32_t flags) {
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.flags = flags;
    return firn_put_ex(db_, 0, bytes("a"), 1, bytes("2"), 1, &opts);
  };
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT, 0, "b", "3");
  std::string counting;  // depends on what is there
  append_operation(&counting, FIRN_OP_PUT_KEEP_TTL, 0, "b", "4");
  const auto commit = [&] {
    firn_txn* txn = firn_txn_begin(db_, 0, nullptr);
    EXPECT_EQ(FIRN_OK, firn_txn_put(txn, 0, bytes("c"), 1, bytes("5"), 1));
    EXPECT_EQ(FIRN_INVALID, firn_txn_commit_ex(txn, FIRN_SYNC | FIRN_NO_SYNC));
    const int64_t version = firn_txn_commit_ex(txn, FIRN_NO_SYNC);
    firn_txn_close(txn);
    return version;
  };
  const std::function<int64_t()> writes[] = {
      [&] { return put_ex(FIRN_NO_SYNC); },
      [&] { return put_ex(FIRN_NO_SYNC | FIRN_IF_PRESENT | FIRN_KEEP_TTL); },
      [&] { return firn_write(db_, bytes(batch), batch.size(), FIRN_NO_SYNC | FIRN_NO_BLOCK); },
      [&] { return firn_write(db_, bytes(counting), counting.size(), FIRN_NO_SYNC); },
      commit,
  };
  for (const auto& write : writes) {
    const int64_t version = write();
    ASSERT_GT(version, 0);
    EXPECT_EQ(FIRN_TIMEOUT, firn_wait_durable(db_, static_cast<uint64_t>(version), 0)) << version;
    EXPECT_EQ(FIRN_OK, firn_wait_durable(db_, static_cast<uint64_t>(version), -1));
    EXPECT_EQ(FIRN_OK, firn_wait_durable(db_, static_cast<uint64_t>(version), 0));
  }
  EXPECT_EQ(FIRN_INVALID, put_ex(FIRN_SYNC | FIRN_NO_SYNC));
  EXPECT_EQ("245", get(db_, "a") + get(db_, "b") + get(db_, "c"));
  const int64_t later = put_ex(FIRN_NO_SYNC);
  ASSERT_EQ(FIRN_OK, put(db_, "d", "6"));
  EXPECT_EQ(FIRN_OK, firn_wait_durable(db_, static_cast<uint64_t>(later), 0)) << "a commit that waits makes all before it durable";
}

TEST_F(ChangesTest, waiting_for_durability_syncs_waits_for_the_clock_or_is_woken) {
  ASSERT_EQ(FIRN_OK, put(db_, "a", "1"));
  EXPECT_EQ(FIRN_TIMEOUT, firn_wait_durable(db_, 0, 0));
  EXPECT_EQ(FIRN_INVALID, firn_wait_durable(db_, 2, 0));
  EXPECT_EQ(FIRN_INVALID, firn_wait_durable(db_, 0, -2));
  EXPECT_EQ(FIRN_OK, firn_wait_durable(db_, 1, -1));
  EXPECT_EQ(FIRN_OK, firn_wait_durable(db_, 0, 0));
  reopen("durability=interval:10ms");
  EXPECT_EQ(FIRN_OK, firn_wait_durable(db_, 0, 0)) << "closed in order";
  ASSERT_EQ(FIRN_OK, put(db_, "b", "2"));
  EXPECT_EQ(FIRN_OK, firn_wait_durable(db_, 0, -1));
  reopen("durability=interval:3600s");
  ASSERT_EQ(FIRN_OK, put(db_, "b", "first"));  // the clock's first sync may take it
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_EQ(FIRN_OK, put(db_, "b", "3"));
  EXPECT_EQ(FIRN_TIMEOUT, firn_wait_durable(db_, 0, 5));
  std::atomic<bool> waits{false};
  for (const bool by_closing : {false, true}) {
    std::thread waiter([&] {
      waits = true;
      EXPECT_EQ(by_closing ? FIRN_CLOSED : FIRN_CANCELLED, firn_wait_durable(db_, 0, -1));
      waits = false;
    });
    while (!waits) std::this_thread::yield();
    if (by_closing) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      EXPECT_EQ(FIRN_OK, firn_close(db_));
    } else {
      while (waits) EXPECT_EQ(FIRN_OK, firn_wake(db_));
    }
    waiter.join();
  }
  open();
}

TEST_F(ChangesTest, a_reader_beside_writers_misses_nothing_while_memtables_are_flushed) {
  reopen("changes_retention_bytes=1GiB,memtable_bytes=16KiB");
  constexpr int kCount = 5000;
  std::thread writer([&] {
    for (int i = 0; i < kCount; i++) ASSERT_EQ(FIRN_OK, put(db_, "k" + std::to_string(i), std::string(50, 'v')));
  });
  std::string seen;
  int count = 0;
  while (count < kCount) {
    const uint64_t before = from_;
    const std::string more = read(0, 4096);
    ASSERT_NE("FIRN_NOT_FOUND", more);
    if (more.empty()) continue;
    for (size_t at = 0; (at = more.find("1 0 k", at)) != std::string::npos; at++) {
      ASSERT_EQ(0u, more.compare(at, 6 + std::to_string(count).size(), "1 0 k" + std::to_string(count) + "=")) << before;
      count++;
    }
  }
  writer.join();
  EXPECT_EQ("", read());
}

}  // namespace
