// ReadView: everything that a read needs, immutable: the active memtable, the sealed ones, the tables, the namespaces. A change publishes a new view; readers
// go on with the one they have.
//
//   VIEW-1  Whoever loads the view first and the visible sequence second sees, in the sealed parts, only commits up to that sequence.
//   VIEW-2  References are counted in stripes, one line each, so that readers on different threads write different lines. They are taken only by a thread that
//           is marked (env/thread_mark.h) and has loaded the view after its mark; so once the marks of the time of retirement have passed the sum can only fall.
//
// Threading: immutable but for the counts.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "lsm/memtable.h"
#include "lsm/namespace_catalog.h"
#include "lsm/version.h"

namespace firn {

class ReadView {
 public:
  ReadView(std::shared_ptr<Memtable> active, std::vector<std::shared_ptr<Memtable>> sealed, VersionRef version, NamespaceCatalogRef catalog)
      : active_(std::move(active)),
        sealed_(std::move(sealed)),
        version_(std::move(version)),
        catalog_(std::move(catalog)),
        only_run_(sealed_.empty() && version_->runs.size() == 1 ? &version_->runs.front() : nullptr) {}

  const std::shared_ptr<Memtable>& active() const { return active_; }               // nullptr: read-only opening
  const std::vector<std::shared_ptr<Memtable>>& sealed() const { return sealed_; }  // newest first
  const VersionRef& version() const { return version_; }
  const NamespaceCatalogRef& catalog() const { return catalog_; }

  // The newest entry of the key up to `seq`, be it a tombstone or expired. kNotFound, kCorrupt, kIo, kNoMemory.
  Status find(const InternalKey& key, uint64_t hash, Seq seq, Entry* entry) const;
  // The same in three steps, for keys that are looked up together: prefetch() asks the processor for the first line of every structure that find() looks at,
  // prefetch_entry() for the entries that those lines name, find() finds. Between the steps others take theirs, while the memory answers.
  struct Probe {
    static constexpr size_t kAheadCount = 8;  // runs; where there are more, find() asks for the next one whenever it has looked into one
    // Of each run that was asked for, at its number modulo the size: the table that may have the key.
    std::array<const Table*, kAheadCount> tables;
  };
  void prefetch(const InternalKey& key, uint64_t hash, Probe* probe) const;
  void prefetch_entry(uint64_t hash, const Probe& probe) const;
  Status find(const InternalKey& key, uint64_t hash, Seq seq, Probe* probe, Entry* entry) const;
  // All entries up to `seq`, the newest of each key, tombstones and expired ones included. `newest` (nullptr: none) hides what is in the view.
  Result<std::unique_ptr<Iterator>> new_iterator(Seq seq, std::unique_ptr<Iterator> newest = nullptr) const;

  // About how many entries lie in [lower, upper), and the bytes that they take on disk. Versions that hide others, and deleted keys, count too.
  struct Extent {
    uint64_t entry_count = 0;
    uint64_t bytes = 0;
  };
  Result<Extent> approximate(const InternalKey& lower, const InternalKey& upper) const;

  void acquire(uint32_t stripe) { counts_[stripe % kStripeCount].value.fetch_add(1, std::memory_order_relaxed); }
  // Its order: ViewStore::give_back().
  void release(uint32_t stripe) { counts_[stripe % kStripeCount].value.fetch_sub(1, std::memory_order_seq_cst); }
  bool is_referenced() const;

 private:
  template <typename TableOf>
  Status find_with(const InternalKey& key, uint64_t hash, Seq seq, const TableOf& table_of, Entry* entry) const;
  size_t probed_count() const { return std::min(version_->runs.size(), Probe::kAheadCount); }

  static constexpr size_t kStripeCount = 16;
  struct alignas(64) Count {
    std::atomic<int64_t> value{0};
  };

  const std::shared_ptr<Memtable> active_;
  const std::vector<std::shared_ptr<Memtable>> sealed_;
  const VersionRef version_;
  const NamespaceCatalogRef catalog_;
  const Run* const only_run_;  // all there is beside the active memtable; nullptr: there is more, or no run
  std::array<Count, kStripeCount> counts_;
};

}  // namespace firn
