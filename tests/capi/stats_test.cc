// firn_stats and its texts against counted operations; events.
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "capi_fixture.h"

namespace firn_test {
namespace {

class StatsTest : public CapiTest {
 protected:
  firn_stats_t stats() {
    firn_stats_t stats;
    stats.struct_size = FIRN_STATS_SIZE;
    EXPECT_EQ(firn_stats(db_, &stats), FIRN_OK);
    return stats;
  }
  std::string text(int64_t (*function)(firn_db*, char*, size_t)) {
    std::string text(1 << 20, '\0');
    const int64_t length = function(db_, text.data(), text.size());
    EXPECT_GT(length, 0);
    text.resize(static_cast<size_t>(length));
    return text;
  }
  int64_t length_of(std::string_view key) { return firn_get(db_, 0, bytes(key), key.size(), nullptr, 0); }
};

TEST_F(StatsTest, operations_are_counted_exactly) {
  for (int i = 0; i < 1000; i++) ASSERT_EQ(put(db_, "key" + std::to_string(i), std::string(100, 'v')), FIRN_OK);
  for (int i = 0; i < 300; i++) ASSERT_EQ(length_of("key" + std::to_string(i)), 100);
  for (int i = 0; i < 50; i++) ASSERT_EQ(length_of("absent" + std::to_string(i)), FIRN_NOT_FOUND);
  for (int i = 0; i < 20; i++) ASSERT_EQ(firn_exists(db_, 0, bytes("key1"), 4), 1);
  for (int i = 0; i < 10; i++) ASSERT_EQ(firn_delete(db_, 0, bytes("key9"), 4), FIRN_OK);
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT, 0, "a", "1");
  append_operation(&batch, FIRN_OP_PUT, 0, "b", "2");
  append_operation(&batch, FIRN_OP_DELETE, 0, "c", "");
  ASSERT_GT(firn_write(db_, bytes(batch), batch.size(), 0), 0);
  std::string requests;
  append_request(&requests, 0, "a");
  append_request(&requests, 0, "none");
  uint8_t out[64];
  ASSERT_GT(firn_multi_get(db_, bytes(requests), requests.size(), out, sizeof out), 0);
  firn_answer answers[2];
  firn_pin_t pin;
  ASSERT_EQ(firn_multi_pin(db_, bytes(requests), requests.size(), answers, 1, &pin), 2) << "too few places: nothing is looked up";
  ASSERT_EQ(firn_multi_pin(db_, bytes(requests), requests.size(), answers, 2, &pin), 2);
  firn_unpin(&pin);

  const firn_stats_t now = stats();
  EXPECT_EQ(now.gets, 300u + 50 + 20 + 2 + 2);
  EXPECT_EQ(now.get_misses, 50u + 1 + 1);
  EXPECT_EQ(now.get_bytes, 300u * 100 + 20 * 100 + 1 + 1);
  EXPECT_EQ(now.puts, 1000u + 2);
  EXPECT_EQ(now.deletes, 10u + 1);
  EXPECT_EQ(now.commits, 1000u + 10 + 1);
  EXPECT_EQ(now.write_bytes, 1000u * 100 + (10 * 4 + 90 * 5 + 900 * 6) + 10 * 4 + 3 + 2);
  EXPECT_GE(now.log_written_bytes, now.write_bytes);
  EXPECT_EQ(now.get.count, 2u) << "one firn_get in 256 of 350 by this thread is timed, from the first on";
  EXPECT_GT(now.get.max_ns, 0u);
  EXPECT_LE(now.get.p50_ns, now.get.p99_ns);
  EXPECT_LE(now.get.p999_ns, now.get.max_ns);
}

TEST_F(StatsTest, operations_of_many_threads_are_all_counted) {
  ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
  constexpr int kRoundCount = 3, kThreadCount = 8, kGetCount = 5000;
  for (int round = 0; round < kRoundCount; round++) {  // threads of a later round take over the numbers of earlier ones
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreadCount; t++) {
      threads.emplace_back([this] {
        for (int i = 0; i < kGetCount; i++) EXPECT_EQ(length_of("key"), 5);
      });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(stats().gets, uint64_t{kRoundCount} * kThreadCount * kGetCount);
}

TEST_F(StatsTest, transactions_conflicts_and_scans_are_counted) {
  ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
  firn_txn* txn = firn_txn_begin(db_, 0, nullptr);
  EXPECT_EQ(firn_txn_get(txn, 0, bytes("key"), 3, nullptr, 0), 5);
  ASSERT_EQ(put(db_, "key", "other"), FIRN_OK);
  ASSERT_EQ(firn_txn_put(txn, 0, bytes("x"), 1, nullptr, 0), FIRN_OK);
  EXPECT_EQ(firn_txn_commit(txn), FIRN_CONFLICT);
  firn_txn_close(txn);
  firn_iter_close(firn_scan(db_, nullptr, nullptr, nullptr));
  const firn_stats_t now = stats();
  EXPECT_EQ(now.transactions, 1u);
  EXPECT_EQ(now.conflicts, 1u);
  EXPECT_EQ(now.gets, 1u);
  EXPECT_EQ(now.scans, 1u);
}

TEST_F(StatsTest, own_writes_are_counted_alike_by_one_look_up_and_by_many) {
  firn_txn* txn = firn_txn_begin(db_, 0, nullptr);
  ASSERT_EQ(firn_txn_put(txn, 0, bytes("a"), 1, bytes("own"), 3), FIRN_OK);
  ASSERT_EQ(firn_txn_delete(txn, 0, bytes("b"), 1), FIRN_OK);
  EXPECT_EQ(firn_txn_get(txn, 0, bytes("a"), 1, nullptr, 0), 3);
  EXPECT_EQ(firn_txn_get(txn, 0, bytes("b"), 1, nullptr, 0), FIRN_NOT_FOUND);
  EXPECT_EQ(stats().gets, 2u);
  EXPECT_EQ(stats().get_misses, 1u);
  EXPECT_EQ(stats().get_bytes, 3u);
  std::string requests;
  append_request(&requests, 0, "a");
  append_request(&requests, 0, "b");
  uint8_t out[64];
  ASSERT_GT(firn_txn_multi_get(txn, bytes(requests), requests.size(), out, sizeof out), 0);
  EXPECT_EQ(stats().gets, 4u);
  EXPECT_EQ(stats().get_misses, 2u);
  EXPECT_EQ(stats().get_bytes, 6u);
  firn_txn_close(txn);
}

TEST_F(StatsTest, the_shape_of_the_tree_and_its_traffic_show) {
  for (int i = 0; i < 1000; i++) ASSERT_EQ(put(db_, "key" + std::to_string(i), std::string(100, 'v')), FIRN_OK);
  ASSERT_EQ(firn_flush(db_), FIRN_OK);
  ASSERT_EQ(firn_delete(db_, 0, bytes("key5"), 4), FIRN_OK);
  ASSERT_EQ(firn_flush(db_), FIRN_OK);
  firn_stats_t now = stats();
  EXPECT_EQ(now.run_count, 2u);
  EXPECT_EQ(now.table_count, 2u);
  EXPECT_EQ(now.table_entries, 1001u);
  EXPECT_EQ(now.table_tombstones, 1u);
  EXPECT_EQ(now.flushes, 2u);
  EXPECT_EQ(now.flush.count, 2u);
  EXPECT_EQ(now.flush_bytes, now.table_bytes);
  EXPECT_EQ(now.read_amplification, now.memtable_count + 2);
  EXPECT_GT(now.write_amplification_permille, 2000u) << "once to the log, once to tables";
  EXPECT_GT(now.space_amplification_permille, 1000u);

  ASSERT_EQ(firn_compact(db_), FIRN_OK);
  now = stats();
  EXPECT_EQ(now.run_count, 1u);
  EXPECT_EQ(now.table_entries, 999u);
  EXPECT_EQ(now.compactions, 1u);
  EXPECT_EQ(now.compaction_bytes, now.table_bytes);
  EXPECT_EQ(now.compaction_read_bytes, now.flush_bytes);
  EXPECT_EQ(now.version, 1001u);
  EXPECT_EQ(now.durable_version, 1001u);
}

TEST_F(StatsTest, what_tables_fetch_shows) {
  for (const char* io : {"mmap", "pread"}) {
    ASSERT_EQ(firn_close(take()), FIRN_OK);
    firn_options* options = firn_options_new();
    ASSERT_EQ(firn_options_set(options, "table_io", io), FIRN_OK);
    db_ = firn_open(":memory:", options, nullptr);
    firn_options_free(options);
    ASSERT_NE(db_, nullptr);
    ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
    ASSERT_EQ(firn_flush(db_), FIRN_OK);
    EXPECT_EQ(stats().cache_misses, 0u) << "a flush reads its table back, which does not count";
    EXPECT_EQ(length_of("key"), 5);
    const firn_stats_t now = stats();
    if (io == std::string_view("mmap")) {
      EXPECT_EQ(now.cache_misses, 0u) << "it was verified already";
    } else {
      EXPECT_GT(now.cache_misses, 0u);
      EXPECT_GT(now.cache_miss_bytes, 0u);
    }
    EXPECT_EQ(length_of("key"), 5);
    EXPECT_EQ(stats().cache_misses, now.cache_misses) << "it is there by now";
  }
}

TEST_F(StatsTest, a_leaked_snapshot_shows) {
  ASSERT_EQ(put(db_, "key", std::string(1000, 'v')), FIRN_OK);
  ASSERT_EQ(firn_flush(db_), FIRN_OK);
  firn_txn* leaked = firn_txn_begin(db_, FIRN_TXN_READ_ONLY, nullptr);
  const uint64_t table_bytes = stats().table_bytes;
  ASSERT_EQ(put(db_, "key", "v"), FIRN_OK);
  ASSERT_EQ(firn_compact(db_), FIRN_OK);
  EXPECT_GE(stats().retired_views, 1u);
  EXPECT_EQ(stats().retired_table_bytes, table_bytes) << "the compacted table lives on for the snapshot alone";
  firn_txn_close(leaked);
  EXPECT_EQ(stats().retired_views, 0u);
  EXPECT_EQ(stats().retired_table_bytes, 0u);
}

TEST_F(StatsTest, a_pin_of_many_keys_keeps_the_state_that_was_read_until_it_is_released) {
  std::string requests;
  append_request(&requests, 0, "key");
  for (const bool in_transaction : {false, true}) {
    ASSERT_EQ(put(db_, "key", std::string(1000, 'v')), FIRN_OK);
    ASSERT_EQ(firn_compact(db_), FIRN_OK);
    firn_answer answer;
    firn_pin_t pin;
    if (in_transaction) {
      firn_txn* txn = firn_txn_begin(db_, 0, nullptr);
      ASSERT_EQ(firn_txn_multi_pin(txn, bytes(requests), requests.size(), &answer, 1, &pin), 1);
      firn_txn_close(txn);
    } else {
      ASSERT_EQ(firn_multi_pin(db_, bytes(requests), requests.size(), &answer, 1, &pin), 1);
    }
    ASSERT_EQ(put(db_, "key", "v"), FIRN_OK);
    ASSERT_EQ(firn_compact(db_), FIRN_OK);
    EXPECT_GE(stats().retired_views, 1u);
    EXPECT_GT(stats().retired_table_bytes, 0u);
    firn_unpin(&pin);
    EXPECT_EQ(stats().retired_views, 0u);
    EXPECT_EQ(stats().retired_table_bytes, 0u);
  }
}

TEST_F(StatsTest, syncs_and_those_who_wait_for_them_are_counted) {
  const uint64_t before = stats().sync_waits;
  for (int i = 0; i < 10; i++) {
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.flags = FIRN_SYNC;
    ASSERT_GT(firn_put_ex(db_, 0, bytes("key"), 3, nullptr, 0, &opts), 0);
  }
  const firn_stats_t now = stats();
  EXPECT_EQ(now.sync_waits - before, 10u);
  EXPECT_EQ(now.sync.count, now.syncs);
  EXPECT_GE(now.sync_group_max, 1u);
  EXPECT_GE(now.commit.count, 10u) << "commits that wait for the disk are all timed";
}

TEST_F(StatsTest, an_older_caller_gets_what_fits_its_struct) {
  firn_stats_t now;
  std::memset(&now, 0xee, sizeof now);
  now.struct_size = 8 + 2 * sizeof(uint64_t);
  ASSERT_EQ(firn_stats(db_, &now), FIRN_OK);
  EXPECT_EQ(now.version, 0u);
  EXPECT_EQ(now.uptime_ms, 0xeeeeeeeeeeeeeeeeu);
  EXPECT_EQ(firn_stats(db_, nullptr), FIRN_INVALID);
  EXPECT_EQ(firn_stats_prometheus(db_, nullptr, 1), FIRN_INVALID);
  EXPECT_EQ(firn_events_poll(db_, 0, nullptr, 1), FIRN_INVALID);
}

TEST_F(StatsTest, json_and_struct_say_the_same) {
  for (int i = 0; i < 100; i++) ASSERT_EQ(put(db_, "key" + std::to_string(i), "v"), FIRN_OK);
  const std::string json = text(firn_stats_json);
  const firn_stats_t now = stats();
  const auto figure = [&json](const std::string& name) {
    const size_t at = json.find("\"" + name + "\":");
    EXPECT_NE(at, std::string::npos) << name;
    return std::strtoull(json.c_str() + at + name.size() + 3, nullptr, 10);
  };
  EXPECT_EQ(figure("version"), now.version);
  EXPECT_EQ(figure("commits"), 100u);
  EXPECT_EQ(figure("write_bytes"), now.write_bytes);
  EXPECT_EQ(figure("memtable_count"), now.memtable_count);
  EXPECT_EQ(figure("retired_table_bytes"), now.retired_table_bytes);
  EXPECT_EQ(json.front(), '{');
  EXPECT_EQ(json.back(), '}');
}

// The rules of the text format that a checker insists on: HELP and TYPE before the samples of a metric, every metric once, counters end with _total, buckets ascend and
// the last one is the count.
TEST_F(StatsTest, prometheus_text_keeps_the_rules_of_its_format) {
  ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
  EXPECT_EQ(length_of("key"), 5);
  ASSERT_EQ(firn_flush(db_), FIRN_OK);
  std::istringstream lines(text(firn_stats_prometheus));
  std::map<std::string, std::string> types;
  std::set<std::string> helped;
  std::map<std::string, double> last_bucket;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, what, name, type;
    if (line.starts_with("# ")) {
      words >> hash >> what >> name >> type;
      if (what == "HELP") {
        EXPECT_TRUE(helped.insert(name).second) << line;
      } else {
        ASSERT_EQ(what, "TYPE") << line;
        EXPECT_TRUE(helped.contains(name)) << line;
        EXPECT_TRUE(types.emplace(name, type).second) << line;
        EXPECT_EQ(type == "counter", name.ends_with("_total")) << line;
        EXPECT_FALSE(name.ends_with("_count")) << line;
      }
      continue;
    }
    const std::string sample = line.substr(0, line.find('{'));
    const double value = std::strtod(line.c_str() + line.rfind(' '), nullptr);
    EXPECT_TRUE(std::isfinite(value)) << line;
    EXPECT_NE(line.find("{db=\":memory:\""), std::string::npos) << line;
    std::string metric = sample;
    for (const char* end : {"_bucket", "_sum", "_count"}) {
      if (metric.ends_with(end) && types.contains(metric.substr(0, metric.size() - std::strlen(end))))
        metric.resize(metric.size() - std::strlen(end));
    }
    ASSERT_TRUE(types.contains(metric)) << line;
    if (sample.ends_with("_bucket")) {
      EXPECT_GE(value, last_bucket[metric]) << line;
      last_bucket[metric] = value;
    }
    if (metric != sample && sample.ends_with("_count")) {
      EXPECT_EQ(value, last_bucket[metric]) << line;
    }
  }
  EXPECT_GT(types.size(), 50u);
  EXPECT_EQ(types["firn_gets_total"], "counter");
  EXPECT_EQ(types["firn_memtables"], "gauge");
  EXPECT_EQ(types["firn_get_seconds"], "histogram");
}

TEST_F(StatsTest, events_are_told_in_order_and_again_to_every_reader) {
  for (int i = 0; i < 3; i++) {
    ASSERT_EQ(put(db_, "key", "value" + std::to_string(i)), FIRN_OK);
    ASSERT_EQ(firn_flush(db_), FIRN_OK);
  }
  ASSERT_EQ(firn_compact(db_), FIRN_OK);
  firn_event events[16];
  for (int reader = 0; reader < 2; reader++) {
    ASSERT_EQ(firn_events_poll(db_, 0, events, 16), 4);
    for (uint32_t i = 0; i < 4; i++) {
      EXPECT_EQ(events[i].number, i + 1);
      EXPECT_EQ(events[i].kind, i < 3 ? FIRN_EVENT_FLUSH : FIRN_EVENT_COMPACTION);
      EXPECT_EQ(events[i].code, FIRN_OK);
      EXPECT_GT(events[i].bytes_written, 0u);
      EXPECT_GT(events[i].time_ms, 1'600'000'000'000);
    }
    EXPECT_GT(events[3].bytes_read, 0u);
  }
  EXPECT_EQ(firn_events_poll(db_, 4, events, 16), 1);
  EXPECT_EQ(firn_events_poll(db_, 5, events, 16), 0);
  EXPECT_EQ(firn_events_poll(db_, 2, events, 2), 2);
  EXPECT_EQ(events[1].number, 3u);
}

TEST_F(StatsTest, old_events_give_way_and_the_gap_shows) {
  for (int i = 0; i < 300; i++) {
    ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
    ASSERT_EQ(firn_flush(db_), FIRN_OK);
  }
  std::vector<firn_event> events(400);
  uint64_t last = 0;
  do {  // a compaction may end between the two calls
    last = stats().events;
    EXPECT_GE(last, 300u);
    ASSERT_EQ(firn_events_poll(db_, 1, events.data(), events.size()), 256);
  } while (stats().events != last);
  EXPECT_EQ(events[0].number, last - 255);
  EXPECT_EQ(events[255].number, last);
}

}  // namespace
}  // namespace firn_test
