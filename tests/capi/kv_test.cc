// Single keys, pins, packed batches and look-ups, namespaces: what the calls answer.
#include <chrono>
#include <thread>

#include "capi_fixture.h"

namespace {

using namespace firn_test;

using Kv = CapiTest;

TEST_F(Kv, a_value_comes_back_and_can_be_deleted) {
  EXPECT_EQ(get(db_, "key"), "FIRN_NOT_FOUND");
  EXPECT_EQ(put(db_, "key", "value"), FIRN_OK);
  EXPECT_EQ(get(db_, "key"), "value");
  EXPECT_EQ(firn_exists(db_, 0, bytes("key"), 3), 1);
  EXPECT_EQ(firn_delete(db_, 0, bytes("key"), 3), FIRN_OK);
  EXPECT_EQ(firn_delete(db_, 0, bytes("key"), 3), FIRN_OK);
  EXPECT_EQ(firn_exists(db_, 0, bytes("key"), 3), 0);
  EXPECT_EQ(get(db_, "key"), "FIRN_NOT_FOUND");
}

TEST_F(Kv, a_value_that_does_not_fit_is_not_copied) {
  ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
  uint8_t buffer[5] = {1, 2, 3, 4, 5};
  EXPECT_EQ(firn_get(db_, 0, bytes("key"), 3, buffer, 4), 5);
  EXPECT_EQ(buffer[0], 1);
  EXPECT_EQ(firn_get(db_, 0, bytes("key"), 3, nullptr, 0), 5);
  EXPECT_EQ(firn_get(db_, 0, bytes("key"), 3, buffer, 5), 5);
  EXPECT_EQ(std::memcmp(buffer, "value", 5), 0);
}

TEST_F(Kv, an_empty_value_is_not_a_missing_one) {
  EXPECT_EQ(firn_put(db_, 0, bytes("key"), 3, nullptr, 0), FIRN_OK);
  EXPECT_EQ(firn_get(db_, 0, bytes("key"), 3, nullptr, 0), 0);
  EXPECT_EQ(firn_exists(db_, 0, bytes("key"), 3), 1);
  firn_pin_t pin;
  EXPECT_EQ(firn_pin(db_, 0, bytes("key"), 3, &pin), FIRN_OK);
  EXPECT_EQ(pin.len, 0u);
  firn_unpin(&pin);
}

TEST_F(Kv, the_longest_key_works_and_one_more_byte_is_too_large) {
  const std::string longest(65535, 'k');
  EXPECT_EQ(put(db_, longest, "value"), FIRN_OK);
  EXPECT_EQ(get(db_, longest), "value");
  EXPECT_EQ(put(db_, longest + "k", "value"), FIRN_TOO_LARGE);
}

TEST_F(Kv, a_pin_stays_readable_and_unchanged_after_overwriting_and_closing) {
  ASSERT_EQ(put(db_, "key", "first value"), FIRN_OK);
  firn_pin_t pin;
  ASSERT_EQ(firn_pin(db_, 0, bytes("key"), 3, &pin), FIRN_OK);
  EXPECT_GT(pin.version, 0u);
  ASSERT_EQ(put(db_, "key", "second"), FIRN_OK);
  ASSERT_EQ(firn_delete(db_, 0, bytes("key"), 3), FIRN_OK);
  EXPECT_EQ(firn_flush(db_), FIRN_OK);
  EXPECT_EQ(firn_compact(db_), FIRN_OK);
  EXPECT_EQ(firn_close(take()), FIRN_OK);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(pin.data), pin.len), "first value");
  firn_pin_t copy = pin;
  firn_unpin(&pin);
  EXPECT_EQ(pin.data, nullptr);
  EXPECT_EQ(pin.owner, nullptr);
  firn_unpin(&pin);
  firn_unpin(&copy);
  firn_unpin(nullptr);
}

TEST_F(Kv, a_failed_pin_is_zeroed) {
  firn_pin_t pin;
  memset(&pin, 0x55, sizeof pin);
  EXPECT_EQ(firn_pin(db_, 0, bytes("missing"), 7, &pin), FIRN_NOT_FOUND);
  EXPECT_EQ(pin.data, nullptr);
  EXPECT_EQ(pin.len, 0u);
  EXPECT_EQ(pin.version, 0u);
  EXPECT_EQ(pin.owner, nullptr);
  EXPECT_EQ(firn_pin(db_, 0, bytes("missing"), 7, nullptr), FIRN_INVALID);
}

TEST_F(Kv, pins_of_many_threads_and_their_release_elsewhere_work) {
  ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
  std::vector<std::thread> threads;
  std::vector<std::vector<firn_pin_t>> pins(4);
  for (auto& own : pins) {
    threads.emplace_back([&] {
      own.resize(200);
      for (firn_pin_t& pin : own) EXPECT_EQ(firn_pin(db_, 0, bytes("key"), 3, &pin), FIRN_OK);
    });
  }
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  for (auto& own : pins) {
    threads.emplace_back([&] {
      for (firn_pin_t& pin : own) {
        EXPECT_EQ(std::memcmp(pin.data, "value", 5), 0);
        firn_unpin(&pin);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

using Batch = CapiTest;

TEST_F(Batch, a_batch_is_applied_in_order_and_returns_its_version) {
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT, 0, "a", "1");
  append_operation(&batch, FIRN_OP_PUT, 0, "b", "2");
  append_operation(&batch, FIRN_OP_DELETE, 0, "a", "");
  append_operation(&batch, FIRN_OP_PUT, 0, "c", "");
  append_operation(&batch, FIRN_OP_PUT, 0, "c", "3");
  const int64_t version = firn_write(db_, bytes(batch), batch.size(), FIRN_SYNC);
  ASSERT_GT(version, 0);
  EXPECT_EQ(get(db_, "a"), "FIRN_NOT_FOUND");
  EXPECT_EQ(get(db_, "b"), "2");
  EXPECT_EQ(get(db_, "c"), "3");
  EXPECT_EQ(firn_write(db_, nullptr, 0, 0), version);
  EXPECT_EQ(firn_write(db_, bytes(batch), 0, FIRN_SYNC | FIRN_NO_BLOCK), version);
  EXPECT_GT(firn_write(db_, bytes(batch), batch.size(), FIRN_NO_BLOCK), version);
}

TEST_F(Batch, a_time_to_live_ends_and_none_does_not) {
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT, 0, "short", "x", 30);
  append_operation(&batch, FIRN_OP_PUT, 0, "long", "x", 3600 * 1000);
  append_operation(&batch, FIRN_OP_PUT, 0, "none", "x", -1);
  append_operation(&batch, FIRN_OP_PUT, 0, "endless", "x", INT64_MAX);
  ASSERT_GT(firn_write(db_, bytes(batch), batch.size(), 0), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_EQ(get(db_, "short"), "FIRN_NOT_FOUND");
  EXPECT_EQ(firn_exists(db_, 0, bytes("short"), 5), 0);
  EXPECT_EQ(get(db_, "long"), "x");
  EXPECT_EQ(get(db_, "none"), "x");
  EXPECT_EQ(get(db_, "endless"), "x");
}

TEST_F(Batch, a_malformed_batch_changes_nothing) {
  std::string good;
  append_operation(&good, FIRN_OP_PUT, 0, "good", "1");
  // Every way to cut or lengthen it.
  std::string two = good + good;
  for (size_t size = 1; size < two.size(); ++size) {
    if (size != good.size()) {
      EXPECT_EQ(firn_write(db_, bytes(two), size, 0), FIRN_INVALID) << size;
    }
  }
  const auto refuse = [&](const std::string& bad, int64_t code, const char* why) {
    const std::string batch = good + bad;
    EXPECT_EQ(firn_write(db_, bytes(batch), batch.size(), 0), code) << why;
  };
  const auto header = [](uint32_t op, uint32_t ns, uint32_t key_len, uint32_t val_len) {
    std::string text;
    append(&text, op);
    append(&text, ns);
    append(&text, key_len);
    append(&text, val_len);
    append<int64_t>(&text, 0);
    return text;
  };
  for (uint32_t op : {0u, 7u, 8u, 0x101u, 0x80000001u, UINT32_MAX}) refuse(header(op, 0, 1, 1) + "kv", FIRN_INVALID, "unknown op");
  refuse(header(FIRN_OP_PUT, 0, 0, 1) + "v", FIRN_INVALID, "empty key");
  refuse(header(FIRN_OP_DELETE, 0, 1, 1) + "kv", FIRN_INVALID, "a delete with a value");
  refuse(header(FIRN_OP_PUT, 77777, 1, 1) + "kv", FIRN_INVALID, "unknown namespace");
  refuse(header(FIRN_OP_PUT, 0, 65536, 1) + "kv", FIRN_TOO_LARGE, "key over the limit");
  refuse(header(FIRN_OP_PUT, 0, 1, (1u << 30) + 1) + "kv", FIRN_TOO_LARGE, "value over the limit");
  refuse(header(FIRN_OP_PUT, 0, UINT32_MAX, UINT32_MAX), FIRN_TOO_LARGE, "lengths that overflow 32 bits");
  refuse(header(FIRN_OP_PUT, 0, 1, 1 << 30) + "kv", FIRN_INVALID, "a value that is not there");
  for (uint32_t flags : {1u, 8u, 128u, FIRN_SYNC | FIRN_NO_SYNC, UINT32_MAX})
    EXPECT_EQ(firn_write(db_, bytes(good), good.size(), flags), FIRN_INVALID) << flags;
  EXPECT_EQ(get(db_, "good"), "FIRN_NOT_FOUND");
}

TEST_F(Batch, many_keys_are_looked_up_in_order) {
  ASSERT_EQ(put(db_, "a", "first"), FIRN_OK);
  ASSERT_EQ(put(db_, "b", ""), FIRN_OK);
  std::string requests;
  append_request(&requests, 0, "b");
  append_request(&requests, 0, "missing");
  append_request(&requests, 77777, "a");
  append_request(&requests, 0, "a");
  append_request(&requests, 0, "a");
  std::string expected;
  append<int64_t>(&expected, 0);
  append<int64_t>(&expected, FIRN_NOT_FOUND);
  append<int64_t>(&expected, FIRN_INVALID);
  for (int i = 0; i < 2; ++i) {
    append<int64_t>(&expected, 5);
    expected += "first";
  }
  std::string out(expected.size(), 'x');
  auto* to = reinterpret_cast<uint8_t*>(out.data());
  const auto needed = static_cast<int64_t>(expected.size());
  EXPECT_EQ(firn_multi_get(db_, bytes(requests), requests.size(), nullptr, 0), needed);
  EXPECT_EQ(firn_multi_get(db_, bytes(requests), requests.size(), to, out.size() - 1), needed);
  EXPECT_EQ(out, std::string(expected.size(), 'x'));
  EXPECT_EQ(firn_multi_get(db_, bytes(requests), requests.size(), to, out.size()), needed);
  EXPECT_EQ(out, expected);
  EXPECT_EQ(firn_multi_get(db_, nullptr, 0, nullptr, 0), 0);
  for (size_t cut = 1; cut < 9; ++cut)
    EXPECT_EQ(firn_multi_get(db_, bytes(requests), cut, to, out.size()), cut == 9 ? 8 : FIRN_INVALID) << cut;
  std::string bad;
  append_request(&bad, 0, "");
  EXPECT_EQ(firn_multi_get(db_, bytes(bad), bad.size(), to, out.size()), FIRN_INVALID);
  bad.clear();
  append_request(&bad, 0, std::string(65536, 'k'));
  EXPECT_EQ(firn_multi_get(db_, bytes(bad), bad.size(), to, out.size()), FIRN_TOO_LARGE);
}

// The keys of a firn_multi_pin, and its answers.
struct Pinned {
  std::string requests;
  firn_answer answers[8];
  firn_pin_t pin;

  explicit Pinned(std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) append_request(&requests, 0, std::string(key));
    memset(answers, 0x55, sizeof answers);
    memset(&pin, 0x55, sizeof pin);
  }
  int64_t call(firn_db* db, size_t max = 8) { return firn_multi_pin(db, bytes(requests), requests.size(), answers, max, &pin); }
  std::string value(size_t i) const {
    if (answers[i].code != FIRN_OK) return firn_status_name(answers[i].code);
    return {reinterpret_cast<const char*>(answers[i].data), answers[i].len};
  }
  bool is_zeroed() const { return pin.data == nullptr && pin.len == 0 && pin.version == 0 && pin.owner == nullptr; }
};

TEST_F(Kv, values_of_many_keys_stay_readable_and_unchanged_until_one_unpin) {
  ASSERT_EQ(put(db_, "a", "first"), FIRN_OK);
  ASSERT_EQ(put(db_, "in a table", std::string(20000, 't')), FIRN_OK);
  ASSERT_EQ(firn_flush(db_), FIRN_OK);
  ASSERT_EQ(firn_put(db_, 0, bytes("empty"), 5, nullptr, 0), FIRN_OK);
  ASSERT_EQ(put(db_, "deleted", "x"), FIRN_OK);
  ASSERT_EQ(firn_delete(db_, 0, bytes("deleted"), 7), FIRN_OK);
  Pinned pinned({"a", "in a table", "missing", "empty", "deleted", "a"});
  append_request(&pinned.requests, 77777, "a");
  ASSERT_EQ(pinned.call(db_), 7);
  EXPECT_NE(pinned.pin.owner, nullptr);
  EXPECT_TRUE(pinned.pin.data == nullptr && pinned.pin.len == 0 && pinned.pin.version == 0) << "of a pin of many only the owner is set";
  firn_entry entry = FIRN_ENTRY_INIT;
  ASSERT_EQ(firn_get_entry(db_, 0, bytes("a"), 1, nullptr, 0, &entry), 5);
  ASSERT_EQ(put(db_, "a", "second"), FIRN_OK);
  ASSERT_EQ(put(db_, "in a table", "short"), FIRN_OK);
  ASSERT_EQ(put(db_, "empty", "no more"), FIRN_OK);
  ASSERT_EQ(firn_flush(db_), FIRN_OK);
  ASSERT_EQ(firn_compact(db_), FIRN_OK);
  ASSERT_EQ(firn_close(take()), FIRN_OK);
  EXPECT_EQ(pinned.value(0), "first");
  EXPECT_EQ(pinned.answers[0].version, entry.version);
  EXPECT_EQ(pinned.value(1), std::string(20000, 't'));
  EXPECT_EQ(pinned.value(3), "");
  EXPECT_EQ(pinned.value(5), "first");
  for (const size_t i : {2, 4, 6}) {
    EXPECT_EQ(pinned.answers[i].code, i == 6 ? FIRN_INVALID : FIRN_NOT_FOUND);
    EXPECT_EQ(pinned.answers[i].data, nullptr);
    EXPECT_EQ(pinned.answers[i].len + pinned.answers[i].version + pinned.answers[i].reserved, 0u);
  }
  firn_unpin(&pinned.pin);
  EXPECT_TRUE(pinned.is_zeroed());
}

TEST_F(Kv, keys_that_are_not_pinned_leave_nothing_to_release) {
  ASSERT_EQ(put(db_, "a", "1"), FIRN_OK);
  Pinned pinned({"a", "b", "a"});
  EXPECT_EQ(pinned.call(db_, 2), 3);
  EXPECT_TRUE(pinned.is_zeroed());
  EXPECT_EQ(pinned.answers[0].reserved, 0x55555555u) << "nothing was looked up";
  memset(&pinned.pin, 0x55, sizeof pinned.pin);
  EXPECT_EQ(firn_multi_pin(db_, bytes(pinned.requests), pinned.requests.size(), nullptr, 0, &pinned.pin), 3);
  EXPECT_TRUE(pinned.is_zeroed());
  Pinned absent({"b", "c"});
  EXPECT_EQ(absent.call(db_), 2);
  EXPECT_NE(absent.pin.owner, nullptr) << "to be released also when no key was found";
  firn_unpin(&absent.pin);
  Pinned none({});
  EXPECT_EQ(none.call(db_), 0);
  EXPECT_TRUE(none.is_zeroed());
  Pinned cut({"a", "b"});
  cut.requests.pop_back();
  EXPECT_EQ(cut.call(db_), FIRN_INVALID);
  EXPECT_TRUE(cut.is_zeroed());
  Pinned large({std::string(65536, 'k')});
  EXPECT_EQ(large.call(db_), FIRN_TOO_LARGE);
  EXPECT_TRUE(large.is_zeroed());
  EXPECT_EQ(firn_multi_pin(db_, bytes(pinned.requests), pinned.requests.size(), pinned.answers, 8, nullptr), FIRN_INVALID);
}

using Namespaces = CapiTest;

TEST_F(Namespaces, two_namespaces_never_share_a_key) {
  const int64_t one = firn_ns_open(db_, bytes("one"), 3, 0);
  const int64_t two = firn_ns_open(db_, bytes("two"), 3, 0);
  ASSERT_GT(one, 0);
  ASSERT_GT(two, 0);
  EXPECT_NE(one, two);
  EXPECT_EQ(firn_ns_open(db_, bytes("one"), 3, FIRN_NS_EXISTING), one);
  EXPECT_EQ(firn_ns_open(db_, bytes("three"), 5, FIRN_NS_EXISTING), FIRN_NOT_FOUND);
  const auto id_one = static_cast<uint32_t>(one);
  const auto id_two = static_cast<uint32_t>(two);
  EXPECT_EQ(put(db_, "key", "1", id_one), FIRN_OK);
  EXPECT_EQ(put(db_, "key", "2", id_two), FIRN_OK);
  EXPECT_EQ(get(db_, "key"), "FIRN_NOT_FOUND");
  EXPECT_EQ(get(db_, "key", id_one), "1");
  EXPECT_EQ(firn_ns_clear(db_, id_one), FIRN_OK);
  EXPECT_EQ(get(db_, "key", id_one), "FIRN_NOT_FOUND");
  EXPECT_EQ(get(db_, "key", id_two), "2");
  EXPECT_EQ(firn_ns_drop(db_, id_two), FIRN_OK);
  EXPECT_EQ(get(db_, "key", id_two), "FIRN_INVALID");
  EXPECT_EQ(firn_ns_drop(db_, id_two), FIRN_INVALID);
  EXPECT_EQ(firn_ns_drop(db_, 0), FIRN_INVALID);
  EXPECT_GT(firn_ns_open(db_, bytes("two"), 3, 0), two);
}

TEST_F(Namespaces, the_list_is_packed_by_name) {
  const auto b = static_cast<uint32_t>(firn_ns_open(db_, bytes("b"), 1, 0));
  const auto a = static_cast<uint32_t>(firn_ns_open(db_, bytes("aa"), 2, 0));
  std::string expected;
  append(&expected, a);
  append<uint32_t>(&expected, 2);
  expected += "aa";
  append(&expected, b);
  append<uint32_t>(&expected, 1);
  expected += "b";
  std::string out(expected.size(), '\0');
  EXPECT_EQ(firn_ns_list(db_, nullptr, 0), static_cast<int64_t>(expected.size()));
  EXPECT_EQ(firn_ns_list(db_, reinterpret_cast<uint8_t*>(out.data()), out.size()), static_cast<int64_t>(expected.size()));
  EXPECT_EQ(out, expected);
}

TEST_F(Namespaces, names_have_limits) {
  const std::string longest(255, 'n');
  EXPECT_GT(firn_ns_open(db_, bytes(longest), 255, 0), 0);
  EXPECT_EQ(firn_ns_open(db_, bytes(longest), 256, 0), FIRN_TOO_LARGE);
  EXPECT_EQ(firn_ns_open(db_, bytes(longest), SIZE_MAX, 0), FIRN_TOO_LARGE);
  EXPECT_EQ(firn_ns_open(db_, bytes(longest), 0, 0), FIRN_INVALID);
  EXPECT_EQ(firn_ns_open(db_, nullptr, 0, 0), FIRN_INVALID);
  EXPECT_EQ(firn_ns_open(db_, nullptr, 3, 0), FIRN_INVALID);
  EXPECT_EQ(firn_ns_open(db_, bytes("x"), 1, 2), FIRN_INVALID);
}

}  // namespace
