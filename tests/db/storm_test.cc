// A storm of threads on one database, through the C header: whole commits only, no key lost, a close in the middle. Made for ThreadSanitizer as much as for
// its own checks; bounded by counts, not by time.
#include <firn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "capi/capi_fixture.h"
#include "env/environment.h"

namespace firn {
namespace {

constexpr int kPairCount = 40;

const uint8_t* bytes_of(const std::string& text) { return reinterpret_cast<const uint8_t*>(text.data()); }

// The two keys of a pair lie far apart, in the order and by their hash.
std::string left_key(uint32_t pair) { return "a" + std::to_string(1000 + pair); }
std::string right_key(uint32_t pair) { return "z" + std::to_string(1000 + pair); }

uint32_t any_pair(std::mt19937& random) { return static_cast<uint32_t>(random() % kPairCount); }

class Storm : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    firn_options* options = firn_options_new();
    ASSERT_EQ(FIRN_OK, firn_options_parse(options, GetParam()));
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open((disk_.path() + "/db").c_str(), options, &error);
    firn_options_free(options);
    ASSERT_NE(nullptr, db_) << error.message;
    for (uint32_t pair = 0; pair < kPairCount; pair++) ASSERT_TRUE(write_pair(pair, "0"));
  }

  // An answer that is right also while another thread closes.
  bool is_expected(int64_t code) const { return code >= 0 || (code == FIRN_CLOSED && may_be_closed_); }

  bool write_pair(uint32_t pair, const std::string& value) {
    std::string batch;
    firn_test::append_operation(&batch, FIRN_OP_PUT, 0, left_key(pair), value);
    firn_test::append_operation(&batch, FIRN_OP_PUT, 0, right_key(pair), value);
    const int64_t version = firn_write(db_, bytes_of(batch), batch.size(), 0);
    EXPECT_TRUE(is_expected(version)) << version;
    return version >= 0;
  }

  std::string request_of(uint32_t pair) {
    std::string request;
    for (const std::string& key : {left_key(pair), right_key(pair)}) firn_test::append_request(&request, 0, key);
    return request;
  }

  bool read_pair(uint32_t pair) {
    const std::string request = request_of(pair);
    std::string answer(4096, '\0');
    const int64_t length = firn_multi_get(db_, bytes_of(request), request.size(), reinterpret_cast<uint8_t*>(answer.data()), answer.size());
    EXPECT_TRUE(is_expected(length)) << length;
    if (length < 0) return false;
    int64_t bytes = 0;
    std::memcpy(&bytes, answer.data(), sizeof bytes);
    EXPECT_GT(bytes, 0);
    EXPECT_EQ(2 * (8 + bytes), length) << "torn";
    const std::string half = answer.substr(0, static_cast<size_t>(length) / 2);
    EXPECT_EQ(half, answer.substr(half.size(), half.size())) << "torn";
    return true;
  }

  bool scan_pairs() {
    firn_error error = FIRN_ERROR_INIT;
    firn_iter* iter = firn_scan(db_, nullptr, nullptr, &error);
    if (iter == nullptr) {
      EXPECT_TRUE(is_expected(error.code)) << error.message;
      return false;
    }
    std::vector<std::pair<std::string, std::string>> seen;
    firn_kv entries[16];
    int64_t count = 0;
    while ((count = firn_iter_entries(iter, entries, 16)) > 0) {
      for (int64_t i = 0; i < count; i++) {
        seen.emplace_back(std::string(reinterpret_cast<const char*>(entries[i].key), entries[i].key_len),
                          std::string(reinterpret_cast<const char*>(entries[i].val), entries[i].val_len));
      }
    }
    EXPECT_TRUE(is_expected(count)) << count;
    firn_iter_close(iter);
    if (count < 0) return false;
    EXPECT_EQ(2u * kPairCount, seen.size());
    for (size_t i = 0; i < seen.size() / 2; i++) {
      EXPECT_EQ(seen[i].first.substr(1), seen[i + kPairCount].first.substr(1));
      EXPECT_EQ(seen[i].second, seen[i + kPairCount].second) << "torn";
    }
    return true;
  }

  bool pin_one(uint32_t pair) {
    firn_pin_t pin{};
    const std::string key = left_key(pair);
    const int32_t code = firn_pin(db_, 0, bytes_of(key), key.size(), &pin);
    EXPECT_TRUE(is_expected(code)) << code;
    if (code != FIRN_OK) return false;
    const std::string first(reinterpret_cast<const char*>(pin.data), pin.len);
    std::this_thread::yield();
    EXPECT_EQ(0, std::memcmp(first.data(), pin.data, pin.len)) << "a pinned value never changes";
    firn_unpin(&pin);
    return true;
  }

  bool pin_pair(uint32_t pair) {
    const std::string request = request_of(pair);
    firn_answer answers[2];
    firn_pin_t pin;
    const int64_t count = firn_multi_pin(db_, bytes_of(request), request.size(), answers, 2, &pin);
    EXPECT_TRUE(is_expected(count)) << count;
    if (count < 0) return false;
    const auto value = [&](size_t i) { return std::string(reinterpret_cast<const char*>(answers[i].data), answers[i].len); };
    const std::string first = value(0);
    EXPECT_EQ(first, value(1)) << "torn";
    std::this_thread::yield();
    EXPECT_TRUE(first == value(0) && first == value(1)) << "a pinned value never changes";
    firn_unpin(&pin);
    return true;
  }

  // Namespaces of its own, so that clearing them disturbs nobody's checks.
  bool change_namespaces(std::mt19937& random) {
    const std::string name = "ns" + std::to_string(random() % 3);
    const int64_t ns = firn_ns_open(db_, bytes_of(name), name.size(), 0);
    EXPECT_TRUE(is_expected(ns)) << ns;
    if (ns < 0) return false;
    const std::string key = "key" + std::to_string(random() % 10);
    // Another thread may have dropped it meanwhile: then it is FIRN_INVALID.
    for (const int32_t code : {firn_put(db_, static_cast<uint32_t>(ns), bytes_of(key), key.size(), bytes_of(key), key.size()),
                               random() % 2 == 0 ? firn_ns_clear(db_, static_cast<uint32_t>(ns)) : FIRN_OK,
                               random() % 8 == 0 ? firn_ns_drop(db_, static_cast<uint32_t>(ns)) : FIRN_OK}) {
      EXPECT_TRUE(code == FIRN_INVALID || is_expected(code)) << code;
    }
    return true;
  }

  bool maintain(std::mt19937& random) {
    const uint64_t choice = random() % 8;
    const int32_t code = choice == 0 ? firn_compact(db_) : choice < 3 ? firn_flush(db_) : firn_sync(db_);
    EXPECT_TRUE(is_expected(code)) << code;
    return code == FIRN_OK;
  }

  // Runs them all; each thread goes on until its body says that the database is closed, or it has done its share.
  void run(int share) {
    std::vector<std::thread> threads;
    const auto spawn = [&](int times, auto body) {
      threads.emplace_back([times, body, seed = static_cast<unsigned>(threads.size())] {
        std::mt19937 random(seed);
        for (int i = 0; i < times && body(random, i); i++) continue;
      });
    };
    for (int writer = 0; writer < 3; writer++) {
      spawn(share, [this, writer](std::mt19937& random, int i) {
        return write_pair(any_pair(random), std::to_string(writer) + "-" + std::to_string(i) + std::string(random() % 200, '.'));
      });
    }
    spawn(share, [this](std::mt19937& random, int) { return read_pair(any_pair(random)); });
    spawn(share / 20, [this](std::mt19937&, int) { return scan_pairs(); });
    spawn(share, [this](std::mt19937& random, int) { return pin_one(any_pair(random)) && pin_pair(any_pair(random)); });
    spawn(share / 10, [this](std::mt19937& random, int) { return change_namespaces(random); });
    spawn(share / 40, [this](std::mt19937& random, int) { return maintain(random); });
    if (may_be_closed_) {
      spawn(1, [this](std::mt19937&, int) {
        for (int i = 0; i < 200; i++) read_pair(0);
        EXPECT_EQ(FIRN_OK, firn_close(db_));
        return true;
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  TemporaryDirectory disk_;
  firn_db* db_ = nullptr;
  bool may_be_closed_ = false;
};

TEST_P(Storm, CommitsAreNeverSeenTornAndNothingIsLost) {
  run(1500);
  for (uint32_t pair = 0; pair < kPairCount; pair++) EXPECT_TRUE(read_pair(pair));
  EXPECT_TRUE(scan_pairs());
  EXPECT_EQ(FIRN_OK, firn_db_error(db_, nullptr));
  EXPECT_EQ(FIRN_OK, firn_close(db_));
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(FIRN_OK, firn_check((disk_.path() + "/db").c_str(), &error)) << error.message;
  db_ = firn_open((disk_.path() + "/db").c_str(), nullptr, &error);
  ASSERT_NE(nullptr, db_) << error.message;
  EXPECT_TRUE(scan_pairs());
  EXPECT_EQ(FIRN_OK, firn_close(db_));
}

TEST_P(Storm, ACloseInTheMiddleEndsEveryCallInOrder) {
  may_be_closed_ = true;
  run(1500);
  EXPECT_EQ(FIRN_CLOSED, firn_sync(db_));
  firn_error error = FIRN_ERROR_INIT;
  may_be_closed_ = false;
  db_ = firn_open((disk_.path() + "/db").c_str(), nullptr, &error);
  ASSERT_NE(nullptr, db_) << error.message;
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  EXPECT_EQ(FIRN_OK, firn_recovery(db_, &info));
  EXPECT_EQ(1, info.clean);
  EXPECT_TRUE(scan_pairs());
  EXPECT_EQ(FIRN_OK, firn_close(db_));
}

INSTANTIATE_TEST_SUITE_P(OptionSets, Storm,
                         testing::Values("memtable_bytes=16KiB", "memtable_bytes=16KiB,log_io=pwrite,table_io=pread,background_threads=2",
                                         "memtable_bytes=64KiB,durability=sync"),
                         [](const testing::TestParamInfo<const char*>& set) { return "Set" + std::to_string(set.index); });

}  // namespace
}  // namespace firn
