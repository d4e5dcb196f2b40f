// Two or three threads on the commit path, in every order of their schedule points.
#include <algorithm>
#include <climits>
#include <mutex>

#include "crashfs/effort.h"
#include "env/thread_mark.h"
#include "linearizability/list_appender.h"
#include "log/failing_directory.h"
#include "log/sync_group.h"
#include "log/ticking_env.h"
#include "schedule/exploration.h"
#include "schedule/scheduled_database.h"

namespace {

using namespace schedule_test;
using firn_test::append_operation;
using firn_test::append_request;
using firn_test::bytes;
using firn_test::Caller;

constexpr const char* kOptions = "memtable_bytes=16KiB";
constexpr uint64_t kOrdersMax = 20'000;  // there are fewer

// Two callers on one key that holds something, each with calls of its own; what the key holds at the end is read too.
using Calls = std::function<void(Caller&)>;
Program beside(const Calls& one, const Calls& other) {
  return [=](Scheduler& scheduler, uint64_t seed, uint64_t* operation_count) {
    const ScheduledDatabase db(scheduler, kOptions);
    Callers callers;
    for (int thread = 0; thread < 3; thread++) {
      callers.push_back(std::make_unique<Caller>(db.handle(), 0, thread, seed));
      callers.back()->choose_key(0);
    }
    callers[2]->put();
    db.run_together({[&] { one(*callers[0]); }, [&] { other(*callers[1]); }});
    callers[2]->get();
    return explain(callers, operation_count);
  };
}

void put(Caller& caller) { caller.put(); }
void add(Caller& caller) { caller.add(); }
void read(Caller& caller) {
  caller.get();
  caller.get_in_snapshot();
}

TEST(EveryOrderTest, of_two_puts) { EXPECT_GT(explore_every_order(kOrdersMax, beside(put, put)).schedules, 5u); }

TEST(EveryOrderTest, of_a_put_beside_a_get_and_a_snapshot) {
  EXPECT_GT(explore_every_order(kOrdersMax, beside(put, read)).schedules, 100u);
}

TEST(EveryOrderTest, of_two_additions) { EXPECT_GT(explore_every_order(kOrdersMax, beside(add, add)).schedules, 5u); }

// A memtable that is sealed while it is written, read and flushed.
Program beside_rotation(const Calls& calls) {
  return [=](Scheduler& scheduler, uint64_t seed, uint64_t* operation_count) {
    const ScheduledDatabase db(scheduler, kOptions);
    Callers callers;
    for (int thread = 0; thread < 2; thread++) {
      callers.push_back(std::make_unique<Caller>(db.handle(), 0, thread, seed));
      callers.back()->choose_key(0);
    }
    callers[1]->put();
    db.run_together({[&] { calls(*callers[0]); }, [&] { EXPECT_EQ(FIRN_OK, firn_flush(db.handle())); }});
    callers[1]->get();
    ++*operation_count;
    return explain(callers, operation_count);
  };
}

TEST(EveryOrderTest, of_a_put_beside_a_rotation) { EXPECT_GT(explore_every_order(kOrdersMax, beside_rotation(put)).schedules, 5u); }

TEST(EveryOrderTest, of_a_get_and_a_snapshot_beside_a_rotation) {
  EXPECT_GT(explore_every_order(kOrdersMax, beside_rotation(read)).schedules, 50u);
}

// Transactions over lists: reads of several keys and appends, as a seed makes them.
Figures explore_commits(uint64_t seed) {
  return explore_every_order(kOrdersMax, [seed](Scheduler& scheduler, uint64_t, uint64_t* operation_count) {
    const ScheduledDatabase db(scheduler, kOptions);
    std::vector<firn_test::Appender> appenders;
    for (int thread = 0; thread < 3; thread++) appenders.emplace_back(db.handle(), thread, 10 * seed);
    appenders[2].transact();
    db.run_together({[&] { appenders[0].transact(); }, [&] { appenders[1].transact(); }});
    std::vector<firn_test::TransactionRecord> history;
    for (const auto& appender : appenders) history.insert(history.end(), appender.records().begin(), appender.records().end());
    *operation_count += history.size();
    history.push_back(firn_test::Appender::read_at_the_end(db.handle()));
    return firn_test::explain_transactions(history);
  });
}

// There are eight pairs; FIRN_SEED chooses one, and a deep run tries them all.
constexpr uint64_t kPairCount = 8;
TEST(EveryOrderTest, of_two_commits_of_transactions) {
  EXPECT_GT(explore_commits(firn::test_effort().seed % kPairCount + 1).schedules, 50u);
}

class EveryPairTest : public testing::TestWithParam<uint64_t> {};
TEST_P(EveryPairTest, of_two_commits_of_transactions) {
  if (!firn::test_effort().is_deep) GTEST_SKIP() << "SKIPPED: all pairs of transactions: ./dev test --deep";
  EXPECT_GT(explore_commits(GetParam()).schedules, 50u);
}
INSTANTIATE_TEST_SUITE_P(Seeds, EveryPairTest, testing::Range(uint64_t{1}, kPairCount + 1));

// A put that does not fit seals the memtable; the other is a transaction, whose snapshot must not name what it does not see.
TEST(EveryOrderTest, of_two_commits_with_a_rotation_between) {
  const Figures figures = explore_every_order(kOrdersMax, [](Scheduler& scheduler, uint64_t, uint64_t* operation_count) -> std::string {
    const ScheduledDatabase db(scheduler, kOptions);
    EXPECT_EQ(FIRN_OK, firn_test::put(db.handle(), "key", "before"));
    std::string seen;
    int64_t code = 0;
    const auto change = [&] {
      const firn_test::Txn txn(db.handle());
      seen = txn.get("key");
      EXPECT_EQ(FIRN_OK, txn.put("key", "changed"));
      code = txn.commit();
    };
    const std::string filler(9000, 'f');  // two of them are more than a memtable holds
    EXPECT_EQ(FIRN_OK, firn_test::put(db.handle(), "filler", filler));
    const auto rotate_and_put = [&] { EXPECT_EQ(FIRN_OK, firn_test::put(db.handle(), "key", filler)); };
    db.run_together({change, rotate_and_put});
    *operation_count += 3;
    const int64_t last_bytes = firn_get(db.handle(), 0, bytes("key"), 3, nullptr, 0);
    const bool is_changed = last_bytes == static_cast<int64_t>(std::string("changed").size());
    if (code == FIRN_CONFLICT) return !is_changed ? "" : "a transaction that has failed has changed something";
    if (code < 0) return firn_status_name(static_cast<int32_t>(code));
    return seen == "before" && is_changed ? "an update is lost" : "";
  });
  EXPECT_GT(figures.schedules, 50u);
}

// Two transactions that each read what the other writes: at most one of them may commit.
TEST(EveryOrderTest, of_two_commits_that_each_read_what_the_other_writes) {
  const Figures figures = explore_every_order(kOrdersMax, [](Scheduler& scheduler, uint64_t, uint64_t* operation_count) -> std::string {
    const ScheduledDatabase db(scheduler, kOptions);
    EXPECT_EQ(FIRN_OK, firn_test::put(db.handle(), "a", "0"));
    EXPECT_EQ(FIRN_OK, firn_test::put(db.handle(), "b", "0"));
    int commits = 0;
    const auto transact = [&](const char* read_key, const char* written_key) {
      const firn_test::Txn txn(db.handle());
      const bool was_first = txn.get(read_key) == "0";
      EXPECT_EQ(FIRN_OK, txn.put(written_key, "1"));
      if (txn.commit() > 0 && was_first) commits++;
    };
    db.run_together({[&] { transact("a", "b"); }, [&] { transact("b", "a"); }});
    *operation_count += 2;
    return commits == 1 ? "" : std::to_string(commits) + " transactions have come before the other and committed";
  });
  EXPECT_GT(figures.schedules, 50u);
}

TEST(EveryOrderTest, of_a_batch_over_two_namespaces_beside_its_readers) {
  const Figures figures = explore_every_order(kOrdersMax, [](Scheduler& scheduler, uint64_t, uint64_t* operation_count) -> std::string {
    const ScheduledDatabase db(scheduler, kOptions);
    const uint32_t other = db.open_namespace("other");
    const auto write = [&](const std::string& value) {
      std::string batch;
      append_operation(&batch, FIRN_OP_PUT, 0, "key", value);
      append_operation(&batch, FIRN_OP_PUT, other, "key", value);
      EXPECT_GT(firn_write(db.handle(), bytes(batch), batch.size(), 0), 0);
    };
    write("before..");
    std::string wrong;
    const auto read_both = [&] {
      std::string requests;
      append_request(&requests, 0, "key");
      append_request(&requests, other, "key");
      char answers[32] = {};
      const int64_t length =
          firn_multi_get(db.handle(), bytes(requests), requests.size(), reinterpret_cast<uint8_t*>(answers), sizeof answers);
      if (length != 32 || std::string(answers + 8, 8) != std::string(answers + 24, 8)) wrong = "a batch is seen in part";
    };
    db.run_together({[&] { write("after..."); }, read_both});
    *operation_count += 2;
    return wrong;
  });
  EXPECT_GT(figures.schedules, 50u);
}

// The key is hashed in front of the door, where the namespace may still have what is cleared by the time it is looked up. Versions tell which commit came first.
TEST(EveryOrderTest, of_a_conditional_put_beside_a_clear) {
  const Figures figures = explore_every_order(kOrdersMax, [](Scheduler& scheduler, uint64_t, uint64_t* operation_count) -> std::string {
    const ScheduledDatabase db(scheduler, kOptions);
    const uint32_t cleared = db.open_namespace("cleared");
    const auto put = [&](const char* key, uint32_t flags) {
      firn_put_opts options = FIRN_PUT_OPTS_INIT;
      options.flags = flags;
      return firn_put_ex(db.handle(), cleared, bytes(key), 3, bytes("value"), 5, &options);
    };
    EXPECT_GT(put("key", 0), 0);
    int64_t changed = 0;
    int64_t behind = 0;
    const auto clear = [&] {
      EXPECT_EQ(FIRN_OK, firn_ns_clear(db.handle(), cleared));
      behind = put("yek", 0);
    };
    db.run_together({[&] { changed = put("key", FIRN_IF_PRESENT); }, clear});
    *operation_count += 3;
    EXPECT_GT(behind, 0);
    if (changed < 0) return changed == FIRN_NOT_FOUND ? "" : firn_status_name(static_cast<int32_t>(changed));
    return changed < behind ? "" : "a commit behind the clear has met what was cleared";
  });
  EXPECT_GT(figures.schedules, 5u);
}

// Threads that each append records and wait until they are durable. The clock moves by `tick_ns` at a look, so that a sync takes this time at least. Behind so many syncs all fail.
Program waits_for_syncs(int thread_count, int wait_count, int64_t tick_ns, int good_syncs = INT_MAX) {
  return [=](Scheduler& scheduler, uint64_t, uint64_t* operation_count) -> std::string {
    firn::TickingEnv env(tick_ns);
    const auto faults = std::make_shared<firn::Faults>();
    firn::Log log(std::make_unique<firn::FailingDirectory>(std::move(*env.open_directory("/log", true)), faults), 1, firn::SegmentIo::kMmap,
                  env);
    EXPECT_TRUE(log.activate(*log.prepare(64 << 10)).ok());
    faults->syncs_before_failure = good_syncs;
    firn::SyncGroup group(log);
    std::mutex door;
    const auto append = [&] {
      const std::lock_guard lock(door);
      uint64_t offset = 0;
      std::fill_n(*log.reserve(5, &offset), 5, uint8_t{'r'});
      EXPECT_TRUE(log.append(5).ok());
      return log.end();
    };
    const auto write = [&] {
      for (int i = 0; i < wait_count; i++) {
        const firn::ThreadMark mark;
        const firn::LogPosition position = append();
        const firn::Status status = group.wait(position);
        EXPECT_EQ(log.durable() >= position, status.ok());
        EXPECT_TRUE(status.ok() || good_syncs < INT_MAX) << status.message();
      }
    };
    scheduler.run_together(std::vector<std::function<void()>>(static_cast<size_t>(thread_count), write));
    const auto calls = static_cast<uint64_t>(thread_count * wait_count);
    *operation_count += calls;
    const firn::SyncGroup::Counts counts = group.counts();
    if (faults->syncs_before_failure < -1) return "a failed sync was tried again";
    return counts.syncs <= counts.waits && counts.waits <= calls ? "" : "a wait is counted twice, or a sync that served nobody";
  };
}

constexpr int64_t kShortTickNs = 40'000;     // of three who wait some give way, and who leads a sync waits for the others
constexpr int64_t kCrowdedTickNs = 600'000;  // they stop giving way, because others want the processors

TEST(EveryOrderTest, of_two_who_wait_for_syncs) {
  EXPECT_GT(explore_every_order(kOrdersMax, waits_for_syncs(2, 2, kShortTickNs)).schedules, 50u);
}

TEST(EveryOrderTest, of_three_who_wait_for_syncs_and_give_way) {
  EXPECT_GT(explore_every_order(kOrdersMax, waits_for_syncs(3, 1, kShortTickNs)).schedules, 50u);
}

TEST(EveryOrderTest, of_three_who_wait_for_syncs_and_give_way_to_one_that_fails) {
  EXPECT_GT(explore_every_order(kOrdersMax, waits_for_syncs(3, 1, kShortTickNs, 1)).schedules, 50u);
}

// There are too many orders of these: of three who come back, the last takes the sync over from one who gives way.
TEST(EveryOrderTest, or_many_of_three_who_wait_for_syncs_twice) {
  constexpr uint64_t kSomeOrders = 1000;
  EXPECT_GE(explore_randomly(kSomeOrders, 60, waits_for_syncs(3, 2, kShortTickNs)).schedules, kSomeOrders);
  EXPECT_GE(explore_randomly(kSomeOrders, 60, waits_for_syncs(3, 2, kShortTickNs, 2)).schedules, kSomeOrders);
}

TEST(EveryOrderTest, of_three_who_wait_for_syncs_and_stop_giving_way) {
  EXPECT_GT(explore_every_order(kOrdersMax, waits_for_syncs(3, 1, kCrowdedTickNs)).schedules, 50u);
}

}  // namespace
