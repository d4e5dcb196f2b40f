// Reads of a compacted database, and reads beside writes.
#include <atomic>

#include "compare/workloads.h"

namespace bench {
namespace {

constexpr uint64_t kSmallSet = 1000;
constexpr uint64_t kMultiGetKeys = 100;
constexpr double kMixedSeconds = 3;

Metrics read_uniform(Run& run, uint64_t count, unsigned threads) {
  const uint64_t stride = run.key_count() / count;  // a small set lies scattered over all keys
  return run_phase(run.phase(run.options().operation_count * threads, threads), [&](unsigned t) {
    return [=, random = Random(100 + t), client = std::make_unique<Client>(run)](uint64_t) mutable {
      client->get(random.below(count) * stride);
    };
  });
}

Metrics read_missing(Run& run) {
  return run_phase(run.phase(run.options().operation_count), [&](unsigned t) {
    return [&run, random = Random(200 + t), client = std::make_unique<Client>(run)](uint64_t) mutable {
      client->get_missing(random.below(run.key_count()));
    };
  });
}

Metrics read_hot(Run& run) {
  const auto ranks = zipfian_ranks(run.key_count(), run.options().operation_count, 5);
  const Permutation place(run.key_count(), 6);
  return run_phase(run.phase(ranks.size()),
                   [&](unsigned) { return [&, client = std::make_unique<Client>(run)](uint64_t i) { client->get(place(ranks[i])); }; });
}

Metrics multi_get(Run& run) {
  Phase phase = run.phase(run.options().operation_count / kMultiGetKeys);
  phase.units = kMultiGetKeys;
  phase.sample_all = true;
  const size_t room = run.keys().room();
  return run_phase(phase, [&](unsigned) {
    return [&, random = Random(300), client = std::make_unique<Client>(run), bytes = std::string(kMultiGetKeys * room, '0'),
            keys = std::vector<std::string_view>(kMultiGetKeys), indexes = std::vector<uint64_t>(kMultiGetKeys)](uint64_t) mutable {
      for (uint64_t i = 0; i < kMultiGetKeys; ++i) {
        indexes[i] = random.below(run.key_count());
        char* const place = bytes.data() + i * room;
        keys[i] = {place, run.keys().make(indexes[i], place)};
      }
      client->sink().expect(indexes.data());
      client->count_missing(kMultiGetKeys - client->session().multi_get(keys, client->sink()));
    };
  });
}

void report_memory(Run& run) {
  const ProcessStats now = process_stats();
  const auto grown = [](uint64_t after, uint64_t before) { return after > before ? static_cast<double>(after - before) : 0.0; };
  const double anonymous = grown(now.rss_anonymous_bytes, run.baseline().rss_anonymous_bytes);
  const double file = grown(now.rss_file_bytes, run.baseline().rss_file_bytes);
  run.emit("memory_anonymous", {{"mb", anonymous / 1e6}, {"bytes_a_key", anonymous / static_cast<double>(run.key_count())}});
  run.emit("memory_file", {{"mb", file / 1e6}, {"bytes_a_key", file / static_cast<double>(run.key_count())}});
}

// One reader and one writer for the same time. writes_per_second 0: as fast as it goes.
void read_while_writing(Run& run, double writes_per_second, Metrics& reads, Metrics& writes) {
  const double seconds = std::min(kMixedSeconds, run.options().seconds_max);
  Phase phase = run.phase(1u << 24);
  phase.seconds_max = seconds;
  std::atomic<unsigned> ready{0};
  std::thread writer([&] {
    auto client = std::make_unique<Client>(run);
    ready.fetch_add(1);
    while (ready.load() < 2) std::this_thread::yield();
    Random random(500);
    const uint64_t start = now_ns();
    const double ns_each = writes_per_second > 0 ? 1e9 / writes_per_second : 0;
    Phase writing = phase;
    writing.operations = 1u << 26;
    writes = run_phase(writing, [&](unsigned) {
      return [&](uint64_t i) {
        // Held writes wait for their turn eight at a time, so that the clock is read rarely.
        if (ns_each > 0 && i % 8 == 0)
          while (static_cast<double>(now_ns() - start) < ns_each * static_cast<double>(i)) {
          }
        client->put(random.below(run.key_count()), static_cast<uint8_t>(i));
      };
    });
  });
  reads = run_phase(phase, [&](unsigned) {
    ready.fetch_add(1);
    while (ready.load() < 2) std::this_thread::yield();
    return [&run, random = Random(600), client = std::make_unique<Client>(run)](uint64_t) mutable {
      client->get(random.below(run.key_count()));
    };
  });
  writer.join();
}

}  // namespace

Metrics scan_from(Run& run, uint64_t first, uint64_t end, uint64_t limit) {
  Phase phase = run.phase(run.options().operation_count / 10);
  phase.sample_all = true;
  return run_phase(phase, [&](unsigned) {
    return [first, end, limit, random = Random(400), client = std::make_unique<Client>(run)](uint64_t) mutable {
      const uint64_t index = first + random.below(end - first);
      client->scan(index, limit, {.first = index, .count = limit});
    };
  });
}

void run_reads(Run& run) {
  if (run.wants("readrandom")) run.emit("readrandom", read_uniform(run, run.key_count(), 1));
  if (run.wants("readrandom_mt")) run.emit("readrandom_mt", read_uniform(run, run.key_count(), run.options().threads));
  if (run.wants("readmissing")) run.emit("readmissing", read_missing(run));
  if (run.wants("readhot")) run.emit("readhot", read_hot(run));
  if (run.wants("read1000")) run.emit("read1000", read_uniform(run, kSmallSet, 1));
  if (run.wants("multiget100")) run.emit("multiget100", multi_get(run));
  if (run.wants("seek10")) run.emit("seek10", scan_from(run, 0, run.key_count() - 10, 10));
  if (run.wants("seek100")) run.emit("seek100", scan_from(run, 0, run.key_count() - 100, 100));
  report_memory(run);
}

void run_read_while_writing(Run& run) {
  Metrics reads, writes;
  if (run.wants("readwriting_reads") || run.wants("readwriting_writes")) {
    read_while_writing(run, 0, reads, writes);
    run.emit("readwriting_reads", reads);
    run.emit("readwriting_writes", writes);
  }
  if (run.wants("readheld")) {
    read_while_writing(run, run.options().held_writes, reads, writes);
    reads["writes_kops"] = writes["kops"];
    run.emit("readheld", reads);
  }
}

}  // namespace bench
