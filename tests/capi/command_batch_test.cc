// Batches whose operations depend on what is there, and ranges that are deleted.
#include "capi_fixture.h"

namespace {

using namespace firn_test;

class CommandBatchTest : public CapiTest {
 protected:
  int64_t write(const std::string& batch) { return firn_write(db_, bytes(batch), batch.size(), 0); }
  int64_t counter(std::string_view key) { return firn_add(db_, 0, bytes(key), key.size(), 0).value; }
  static std::string number(int64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }
  int64_t delete_range(const char* lower, const char* upper, uint64_t limit = 0) {
    return firn_delete_range(db_, 0, bytes(lower ? lower : ""), lower ? strlen(lower) : 0, upper ? bytes(upper) : nullptr,
                             upper ? strlen(upper) : 0, limit);
  }
};

TEST_F(CommandBatchTest, each_operation_finds_what_those_before_it_have_done) {
  ASSERT_EQ(FIRN_OK, put(db_, "gone", "x"));
  std::string batch;
  append_operation(&batch, FIRN_OP_ADD, 0, "n", number(5));
  append_operation(&batch, FIRN_OP_ADD, 0, "n", number(-2));
  append_operation(&batch, FIRN_OP_PUT, 0, "m", number(40));
  append_operation(&batch, FIRN_OP_ADD, 0, "m", number(2));
  append_operation(&batch, FIRN_OP_PUT, 0, "p1", "x");
  append_operation(&batch, FIRN_OP_DELETE_RANGE, 0, "g", "q");
  append_operation(&batch, FIRN_OP_PUT, 0, "p2", "y");
  append_operation(&batch, FIRN_OP_ADD, 0, "n", number(7));
  EXPECT_GT(write(batch), 0);
  EXPECT_EQ(7, counter("n"));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "m"));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "p1"));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "gone"));
  EXPECT_EQ("y", get(db_, "p2"));
}

TEST_F(CommandBatchTest, a_counter_that_cannot_be_added_to_changes_nothing) {
  ASSERT_EQ(FIRN_OK, put(db_, "text", "x"));
  ASSERT_EQ(FIRN_OK, put(db_, "full", number(INT64_MAX)));
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT, 0, "k", "v");
  std::string mismatch = batch, overflow = batch;
  append_operation(&mismatch, FIRN_OP_ADD, 0, "text", number(1));
  append_operation(&overflow, FIRN_OP_ADD, 0, "full", number(1));
  EXPECT_EQ(FIRN_TYPE_MISMATCH, write(mismatch));
  EXPECT_EQ(FIRN_OVERFLOW, write(overflow));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "k"));
}

TEST_F(CommandBatchTest, an_expected_version_decides_over_the_whole_batch) {
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  const int64_t version = firn_put_ex(db_, 0, bytes("k"), 1, bytes("v"), 1, &opts);
  const auto attempt = [&](std::string_view key, int64_t expected) {
    std::string batch;
    append_operation(&batch, FIRN_OP_EXPECT_VERSION, 0, key, "", expected);
    append_operation(&batch, FIRN_OP_PUT, 0, "other", "written");
    firn_delete(db_, 0, bytes("other"), 5);
    return write(batch);
  };
  EXPECT_EQ(FIRN_CONFLICT, attempt("k", version + 1));
  EXPECT_EQ(FIRN_CONFLICT, attempt("k", 0));
  EXPECT_EQ(FIRN_CONFLICT, attempt("absent", version));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "other"));
  EXPECT_GT(attempt("k", version), 0);
  EXPECT_EQ("written", get(db_, "other"));
  EXPECT_GT(attempt("absent", 0), 0);
  EXPECT_EQ(FIRN_INVALID, attempt("k", -1));
}

TEST_F(CommandBatchTest, a_put_can_keep_the_time_to_live) {
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  opts.ttl_ms = 1'000'000;
  ASSERT_GT(firn_put_ex(db_, 0, bytes("t"), 1, bytes("v"), 1, &opts), 0);
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT_KEEP_TTL, 0, "t", "w");
  append_operation(&batch, FIRN_OP_PUT_KEEP_TTL, 0, "never", "w");
  EXPECT_GT(write(batch), 0);
  EXPECT_EQ("w", get(db_, "t"));
  EXPECT_GT(firn_ttl(db_, 0, bytes("t"), 1), 900'000);
  EXPECT_EQ(FIRN_NO_EXPIRY, firn_ttl(db_, 0, bytes("never"), 5));
}

TEST_F(CommandBatchTest, malformed_commands_are_refused_before_anything_is_applied) {
  const auto with_put = [](uint32_t op, std::string_view key, std::string_view value, int64_t argument) {
    std::string batch;
    append_operation(&batch, FIRN_OP_PUT, 0, "k", "v");
    append_operation(&batch, op, 0, key, value, argument);
    return batch;
  };
  EXPECT_EQ(FIRN_INVALID, write(with_put(FIRN_OP_ADD, "n", "1234567", 0)));
  EXPECT_EQ(FIRN_INVALID, write(with_put(FIRN_OP_ADD, "n", number(1), 5)));
  EXPECT_EQ(FIRN_INVALID, write(with_put(FIRN_OP_ADD, "", number(1), 0)));
  EXPECT_EQ(FIRN_INVALID, write(with_put(FIRN_OP_EXPECT_VERSION, "n", "x", 0)));
  EXPECT_EQ(FIRN_INVALID, write(with_put(FIRN_OP_PUT_KEEP_TTL, "n", "x", 5)));
  EXPECT_EQ(FIRN_INVALID, write(with_put(FIRN_OP_DELETE_RANGE, "a", "b", 1)));
  EXPECT_EQ(FIRN_INVALID, write(with_put(7, "a", "b", 0)));
  EXPECT_EQ(FIRN_INVALID, write(with_put(FIRN_OP_ADD | 256, "a", number(1), 0)));
  EXPECT_EQ(FIRN_TOO_LARGE, write(with_put(FIRN_OP_DELETE_RANGE, "a", std::string(65536, 'x'), 0)));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "k"));
}

TEST_F(CommandBatchTest, a_range_is_deleted_within_its_bounds_and_its_limit) {
  for (const char* key : {"a", "b", "c", "d", "e"}) ASSERT_EQ(FIRN_OK, put(db_, key, key));
  ASSERT_EQ(FIRN_OK, firn_flush(db_));
  ASSERT_EQ(FIRN_OK, put(db_, "bb", "x"));
  EXPECT_EQ(FIRN_TOO_LARGE, delete_range("b", "d", 2));
  EXPECT_EQ("b", get(db_, "b"));
  EXPECT_EQ(3, delete_range("b", "d", 3));
  EXPECT_EQ("a", get(db_, "a"));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "bb"));
  EXPECT_EQ("d", get(db_, "d"));
  EXPECT_EQ(0, delete_range("b", "d"));
  EXPECT_EQ(0, delete_range("z", "a"));
  EXPECT_EQ(3, delete_range(nullptr, nullptr));
  EXPECT_EQ(FIRN_INVALID, firn_delete_range(db_, 99, nullptr, 0, nullptr, 0, 0));
  EXPECT_EQ(FIRN_INVALID, firn_delete_range(db_, 0, nullptr, 3, nullptr, 0, 0));
}

}  // namespace
