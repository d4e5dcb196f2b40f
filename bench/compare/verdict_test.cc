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

}  // namespace
}  // namespace bench
