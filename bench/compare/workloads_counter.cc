// One counter that everybody wants: read, add, write in one call.
#include "compare/workloads.h"

namespace bench {

void run_counter(Run& run) {
  run.open(Durability::kProcess, run.key_count());
  Client client(run);
  int64_t last = 0;
  const Metrics metrics = run_phase(run.phase(run.options().operation_count),
                                    [&](unsigned) { return [&](uint64_t) { last = client.session().add("counter", 1); }; });
  run.require(last == static_cast<int64_t>(metrics.at("ops")), "a counter stands at " + std::to_string(last));
  run.emit("counter", metrics);
}

}  // namespace bench
