// The programs of tests/linearizability under random priorities: two or three threads, with a flush and a compaction beside them, while the threads of the
// database itself take part.
#include "linearizability/bank_teller.h"
#include "linearizability/list_appender.h"
#include "schedule/exploration.h"
#include "schedule/scheduled_database.h"

namespace {

using namespace schedule_test;
using firn_test::bytes;

constexpr uint64_t kScheduleCount = 1500;

const char* options_of(uint64_t seed) {
  constexpr const char* kSets[] = {"memtable_bytes=16KiB", "memtable_bytes=16KiB,background_threads=2,log_io=pwrite",
                                   "memtable_bytes=16KiB,durability=sync", "memtable_bytes=16KiB,table_io=pread,durability=interval:5ms"};
  return kSets[seed % std::size(kSets)];
}
int thread_count_of(uint64_t seed) { return 2 + static_cast<int>(seed / 4 % 2); }

// Half of the runs have a thread that flushes; half of these compact too.
void add_chores(uint64_t seed, firn_db* db, std::vector<std::function<void()>>* bodies) {
  if (seed / 8 % 2 == 0) return;
  bodies->emplace_back([db, seed] {
    EXPECT_EQ(FIRN_OK, firn_flush(db));
    EXPECT_EQ(FIRN_OK, seed / 16 % 2 == 0 ? firn_compact(db) : firn_flush(db));
  });
}

TEST(RandomPrioritiesTest, calls_on_one_key_are_linearizable) {
  explore_randomly(kScheduleCount, 250, [](Scheduler& scheduler, uint64_t seed, uint64_t* operation_count) {
    const ScheduledDatabase db(scheduler, options_of(seed));
    const uint32_t ns = db.open_namespace("registers");
    Callers callers;
    std::vector<std::function<void()>> bodies;
    for (int thread = 0; thread < thread_count_of(seed); thread++) {
      callers.push_back(std::make_unique<firn_test::Caller>(db.handle(), ns, thread, seed));
      bodies.emplace_back([caller = callers.back().get()] {
        for (int i = 0; i < 5; i++) caller->call();
      });
    }
    add_chores(seed, db.handle(), &bodies);
    db.run_together(std::move(bodies));
    return explain(callers, operation_count);
  });
}

TEST(RandomPrioritiesTest, transactions_over_keys_are_strictly_serializable) {
  explore_randomly(kScheduleCount, 250, [](Scheduler& scheduler, uint64_t seed, uint64_t* operation_count) {
    const ScheduledDatabase db(scheduler, options_of(seed));
    std::vector<firn_test::Appender> appenders;
    std::vector<std::function<void()>> bodies;
    const int thread_count = thread_count_of(seed);
    for (int thread = 0; thread < thread_count; thread++) appenders.emplace_back(db.handle(), thread, seed);
    for (auto& appender : appenders) {
      bodies.emplace_back([&appender] {
        for (int i = 0; i < 4; i++) appender.transact();
      });
    }
    add_chores(seed, db.handle(), &bodies);
    db.run_together(std::move(bodies));
    std::vector<firn_test::TransactionRecord> history;
    for (const auto& appender : appenders) history.insert(history.end(), appender.records().begin(), appender.records().end());
    *operation_count += history.size();
    history.push_back(firn_test::Appender::read_at_the_end(db.handle()));
    return firn_test::explain_transactions(history);
  });
}

TEST(RandomPrioritiesTest, no_money_is_made_or_lost) {
  explore_randomly(kScheduleCount, 300, [](Scheduler& scheduler, uint64_t seed, uint64_t* operation_count) {
    const ScheduledDatabase db(scheduler, options_of(seed));
    firn_test::Teller::open_accounts(db.handle());
    std::vector<firn_test::Teller> tellers;
    std::vector<std::function<void()>> bodies;
    const int thread_count = thread_count_of(seed);
    for (int thread = 0; thread < thread_count; thread++) tellers.emplace_back(db.handle(), thread, seed);
    for (auto& teller : tellers) {
      bodies.emplace_back([&teller] {
        for (int i = 0; i < 4; i++) teller.work();
      });
    }
    add_chores(seed, db.handle(), &bodies);
    db.run_together(std::move(bodies));
    *operation_count += 4 * tellers.size();
    return std::string();
  });
}

// One thread writes the same value to two namespaces, batch by batch; the others read both, and never an older value after a newer one.
TEST(RandomPrioritiesTest, batches_over_two_namespaces_are_seen_whole) {
  explore_randomly(kScheduleCount, 250, [](Scheduler& scheduler, uint64_t seed, uint64_t* operation_count) {
    const ScheduledDatabase db(scheduler, options_of(seed));
    const uint32_t other = db.open_namespace("other");
    constexpr int kBatchCount = 5;
    const auto write = [&] {
      for (int i = 1; i <= kBatchCount; i++) {
        std::string batch;
        firn_test::append_operation(&batch, FIRN_OP_PUT, 0, "key", std::to_string(i));
        firn_test::append_operation(&batch, FIRN_OP_PUT, other, "key", std::to_string(i));
        EXPECT_GT(firn_write(db.handle(), bytes(batch), batch.size(), 0), 0);
      }
    };
    const auto read = [&] {
      std::string newest = "0";
      for (int i = 0; i < kBatchCount; i++) {
        const firn_test::Txn txn(db.handle(), FIRN_TXN_READ_ONLY);
        std::string one = txn.get("key"), same = txn.get("key", other);
        EXPECT_EQ(one, same);
        if (one == "FIRN_NOT_FOUND") one = "0";
        EXPECT_GE(one, newest);
        newest = one;
      }
    };
    std::vector<std::function<void()>> bodies = {write};
    for (int thread = 1; thread < thread_count_of(seed); thread++) bodies.emplace_back(read);
    *operation_count += kBatchCount * bodies.size();
    add_chores(seed, db.handle(), &bodies);
    db.run_together(std::move(bodies));
    return std::string();
  });
}

}  // namespace
