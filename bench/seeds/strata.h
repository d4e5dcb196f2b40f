// What strata's rows have in common: its keys, its values, and when it synced.
#pragma once

#include <atomic>
#include <mutex>

#include "seeds/row.h"

namespace bench {

// Parts of strata_rows: transactions, and recovery from a log.
std::vector<Row> strata_txn_rows();
std::vector<Row> strata_replay_rows();

namespace strata {

// tenant, app, owner, run id and type, which strata has in front of each key.
inline constexpr std::string_view kKeyPrefix = "tenant/application/owner/6ba7b810-9dad-11d1-80b4-00c04fd430c8/kv/";
std::string key_name(std::string_view name);
std::string i64(int64_t number);

// "Batched": each commit is the system's when it returns, and a sync comes after 1000 entries of strata's log or 100 ms, looked at when committing. A
// transaction is as many entries as it has puts, and two.
constexpr Variant batched_commits(const char* name, unsigned put_count) {
  return {.name = name, .options = "durability=process", .commits_a_sync = 1000 / (put_count + 2)};
}
inline constexpr Variant kBatched = batched_commits("periodic 333/100 ms", 1);
inline constexpr Variant kNoSync{.name = "no sync", .options = "durability=process"};

// Syncs for the variants that ask for it; threads wait while one of them does, so that never more commits are at stake. Any thread.
class SyncedCommits {
 public:
  SyncedCommits(const Run& run, Database& db);
  void committed() {
    if (every_ == 0) return;
    const uint64_t count = count_.fetch_add(1) + 1;
    if (count >= due_count_ || now_ns() >= due_ns_) sync(count);
  }

 private:
  static constexpr uint64_t kIntervalNs = 100'000'000;
  void sync(uint64_t count);
  Database& db_;
  const uint64_t every_;
  std::atomic<uint64_t> count_{0}, due_count_, due_ns_;
  std::mutex mutex_;
};

// Keys NAME0 .. with their numbers as values, durable, however long a commit of the variant waits.
void preload(Database& db, std::string_view name, uint64_t count, size_t digit_count = 0);

}  // namespace strata
}  // namespace bench
