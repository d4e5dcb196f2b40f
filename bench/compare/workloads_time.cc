// Keys that grow with time, as devices deliver them: each window of 64 arrives in some order, the newest are read, the oldest are deleted.
#include "compare/workloads.h"

namespace bench {
namespace {

constexpr uint64_t kWindow = 64;
constexpr uint64_t kRecentShare = 10;   // the newest tenth is read
constexpr uint64_t kExpiredShare = 10;  // the oldest tenth is deleted
constexpr uint64_t kScanEntries = 100, kOldestEntries = 10;

// The index that arrives as the i-th of `count`.
uint64_t arrival(uint64_t i, uint64_t count) {
  const uint64_t window = i - i % kWindow;
  if (window + kWindow > count) return i;
  return window + (i * 37 + mix64(window)) % kWindow;
}

Metrics fill_as_it_arrives(Run& run) {
  const uint64_t count = run.key_count();
  Phase phase = run.phase(count);
  phase.seconds_max = kWholeLoadSeconds;
  return run_phase(
      phase, [&](unsigned) { return [count, client = std::make_unique<Client>(run)](uint64_t i) { client->put(arrival(i, count), 1); }; });
}

Metrics read_latest(Run& run) {
  const uint64_t recent = run.key_count() / kRecentShare;
  return run_phase(run.phase(run.options().operation_count), [&](unsigned) {
    return [first = run.key_count() - recent, recent, random = Random(1100), client = std::make_unique<Client>(run)](uint64_t) mutable {
      client->get(first + random.below(recent));
    };
  });
}

Metrics expire(Run& run, uint64_t count) {
  Phase phase = run.phase(count);
  phase.seconds_max = kWholeLoadSeconds;
  return run_phase(phase, [&](unsigned) { return [client = std::make_unique<Client>(run)](uint64_t i) { client->remove(i); }; });
}

// Scans that begin where deleted keys lie before the first one.
Metrics scan_oldest(Run& run, uint64_t expired) {
  Phase phase = run.phase(run.options().operation_count / 1000);
  phase.sample_all = true;
  return run_phase(phase, [&](unsigned) {
    return [expired, client = std::make_unique<Client>(run)](uint64_t) {
      client->scan(0, kOldestEntries, {.first = expired, .count = kOldestEntries});
    };
  });
}

void verify_expiry(Run& run, uint64_t expired) {
  Client client(run);
  for (uint64_t i = 0; i < expired; i += kWindow) client.get_absent(i);
  client.get(expired);
  if (!run.info().ordered) return;
  EntrySink sink(run.keys(), run.values(), EntryCheck::kEveryByte);
  client.session().scan({}, run.key_count(), sink);
  run.require(sink.count() == run.key_count() - expired && sink.wrong_count() == 0, "the wrong keys are left");
}

}  // namespace

void run_timeseries(Run& run) {
  run.open(Durability::kProcess, run.key_count());
  run.emit("ts_fill", fill_as_it_arrives(run));
  audit(run, run.key_count());
  if (run.wants("ts_latest")) run.emit("ts_latest", read_latest(run));
  if (run.wants("ts_scan100"))
    run.emit("ts_scan100", scan_from(run, run.key_count() - run.key_count() / kRecentShare, run.key_count() - kScanEntries, kScanEntries));
  const uint64_t expired = run.key_count() / kExpiredShare;
  run.emit("ts_expire", expire(run, expired));
  if (run.wants("ts_oldest")) run.emit("ts_oldest", scan_oldest(run, expired));
  verify_expiry(run, expired);
}

}  // namespace bench
