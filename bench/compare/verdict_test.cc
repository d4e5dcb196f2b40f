// What the report says of firn's rows.
#include "compare/verdict.h"

#include <gtest/gtest.h>

namespace bench {
namespace {

EngineInfo store(const char* name, bool peer) {
  EngineInfo info;
  info.name = name;
  info.peer = peer;
  return info;
}

const EngineInfo kFirn = store("firn", false), kRocksdb = store("rocksdb", true), kLmdb = store("lmdb", true);

Workload row(const char* name, const char* metric, bool higher_is_better) {
  return {.name = name, .group = "", .metric = metric, .unit = "", .higher_is_better = higher_is_better, .needs = kNothing, .text = ""};
}

std::string verdict_of(const std::vector<const EngineInfo*>& engines, const Workload& workload,
                       const std::vector<std::pair<const char*, const char*>>& figures) {
  Results results;
  Metrics metrics;
  std::string name;
  for (const auto& [engine, figure] : figures) results.add(engine, std::string(workload.name) + "\t" + figure, name, metrics);
  const Options options;
  const double best = best_peer(options, engines, results, workload, name);
  const double to_best = advantage(workload, results.median("firn", workload.name, workload.metric), best);
  return verdict(workload, demands(options, engines, results, workload, to_best), to_best);
}

TEST(Verdict, one_pause_that_is_too_long_is_one_too_many) {
  const Workload pause = row("sustained_put_pause", "ms", false);
  EXPECT_EQ(verdict_of({&kFirn}, pause, {{"firn", "ms=3"}, {"firn", "ms=9"}, {"firn", "ms=4"}}), "reached");
  EXPECT_EQ(verdict_of({&kFirn}, pause, {{"firn", "ms=3"}, {"firn", "ms=11"}, {"firn", "ms=4"}}), "not yet");
  const Workload get = row("mixed_get", "p999_us", false);
  const std::pair<const char*, const char*> peer{"rocksdb", "p999_us=90"};
  const auto with_pause = [&](const char* longest) {
    return verdict_of({&kFirn, &kRocksdb}, get,
                      {{"firn", "p999_us=9\tpause_max_us=20"}, {"firn", longest}, {"firn", "p999_us=9\tpause_max_us=30"}, peer});
  };
  EXPECT_EQ(with_pause("p999_us=9\tpause_max_us=9999"), "reached");
  EXPECT_EQ(with_pause("p999_us=9\tpause_max_us=10001"), "not yet");
}

TEST(Verdict, what_was_not_measured_is_not_reached) {
  const Workload get = row("mixed_get", "p999_us", false);
  const char* const firn = "p999_us=9\tpause_max_us=20";
  EXPECT_EQ(verdict_of({&kFirn}, get, {{"firn", firn}}), "reached, in part");
  EXPECT_EQ(verdict_of({&kFirn, &kRocksdb}, get, {{"firn", firn}, {"rocksdb", "p999_us=90"}}), "reached");
  EXPECT_EQ(verdict_of({&kFirn, &kRocksdb}, get, {{"rocksdb", "p999_us=90"}}), "");
  const Workload batch = row("readmissing", "kops", true);
  const EngineInfo leveldb = store("leveldb", true), wiredtiger = store("wiredtiger", true);
  const std::vector<const EngineInfo*> all{&kFirn, &kRocksdb, &leveldb, &kLmdb, &wiredtiger};
  EXPECT_EQ(verdict_of({&kFirn, &kLmdb}, batch, {{"firn", "kops=100"}, {"lmdb", "kops=10"}}), "reached, in part");
  EXPECT_EQ(verdict_of({&kFirn, &kLmdb}, batch, {{"firn", "kops=10"}, {"lmdb", "kops=10"}}), "not yet");
  EXPECT_EQ(verdict_of(all, batch,
                       {{"firn", "kops=100"}, {"lmdb", "kops=10"}, {"rocksdb", "kops=9"}, {"leveldb", "kops=9"}, {"wiredtiger", "kops=9"}}),
            "reached");
  EXPECT_EQ(verdict_of(all, batch, {{"firn", "kops=100"}, {"lmdb", "kops=10"}, {"rocksdb", "kops=9"}, {"leveldb", "kops=9"}}),
            "reached, in part");
}

}  // namespace
}  // namespace bench
