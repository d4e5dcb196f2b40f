// The durable log through the C header: indexes, batches, trims, retention, reopening, reading beside a writer, misuse.
#include <poll.h>

#include <filesystem>
#include <fstream>

#include "durable_log/log_driver.h"
#include "env/killed_copy.h"

namespace durable_log_test {
namespace {

class DurableLogTest : public LogDriver {
 protected:
  void SetUp() override { open(); }

  // What a killed process would leave.
  std::string copy() const {
    const std::string to = elsewhere("copy");
    firn::copy_as_killed(path(), to);
    return to;
  }
  std::string range() const { return std::to_string(first()) + ".." + std::to_string(next()); }
  size_t segment_count() const {
    const std::filesystem::directory_iterator all(path() + "/segments");
    return static_cast<size_t>(std::distance(begin(all), end(all)));
  }
};

TEST_F(DurableLogTest, records_have_dense_indexes_and_come_back_also_after_reopening) {
  EXPECT_EQ("0..0", range());
  EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 0));
  EXPECT_EQ(0, append(log_, "a"));
  EXPECT_EQ(1, append(log_, ""));
  EXPECT_EQ(2, append(log_, std::string(100'000, 'x')));
  for (int round = 0; round < 3; round++) {
    EXPECT_EQ("0..3", range());
    EXPECT_EQ("a", read(log_, 0));
    EXPECT_EQ("", read(log_, 1));
    EXPECT_EQ(std::string(100'000, 'x'), read(log_, 2));
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 3));
    uint8_t one[1];
    EXPECT_EQ(100'000, firn_log_read(log_, 2, one, 1));
    EXPECT_EQ(1, firn_log_read(log_, 0, one, 1));
    EXPECT_EQ('a', one[0]);
    open();
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    EXPECT_EQ(FIRN_OK, firn_log_recovery(log_, &info));
    EXPECT_EQ(1, info.clean);
  }
  EXPECT_EQ(3, append(log_, "after"));
  EXPECT_EQ("a", read(log_, 0));
  open("verify_on_open=true");
  EXPECT_EQ("after", read(log_, 3));
}

TEST_F(DurableLogTest, a_batch_is_appended_as_a_whole_or_not_at_all) {
  const std::string packed = durable_log_test::packed({"one", "", "three"});
  EXPECT_EQ(0, firn_log_append_batch(log_, bytes_of(packed), packed.size()));
  EXPECT_EQ(3, firn_log_append_batch(log_, nullptr, 0)) << "an empty one";
  for (size_t cut = 1; cut < packed.size(); cut++) {
    if (cut != 7 && cut != 11) {
      EXPECT_EQ(FIRN_INVALID, firn_log_append_batch(log_, bytes_of(packed), cut)) << cut;
    }
  }
  EXPECT_EQ("0..3", range());
  EXPECT_EQ(3, append(log_, "four"));
  open();
  EXPECT_EQ("one", read(log_, 0));
  EXPECT_EQ("", read(log_, 1));
  EXPECT_EQ("three", read(log_, 2));
  EXPECT_EQ("four", read(log_, 3));
}

TEST_F(DurableLogTest, chunks_carry_indexes_and_times_that_never_fall) {
  for (int i = 0; i < 100; i++) ASSERT_EQ(i, append(log_, "record " + std::to_string(i)));
  std::string out(500, '\0');
  uint64_t next = 0;
  int64_t last_time_ms = 0;
  for (;;) {
    const int64_t bytes_read = firn_log_read_chunk(log_, next, reinterpret_cast<uint8_t*>(out.data()), out.size());
    ASSERT_GE(bytes_read, 0);
    if (bytes_read == 0) break;
    for (int64_t at = 0; at < bytes_read;) {
      uint64_t index = 0;
      int64_t time_ms = 0;
      uint32_t len = 0;
      std::memcpy(&index, out.data() + at, 8);
      std::memcpy(&time_ms, out.data() + at + 8, 8);
      std::memcpy(&len, out.data() + at + 16, 4);
      EXPECT_EQ(next, index);
      EXPECT_GE(time_ms, last_time_ms);
      EXPECT_EQ("record " + std::to_string(next), out.substr(static_cast<size_t>(at) + 20, len));
      last_time_ms = time_ms;
      next++;
      at += 20 + len;
    }
  }
  EXPECT_EQ(100u, next);
  EXPECT_EQ(FIRN_NOT_FOUND, firn_log_read_chunk(log_, 101, reinterpret_cast<uint8_t*>(out.data()), out.size()));
  uint8_t size[8];
  EXPECT_EQ(FIRN_TOO_LARGE, firn_log_read_chunk(log_, 0, size, 8));
  EXPECT_EQ(28, size[0]);
  EXPECT_EQ(0, firn_log_seek_time(log_, 0));
  EXPECT_EQ(100, firn_log_seek_time(log_, last_time_ms + 1000));
  const int64_t found = firn_log_seek_time(log_, last_time_ms);
  EXPECT_GE(found, 0);
  EXPECT_LT(found, 100);
}

TEST_F(DurableLogTest, segments_of_one_record_and_records_larger_than_a_segment) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 20; i++) ASSERT_EQ(i, append(log_, std::string(3600, static_cast<char>('a' + i))));
  ASSERT_EQ(20, append(log_, std::string(1'000'000, 'L')));
  ASSERT_EQ(21, append(log_, "small"));
  EXPECT_GT(segment_count(), 20u);
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 20; i++) EXPECT_EQ(std::string(3600, static_cast<char>('a' + i)), read(log_, static_cast<uint64_t>(i)));
    EXPECT_EQ(std::string(1'000'000, 'L'), read(log_, 20));
    EXPECT_EQ("small", read(log_, 21));
    open("segment_bytes=1MiB");
  }
  const std::string packed = durable_log_test::packed(std::vector<std::string>(300'000));
  EXPECT_EQ(22, firn_log_append_batch(log_, bytes_of(packed), packed.size()));
  EXPECT_EQ("", read(log_, 300'021));
  EXPECT_EQ("0..300022", range());
  ASSERT_EQ(300'022, append(log_, std::string(64 << 20, 'M')));
  EXPECT_EQ(size_t{64} << 20, read(log_, 300'022).size());
}

TEST_F(DurableLogTest, trimming_the_front_is_exact_and_gives_segments_back) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 100; i++) ASSERT_EQ(i, append(log_, std::string(500, 'x')));
  const size_t before = segment_count();
  EXPECT_EQ(FIRN_INVALID, firn_log_trim_before(log_, 101));
  EXPECT_EQ(FIRN_OK, firn_log_trim_before(log_, 50));
  EXPECT_LT(segment_count(), before);
  EXPECT_EQ(FIRN_INVALID, firn_log_trim_before(log_, 49));
  for (int round = 0; round < 2; round++) {
    EXPECT_EQ("50..100", range());
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 49));
    EXPECT_EQ(500u, read(log_, 50).size());
    open("segment_bytes=4KiB");
  }
  EXPECT_EQ(FIRN_OK, firn_log_trim_before(log_, 100));
  EXPECT_EQ("100..100", range());
  open();
  EXPECT_EQ("100..100", range());
  EXPECT_EQ(100, append(log_, "next"));
}

TEST_F(DurableLogTest, indexes_behind_a_trim_are_given_again_and_what_was_there_never_comes_back) {
  for (const char* options : {"segment_bytes=4KiB", "segment_bytes=1MiB"}) {
    open(options);
    ASSERT_EQ(FIRN_OK, firn_log_reset(log_, 0));
    for (int i = 0; i < 100; i++) ASSERT_EQ(i, append(log_, std::string(500, 'x')));
    EXPECT_EQ(FIRN_INVALID, firn_log_trim_after(log_, 100));
    for (const uint64_t kept : {90u, 40u, 39u, 0u}) {
      ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, kept));
      EXPECT_EQ("0.." + std::to_string(kept + 1), range());
      const std::string dead = copy();
      firn_log* log = open_log(dead);
      ASSERT_NE(nullptr, log);
      EXPECT_EQ(kept + 1, firn_log_bounds(log).next) << "durable when it returned";
      EXPECT_EQ(FIRN_OK, firn_log_close(log));
      EXPECT_EQ(static_cast<int64_t>(kept) + 1, append(log_, "new " + std::to_string(kept)));
      EXPECT_EQ("new " + std::to_string(kept), read(log_, kept + 1));
      EXPECT_EQ("FIRN_NOT_FOUND", read(log_, kept + 2));
      if (kept == 40) open(options);
    }
    EXPECT_EQ(500u, read(log_, 0).size());
    EXPECT_EQ("new 0", read(log_, 1));
    open(options);
    EXPECT_EQ("0..2", range());
    EXPECT_EQ("new 0", read(log_, 1));
  }
}

TEST_F(DurableLogTest, a_reset_empties_the_log_and_goes_on_where_it_is_told) {
  for (int i = 0; i < 10; i++) ASSERT_EQ(i, append(log_, "x"));
  ASSERT_EQ(FIRN_OK, firn_log_reset(log_, 1'000'000));
  EXPECT_EQ("1000000..1000000", range());
  EXPECT_EQ(0u, segment_count());
  open();
  EXPECT_EQ("1000000..1000000", range());
  EXPECT_EQ(1'000'000, append(log_, "y"));
  EXPECT_EQ("FIRN_NOT_FOUND", read(log_, 5));
  ASSERT_EQ(FIRN_OK, firn_log_reset(log_, 3));
  EXPECT_EQ(3, append(log_, "z"));
  firn_log* log = open_log(copy());
  ASSERT_NE(nullptr, log);
  EXPECT_EQ("z", read(log, 3));
  EXPECT_EQ(3u, firn_log_bounds(log).first);
  EXPECT_EQ(FIRN_OK, firn_log_close(log));
  EXPECT_EQ(FIRN_INVALID, firn_log_reset(log_, uint64_t{1} << 63));
}

TEST_F(DurableLogTest, retention_by_bytes_and_by_age_deletes_whole_segments_but_never_the_newest) {
  open("segment_bytes=4KiB,retention_bytes=20KiB");
  for (int i = 0; i < 200; i++) ASSERT_EQ(i, append(log_, std::string(500, 'x')));
  ASSERT_GE(firn_log_retain(log_), 0);
  EXPECT_EQ(0, firn_log_retain(log_));
  const firn_log_range bounds = firn_log_bounds(log_);
  EXPECT_GT(bounds.first, 100u);
  EXPECT_LT(bounds.first, 190u);
  EXPECT_LE(segment_count(), 8u);
  EXPECT_EQ(500u, read(log_, bounds.first).size());
  open("segment_bytes=4KiB,retention_ms=1");
  usleep(30'000);
  EXPECT_GT(firn_log_retain(log_), 0);
  EXPECT_EQ(200u, firn_log_bounds(log_).next);
  EXPECT_LT(firn_log_bounds(log_).first, 200u);
}

TEST_F(DurableLogTest, what_a_killed_process_leaves_is_found_again_and_a_torn_tail_is_cut_and_reported) {
  open("segment_bytes=64KiB");
  for (int i = 0; i < 1000; i++) ASSERT_EQ(i, append(log_, "record " + std::to_string(i)));
  const std::string dead = copy();
  {
    firn_log* log = open_log(dead);
    ASSERT_NE(nullptr, log);
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    EXPECT_EQ(FIRN_OK, firn_log_recovery(log, &info));
    EXPECT_EQ(0, info.clean);
    EXPECT_GT(info.records_replayed, 0u);
    EXPECT_EQ(1000u, firn_log_bounds(log).next);
    EXPECT_EQ(1000, firn_log_durable(log)) << "it was written once more";
    for (uint64_t i = 0; i < 1000; i += 7) EXPECT_EQ("record " + std::to_string(i), read(log, i));
    EXPECT_EQ(1000, append(log, "on"));
    EXPECT_EQ(FIRN_OK, firn_log_close(log));
  }
  // The last record torn.
  const std::string torn = copy();
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator(torn + "/segments")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), {});
    if (content.find("record 999") != std::string::npos) newest = entry.path().string();
  }
  ASSERT_FALSE(newest.empty());
  {
    std::fstream file(newest, std::ios::in | std::ios::out | std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), {});
    file.clear();
    file.seekp(static_cast<std::streamoff>(content.find("record 999")) + 3);
    file.put('!');
  }
  firn_log* log = open_log(torn);
  ASSERT_NE(nullptr, log);
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  EXPECT_EQ(FIRN_OK, firn_log_recovery(log, &info));
  EXPECT_GT(info.bytes_dropped, 0u);
  EXPECT_EQ(newest, info.dropped_file);
  EXPECT_EQ(999u, firn_log_bounds(log).next);
  EXPECT_EQ(999, append(log, "again"));
  EXPECT_EQ(FIRN_OK, firn_log_close(log));
  log = open_log(torn);
  ASSERT_NE(nullptr, log);
  EXPECT_EQ("again", read(log, 999));
  EXPECT_EQ("record 998", read(log, 998));
  EXPECT_EQ(FIRN_OK, firn_log_close(log));
}

TEST_F(DurableLogTest, a_flipped_byte_in_a_sealed_segment_is_refused_with_file_and_offset_when_it_is_met) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 50; i++) ASSERT_EQ(i, append(log_, std::string(500, 'x')));
  close();
  std::string victim;
  for (const auto& entry : std::filesystem::directory_iterator(path() + "/segments")) {
    if (victim.empty() || entry.path().string() < victim) victim = entry.path().string();
  }
  {
    std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(400);
    file.put('!');
  }
  open();
  EXPECT_EQ("FIRN_CORRUPT", read(log_, 0));
  EXPECT_EQ("FIRN_CORRUPT", read(log_, 0)) << "again";
  EXPECT_EQ(500u, read(log_, 49).size());
  close();
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(nullptr, open_log(path(), "verify_on_open=true", &error));
  EXPECT_EQ(FIRN_CORRUPT, error.code);
  EXPECT_EQ(victim, error.file);
  EXPECT_GT(error.offset, 0u);
}

TEST_F(DurableLogTest, durability_and_waits) {
  EXPECT_EQ(0, append(log_, "a"));
  EXPECT_EQ(0, firn_log_durable(log_));
  EXPECT_EQ(FIRN_OK, firn_log_sync(log_));
  EXPECT_EQ(1, firn_log_durable(log_));
  EXPECT_EQ(FIRN_OK, firn_log_wait(log_, 0, 0));
  EXPECT_EQ(FIRN_TIMEOUT, firn_log_wait(log_, 1, 0));
  EXPECT_EQ(FIRN_TIMEOUT, firn_log_wait(log_, 1, 5));
  EXPECT_EQ(FIRN_INVALID, firn_log_wait(log_, 1, -2));
  open("durability=sync");
  EXPECT_EQ(1, append(log_, "b"));
  EXPECT_EQ(2, firn_log_durable(log_));
  open("durability=every:10");
  for (int i = 0; i < 10; i++) append(log_, "c");
  while (firn_log_durable(log_) < 12) usleep(1000);
  open("durability=interval:5ms");
  append(log_, "d");
  while (firn_log_durable(log_) < 13) usleep(1000);
  EXPECT_EQ(FIRN_OK, firn_log_trim_before(log_, 5));
  EXPECT_EQ(FIRN_NOT_FOUND, firn_log_wait(log_, 2, 0));
}

TEST_F(DurableLogTest, the_descriptor_tells_of_the_append_behind_the_end) {
  pollfd poller{firn_log_notify_fd(log_), POLLIN, 0};
  const auto is_readable = [&] { return poll(&poller, 1, 0) == 1; };
  EXPECT_FALSE(is_readable());
  append(log_, "a");
  EXPECT_FALSE(is_readable());
  uint8_t out[100];
  EXPECT_GT(firn_log_read_chunk(log_, 0, out, sizeof out), 0);
  EXPECT_EQ(0, firn_log_read_chunk(log_, 1, out, sizeof out));
  append(log_, "b");
  EXPECT_TRUE(is_readable());
}

TEST_F(DurableLogTest, a_reader_beside_the_writer_goes_on_when_it_is_told) {
  open("segment_bytes=4KiB");
  for (int i = 0; i < 30; i++) append(log_, std::string(500, 'x'));
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(nullptr, open_log(path(), "", &error));
  EXPECT_EQ(FIRN_LOCKED, error.code);
  firn_log* reader = open_log(path(), "read_only=true", &error);
  ASSERT_NE(nullptr, reader) << error.message;
  EXPECT_EQ(30u, firn_log_bounds(reader).next);
  EXPECT_EQ(FIRN_READ_ONLY, append(reader, "no"));
  EXPECT_EQ(FIRN_READ_ONLY, firn_log_trim_before(reader, 1));
  EXPECT_EQ(FIRN_READ_ONLY, firn_log_sync(reader));
  EXPECT_EQ(FIRN_UNSUPPORTED, firn_log_wait(reader, 100, -1));
  for (int i = 0; i < 30; i++) append(log_, "y");
  EXPECT_EQ(FIRN_OK, firn_log_trim_before(log_, 20));
  EXPECT_EQ(30u, firn_log_bounds(reader).next);
  EXPECT_EQ(FIRN_OK, firn_log_refresh(reader));
  EXPECT_EQ(60u, firn_log_bounds(reader).next);
  EXPECT_EQ(20u, firn_log_bounds(reader).first);
  EXPECT_EQ("y", read(reader, 59));
  EXPECT_EQ(FIRN_OK, firn_log_close(reader));
}

TEST_F(DurableLogTest, closed_and_foreign_handles_are_refused_and_pins_stay) {
  append(log_, "kept");
  firn_pin_t pin;
  ASSERT_EQ(FIRN_OK, firn_log_pin(log_, 0, &pin));
  firn_log* closed = log_;
  close();
  EXPECT_EQ("kept", std::string(reinterpret_cast<const char*>(pin.data), pin.len));
  for (const auto& [log, code] :
       {std::pair(closed, FIRN_CLOSED), {static_cast<firn_log*>(nullptr), FIRN_MISUSE}, {static_cast<firn_log*>(pin.owner), FIRN_MISUSE}}) {
    uint64_t bound = 0;
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    firn_pin_t other;
    EXPECT_EQ(code, append(log, "x"));
    EXPECT_EQ(code, firn_log_append_batch(log, nullptr, 0));
    EXPECT_EQ(code, firn_log_read(log, 0, nullptr, 0));
    EXPECT_EQ(code, firn_log_read_chunk(log, 0, nullptr, 0));
    EXPECT_EQ(code, firn_log_pin(log, 0, &other));
    EXPECT_EQ(code, firn_log_seek_time(log, 0));
    EXPECT_EQ(UINT64_MAX, firn_log_bounds(log).first);
    EXPECT_EQ(UINT64_MAX, firn_log_bounds(log).next);
    EXPECT_EQ(code, firn_log_bounds_to(log, &bound, &bound));
    EXPECT_EQ(code, firn_log_durable(log));
    EXPECT_EQ(code, firn_log_sync(log));
    EXPECT_EQ(code, firn_log_wait(log, 0, 0));
    EXPECT_EQ(code, firn_log_wake(log));
    EXPECT_EQ(code, firn_log_notify_fd(log));
    EXPECT_EQ(code, firn_log_trim_before(log, 0));
    EXPECT_EQ(code, firn_log_trim_after(log, 0));
    EXPECT_EQ(code, firn_log_reset(log, 0));
    EXPECT_EQ(code, firn_log_retain(log));
    EXPECT_EQ(code, firn_log_refresh(log));
    EXPECT_EQ(code, firn_log_recovery(log, &info));
    EXPECT_EQ(log == nullptr ? FIRN_OK : code, firn_log_close(log));
  }
  firn_unpin(&pin);
}

}  // namespace
}  // namespace durable_log_test
