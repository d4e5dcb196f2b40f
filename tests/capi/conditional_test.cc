// Conditional writes, counters and times to live, through the C header.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "capi_fixture.h"

namespace {

using firn_test::bytes;

class ConditionalTest : public firn_test::CapiTest {
 protected:
  int64_t put_ex(const char* key, const char* value, uint32_t flags, uint64_t if_version = 0, int64_t ttl_ms = 0) {
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.flags = flags;
    opts.if_version = if_version;
    opts.ttl_ms = ttl_ms;
    return firn_put_ex(db_, 0, bytes(key), strlen(key), bytes(value), strlen(value), &opts);
  }
  std::string get(const char* key) { return firn_test::get(db_, key); }
  int64_t ttl(const char* key) { return firn_ttl(db_, 0, bytes(key), strlen(key)); }
  void wait_until_expired(const char* key) {
    while (firn_exists(db_, 0, bytes(key), strlen(key)) == 1) usleep(1000);
  }
};

TEST_F(ConditionalTest, a_put_happens_only_under_its_condition) {
  EXPECT_EQ(FIRN_NOT_FOUND, put_ex("k", "no", FIRN_IF_PRESENT));
  EXPECT_GT(put_ex("k", "one", FIRN_IF_ABSENT), 0);
  EXPECT_EQ(FIRN_EXISTS, put_ex("k", "no", FIRN_IF_ABSENT));
  EXPECT_EQ("one", get("k"));
  const int64_t version = put_ex("k", "two", FIRN_IF_PRESENT);
  EXPECT_GT(version, 0);
  EXPECT_EQ(FIRN_CONFLICT, put_ex("k", "no", FIRN_IF_VERSION, static_cast<uint64_t>(version) - 1));
  EXPECT_EQ(FIRN_CONFLICT, put_ex("k", "no", FIRN_IF_VERSION, 0));
  EXPECT_GT(put_ex("k", "three", FIRN_IF_VERSION, static_cast<uint64_t>(version)), version);
  EXPECT_EQ("three", get("k"));
  EXPECT_EQ(FIRN_INVALID, put_ex("k", "no", FIRN_IF_ABSENT | FIRN_IF_PRESENT));
  EXPECT_EQ(FIRN_INVALID, put_ex("k", "no", 1u << 20));
}

TEST_F(ConditionalTest, a_version_from_before_a_delete_never_compares_equal_again_not_after_a_compaction_either) {
  const auto before = static_cast<uint64_t>(put_ex("k", "a", 0));
  ASSERT_EQ(FIRN_OK, firn_delete(db_, 0, bytes("k"), 1));
  EXPECT_GT(put_ex("k", "b", FIRN_IF_VERSION, 0), 0) << "version 0 means absent now";
  EXPECT_EQ(FIRN_CONFLICT, put_ex("k", "no", FIRN_IF_VERSION, before));
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  EXPECT_EQ(FIRN_CONFLICT, put_ex("k", "no", FIRN_IF_VERSION, before));
  ASSERT_EQ(FIRN_OK, firn_delete(db_, 0, bytes("k"), 1));
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  EXPECT_GT(put_ex("k", "c", FIRN_IF_VERSION, 0), 0);
}

TEST_F(ConditionalTest, an_entry_tells_its_version_in_memtable_and_table) {
  const int64_t version = put_ex("k", "value", 0, 0, 1000000);
  for (int round = 0; round < 2; round++) {
    firn_entry entry = FIRN_ENTRY_INIT;
    ASSERT_EQ(5, firn_get_entry(db_, 0, bytes("k"), 1, nullptr, 0, &entry));
    EXPECT_EQ(static_cast<uint64_t>(version), entry.version);
    EXPECT_GT(entry.expiry_ms, 1700000000000);
    ASSERT_EQ(FIRN_OK, firn_compact(db_));
  }
}

TEST_F(ConditionalTest, exactly_one_of_four_threads_wins_a_swap_of_one_version) {
  for (int round = 0; round < 50; round++) {
    const auto version = static_cast<uint64_t>(put_ex("k", "start", 0));
    std::atomic<int> winners{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
      threads.emplace_back([&] {
        const int64_t code = put_ex("k", "won", FIRN_IF_VERSION, version);
        if (code > 0)
          winners++;
        else
          EXPECT_EQ(FIRN_CONFLICT, code);
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(1, winners.load());
  }
}

TEST_F(ConditionalTest, compare_swap_compares_the_value) {
  const auto swap = [&](const char* old_val, const char* new_val) {
    return firn_compare_swap(db_, 0, bytes("k"), 1, bytes(old_val), strlen(old_val), bytes(new_val), strlen(new_val), 0);
  };
  EXPECT_EQ(0, swap("", "x")) << "an absent key is not an empty value";
  ASSERT_GT(put_ex("k", "", 0, 0, 100000), 0);
  EXPECT_EQ(0, swap("y", "x"));
  EXPECT_EQ(1, swap("", "x"));
  EXPECT_EQ("x", get("k"));
  EXPECT_EQ(FIRN_NO_EXPIRY, ttl("k")) << "ttl_ms 0 clears";
}

TEST_F(ConditionalTest, swap_gives_the_old_value_and_keeps_the_expiry) {
  uint8_t buffer[8];
  EXPECT_EQ(FIRN_NOT_FOUND, firn_swap(db_, 0, bytes("k"), 1, bytes("one"), 3, buffer, sizeof buffer));
  EXPECT_EQ("one", get("k"));
  ASSERT_EQ(FIRN_OK, firn_expire(db_, 0, bytes("k"), 1, 100000));
  EXPECT_EQ(3, firn_swap(db_, 0, bytes("k"), 1, bytes("two"), 3, buffer, 2)) << "too small a buffer";
  EXPECT_EQ("one", get("k")) << "and nothing has changed";
  EXPECT_EQ(3, firn_swap(db_, 0, bytes("k"), 1, bytes("two"), 3, buffer, sizeof buffer));
  EXPECT_EQ(0, memcmp(buffer, "one", 3));
  EXPECT_GT(ttl("k"), 0);
}

TEST_F(ConditionalTest, a_counter_counts_keeps_its_expiry_and_refuses_what_it_cannot_be) {
  EXPECT_EQ(5, firn_add(db_, 0, bytes("n"), 1, 5).value);
  ASSERT_EQ(FIRN_OK, firn_flush(db_));
  EXPECT_EQ(3, firn_add(db_, 0, bytes("n"), 1, -2).value);
  ASSERT_EQ(FIRN_OK, firn_expire(db_, 0, bytes("n"), 1, 100000));
  int64_t result = 0;
  EXPECT_EQ(FIRN_OK, firn_add_to(db_, 0, bytes("n"), 1, 1, &result));
  EXPECT_EQ(4, result);
  EXPECT_GT(ttl("n"), 0);
  EXPECT_EQ(FIRN_OVERFLOW, firn_add(db_, 0, bytes("n"), 1, std::numeric_limits<int64_t>::max()).status);
  EXPECT_EQ(4, firn_add(db_, 0, bytes("n"), 1, 0).value) << "an overflow changes nothing";
  ASSERT_GT(put_ex("text", "seven b", 0), 0);
  EXPECT_EQ(FIRN_TYPE_MISMATCH, firn_add(db_, 0, bytes("text"), 4, 1).status);
  EXPECT_EQ("seven b", get("text"));
}

TEST_F(ConditionalTest, additions_of_four_threads_all_count) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; i++) EXPECT_EQ(FIRN_OK, firn_add(db_, 0, bytes("n"), 1, 1).status);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(8000, firn_add(db_, 0, bytes("n"), 1, 0).value);
}

TEST_F(ConditionalTest, an_expired_key_is_absent_for_every_call) {
  EXPECT_EQ(FIRN_NOT_FOUND, ttl("k"));
  ASSERT_GT(put_ex("k", "v", 0, 0, 20), 0);
  wait_until_expired("k");
  EXPECT_EQ("FIRN_NOT_FOUND", get("k"));
  EXPECT_EQ(FIRN_NOT_FOUND, ttl("k"));
  EXPECT_EQ(FIRN_NOT_FOUND, firn_persist(db_, 0, bytes("k"), 1));
  EXPECT_EQ(FIRN_NOT_FOUND, put_ex("k", "no", FIRN_IF_PRESENT));
  firn_iter* iter = firn_scan(db_, nullptr, nullptr, nullptr);
  firn_kv entry;
  EXPECT_EQ(0, firn_iter_entries(iter, &entry, 1));
  firn_iter_close(iter);
  EXPECT_GT(put_ex("k", "again", FIRN_IF_VERSION, 0), 0);
  EXPECT_EQ(FIRN_NO_EXPIRY, ttl("k"));
}

TEST_F(ConditionalTest, an_expiry_can_be_set_kept_and_taken_away) {
  EXPECT_EQ(FIRN_NOT_FOUND, firn_expire(db_, 0, bytes("k"), 1, 1000));
  ASSERT_GT(put_ex("k", "v", 0), 0);
  EXPECT_EQ(FIRN_NO_EXPIRY, ttl("k"));
  EXPECT_EQ(FIRN_INVALID, firn_expire(db_, 0, bytes("k"), 1, 0));
  ASSERT_EQ(FIRN_OK, firn_expire(db_, 0, bytes("k"), 1, 100000));
  ASSERT_GT(put_ex("k", "w", FIRN_KEEP_TTL), 0);
  EXPECT_GT(ttl("k"), 0);
  EXPECT_LE(ttl("k"), 100000);
  EXPECT_EQ("w", get("k"));
  ASSERT_EQ(FIRN_OK, firn_persist(db_, 0, bytes("k"), 1));
  EXPECT_EQ(FIRN_NO_EXPIRY, ttl("k"));
  EXPECT_EQ("w", get("k"));
}

}  // namespace
