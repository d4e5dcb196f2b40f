// strata's recovery: how long an opening takes after a process has written n operations and ended without closing; the pages are cached. (The published figures are of a
// replay that lost most entries: 3.5.)
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "seeds/strata.h"

namespace bench {
namespace {

using namespace strata;

constexpr uint64_t kDeletedStep = 10;

// In a process that ends without closing.
void write_and_die(Run& run, uint64_t count, bool deletes) {
  const auto body = [&](int) {
    Database db(run.path(), run.options());
    preload(db, "key_", count);
    NumberedName key(key_name("key_"));
    for (uint64_t i = 0; deletes && i < count; i += kDeletedStep) db.remove(key(i));
    must(firn_sync(db.handle()), "sync");
    ::_exit(0);
    return 0;
  };
  std::string output;
  require(run_child_process(body, output) == 0, "the writer failed");
}

void replay(Run& run, uint64_t operations, uint64_t times, bool deletes) {
  const uint64_t count = run.scaled(operations);
  const uint64_t deleted_count = deletes ? (count + kDeletedStep - 1) / kDeletedStep : 0;
  std::optional<Database> db;
  const auto prepare = [&](uint64_t) {
    std::filesystem::remove_all(run.path());
    write_and_die(run, count, deletes);
  };
  const auto open = [&](uint64_t) { db.emplace(run.path(), run.options()); };
  const auto check = [&](uint64_t) {
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    must(firn_recovery(db->handle(), &info), "recovery");
    require(info.clean == 0 && info.records_replayed > 0, "the writer closed its database");
    require(db->count() == count - deleted_count, "operations are missing");
    db->expect(key_name("key_" + std::to_string(count - 1)), i64(static_cast<int64_t>(count - 1)));
    db.reset();
  };
  run.measure_prepared(run.scaled(times), prepare, open, check);
}

}  // namespace

std::vector<Row> strata_replay_rows() {
  constexpr uint64_t kSampleCount = 20, kLongSampleCount = 5;
  const char* const batched = "periodic";
  constexpr Sized kPuts[] = {{"strata.replay_ops_1k", 1000},
                             {"strata.replay_ops_10k", 10'000},
                             {"strata.replay_ops_50k", 50'000},
                             {"strata.replay_ops_1m", 1'000'000}};
  std::vector<Row> rows;
  for (const auto& [name, count] : kPuts)
    rows.push_back({name, "open after so many puts, not closed", batched, {kBatched}, [operations = count](Run& run) {
                      replay(run, operations, operations < 100'000 ? kSampleCount : kLongSampleCount, false);
                    }});
  rows.push_back({"strata.replay_mixed", "open after 10,000 puts and 1,000 deletes", batched, {kBatched}, [](Run& run) {
                    replay(run, 10'000, kSampleCount, true);
                  }});
  return rows;
}

}  // namespace bench
