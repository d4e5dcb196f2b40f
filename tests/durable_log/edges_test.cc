// Sizes at the edges, misuse, openings that are refused, and what a record survives besides a crash.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "durable_log/log_driver.h"

namespace durable_log_test {
namespace {

using LogEdges = LogDriver;

TEST_F(LogEdges, a_new_log_is_empty_and_indexes_begin_at_zero) {
  open();
  EXPECT_EQ(0u, first());
  EXPECT_EQ(0u, next());
  EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 0));
  EXPECT_EQ(0, firn_log_read_chunk(log_, 0, nullptr, 0));
  EXPECT_EQ(0, append(log_, "a"));
  EXPECT_EQ(1, append(log_, "b"));
  EXPECT_EQ("b", read(log_, 1));
}

TEST_F(LogEdges, segments_of_one_record_each_read_like_one) {
  open("segment_bytes=4KiB");
  std::vector<std::string> records;
  for (int i = 0; i < 60; i++) {
    records.push_back(std::string(3000, static_cast<char>('a' + i % 26)) + std::to_string(i));
    ASSERT_EQ(i, append(log_, records.back()));
  }
  for (const char* options : {"segment_bytes=4KiB", "segment_bytes=1MiB", "segment_bytes=4KiB,verify_on_open=true"}) {
    for (size_t i = 0; i < records.size(); i++) ASSERT_EQ(records[i], read(log_, i));
    open(options);
    records.push_back(options);
    ASSERT_EQ(static_cast<int64_t>(records.size() - 1), append(log_, options));
  }
  EXPECT_EQ(records.size(), read_all(log_, 0).size());
}

TEST_F(LogEdges, empty_records_are_records) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 3000; i++) ASSERT_EQ(i, append(log_, ""));
  ASSERT_EQ(3000, append_batch(log_, {"", "x", ""}));
  open();
  EXPECT_EQ(3003u, next());
  EXPECT_EQ("", read(log_, 2999));
  EXPECT_EQ("x", read(log_, 3001));
  EXPECT_EQ("", read(log_, 3002));
  EXPECT_EQ(3003u, read_all(log_, 0, 64).size());
}

TEST_F(LogEdges, a_record_of_64_MiB_goes_through_small_segments) {
  std::string large(size_t{64} << 20, '\0');
  for (size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>(i >> 12);
  open("segment_bytes=4KiB");
  ASSERT_EQ(0, append(log_, "before"));
  ASSERT_EQ(1, append(log_, large));
  ASSERT_EQ(2, append(log_, "after"));
  EXPECT_TRUE(large == read(log_, 1));
  open("segment_bytes=64KiB");
  EXPECT_TRUE(large == read(log_, 1));
  EXPECT_EQ("before", read(log_, 0));
  EXPECT_EQ("after", read(log_, 2));
}

TEST_F(LogEdges, the_caller_may_use_its_buffers_again_at_once) {
  open();
  std::string buffer = "first";
  append(log_, buffer);
  buffer = "other";
  EXPECT_EQ("first", read(log_, 0));
}

TEST_F(LogEdges, a_batch_is_taken_whole_or_refused_whole) {
  open();
  ASSERT_EQ(0, append_batch(log_, {"a", "bb", "ccc"}));
  ASSERT_EQ(3, append_batch(log_, {})) << "an empty batch answers with the next index";
  const std::string good = packed({"x", "yy"});
  for (size_t length = 1; length < good.size(); length++) {
    if (length == 5) continue;  // the first record alone
    EXPECT_EQ(FIRN_INVALID, firn_log_append_batch(log_, bytes_of(good), length)) << length;
  }
  const std::string longer = good + "z";
  EXPECT_EQ(FIRN_INVALID, firn_log_append_batch(log_, bytes_of(longer), longer.size()));
  EXPECT_EQ(FIRN_INVALID, firn_log_append_batch(log_, nullptr, 8));
  EXPECT_EQ(3u, next());
  EXPECT_EQ("ccc", read(log_, 2));
}

TEST_F(LogEdges, limits_are_checked_before_a_byte_is_read) {
  open();
  const uint8_t one = 1;
  EXPECT_EQ(FIRN_TOO_LARGE, firn_log_append(log_, &one, (size_t{1} << 30) + 1));
  EXPECT_EQ(FIRN_INVALID, firn_log_append(log_, nullptr, 1));
  EXPECT_EQ(0, firn_log_append(log_, nullptr, 0));
  EXPECT_EQ(FIRN_INVALID, firn_log_read(log_, 0, nullptr, 1));
  EXPECT_EQ(FIRN_INVALID, firn_log_read_chunk(log_, 0, nullptr, 1));
  EXPECT_EQ(FIRN_INVALID, firn_log_pin(log_, 0, nullptr));
  EXPECT_EQ(FIRN_INVALID, firn_log_recovery(log_, nullptr));
  EXPECT_EQ(FIRN_INVALID, firn_log_reset(log_, uint64_t{1} << 63));
  EXPECT_EQ("", read(log_, 0));
}

TEST_F(LogEdges, a_buffer_that_is_too_small_is_told_how_much_is_needed) {
  open();
  append(log_, "0123456789");
  uint8_t buffer[64] = {7};
  EXPECT_EQ(10, firn_log_read(log_, 0, buffer, 9));
  EXPECT_EQ(7, buffer[0]) << "nothing was copied";
  EXPECT_EQ(FIRN_TOO_LARGE, firn_log_read_chunk(log_, 0, buffer, 29));
  uint64_t needed = 0;
  std::memcpy(&needed, buffer, sizeof needed);
  EXPECT_EQ(30u, needed);
  EXPECT_EQ(30, firn_log_read_chunk(log_, 0, buffer, 30));
  std::memset(buffer, 7, sizeof buffer);
  EXPECT_EQ(FIRN_TOO_LARGE, firn_log_read_chunk(log_, 0, buffer, 7));
  EXPECT_EQ(7, buffer[0]);
  EXPECT_EQ(0, firn_log_read_chunk(log_, 1, buffer, sizeof buffer));
  EXPECT_EQ(FIRN_NOT_FOUND, firn_log_read_chunk(log_, 2, buffer, sizeof buffer));
}

TEST_F(LogEdges, trims_are_exact_and_the_indexes_freed_are_given_again) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 1000; i++) append(log_, "old" + std::to_string(i));
  ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, 123));
  EXPECT_EQ(123u, first());
  ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, 456));
  EXPECT_EQ(457u, next());
  EXPECT_EQ(457, append(log_, "new"));
  for (int round = 0; round < 3; round++) {
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 122));
    EXPECT_EQ("old123", read(log_, 123));
    EXPECT_EQ("old456", read(log_, 456));
    EXPECT_EQ("new", read(log_, 457));
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 458)) << "what was trimmed never comes back";
    open("segment_bytes=4KiB");
  }
  ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, 458));
  EXPECT_EQ(458u, first());
  EXPECT_EQ(458u, next());
  ASSERT_EQ(FIRN_OK, firn_log_reset(log_, 7));
  open();
  EXPECT_EQ(7u, first());
  EXPECT_EQ(7, append(log_, "seven"));
  EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 458));
}

// Many: what readers find without asking how long the log is, a segment tells in large steps.
TEST_F(LogEdges, what_was_trimmed_of_a_long_segment_is_not_found_before_the_next_record) {
  open("");
  for (int i = 0; i < 5000; i++) append(log_, "old" + std::to_string(i));
  ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, 10));
  for (const uint64_t index : {11U, 500U, 1023U, 1024U, 3000U, 4999U}) {
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, index)) << index;
    uint8_t buffer[64];
    EXPECT_EQ(FIRN_NOT_FOUND, firn_log_read_chunk(log_, index + 1, buffer, sizeof buffer)) << index;
  }
  EXPECT_EQ("old10", read(log_, 10));
  EXPECT_EQ(11, append(log_, "new"));
  for (int round = 0; round < 2; round++) {
    EXPECT_EQ("new", read(log_, 11));
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 12));
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 1024));
    open("");
  }
}

TEST_F(LogEdges, a_trimmed_segment_leaves_the_disk) {
  open("segment_bytes=64KiB");
  const std::string record(1000, 'x');
  for (int i = 0; i < 1000; i++) append(log_, record);
  const auto files = [this] {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) count += entry.path().extension() == ".log" ? 1 : 0;
    return count;
  };
  const size_t before = files();
  EXPECT_GT(before, 10u);
  ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, 900));
  EXPECT_LT(files(), before - 10);
  ASSERT_EQ(FIRN_OK, firn_log_reset(log_, 0));
  EXPECT_LE(files(), 2u);
}

TEST_F(LogEdges, retention_by_bytes_deletes_whole_segments_from_the_front) {
  open("segment_bytes=16KiB");
  const std::string record(1000, 'x');
  for (int i = 0; i < 300; i++) append(log_, record);
  EXPECT_EQ(0, firn_log_retain(log_)) << "nothing is asked for";
  open("segment_bytes=16KiB,retention_bytes=64KiB");
  EXPECT_GT(firn_log_retain(log_), 0);
  const uint64_t kept = next() - first();
  EXPECT_GT(kept, 30u);
  EXPECT_LE(kept, 66u);
  EXPECT_EQ(record, read(log_, first()));
  for (int i = 0; i < 300; i++) append(log_, record);
  EXPECT_GE(firn_log_retain(log_), 0);
  EXPECT_LE(next() - first(), 100u);
  const firn_log_range bounds = firn_log_bounds(log_);
  open();
  EXPECT_EQ(bounds.first, first());
  EXPECT_EQ(bounds.next, next());
}

// The keeper looks every few milliseconds, so also when a cut has left no segment that is appended to.
TEST_F(LogEdges, retention_goes_on_over_cuts_of_the_end) {
  open("segment_bytes=16KiB,retention_bytes=64KiB,durability=interval:1ms");
  const std::string record(1000, 'x');
  for (int round = 0; round < 30; round++) {
    for (int i = 0; i < 10; i++) append(log_, record);
    ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, next() - 2));
    usleep(20'000);
  }
  for (int i = 0; i < 1'000 && first() == 0; i++) usleep(10'000);
  EXPECT_GT(first(), 0u) << "270 records of a kilobyte";
}

TEST_F(LogEdges, retention_by_age_spares_the_newest_segment) {
  open("segment_bytes=16KiB");
  const std::string record(1000, 'x');
  for (int i = 0; i < 100; i++) append(log_, record);
  open("segment_bytes=16KiB,retention_ms=3600s");
  EXPECT_EQ(0, firn_log_retain(log_)) << "all are young";
  EXPECT_EQ(0u, first());
  open("segment_bytes=16KiB,retention_ms=1ms");
  append(log_, record);
  usleep(30'000);  // older than the option, whatever the tick of the clock is
  EXPECT_GT(firn_log_retain(log_), 3);
  EXPECT_EQ(record, read(log_, next() - 1));
}

TEST_F(LogEdges, time_is_sought_by_the_first_record_that_is_not_older) {
  open("segment_bytes=4KiB");
  EXPECT_EQ(0, firn_log_seek_time(log_, 0)) << "an empty log answers with its next index";
  for (int i = 0; i < 500; i++) {
    append(log_, "record " + std::to_string(i));
    if (i % 100 == 0) usleep(15'000);
  }
  const std::vector<Record> all = read_all(log_, 0);
  for (const char* options : {"", "segment_bytes=8KiB"}) {
    for (const int64_t time_ms : {all[0].time_ms - 5, all[0].time_ms, all[150].time_ms, all[300].time_ms + 1, all[499].time_ms}) {
      const auto at = std::find_if(all.begin(), all.end(), [&](const Record& record) { return record.time_ms >= time_ms; });
      EXPECT_EQ(static_cast<int64_t>(at->index), firn_log_seek_time(log_, time_ms));
    }
    EXPECT_EQ(500, firn_log_seek_time(log_, all[499].time_ms + 1));
    EXPECT_EQ(500, firn_log_seek_time(log_, INT64_MAX));
    EXPECT_EQ(0, firn_log_seek_time(log_, INT64_MIN));
    open(options);
  }
}

TEST_F(LogEdges, a_pin_outlives_trims_and_the_log) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 500; i++) append(log_, "record " + std::to_string(i));
  firn_pin_t pin;
  ASSERT_EQ(FIRN_OK, firn_log_pin(log_, 3, &pin));
  firn_pin_t last;
  ASSERT_EQ(FIRN_OK, firn_log_pin(log_, 499, &last));
  firn_pin_t none;
  EXPECT_EQ(FIRN_NOT_FOUND, firn_log_pin(log_, 500, &none));
  EXPECT_EQ(nullptr, none.owner);
  ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, 400));
  ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, 450));
  close();
  EXPECT_EQ("record 3", std::string(reinterpret_cast<const char*>(pin.data), pin.len));
  EXPECT_EQ("record 499", std::string(reinterpret_cast<const char*>(last.data), last.len));
  firn_pin_t copy = pin;
  firn_unpin(&pin);
  EXPECT_EQ(nullptr, pin.data);
  firn_unpin(&copy);
  firn_unpin(&last);
}

TEST_F(LogEdges, what_was_synced_is_durable_and_closing_syncs) {
  open("durability=none");
  for (int i = 0; i < 10; i++) append(log_, "x");
  EXPECT_EQ(0, firn_log_durable(log_));
  ASSERT_EQ(FIRN_OK, firn_log_sync(log_));
  EXPECT_EQ(10, firn_log_durable(log_));
  append(log_, "y");
  open();
  EXPECT_EQ(11, firn_log_durable(log_));
  open("durability=sync");
  append(log_, "z");
  EXPECT_EQ(12, firn_log_durable(log_));
  ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, 4));
  EXPECT_EQ(5, firn_log_durable(log_));
}

// The rest is as durable as the default asks for: a process that dies keeps it.
TEST_F(LogEdges, what_was_sealed_becomes_durable_by_itself_and_no_more) {
  open("segment_bytes=4KiB");
  const auto wait_for = [this](int64_t index) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (firn_log_durable(log_) < index && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return firn_log_durable(log_);
  };
  const std::string record(3000, 'x');  // a segment each
  for (int i = 0; i < 20; i++) {
    ASSERT_EQ(i, append(log_, record));
    ASSERT_EQ(i, wait_for(i));
  }
  ASSERT_EQ(20, append(log_, ""));  // into the last one
  EXPECT_EQ(19, firn_log_durable(log_));
  ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, 10));
  ASSERT_EQ(11, append(log_, record));
  ASSERT_EQ(12, append(log_, record));
  EXPECT_EQ(12, wait_for(12));
}

// ---- Openings

TEST_F(LogEdges, a_log_and_a_database_refuse_each_other_and_touch_nothing) {
  open();
  append(log_, "x");
  close();
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(nullptr, firn_open(path().c_str(), nullptr, &error));
  EXPECT_EQ(FIRN_NOT_A_DATABASE, error.code);
  firn_db* db = firn_open(elsewhere("db").c_str(), nullptr, nullptr);
  ASSERT_NE(nullptr, db);
  EXPECT_EQ(FIRN_OK, firn_close(db));
  EXPECT_EQ(nullptr, open_log(elsewhere("db"), "", &error));
  EXPECT_EQ(FIRN_NOT_A_DATABASE, error.code);
  std::filesystem::create_directory(elsewhere("other"));
  std::ofstream(elsewhere("other") + "/file") << "mine";
  EXPECT_EQ(nullptr, open_log(elsewhere("other"), "", &error));
  EXPECT_EQ(FIRN_NOT_A_DATABASE, error.code);
  EXPECT_EQ(nullptr, open_log(elsewhere("other") + "/file", "", &error));
  EXPECT_EQ(FIRN_NOT_A_DATABASE, error.code);
  open();
  EXPECT_EQ("x", read(log_, 0));
}

TEST_F(LogEdges, creation_and_existence_are_asked_for) {
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(nullptr, open_log(path(), "create_if_missing=false", &error));
  EXPECT_EQ(FIRN_NOT_FOUND, error.code);
  EXPECT_EQ(nullptr, open_log(path(), "read_only=true", &error));
  EXPECT_EQ(FIRN_NOT_FOUND, error.code);
  EXPECT_FALSE(std::filesystem::exists(path()));
  open();
  close();
  EXPECT_EQ(nullptr, open_log(path(), "error_if_exists=true", &error));
  EXPECT_EQ(FIRN_EXISTS, error.code);
  EXPECT_EQ(nullptr, firn_log_open(nullptr, nullptr, nullptr));
  EXPECT_EQ(nullptr, firn_log_open("", nullptr, nullptr));
}

TEST_F(LogEdges, a_creation_that_was_cut_short_at_its_first_state_starts_over) {
  for (const size_t bytes : {size_t{0}, size_t{40}}) {
    const std::string dir = elsewhere("cut" + std::to_string(bytes));
    std::filesystem::create_directories(dir + "/segments");
    std::ofstream(dir + "/state-0000000000000001") << std::string(bytes, '\0');
    firn_log* log = firn_log_open(dir.c_str(), nullptr, nullptr);
    ASSERT_NE(nullptr, log) << bytes;
    EXPECT_EQ(0, append(log, "first"));
    EXPECT_EQ(FIRN_OK, firn_log_close(log));
  }
}

TEST_F(LogEdges, options_of_the_other_kind_are_refused) {
  firn_error error = FIRN_ERROR_INIT;
  for (const char* options : {"memtable_bytes=1MiB", "cache_bytes=1MiB", "compression=none", "table_io=mmap", "background_threads=1"}) {
    EXPECT_EQ(nullptr, open_log(path(), options, &error)) << options;
    EXPECT_EQ(FIRN_INVALID, error.code) << options;
  }
  for (const char* text : {"segment_bytes=64KiB", "retention_bytes=1GiB", "retention_ms=1s"}) {
    firn_options* options = firn_options_new();
    ASSERT_EQ(FIRN_OK, firn_options_parse(options, text)) << text;
    EXPECT_EQ(nullptr, firn_open(elsewhere("db").c_str(), options, &error)) << text;
    EXPECT_EQ(FIRN_INVALID, error.code) << text;
    firn_options_free(options);
  }
}

TEST_F(LogEdges, a_second_writer_is_locked_out_until_the_first_has_closed) {
  open();
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(nullptr, open_log(path(), "", &error));
  EXPECT_EQ(FIRN_LOCKED, error.code);
  open();
}

TEST_F(LogEdges, a_reader_beside_the_writer_goes_on_with_it) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 300; i++) append(log_, "record " + std::to_string(i));
  firn_log* reader = open_log(path(), "read_only=true");
  ASSERT_NE(nullptr, reader);
  EXPECT_EQ(300u, firn_log_bounds(reader).next);
  EXPECT_EQ("record 299", read(reader, 299));
  EXPECT_EQ(FIRN_READ_ONLY, append(reader, "x"));
  EXPECT_EQ(FIRN_READ_ONLY, firn_log_trim_before(reader, 1));
  EXPECT_EQ(FIRN_READ_ONLY, firn_log_trim_after(reader, 1));
  EXPECT_EQ(FIRN_READ_ONLY, firn_log_reset(reader, 1));
  for (int i = 300; i < 900; i++) {
    append(log_, "record " + std::to_string(i));
    if (i % 50 != 0) continue;
    ASSERT_EQ(FIRN_OK, firn_log_refresh(reader));
    ASSERT_EQ(static_cast<uint64_t>(i) + 1, firn_log_bounds(reader).next);
    ASSERT_EQ("record " + std::to_string(i), read(reader, static_cast<uint64_t>(i)));
  }
  ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, 500));
  ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, 700));
  append(log_, "other");
  ASSERT_EQ(FIRN_OK, firn_log_refresh(reader));
  EXPECT_EQ(500u, firn_log_bounds(reader).first);
  EXPECT_EQ(702u, firn_log_bounds(reader).next);
  EXPECT_EQ("other", read(reader, 701));
  close();
  ASSERT_EQ(FIRN_OK, firn_log_refresh(reader));
  EXPECT_EQ("record 600", read(reader, 600));
  EXPECT_EQ(FIRN_OK, firn_log_close(reader));
}

// ---- Misuse

TEST_F(LogEdges, a_handle_that_is_none_is_refused_by_every_call) {
  open();
  firn_log* closed = log_;
  close();
  firn_db* db = firn_open(":memory:", nullptr, nullptr);
  const std::pair<firn_log*, int32_t> cases[] = {
      {nullptr, FIRN_MISUSE}, {closed, FIRN_CLOSED}, {reinterpret_cast<firn_log*>(db), FIRN_MISUSE}};
  for (const auto& [log, code] : cases) {
    uint8_t buffer[32];
    firn_pin_t pin;
    uint64_t bound = 0;
    EXPECT_EQ(code, firn_log_append(log, buffer, 1));
    EXPECT_EQ(code, firn_log_append_batch(log, buffer, 0));
    EXPECT_EQ(code, firn_log_read(log, 0, buffer, sizeof buffer));
    EXPECT_EQ(code, firn_log_read_chunk(log, 0, buffer, sizeof buffer));
    EXPECT_EQ(code, firn_log_pin(log, 0, &pin));
    EXPECT_EQ(code, firn_log_seek_time(log, 0));
    EXPECT_EQ(UINT64_MAX, firn_log_bounds(log).first);
    EXPECT_EQ(UINT64_MAX, firn_log_bounds(log).next);
    EXPECT_EQ(code, firn_log_bounds_to(log, &bound, &bound));
    EXPECT_EQ(code, firn_log_durable(log));
    EXPECT_EQ(code, firn_log_wait(log, 0, 0));
    EXPECT_EQ(code, firn_log_wake(log));
    EXPECT_EQ(code, firn_log_notify_fd(log));
    EXPECT_EQ(code, firn_log_sync(log));
    EXPECT_EQ(code, firn_log_trim_before(log, 0));
    EXPECT_EQ(code, firn_log_trim_after(log, 0));
    EXPECT_EQ(code, firn_log_reset(log, 0));
    EXPECT_EQ(code, firn_log_retain(log));
    if (log != nullptr) {
      EXPECT_EQ(code, firn_log_close(log));
    }
  }
  EXPECT_EQ(FIRN_OK, firn_log_close(nullptr));
  EXPECT_EQ(FIRN_MISUSE, firn_close(reinterpret_cast<firn_db*>(open())));
  EXPECT_EQ(FIRN_OK, firn_close(db));
}

TEST_F(LogEdges, a_forked_child_may_not_use_the_log_and_opens_its_own) {
  open();
  append(log_, "of the parent");
  EXPECT_EQ(0, firn::in_child([this] {
              if (append(log_, "x") != FIRN_FORKED || read(log_, 0) != "FIRN_FORKED") return 1;
              if (firn_log_close(log_) != FIRN_FORKED) return 2;
              if (!firn::kChildMayStartThreads) return 0;
              firn_log* own = firn_log_open(elsewhere("child").c_str(), nullptr, nullptr);
              if (own == nullptr || append(own, "of the child") != 0) return 3;
              return firn_log_close(own) == FIRN_OK ? 0 : 4;
            }));
  EXPECT_EQ(1, append(log_, "after"));
}

}  // namespace
}  // namespace durable_log_test
