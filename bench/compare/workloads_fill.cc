// Loading: in order, at random, in batches, synced.
#include "compare/workloads.h"

namespace bench {
namespace {

constexpr uint64_t kBatchEntries = 1000;
constexpr uint64_t kSyncsPerThreadCount = 3000;

// After a load and everything that the store does in the background about it.
void report_written(Run& run) {
  if (!run.wants("written")) return;
  wait_until_quiet(60);
  const double bytes = static_cast<double>(process_stats().written_bytes - run.baseline().written_bytes);
  run.emit("written", {{"ratio", bytes / static_cast<double>(run.data_bytes())}, {"bytes", bytes}});
}

void report_space(Run& run) {
  const double bytes = static_cast<double>(directory_bytes(run.options().child_dir));
  run.emit("space", {{"ratio", bytes / static_cast<double>(run.data_bytes())}, {"bytes", bytes}});
}

Metrics scan_all(Run& run, uint8_t generation) {
  const uint64_t count = run.key_count();
  EntrySink sink(run.keys(), run.values(), EntryCheck::kSums);
  Phase phase = run.phase(1);
  phase.units = count;
  phase.sample_all = true;
  const Metrics metrics = run_phase(phase, [&](unsigned) {
    return [&run, &sink, client = std::make_unique<Client>(run)](uint64_t) { client->session().scan({}, run.key_count(), sink); };
  });
  uint64_t key_sum = 0, value_sum = 0;
  std::string key(run.keys().room(), '0');
  for (uint64_t i = 0; i < count; ++i) {
    key_sum += Keys::tail(key.data(), run.keys().make(i, key.data()));
    value_sum += Values::header(i, generation);
  }
  run.require(sink.count() == count, "a whole scan gave " + std::to_string(sink.count()) + " entries");
  run.require(sink.key_sum() == key_sum && sink.value_sum() == value_sum, "a whole scan gave other entries than were written");
  return metrics;
}

void compact(Run& run) {
  const uint64_t before = now_ns();
  run.engine().compact();
  run.emit("compact", {{"seconds", static_cast<double>(now_ns() - before) / 1e9}});
  wait_until_quiet(30);
}

bool wants_compacted(const Run& run) {
  for (const char* name :
       {"compact", "space", "readseq", "readrandom", "readrandom_mt", "readmissing", "readhot", "read1000", "multiget100", "seek10",
        "seek100", "memory_anonymous", "memory_file", "readwriting_reads", "readwriting_writes", "readheld"})
    if (run.wants(name)) return true;
  return false;
}

}  // namespace

Metrics fill(Run& run, uint64_t count, uint64_t order_seed, uint8_t generation, unsigned threads) {
  const Permutation order(count, order_seed);
  Phase phase = run.phase(count, threads);
  phase.seconds_max = kWholeLoadSeconds;
  const uint64_t each = count / threads;
  return run_phase(phase, [&](unsigned t) {
    return [&, first = t * each, client = std::make_unique<Client>(run)](uint64_t i) {
      client->put(order_seed == 0 ? first + i : order(first + i), generation);
    };
  });
}

void audit(Run& run, uint64_t count) {
  if (!run.info().checks) return;
  Client client(run);
  if (!run.info().ordered) {
    for (uint64_t i = 0; i < count; ++i) client.get(i);
    return;
  }
  EntrySink sink(run.keys(), run.values(), EntryCheck::kEveryByte);
  client.session().scan({}, count + 1, sink);
  run.require(sink.count() == count, "the audit found " + std::to_string(sink.count()) + " entries of " + std::to_string(count));
  run.require(sink.wrong_count() == 0, "the audit found " + std::to_string(sink.wrong_count()) + " wrong entries");
}

void run_sequential(Run& run) {
  run.open(Durability::kProcess, run.key_count());
  run.emit("fillseq", fill(run, run.key_count(), 0, 1));
  audit(run, run.key_count());
}

void run_random(Run& run) {
  uint8_t generation = 1;
  run.open(Durability::kProcess, run.key_count());
  run.emit("fillrandom", fill(run, run.key_count(), 1, generation));
  if (run.wants("readrandom_fresh")) {
    run.emit("readrandom_fresh", run_phase(run.phase(run.options().operation_count), [&](unsigned t) {
               return [&run, random = Random(t + 1), client = std::make_unique<Client>(run)](uint64_t) mutable {
                 client->get(random.below(run.key_count()));
               };
             }));
  }
  if (run.wants("readseq_fresh")) run.emit("readseq_fresh", scan_all(run, generation));
  report_written(run);
  if (run.wants("overwrite")) run.emit("overwrite", fill(run, run.key_count(), 2, ++generation));
  if (!wants_compacted(run)) return;
  compact(run);
  report_space(run);
  audit(run, run.key_count());
  if (run.wants("readseq")) run.emit("readseq", scan_all(run, generation));
  run_reads(run);
  run_read_while_writing(run);
}

void run_batch(Run& run) {
  run.open(Durability::kProcess, run.key_count());
  const uint64_t batches = std::max<uint64_t>(1, run.key_count() / kBatchEntries);
  const uint64_t count = batches * kBatchEntries;
  const Permutation order(count, 1);
  Phase phase = run.phase(batches);
  phase.units = kBatchEntries;
  phase.sample_all = true;
  const size_t key_room = run.keys().room(), value_room = run.values().room();
  const Metrics metrics = run_phase(phase, [&](unsigned) {
    return [&, client = std::make_unique<Client>(run), bytes = std::string(kBatchEntries * (key_room + value_room), '0'),
            batch = std::vector<Entry>(kBatchEntries)](uint64_t i) mutable {
      char* place = bytes.data();
      for (uint64_t j = 0; j < kBatchEntries; ++j) {
        const uint64_t index = order(i * kBatchEntries + j);
        char* const value = place + key_room;
        batch[j] = {{place, run.keys().make(index, place)}, {value, run.values().make(index, 1, value)}};
        place = value + value_room;
      }
      client->session().write(batch);
    };
  });
  run.emit("fillbatch1000", metrics);
  if (static_cast<uint64_t>(metrics.at("ops")) == count) audit(run, count);
}

void run_sync(Run& run) {
  run.open(Durability::kSync, kSyncsPerThreadCount * 21);
  uint64_t first = 0;
  for (const unsigned threads : {1u, 4u, 16u}) {
    const std::string name = "fillsync_" + std::to_string(threads);
    if (!run.wants(name)) continue;
    const uint64_t each = kSyncsPerThreadCount / (threads == 1 ? 1 : 2), count = each * threads;
    const Permutation order(count, threads);
    Phase phase = run.phase(count, threads);
    phase.sample_all = true;
    Metrics metrics = run_phase(phase, [&](unsigned t) {
      return [&, t, client = std::make_unique<Client>(run)](uint64_t i) { client->put(first + order(t * each + i), 1); };
    });
    const double commits = metrics["ops"], syncs = metrics["syncs"];
    metrics["commits_per_sync"] = syncs > 0 ? commits / syncs : 0;
    // Not more commits share a sync than threads wait for one.
    run.require(syncs * threads >= commits,
                name + ": " + std::to_string(syncs) + " syncs for " + std::to_string(commits) + " commits: not durable");
    run.emit(name, metrics);
    first += count;
  }
}

}  // namespace bench
