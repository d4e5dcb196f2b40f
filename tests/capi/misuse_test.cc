// Misuse is defined: every function with every kind of wrong handle, pointer and length answers a code. Run under AddressSanitizer.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "capi/call.h"
#include "misuse_matrix.h"

namespace {

using namespace firn_test;

class Misuse : public CapiTest {
 protected:
  void SetUp() override {
    CapiTest::SetUp();
    ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
    options_ = firn_options_new();
    iter_ = firn_scan(db_, nullptr, nullptr, nullptr);
    ASSERT_EQ(firn_pin(db_, 0, bytes("key"), 3, &pin_), FIRN_OK);
    txn_ = firn_txn_begin(db_, 0, nullptr);
  }
  void TearDown() override {
    firn_txn_close(txn_);
    firn_unpin(&pin_);
    firn_iter_close(iter_);
    firn_options_free(options_);
    CapiTest::TearDown();
  }

  firn_options* options_ = nullptr;
  firn_iter* iter_ = nullptr;
  firn_txn* txn_ = nullptr;
  firn_pin_t pin_ = {};
};

TEST_F(Misuse, null_and_garbage_handles_answer_misuse) {
  alignas(64) static char memory[256] = {};
  auto* heap = new char[64];
  for (const void* bad :
       {static_cast<const void*>(nullptr), reinterpret_cast<const void*>(1), reinterpret_cast<const void*>(UINTPTR_MAX),
        reinterpret_cast<const void*>(uint64_t{0x8100000000000000}), reinterpret_cast<const void*>(uint64_t{0x81ffffffffffffff}),
        static_cast<const void*>(memory), static_cast<const void*>(heap)}) {
    expect_all(db_functions(), bad, FIRN_MISUSE, "garbage");
    expect_all(iter_functions(), bad, FIRN_MISUSE, "garbage");
    expect_all(txn_functions(), bad, FIRN_MISUSE, "garbage");
    EXPECT_EQ(0u, firn_txn_version(static_cast<firn_txn*>(const_cast<void*>(bad))));
    firn_txn_close(static_cast<firn_txn*>(const_cast<void*>(bad)));
    expect_all(options_functions(), bad, FIRN_MISUSE, "garbage");
    expect_all(backup_functions(), bad, FIRN_MISUSE, "garbage");
    auto* any = const_cast<void*>(bad);
    EXPECT_EQ(firn_close(static_cast<firn_db*>(any)), bad == nullptr ? FIRN_OK : FIRN_MISUSE);
    firn_iter_close(static_cast<firn_iter*>(any));
    firn_options_free(static_cast<firn_options*>(any));
    firn_pin_t pin = {nullptr, 0, 0, any};
    firn_unpin(&pin);
    if (bad == nullptr) continue;
    firn_error error = FIRN_ERROR_INIT;
    EXPECT_EQ(firn_open(":memory:", static_cast<firn_options*>(any), &error), nullptr);
    EXPECT_EQ(error.code, FIRN_MISUSE);
    EXPECT_EQ(firn_scan(db_, static_cast<firn_txn*>(any), nullptr, &error), nullptr);
    EXPECT_EQ(error.code, FIRN_MISUSE);
  }
  delete[] heap;
}

TEST_F(Misuse, a_handle_of_another_type_answers_misuse_and_stays_as_it_is) {
  for (const void* bad : {static_cast<const void*>(options_), static_cast<const void*>(iter_), static_cast<const void*>(pin_.owner)}) {
    expect_all(db_functions(), bad, FIRN_MISUSE, "of another type");
    EXPECT_EQ(firn_close(static_cast<firn_db*>(const_cast<void*>(bad))), FIRN_MISUSE);
  }
  for (const void* bad : {static_cast<const void*>(options_), static_cast<const void*>(db_), static_cast<const void*>(pin_.owner)}) {
    expect_all(iter_functions(), bad, FIRN_MISUSE, "of another type");
    firn_iter_close(static_cast<firn_iter*>(const_cast<void*>(bad)));
  }
  for (const void* bad : {static_cast<const void*>(iter_), static_cast<const void*>(db_), static_cast<const void*>(pin_.owner)}) {
    expect_all(options_functions(), bad, FIRN_MISUSE, "of another type");
    expect_all(backup_functions(), bad, FIRN_MISUSE, "of another type");
    firn_options_free(static_cast<firn_options*>(const_cast<void*>(bad)));
  }
  for (const void* bad : {static_cast<const void*>(iter_), static_cast<const void*>(db_), static_cast<const void*>(pin_.owner)}) {
    expect_all(txn_functions(), bad, FIRN_MISUSE, "of another type");
    firn_txn_close(static_cast<firn_txn*>(const_cast<void*>(bad)));
  }
  for (void* bad : {static_cast<void*>(iter_), static_cast<void*>(db_), static_cast<void*>(options_), static_cast<void*>(txn_)}) {
    firn_pin_t pin = {nullptr, 0, 0, bad};
    firn_unpin(&pin);
  }
  EXPECT_EQ(get(db_, "key"), "value");
  EXPECT_EQ(firn_iter_seek(iter_, nullptr, 0), FIRN_OK);
  EXPECT_EQ(firn_txn_exists(txn_, 0, bytes("key"), 3), 1);
  EXPECT_EQ(firn_options_set(options_, "durability", "none"), FIRN_OK);
  EXPECT_EQ(std::memcmp(pin_.data, "value", 5), 0);
}

TEST_F(Misuse, closed_handles_answer_closed_and_close_once) {
  firn_db* db = take();
  firn_iter* own = firn_scan(db, nullptr, nullptr, nullptr);
  firn_iter_close(own);
  expect_all(iter_functions(), own, FIRN_CLOSED, "closed");
  firn_iter_close(own);
  firn_txn* own_txn = firn_txn_begin(db, 0, nullptr);
  firn_txn_close(own_txn);
  expect_all(txn_functions(), own_txn, FIRN_CLOSED, "closed");
  firn_txn_close(own_txn);
  EXPECT_EQ(firn_close(db), FIRN_OK);
  expect_all(db_functions(), db, FIRN_CLOSED, "closed");
  EXPECT_EQ(firn_close(db), FIRN_CLOSED);
  // The transaction and the iterator of a closed database.
  expect_all(txn_functions(), txn_, FIRN_CLOSED, "of a closed database");
  expect_all(iter_functions(), iter_, FIRN_CLOSED, "of a closed database");
  firn_iter_close(iter_);
  expect_all(iter_functions(), iter_, FIRN_CLOSED, "closed after its database");
  // The pin outlives it all.
  EXPECT_EQ(std::memcmp(pin_.data, "value", 5), 0);
}

TEST_F(Misuse, a_new_database_does_not_wake_old_handles) {
  firn_db* old = take();
  ASSERT_EQ(firn_close(old), FIRN_OK);
  for (int i = 0; i < 50; ++i) {
    firn_db* fresh = firn_open(":memory:", nullptr, nullptr);
    ASSERT_NE(fresh, nullptr);
    EXPECT_EQ(put(old, "key", "value"), FIRN_CLOSED);
    expect_all(iter_functions(), iter_, FIRN_CLOSED, "of a closed database");
    EXPECT_EQ(firn_close(fresh), FIRN_OK);
  }
}

TEST_F(Misuse, null_with_a_length_is_invalid_and_over_the_limit_is_too_large_before_a_byte_is_read) {
  uint8_t byte = 1;
  for (size_t n : {size_t{1}, size_t{65535}, size_t{1} << 32, SIZE_MAX}) {
    EXPECT_EQ(firn_put(db_, 0, nullptr, n, &byte, 1), FIRN_INVALID);
    EXPECT_EQ(firn_put(db_, 0, &byte, 1, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_get(db_, 0, nullptr, n, &byte, 1), FIRN_INVALID);
    EXPECT_EQ(firn_get(db_, 0, &byte, 1, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_delete(db_, 0, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_exists(db_, 0, nullptr, n), FIRN_INVALID);
    firn_pin_t pin;
    EXPECT_EQ(firn_pin(db_, 0, nullptr, n, &pin), FIRN_INVALID);
    EXPECT_EQ(firn_write(db_, nullptr, n, 0), FIRN_INVALID);
    EXPECT_EQ(firn_multi_get(db_, nullptr, n, &byte, 1), FIRN_INVALID);
    EXPECT_EQ(firn_multi_get(db_, nullptr, 0, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_multi_pin(db_, nullptr, n, nullptr, 0, &pin), FIRN_INVALID);
    EXPECT_EQ(firn_multi_pin(db_, nullptr, 0, nullptr, n, &pin), FIRN_INVALID);
    EXPECT_EQ(firn_iter_chunk(iter_, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_iter_entries(iter_, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_iter_seek(iter_, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_ns_list(db_, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_stats_json(db_, nullptr, n), FIRN_INVALID);
  }
  for (size_t n : {size_t{65536}, size_t{UINT32_MAX}, size_t{1} << 32, SIZE_MAX}) {
    EXPECT_EQ(firn_put(db_, 0, &byte, n, &byte, 1), FIRN_TOO_LARGE);
    EXPECT_EQ(firn_get(db_, 0, &byte, n, &byte, 1), FIRN_TOO_LARGE);
    EXPECT_EQ(firn_delete(db_, 0, &byte, n), FIRN_TOO_LARGE);
    EXPECT_EQ(firn_exists(db_, 0, &byte, n), FIRN_TOO_LARGE);
    firn_pin_t pin;
    EXPECT_EQ(firn_pin(db_, 0, &byte, n, &pin), FIRN_TOO_LARGE);
    EXPECT_EQ(firn_iter_seek(iter_, &byte, n), FIRN_TOO_LARGE);
  }
  for (size_t n : {(size_t{1} << 30) + 1, size_t{UINT32_MAX}, size_t{1} << 32, SIZE_MAX}) {
    EXPECT_EQ(firn_put(db_, 0, &byte, 1, &byte, n), FIRN_TOO_LARGE);
  }
  for (size_t n : {size_t{UINT32_MAX}, size_t{1} << 32, SIZE_MAX}) {
    EXPECT_EQ(firn_write(db_, &byte, n, 0), FIRN_TOO_LARGE);
    EXPECT_EQ(firn_multi_get(db_, &byte, n, &byte, 1), FIRN_TOO_LARGE);
    firn_pin_t pin;
    EXPECT_EQ(firn_multi_pin(db_, &byte, n, nullptr, 0, &pin), FIRN_TOO_LARGE);
  }
  for (const uint8_t* key : {static_cast<const uint8_t*>(nullptr), static_cast<const uint8_t*>(&byte)}) {
    EXPECT_EQ(firn_put(db_, 0, key, 0, &byte, 1), FIRN_INVALID);
    EXPECT_EQ(firn_get(db_, 0, key, 0, &byte, 1), FIRN_INVALID);
    EXPECT_EQ(firn_delete(db_, 0, key, 0), FIRN_INVALID);
    EXPECT_EQ(firn_exists(db_, 0, key, 0), FIRN_INVALID);
    firn_pin_t pin;
    EXPECT_EQ(firn_pin(db_, 0, key, 0, &pin), FIRN_INVALID);
  }
  for (size_t n : {size_t{1}, size_t{65535}, size_t{1} << 32, SIZE_MAX}) {
    EXPECT_EQ(firn_txn_put(txn_, 0, nullptr, n, &byte, 1), FIRN_INVALID);
    EXPECT_EQ(firn_txn_put(txn_, 0, &byte, 1, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_txn_get(txn_, 0, nullptr, n, &byte, 1), FIRN_INVALID);
    EXPECT_EQ(firn_txn_get(txn_, 0, &byte, 1, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_txn_write(txn_, nullptr, n), FIRN_INVALID);
    EXPECT_EQ(firn_txn_multi_get(txn_, nullptr, n, &byte, 1), FIRN_INVALID);
    EXPECT_EQ(firn_txn_multi_get(txn_, nullptr, 0, nullptr, n), FIRN_INVALID);
    firn_pin_t pin;
    EXPECT_EQ(firn_txn_multi_pin(txn_, nullptr, n, nullptr, 0, &pin), FIRN_INVALID);
    EXPECT_EQ(firn_txn_multi_pin(txn_, nullptr, 0, nullptr, n, &pin), FIRN_INVALID);
    EXPECT_EQ(firn_delete_range(db_, 0, nullptr, n, nullptr, 0, 0), FIRN_INVALID);
    EXPECT_EQ(firn_delete_range(db_, 0, nullptr, 0, nullptr, n, 0), FIRN_INVALID);
    EXPECT_EQ(firn_changes(db_, 0, nullptr, n, 0), FIRN_INVALID);
    EXPECT_EQ(firn_approximate_count(db_, 0, nullptr, n, nullptr, 0), FIRN_INVALID);
  }
  for (size_t n : {size_t{65536}, size_t{1} << 32, SIZE_MAX}) {
    EXPECT_EQ(firn_txn_put(txn_, 0, &byte, n, &byte, 1), FIRN_TOO_LARGE);
    EXPECT_EQ(firn_txn_delete(txn_, 0, &byte, n), FIRN_TOO_LARGE);
    EXPECT_EQ(firn_delete_range(db_, 0, &byte, n, nullptr, 0, 0), FIRN_TOO_LARGE);
    EXPECT_EQ(firn_approximate_bytes(db_, 0, &byte, n, nullptr, 0), FIRN_TOO_LARGE);
  }
  EXPECT_EQ(firn_txn_put(txn_, 0, &byte, 1, &byte, (size_t{1} << 30) + 1), FIRN_TOO_LARGE);
  EXPECT_EQ(firn_txn_pin(txn_, 0, &byte, 1, nullptr), FIRN_INVALID);
  EXPECT_EQ(firn_txn_commit_ex(txn_, 1), FIRN_INVALID);
  EXPECT_EQ(firn_changes(db_, 0, &byte, 1, 2), FIRN_INVALID);
  EXPECT_EQ(firn_changes(db_, UINT64_MAX, &byte, 1, 0), FIRN_INVALID);
  EXPECT_EQ(firn_recovery(db_, nullptr), FIRN_INVALID);
  EXPECT_EQ(firn_db_error(db_, nullptr), FIRN_OK);
  EXPECT_EQ(get(db_, "key"), "value");
}

TEST_F(Misuse, an_unknown_namespace_is_invalid_everywhere) {
  const uint8_t* key = bytes("key");
  EXPECT_EQ(firn_put(db_, 999, key, 3, key, 3), FIRN_INVALID);
  EXPECT_EQ(firn_get(db_, 999, key, 3, nullptr, 0), FIRN_INVALID);
  EXPECT_EQ(firn_delete(db_, 999, key, 3), FIRN_INVALID);
  EXPECT_EQ(firn_exists(db_, 999, key, 3), FIRN_INVALID);
  firn_pin_t pin;
  EXPECT_EQ(firn_pin(db_, 999, key, 3, &pin), FIRN_INVALID);
  EXPECT_EQ(firn_ns_clear(db_, 999), FIRN_INVALID);
  EXPECT_EQ(firn_ns_drop(db_, 999), FIRN_INVALID);
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  opts.ns = 999;
  EXPECT_EQ(firn_scan(db_, nullptr, &opts, nullptr), nullptr);
}

TEST(MisuseOfOpen, bad_paths_and_small_error_structs_are_defined) {
  for (const char* path : {static_cast<const char*>(nullptr), ""}) {
    firn_error error = FIRN_ERROR_INIT;
    EXPECT_EQ(firn_open(path, nullptr, &error), nullptr);
    EXPECT_EQ(error.code, FIRN_INVALID);
    EXPECT_NE(error.message[0], '\0');
    EXPECT_EQ(firn_open(path, nullptr, nullptr), nullptr);
    EXPECT_EQ(firn_check(path, &error), FIRN_INVALID);
    EXPECT_EQ(firn_check(path, nullptr), FIRN_INVALID);
  }
  struct Small {
    uint32_t struct_size = 12;
    int32_t code = 0;
    int32_t os_errno = 0;
    uint32_t untouched = 0x5a5a5a5a;
  } small;
  EXPECT_EQ(firn_open(nullptr, nullptr, reinterpret_cast<firn_error*>(&small)), nullptr);
  EXPECT_EQ(small.code, FIRN_INVALID);
  EXPECT_EQ(small.untouched, 0x5a5a5a5au);
}

TEST_F(Misuse, an_older_recovery_info_is_filled_up_to_its_size) {
  firn_recovery_info info;
  memset(&info, 0x55, sizeof info);
  info.struct_size = 8;
  ASSERT_EQ(firn_recovery(db_, &info), FIRN_OK);
  EXPECT_EQ(info.clean, 1);
  EXPECT_EQ(info.records_replayed, 0x5555555555555555u);
}

TEST_F(Misuse, closing_while_others_call_is_waited_for_and_ends_in_closed) {
  std::atomic<bool> started{false};
  std::atomic<int> other_codes{0};
  std::vector<std::thread> threads;
  firn_db* db = take();
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      const std::string key = "key" + std::to_string(i);
      for (;;) {
        const int32_t code = put(db, key, "value");
        started = true;
        if (code == FIRN_CLOSED) break;
        other_codes += code != FIRN_OK;
        firn_iter* iter = firn_scan(db, nullptr, nullptr, nullptr);
        firn_kv kv[4];
        const int64_t count = firn_iter_entries(iter, kv, 4);
        other_codes += count < 0 && count != FIRN_CLOSED && iter != nullptr;
        firn_iter_close(iter);
      }
    });
  }
  while (!started.load()) std::this_thread::yield();
  EXPECT_EQ(firn_close(db), FIRN_OK);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(other_codes.load(), 0);
}

TEST_F(Misuse, of_two_concurrent_closers_one_closes) {
  for (int round = 0; round < 20; ++round) {
    firn_db* db = firn_open(":memory:", nullptr, nullptr);
    std::atomic<int> ok{0};
    std::atomic<int> closed{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        const int32_t code = firn_close(db);
        ok += code == FIRN_OK;
        closed += code == FIRN_CLOSED;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(ok.load(), 1);
    EXPECT_EQ(closed.load(), 2);
  }
}

TEST(SingleThreaded, overlap_answers_misuse_and_nothing_breaks) {
  firn_options* options = firn_options_new();
  ASSERT_EQ(firn_options_set(options, "single_threaded", "true"), FIRN_OK);
  firn_db* db = firn_open(":memory:", options, nullptr);
  ASSERT_NE(db, nullptr);
  EXPECT_GE(firn_run_jobs(db, 1), 0);
  EXPECT_EQ(firn_run_jobs(db, -1), FIRN_INVALID);
  {
    const firn::DbCall going_on(db);
    expect_all(db_functions(), db, FIRN_MISUSE, "with a call going on");
  }
  EXPECT_EQ(put(db, "key", "value"), FIRN_OK);
  std::atomic<int> wrong{0};
  std::atomic<int> worked{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 2000; ++j) {
        const int32_t code = put(db, "key", "value");
        worked += code == FIRN_OK;
        wrong += code != FIRN_OK && code != FIRN_MISUSE;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(worked.load(), 0);
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(get(db, "key"), "value");
  EXPECT_EQ(firn_close(db), FIRN_OK);
  firn_options_free(options);
}

TEST_F(Misuse, run_jobs_is_for_single_threaded_databases) { EXPECT_EQ(firn_run_jobs(db_, 1), FIRN_MISUSE); }

// In the child: the number of failed expectations, as the exit code.
int expect_forked(firn_db* db, firn_iter* iter, firn_options* options, firn_pin_t* pin, firn_txn* txn) {
  int failures = 0;
  for (const auto& function : db_functions()) failures += function.call(db) != FIRN_FORKED;
  for (const auto& function : iter_functions()) failures += function.call(iter) != FIRN_FORKED;
  for (const auto& function : options_functions()) failures += function.call(options) != FIRN_FORKED;
  for (const auto& function : txn_functions()) failures += function.call(txn) != FIRN_FORKED;
  failures += firn_close(db) != FIRN_FORKED;
  firn_txn_close(txn);
  firn_iter_close(iter);
  firn_options_free(options);
  failures += std::memcmp(pin->data, "value", 5) != 0;
  const uint8_t* data = pin->data;
  firn_unpin(pin);
  failures += std::memcmp(data, "value", 5) != 0;
  // A database of its own.
  firn_options* own_options = firn_options_new();
  failures += firn_options_set(own_options, "durability", "none") != FIRN_OK;
  firn_db* own = firn_open(":memory:", own_options, nullptr);
  failures += own == nullptr;
  failures += put(own, "key", "child") != FIRN_OK;
  failures += get(own, "key") != "child";
  firn_iter* own_iter = firn_scan(own, nullptr, nullptr, nullptr);
  firn_kv kv;
  failures += firn_iter_entries(own_iter, &kv, 1) != 1;
  failures += put(db, "key", "x") != FIRN_FORKED;
  failures += firn_close(own) != FIRN_OK;
  failures += firn_iter_entries(own_iter, &kv, 1) != FIRN_CLOSED;
  firn_iter_close(own_iter);
  firn_options_free(own_options);
  return failures;
}

TEST_F(Misuse, after_a_fork_the_child_gets_forked_and_can_open_its_own_and_the_parent_goes_on) {
#if defined(FIRN_THREAD_SANITIZER)
  GTEST_SKIP() << "SKIPPED: ThreadSanitizer does not support threads in a process that was forked with threads";
#endif
  const pid_t child = fork();
  if (child == 0) _exit(expect_forked(db_, iter_, options_, &pin_, txn_));
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(get(db_, "key"), "value");
  EXPECT_EQ(put(db_, "key2", "value"), FIRN_OK);
  EXPECT_EQ(firn_iter_seek(iter_, nullptr, 0), FIRN_OK);
}

TEST_F(Misuse, a_child_can_fork_again) {
#if defined(FIRN_THREAD_SANITIZER)
  GTEST_SKIP() << "SKIPPED: ThreadSanitizer does not support threads in a process that was forked with threads";
#endif
  const pid_t child = fork();
  if (child == 0) {
    firn_db* own = firn_open(":memory:", nullptr, nullptr);
    if (own == nullptr || put(own, "key", "x") != FIRN_OK) _exit(100);
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      const bool forked = put(own, "key", "x") == FIRN_FORKED && put(db_, "key", "x") == FIRN_FORKED;
      _exit(forked ? 0 : 101);
    }
    int status = -1;
    waitpid(grandchild, &status, 0);
    if (status != 0) _exit(102);
    _exit(firn_close(own) == FIRN_OK ? 0 : 103);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
