// The edges of the limits: the longest key, the largest value, the largest transaction. What takes gigabytes runs with ./dev test --deep.
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "crashfs/effort.h"
#include "txn_fixture.h"

namespace {

using namespace firn_test;

constexpr size_t kKeyBytesMax = 65535;
constexpr size_t kValueBytesMax = size_t{1} << 30;

class LimitsTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("firn-limits-" + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    open();
  }
  void TearDown() override {
    EXPECT_EQ(FIRN_OK, firn_close(db_));
    std::filesystem::remove_all(path_);
  }
  void open(const char* options = "") {
    firn_options* const parsed = firn_options_new();
    ASSERT_EQ(FIRN_OK, firn_options_parse(parsed, options));
    db_ = firn_open(path_.c_str(), parsed, nullptr);
    firn_options_free(parsed);
    ASSERT_NE(nullptr, db_);
  }
  void reopen(const char* options = "") {
    ASSERT_EQ(FIRN_OK, firn_close(db_));
    open(options);
  }
  void expect_value(std::string_view key, const std::string& value) {
    firn_pin_t pin;
    ASSERT_EQ(FIRN_OK, firn_pin(db_, 0, bytes(key), key.size(), &pin));
    EXPECT_EQ(value.size(), pin.len);
    EXPECT_EQ(0, std::memcmp(value.data(), pin.data, value.size()));
    firn_unpin(&pin);
  }

  std::filesystem::path path_;
  firn_db* db_ = nullptr;
};

TEST_F(LimitsTest, the_longest_keys_live_in_memtables_tables_scans_and_transactions) {
  const std::string a(kKeyBytesMax, 'a');
  const std::string b = std::string(kKeyBytesMax - 1, 'a') + "b";
  ASSERT_EQ(FIRN_OK, put(db_, a, "1"));
  ASSERT_EQ(FIRN_OK, put(db_, b, "2"));
  EXPECT_EQ(FIRN_TOO_LARGE, put(db_, a + "a", "3"));
  for (int round = 0; round < 3; round++) {
    EXPECT_EQ("1", get(db_, a));
    const Txn txn(db_, FIRN_TXN_SERIALIZABLE);
    EXPECT_EQ(a + "=1," + b + "=2", txn.scan({.lower = a}));
    EXPECT_EQ(b + "=2," + a + "=1", txn.scan({.flags = FIRN_SCAN_REVERSE}));
    EXPECT_EQ(FIRN_OK, txn.put(b, "2"));
    EXPECT_GT(txn.commit(), 0);
    if (round == 0) {
      ASSERT_EQ(FIRN_OK, firn_compact(db_));
    } else {
      reopen();
    }
  }
}

TEST_F(LimitsTest, a_commit_larger_than_a_memtable_is_one_commit) {
  reopen("memtable_bytes=64KiB");
  const Txn txn(db_);
  const std::string value(10'000, 'v');
  for (int i = 0; i < 500; i++) ASSERT_EQ(FIRN_OK, txn.put("k" + std::to_string(i), value));
  const int64_t version = txn.commit();
  ASSERT_GT(version, 0);
  ASSERT_EQ(FIRN_OK, put(db_, "after", "x"));
  for (int i = 0; i < 500; i++) {
    const std::string key = "k" + std::to_string(i);
    firn_entry entry = FIRN_ENTRY_INIT;
    ASSERT_EQ(10'000, firn_get_entry(db_, 0, bytes(key), key.size(), nullptr, 0, &entry));
    ASSERT_EQ(static_cast<uint64_t>(version), entry.version);
  }
}

TEST_F(LimitsTest, a_value_of_a_gibibyte_is_stored_and_one_byte_more_is_refused) {
  if (!firn::test_effort().is_deep) GTEST_SKIP() << "SKIPPED: needs 4 GiB of memory and disk: ./dev test --deep";
  std::string value(kValueBytesMax, 'x');
  for (size_t i = 0; i < value.size(); i += 4096) value[i] = static_cast<char>(i >> 12);
  ASSERT_EQ(FIRN_OK, put(db_, "a", value));
  expect_value("a", value);
  reopen();
  expect_value("a", value);
  value.pop_back();
  {
    const Txn txn(db_);
    EXPECT_EQ(FIRN_OK, txn.put("b", value));
    EXPECT_EQ(FIRN_TOO_LARGE, txn.put("c", "x")) << "keys and values together";
    EXPECT_GT(txn.commit(), 0);
  }
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  expect_value("b", value);
  value += "yz";
  EXPECT_EQ(FIRN_TOO_LARGE, put(db_, "a", value));
}

}  // namespace
