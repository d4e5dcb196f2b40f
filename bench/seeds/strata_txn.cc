// strata's transactions: read-set validation, first committer wins.
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <thread>

#include "seeds/strata.h"

namespace bench {
namespace {

using namespace strata;

constexpr uint64_t kCheckStep = 61;

// A transaction of one thread; what it read and wrote is forgotten unless it was committed.
class Transaction {
 public:
  explicit Transaction(Database& db, uint32_t flags = 0) : txn_(firn_txn_begin(db.handle(), flags, nullptr)) {
    require(txn_ != nullptr, "txn_begin");
  }
  ~Transaction() { firn_txn_close(txn_); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  int64_t get(std::string_view key) {
    int64_t number = 0;
    const int64_t size = firn_txn_get(txn_, 0, octets(key), key.size(), reinterpret_cast<uint8_t*>(&number), sizeof number);
    require(size == sizeof number, "txn_get: not an I64");
    return number;
  }
  void put(std::string_view key, int64_t number) {
    must(firn_txn_put(txn_, 0, octets(key), key.size(), reinterpret_cast<const uint8_t*>(&number), sizeof number), "txn_put");
  }
  // False: something that it read has changed.
  bool commit() {
    const int64_t code = firn_txn_commit(txn_);
    if (code != FIRN_CONFLICT) must(code, "txn_commit");
    return code != FIRN_CONFLICT;
  }
  void commit_alone() { require(commit(), "a conflict where nobody else is"); }

 private:
  firn_txn* txn_;
};

// Adds 1 to the number at `key`.
bool try_increment(Database& db, std::string_view key) {
  Transaction txn(db);
  txn.put(key, txn.get(key) + 1);
  return txn.commit();
}

void put_several(Run& run, uint64_t put_count) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  NumberedName key(key_name("batch_"));
  const uint64_t done = run.measure_one(run.scaled(1'000'000 / put_count), [&](uint64_t i) {
    Transaction txn(db);
    for (uint64_t j = 0; j < put_count; ++j) txn.put(key(i, '_', j), static_cast<int64_t>(i * put_count + j));
    txn.commit_alone();
    commits.committed();
  });
  for (uint64_t i = 0; i < done; i += kCheckStep) db.expect(key(i, '_', 0), i64(static_cast<int64_t>(i * put_count)));
  require(db.count() == done * put_count, "a wrong number of keys");
}

void commit_single(Run& run) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  NumberedName key(key_name("txn_"));
  const uint64_t done = run.measure_one(run.scaled(500'000), [&](uint64_t i) {
    Transaction txn(db);
    txn.put(key(i), static_cast<int64_t>(i));
    txn.commit_alone();
    commits.committed();
  });
  for (uint64_t i = 0; i < done; i += kCheckStep) db.expect(key(i), i64(static_cast<int64_t>(i)));
  require(db.count() == done, "a wrong number of keys");
}

void read_modify_write(Run& run) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  const std::string key = key_name("rmw");
  db.put(key, i64(0));
  const uint64_t done = run.measure_one(run.scaled(1'000'000), [&](uint64_t) {
    require(try_increment(db, key), "a conflict where nobody else is");
    commits.committed();
  });
  db.expect(key, i64(static_cast<int64_t>(done)));
}

void snapshot_read(Run& run, uint64_t get_count) {
  const uint64_t count = run.scaled(1000);
  Database db(run.path(), run.options());
  preload(db, "snap_key_", count);
  NumberedName key(key_name("snap_key_"));
  run.measure_one(run.scaled(2'000'000 / get_count), [&](uint64_t i) {
    Transaction txn(db, FIRN_TXN_READ_ONLY);
    for (uint64_t j = 0; j < get_count; ++j) {
      const uint64_t index = (i * get_count + j) % count;
      require(txn.get(key(index)) == static_cast<int64_t>(index), "a wrong value");
    }
    txn.commit_alone();
  });
}

void snapshot_put_and_get(Run& run) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  preload(db, "snap_key_", run.scaled(1000));
  NumberedName key(key_name("snap_new_"));
  run.measure_one(run.scaled(500'000), [&](uint64_t i) {
    Transaction txn(db);
    const std::string_view name = key(i);
    txn.put(name, static_cast<int64_t>(i));
    require(txn.get(name) == static_cast<int64_t>(i), "an own write is not read");
    txn.commit_alone();
    commits.committed();
  });
}

void commit_disjoint(Run& run, unsigned threads) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  const uint64_t done = run.measure(run.phase(run.scaled(500'000), threads), [&](unsigned thread) {
    return [&db, &commits, thread, key = NumberedName(key_name("t"))](uint64_t i) mutable {
      Transaction txn(db);
      txn.put(key(thread, '_', i), static_cast<int64_t>(i));
      txn.commit_alone();
      commits.committed();
    };
  });
  require(db.count() == done, "a wrong number of keys");
  NumberedName key(key_name("t"));
  for (uint64_t thread = 0; thread < threads; ++thread) db.expect(key(thread, '_', 0), i64(0));
}

void increment_same(Run& run, unsigned threads) {
  constexpr unsigned kRetrySleepUs = 10;
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  const std::string key = key_name("rmw");
  db.put(key, i64(0));
  const uint64_t done = run.measure(run.phase(run.scaled(500'000), threads), [&](unsigned) {
    return [&](uint64_t) {
      while (!try_increment(db, key)) ::usleep(kRetrySleepUs);
      commits.committed();
    };
  });
  db.expect(key, i64(static_cast<int64_t>(done)));
}

// One round: four threads try the same version at once.
void cas_one_winner(Run& run) {
  constexpr int kThreadCount = 4;
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  const std::string key = key_name("cas"), value = i64(1);
  uint64_t version = static_cast<uint64_t>(must(firn_put_ex(db.handle(), 0, octets(key), key.size(), nullptr, 0, nullptr), "put_ex"));
  std::barrier<> begin(kThreadCount + 1), end(kThreadCount + 1);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> winner_count{0}, winner_version{0};
  const auto compete = [&] {
    for (;;) {
      begin.arrive_and_wait();
      if (stop) return;
      firn_put_opts options = FIRN_PUT_OPTS_INIT;
      options.flags = FIRN_IF_VERSION;
      options.if_version = version;
      const int64_t code = firn_put_ex(db.handle(), 0, octets(key), key.size(), octets(value), value.size(), &options);
      if (code != FIRN_CONFLICT) {
        winner_version = static_cast<uint64_t>(must(code, "cas"));
        ++winner_count;
        commits.committed();
      }
      end.arrive_and_wait();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreadCount; ++i) threads.emplace_back(compete);
  run.measure_one(run.scaled(20'000), [&](uint64_t i) {
    begin.arrive_and_wait();
    end.arrive_and_wait();
    require(winner_count == i + 1, "not exactly one winner");
    version = winner_version;
  });
  stop = true;
  begin.arrive_and_wait();
  for (auto& thread : threads) thread.join();
}

void grown_then_increment(Run& run, uint64_t overwrite_count) {
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  const std::string key = key_name("grown");
  for (uint64_t i = 0; i < overwrite_count; ++i) db.put(key, i64(0));
  const uint64_t done = run.measure_one(run.scaled(1'000'000), [&](uint64_t) {
    require(try_increment(db, key), "a conflict where nobody else is");
    commits.committed();
  });
  db.expect(key, i64(static_cast<int64_t>(done)));
}

void grown_then_get(Run& run, uint64_t keys) {
  constexpr int kVersionCount = 5;
  const uint64_t count = run.scaled(keys);
  Database db(run.path(), run.options());
  for (int version = 0; version < kVersionCount; ++version) preload(db, "grown_", count);
  NumberedName key(key_name("grown_"));
  run.measure_one(run.scaled(1'000'000), [&](uint64_t i) {
    Transaction txn(db);
    require(txn.get(key(i % count)) == static_cast<int64_t>(i % count), "a wrong value");
    txn.commit_alone();
  });
}

void read_several_write_one(Run& run, uint64_t read_count) {
  const uint64_t count = run.scaled(1000);
  Database db(run.path(), run.options());
  SyncedCommits commits(run, db);
  preload(db, "read_", count);
  NumberedName key(key_name("read_"));
  const std::string written = key_name("written");
  const uint64_t done = run.measure_one(run.scaled(1'000'000 / read_count), [&](uint64_t i) {
    Transaction txn(db);
    for (uint64_t j = 0; j < read_count; ++j) {
      const uint64_t index = (i * read_count + j) % count;
      require(txn.get(key(index)) == static_cast<int64_t>(index), "a wrong value");
    }
    txn.put(written, static_cast<int64_t>(i));
    txn.commit_alone();
    commits.committed();
  });
  db.expect(written, i64(static_cast<int64_t>(done - 1)));
}

}  // namespace

std::vector<Row> strata_txn_rows() {
  const char *const batched = "periodic", *const strict = "strict";
  const std::vector<Variant> reads{kBatched}, levels{kBatched, kStrict, kNoSync}, strict_first{kStrict, kBatched, kNoSync};
  return {
      {"strata.txn_commit", "transaction of one put, new keys txn_%d", batched, levels, commit_single},
      {"strata.multi_key_put_3",
       "transaction of 3 puts batch_%d_%d",
       batched,
       {batched_commits("periodic 200/100 ms", 3), kStrict, kNoSync},
       [](Run& run) { put_several(run, 3); }},
      {"strata.multi_key_put_5",
       "transaction of 5 puts",
       batched,
       {batched_commits("periodic 142/100 ms", 5), kStrict, kNoSync},
       [](Run& run) { put_several(run, 5); }},
      {"strata.multi_key_put_10",
       "transaction of 10 puts",
       batched,
       {batched_commits("periodic 83/100 ms", 10), kStrict, kNoSync},
       [](Run& run) { put_several(run, 10); }},
      {"strata.read_modify_write", "transaction of get and put, one key", batched, levels, read_modify_write},
      {"strata.snapshot_read_1", "read-only transaction of one get, 1,000 keys", batched, reads, [](Run& run) { snapshot_read(run, 1); }},
      {"strata.snapshot_read_10", "read-only transaction of 10 gets, 1,000 keys", batched, reads, [](Run& run) { snapshot_read(run, 10); }},
      {"strata.snapshot_put_get", "transaction of put and get of a new key, 1,000 keys", batched, levels, snapshot_put_and_get},
      {"strata.conflict_detection_2", "2 threads, transactions of one put, keys of their own t%d_%d", batched, levels,
       [](Run& run) { commit_disjoint(run, 2); }},
      {"strata.conflict_detection_4", "4 threads", batched, levels, [](Run& run) { commit_disjoint(run, 4); }},
      {"strata.conflict_detection_8", "8 threads", batched, levels, [](Run& run) { commit_disjoint(run, 8); }},
      {"strata.same_key_rmw_2", "2 threads, get and put of one key, retried after 10 us", batched, levels,
       [](Run& run) { increment_same(run, 2); }},
      {"strata.same_key_rmw_4", "4 threads", batched, levels, [](Run& run) { increment_same(run, 4); }},
      {"strata.cas_one_winner", "4 threads cas one version at once, a round", batched, levels, cas_one_winner},
      {"strata.version_growth_100", "get and put of one key after 100 overwrites", batched, levels,
       [](Run& run) { grown_then_increment(run, 100); }},
      {"strata.version_growth_1000", "after 1,000", batched, levels, [](Run& run) { grown_then_increment(run, 1000); }},
      {"strata.version_growth_10000", "after 10,000", batched, levels, [](Run& run) { grown_then_increment(run, 10'000); }},
      {"strata.version_growth_1000_keys", "transaction of one get, 1,000 keys of 5 versions", batched, reads,
       [](Run& run) { grown_then_get(run, 1000); }},
      {"strata.version_growth_10000_keys", "10,000 keys of 5 versions", batched, reads, [](Run& run) { grown_then_get(run, 10'000); }},
      {"strata.read_1_write_1", "transaction of one get and one put, 1,000 keys", strict, strict_first,
       [](Run& run) { read_several_write_one(run, 1); }},
      {"strata.read_10_write_1", "10 gets and one put", strict, strict_first, [](Run& run) { read_several_write_one(run, 10); }},
      {"strata.read_100_write_1", "100 gets and one put", strict, strict_first, [](Run& run) { read_several_write_one(run, 100); }},
  };
}

}  // namespace bench
