// DbStats: what a database counts while it runs. What every read moves lies in a line of the thread (ThreadCounts); what every commit moves is written inside the commit
// door, by one thread at a time; the rest is rare. One call in 256 of a thread is timed, because reading the clock twice costs a third of a point read.
// Threading: as said at each member.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/histogram.h"
#include "env/thread_counts.h"
#include "table/read_traffic.h"

namespace firn {

struct DbStats {
  enum Counter : size_t {
    kGets,
    kGetMisses,
    kGetBytes,
    kScans,
    kSeeks,
    kScannedEntries,
    kPassedEntries,  // by scans: deleted or expired
    kWriteCalls,
    kTransactions,
    kConflicts,
    kCounterCount
  };
  static constexpr uint64_t kTimedOneIn = 256;

  using Calls = ThreadCounts<kCounterCount>;
  Calls calls;

  // Written inside the door only.
  struct alignas(64) Written {
    std::atomic<uint64_t> commits{0};
    std::atomic<uint64_t> operations{0};
    std::atomic<uint64_t> deletes{0};
    std::atomic<uint64_t> key_value_bytes{0};
    std::atomic<uint64_t> log_bytes{0};

    static void add(std::atomic<uint64_t>& to, uint64_t number) {
      to.store(to.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
    }
  };
  Written written;

  // Any thread.
  Histogram get_ns;
  Histogram commit_ns;
  Histogram flush_ns;
  Histogram compaction_ns;
  Histogram stall_ns;
  const std::shared_ptr<ReadTraffic> traffic = std::make_shared<ReadTraffic>();
};

}  // namespace firn
