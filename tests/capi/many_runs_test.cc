// Many keys at once over more runs than their look-ups ask for in advance: the oldest run answers as the newest does.
#include <optional>

#include "capi_fixture.h"

namespace {

using namespace firn_test;

class ManyRuns : public testing::Test {
 protected:
  static constexpr int kRuns = 10;
  // So many that the merge, of which every write does a slice, does not end before the last run is there.
  static constexpr int kFillers = 8000;

  // A run holds its fillers, a key of its own, and a key that every run overwrites; one run deletes what the one before it wrote.
  void SetUp() override {
    firn_options* const options = firn_options_new();
    ASSERT_EQ(FIRN_OK, firn_options_parse(options, "single_threaded=true"));
    db_ = firn_open(":memory:", options, nullptr);
    firn_options_free(options);
    ASSERT_NE(nullptr, db_);
    for (int run = 0; run < kRuns; run++) {
      std::string batch;
      const std::string number = std::to_string(run);
      append_operation(&batch, FIRN_OP_PUT, 0, "of run " + number, "value " + number);
      append_operation(&batch, FIRN_OP_PUT, 0, "of all", "value " + number);
      if (run > 0) append_operation(&batch, FIRN_OP_DELETE, 0, "passing " + std::to_string(run - 1), "");
      append_operation(&batch, FIRN_OP_PUT, 0, "passing " + number, "value");
      for (int i = 0; i < kFillers; i++) append_operation(&batch, FIRN_OP_PUT, 0, "f" + number + "." + std::to_string(i), number);
      ASSERT_GT(firn_write(db_, bytes(batch), batch.size(), 0), 0);
      ASSERT_EQ(FIRN_OK, firn_flush(db_));
    }
    firn_stats_t stats{};
    stats.struct_size = sizeof stats;
    ASSERT_EQ(FIRN_OK, firn_stats(db_, &stats));
    ASSERT_GT(stats.run_count, 8u) << "the merge has ended too early: this test tests nothing";
  }
  void TearDown() override { EXPECT_EQ(FIRN_OK, firn_close(db_)); }

  // The answers to all keys at once; nothing: there is none.
  static std::vector<std::optional<std::string>> unpack(const std::string& out) {
    std::vector<std::optional<std::string>> values;
    for (size_t at = 0; at + 8 <= out.size();) {
      int64_t length = 0;
      std::memcpy(&length, &out[at], 8);
      at += 8;
      if (length < 0) {
        EXPECT_EQ(FIRN_NOT_FOUND, length);
        values.push_back(std::nullopt);
        continue;
      }
      values.push_back(out.substr(at, static_cast<size_t>(length)));
      at += static_cast<size_t>(length);
    }
    return values;
  }

  firn_db* db_ = nullptr;
};

TEST_F(ManyRuns, every_key_of_a_multi_get_is_found_in_the_run_that_has_it) {
  std::string requests;
  std::vector<std::optional<std::string>> expected;
  const auto ask = [&](const std::string& key, std::optional<std::string> value) {
    append_request(&requests, 0, key);
    expected.push_back(std::move(value));
  };
  for (int run = 0; run < kRuns; run++) {
    const std::string number = std::to_string(run);
    ask("of run " + number, "value " + number);
    ask("of all", "value " + std::to_string(kRuns - 1));
    ask("passing " + number, run + 1 < kRuns ? std::nullopt : std::optional<std::string>("value"));
    ask("absent " + number, std::nullopt);
    for (int i = 0; i < kFillers; i += 997) ask("f" + number + "." + std::to_string(i), number);
  }
  std::string out(1 << 16, '\0');
  const int64_t length = firn_multi_get(db_, bytes(requests), requests.size(), reinterpret_cast<uint8_t*>(out.data()), out.size());
  ASSERT_GT(length, 0);
  out.resize(static_cast<size_t>(length));
  EXPECT_EQ(expected, unpack(out));

  firn_txn* const txn = firn_txn_begin(db_, 0, nullptr);
  ASSERT_NE(nullptr, txn);
  out.assign(1 << 16, '\0');
  const int64_t again = firn_txn_multi_get(txn, bytes(requests), requests.size(), reinterpret_cast<uint8_t*>(out.data()), out.size());
  firn_txn_close(txn);
  ASSERT_EQ(length, again);
  out.resize(static_cast<size_t>(again));
  EXPECT_EQ(expected, unpack(out));
}

}  // namespace
