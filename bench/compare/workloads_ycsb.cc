// The YCSB core workloads over one database: A, B, C, F, D, E, each by one thread and then by --threads.
// Keys are hashed indexes, as in YCSB (insertorder=hashed); inserts go on behind the last index, each thread in its own residue class.
#include "compare/workloads.h"

namespace bench {
namespace {

enum class Pick { kZipfian, kLatest };

struct Mix {
  const char* name;
  unsigned reads, updates, inserts, scans, rmws;  // per cent
  Pick pick;
};

const Mix kMixes[] = {{"ycsb_a", 50, 50, 0, 0, 0, Pick::kZipfian}, {"ycsb_b", 95, 5, 0, 0, 0, Pick::kZipfian},
                      {"ycsb_c", 100, 0, 0, 0, 0, Pick::kZipfian}, {"ycsb_f", 50, 0, 0, 0, 50, Pick::kZipfian},
                      {"ycsb_d", 95, 0, 5, 0, 0, Pick::kLatest},   {"ycsb_e", 0, 0, 5, 95, 0, Pick::kZipfian}};

// One thread's part of a mix.
class Worker {
 public:
  Worker(Run& run, const Mix& mix, uint64_t base, unsigned thread, unsigned threads, uint64_t draws)
      : run_(run),
        mix_(mix),
        base_(base),
        thread_(thread),
        threads_(threads),
        client_(run),
        random_(700 + thread),
        ranks_(zipfian_ranks(run.key_count(), draws, 800 + thread)),
        place_(run.key_count(), 7),
        sink_(run.keys(), run.values(), false) {}

  void step(uint64_t i) {
    const uint64_t rank = ranks_[i];
    auto die = static_cast<unsigned>(random_.below(100));
    if (die < mix_.reads) return client_.get(pick(rank));
    die -= mix_.reads;
    if (die < mix_.updates) return client_.put(pick(rank), static_cast<uint8_t>(i));
    die -= mix_.updates;
    if (die < mix_.inserts) return client_.put(base_ + inserted_count_++ * threads_ + thread_, 1);
    die -= mix_.inserts;
    if (die < mix_.scans) return client_.scan(pick(rank), 1 + random_.below(100), sink_);
    const uint64_t index = pick(rank);
    client_.get(index);
    client_.put(index, static_cast<uint8_t>(i));
  }

 private:
  uint64_t pick(uint64_t rank) const {
    if (mix_.pick == Pick::kZipfian) return place_(rank);
    // The latest: own inserts backward, then the loaded keys backward.
    if (rank < inserted_count_) return base_ + (inserted_count_ - 1 - rank) * threads_ + thread_;
    const uint64_t back = rank - inserted_count_ + 1;
    return back <= run_.key_count() ? run_.key_count() - back : 0;
  }

  Run& run_;
  const Mix& mix_;
  uint64_t base_;
  unsigned thread_, threads_;
  Client client_;
  Random random_;
  std::vector<uint32_t> ranks_;
  Permutation place_;
  EntrySink sink_;
  uint64_t inserted_count_ = 0;
};

}  // namespace

void run_ycsb(Run& run) {
  run.open(Durability::kProcess, run.key_count());
  fill(run, run.key_count(), 0, 1);
  uint64_t base = run.key_count();  // indexes from here on are free
  for (const auto& mix : kMixes) {
    for (const bool many : {false, true}) {
      const std::string name = std::string(mix.name) + (many ? "_mt" : "");
      if (!run.wants(name)) continue;
      const unsigned threads = many ? run.options().threads : 1;
      const uint64_t each = run.options().operation_count / (mix.scans > 0 ? 10 : 1);
      Metrics metrics = run_phase(run.phase(each * threads, threads), [&](unsigned t) {
        return [worker = std::make_unique<Worker>(run, mix, base, t, threads, each)](uint64_t i) { worker->step(i); };
      });
      run.emit(name, metrics);
      base += each * threads;
    }
  }
}

}  // namespace bench
