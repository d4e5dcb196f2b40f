// About how much lies in a range, and read-only openings that go on.
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "capi_fixture.h"

namespace {

using namespace firn_test;

std::string key_of(int i) {
  char key[16];
  std::snprintf(key, sizeof key, "key%06d", i);
  return key;
}

class ExtentTest : public CapiTest {
 protected:
  int64_t count(const char* lower, const char* upper) { return extent(firn_approximate_count, lower, upper); }
  int64_t size(const char* lower, const char* upper) { return extent(firn_approximate_bytes, lower, upper); }

 private:
  template <typename Call>
  int64_t extent(Call call, const char* lower, const char* upper) {
    return call(db_, 0, lower ? bytes(lower) : nullptr, lower ? strlen(lower) : 0, upper ? bytes(upper) : nullptr,
                upper ? strlen(upper) : 0);
  }
};

TEST_F(ExtentTest, it_is_exact_in_memtables_and_near_in_tables) {
  EXPECT_EQ(0, count(nullptr, nullptr));
  for (int i = 0; i < 10; i++) ASSERT_EQ(FIRN_OK, put(db_, key_of(i), "v"));
  EXPECT_EQ(10, count(nullptr, nullptr));
  EXPECT_EQ(3, count("key000002", "key000005"));
  for (int i = 0; i < 10000; i++) ASSERT_EQ(FIRN_OK, put(db_, key_of(i), std::string(100, 'v')));
  EXPECT_NEAR(1000, static_cast<double>(count("key001000", "key002000")), 40);
  EXPECT_GT(size("key001000", "key002000"), 100 * 1000);
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  EXPECT_EQ(10000, count(nullptr, nullptr));
  EXPECT_NEAR(1000, static_cast<double>(count("key001000", "key002000")), 40);
  EXPECT_NEAR(9000, static_cast<double>(count("key001000", nullptr)), 40);
  EXPECT_NEAR(110 * 1000, static_cast<double>(size("key001000", "key002000")), 25000);
  EXPECT_EQ(0, count("l", nullptr));
  EXPECT_EQ(0, count("key002000", "key001000"));
  EXPECT_EQ(FIRN_INVALID, firn_approximate_count(db_, 9, nullptr, 0, nullptr, 0));
}

TEST(Refresh, a_read_only_opening_goes_on_to_what_the_writer_has_made) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / ("firn-refresh-" + std::to_string(getpid()));
  std::filesystem::remove_all(path);
  firn_options* options = firn_options_new();
  ASSERT_EQ(FIRN_OK, firn_options_set(options, "memtable_bytes", "64KiB"));
  firn_db* writer = firn_open(path.c_str(), options, nullptr);
  ASSERT_EQ(FIRN_OK, firn_options_set(options, "read_only", "true"));
  ASSERT_EQ(FIRN_OK, put(writer, "count", "0"));
  firn_error error = FIRN_ERROR_INIT;
  firn_db* reader = firn_open(path.c_str(), options, &error);
  ASSERT_NE(nullptr, reader) << error.message;
  EXPECT_EQ("0", get(reader, "count"));
  ASSERT_EQ(FIRN_OK, put(writer, "count", "1"));
  EXPECT_EQ("0", get(reader, "count"));
  EXPECT_EQ(FIRN_OK, firn_refresh(reader));
  EXPECT_EQ("1", get(reader, "count"));
  EXPECT_EQ(FIRN_OK, firn_refresh(writer));

  // Beside a writer that flushes and compacts: every state that is seen is one that was, and they follow one another.
  std::atomic<bool> done{false};
  std::jthread writing([&] {
    for (int i = 2; i < 20000; i++) {
      std::string batch;
      append_operation(&batch, FIRN_OP_PUT, 0, "count", std::to_string(i));
      append_operation(&batch, FIRN_OP_PUT, 0, "again", std::to_string(i));
      append_operation(&batch, FIRN_OP_PUT, 0, key_of(i % 500), std::string(200, 'v'));
      ASSERT_GT(firn_write(writer, bytes(batch), batch.size(), 0), 0);
    }
    done = true;
  });
  int last = 1;
  while (!done) {
    ASSERT_EQ(FIRN_OK, firn_refresh(reader));
    firn_txn* txn = firn_txn_begin(reader, FIRN_TXN_READ_ONLY, nullptr);
    std::string counts[2];
    for (const int i : {0, 1}) {
      char value[16];
      const int64_t length = firn_txn_get(txn, 0, bytes(i ? "again" : "count"), 5, reinterpret_cast<uint8_t*>(value), sizeof value);
      if (length > 0) counts[i].assign(value, static_cast<size_t>(length));
    }
    firn_txn_close(txn);
    if (counts[1].empty()) continue;
    EXPECT_EQ(counts[0], counts[1]);
    EXPECT_GE(std::stoi(counts[0]), last);
    last = std::stoi(counts[0]);
  }
  writing.join();
  EXPECT_EQ(FIRN_OK, firn_refresh(reader));
  EXPECT_EQ("19999", get(reader, "count"));
  EXPECT_EQ(FIRN_OK, firn_close(writer));
  EXPECT_EQ(FIRN_OK, firn_refresh(reader));
  EXPECT_EQ("19999", get(reader, "count"));
  EXPECT_EQ(FIRN_OK, firn_close(reader));
  firn_options_free(options);
  std::filesystem::remove_all(path);
}

}  // namespace
