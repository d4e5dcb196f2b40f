// Databases that are opened again: after a kill, after a clean close, empty.
#include <signal.h>
#include <unistd.h>

#include "compare/workloads.h"

namespace bench {
namespace {

double milliseconds_since(uint64_t start_ns) { return static_cast<double>(now_ns() - start_ns) / 1e6; }

// Opening counts until the first answer, because a store may put its work off.
double open_and_get_ms(Run& run) {
  const uint64_t start = now_ns();
  run.open(Durability::kProcess, run.key_count());
  Client client(run);
  client.get(run.key_count() / 2);
  return milliseconds_since(start);
}

}  // namespace

void run_recovery(Run& run, unsigned stage) {
  if (stage == 0) {
    run.open(Durability::kProcess, run.key_count());
    fill(run, run.key_count(), 1, 1);
    ::kill(::getpid(), SIGKILL);
  }
  const double seconds = open_and_get_ms(run) / 1e3;
  {
    Client client(run);  // fails the run when an acknowledged key is gone
    for (uint64_t i = 0; i < run.key_count(); ++i) client.get(i);
  }
  run.emit("recovery", {{"seconds", seconds}, {"kops", static_cast<double>(run.key_count()) / seconds / 1e3}});
}

void run_open(Run& run, unsigned stage) {
  if (stage == 0) {
    run.open(Durability::kProcess, run.key_count());
    fill(run, run.key_count(), 1, 1);
    run.close();
    return;
  }
  run.emit("open_clean", {{"ms", open_and_get_ms(run)}});
}

void run_empty(Run& run, unsigned stage) {
  const uint64_t start = now_ns();
  run.open(Durability::kProcess, 1000);
  const double resident =
      static_cast<double>(process_stats().rss_anonymous_bytes) - static_cast<double>(run.baseline().rss_anonymous_bytes);
  run.close();
  if (stage == 0) return;
  run.emit("open_empty", {{"ms", milliseconds_since(start)}, {"resident_mb", resident / 1e6}});
  run.emit("space_empty", {{"kib", static_cast<double>(directory_bytes(run.options().child_dir)) / 1024}});
}

}  // namespace bench
