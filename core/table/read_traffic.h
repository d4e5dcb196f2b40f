// ReadTraffic: what tables had to fetch. A chunk of a table is fetched once, on first touch: verified where it is mapped, or read, verified and decompressed.
// Threading: any thread. Shared by the tables of a database, and outlives each of them.
#pragma once

#include <atomic>
#include <cstdint>

namespace firn {

struct ReadTraffic {
  std::atomic<uint64_t> chunk_count{0};
  std::atomic<uint64_t> chunk_bytes{0};

  void add(uint64_t chunks, uint64_t bytes) {
    chunk_count.fetch_add(chunks, std::memory_order_relaxed);
    chunk_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
};

}  // namespace firn
