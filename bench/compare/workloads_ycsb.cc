// The YCSB core workloads over one database: A, B, C, F, D, E, each by one thread and then by --threads.
// Keys are hashed indexes, as in YCSB (insertorder=hashed); inserts go on behind the last index, each thread in its own residue class.
#include <algorithm>
#include <set>

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

constexpr uint64_t kScanEntriesMax = 100;

// Sorted: the indexes of the last of the loaded keys, from which a scan may find fewer entries than it may give.
std::vector<uint64_t> last_indexes(const Run& run) {
  std::set<std::pair<std::string, uint64_t>> last;
  std::string key(run.keys().room(), '0');
  for (uint64_t i = 0; i < run.key_count(); ++i) {
    last.emplace(key.substr(0, run.keys().make(i, key.data())), i);
    if (last.size() == kScanEntriesMax) last.erase(last.begin());
  }
  std::vector<uint64_t> indexes;
  for (const auto& entry : last) indexes.push_back(entry.second);
  std::sort(indexes.begin(), indexes.end());
  return indexes;
}

// One thread's part of a mix.
class Worker {
 public:
  Worker(Run& run, const Mix& mix, const std::vector<uint64_t>& last_indexes, uint64_t base, unsigned thread, unsigned threads,
         uint64_t draws)
      : run_(run),
        mix_(mix),
        last_indexes_(last_indexes),
        base_(base),
        thread_(thread),
        threads_(threads),
        client_(run),
        random_(700 + thread),
        ranks_(zipfian_ranks(run.key_count(), draws, 800 + thread)),
        place_(run.key_count(), 7) {}

  void step(uint64_t i) {
    const uint64_t rank = ranks_[i];
    auto die = static_cast<unsigned>(random_.below(100));
    if (die < mix_.reads) return client_.get(pick(rank));
    die -= mix_.reads;
    if (die < mix_.updates) return client_.put(pick(rank), static_cast<uint8_t>(i));
    die -= mix_.updates;
    if (die < mix_.inserts) return client_.put(base_ + inserted_count_++ * threads_ + thread_, 1);
    die -= mix_.inserts;
    if (die < mix_.scans) return scan(pick(rank), 1 + random_.below(kScanEntriesMax));
    const uint64_t index = pick(rank);
    client_.get(index);
    client_.put(index, static_cast<uint8_t>(i));
  }

 private:
  void scan(uint64_t index, uint64_t limit) {
    const bool is_last = std::binary_search(last_indexes_.begin(), last_indexes_.end(), index);
    client_.scan(index, limit, {.first = index, .count = is_last ? 1 : limit});
  }
  uint64_t pick(uint64_t rank) const {
    if (mix_.pick == Pick::kZipfian) return place_(rank);
    // The latest: own inserts backward, then the loaded keys backward.
    if (rank < inserted_count_) return base_ + (inserted_count_ - 1 - rank) * threads_ + thread_;
    const uint64_t back = rank - inserted_count_ + 1;
    return back <= run_.key_count() ? run_.key_count() - back : 0;
  }

  Run& run_;
  const Mix& mix_;
  const std::vector<uint64_t>& last_indexes_;
  uint64_t base_;
  unsigned thread_, threads_;
  Client client_;
  Random random_;
  std::vector<uint32_t> ranks_;
  Permutation place_;
  uint64_t inserted_count_ = 0;
};

}  // namespace

void run_ycsb(Run& run) {
  run.open(Durability::kProcess, run.key_count());
  fill(run, run.key_count(), 0, 1);
  const std::vector<uint64_t> last = last_indexes(run);
  uint64_t base = run.key_count();  // indexes from here on are free
  for (const auto& mix : kMixes) {
    for (const bool many : {false, true}) {
      const std::string name = std::string(mix.name) + (many ? "_mt" : "");
      if (!run.wants(name)) continue;
      const unsigned threads = many ? run.options().threads : 1;
      const uint64_t each = run.options().operation_count;
      Metrics metrics = run_phase(run.phase(each * threads, threads), [&](unsigned t) {
        return [worker = std::make_unique<Worker>(run, mix, last, base, t, threads, each)](uint64_t i) { worker->step(i); };
      });
      run.emit(name, metrics);
      base += each * threads;
    }
  }
}

}  // namespace bench
