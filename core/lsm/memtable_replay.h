// MemtableReplay: indexes found records in a memtable over their segment. Entries are checked as they come and linked some entries later: the slot of one is on its way
// while those before it are linked, so the misses overlap (an opening after a kill, 1M records of 16 + 100 B: 190 to 350 -> 87 to 145 ms).
//
// Threading: one thread; nobody else uses the memtable.
#pragma once

#include <array>

#include "lsm/memtable.h"

namespace firn {

class MemtableReplay {
 public:
  explicit MemtableReplay(Memtable& memtable) : memtable_(memtable), seq_(memtable.seq_max()), end_(memtable.end()) {}

  // One record's payload at `offset` of the segment; borrowed until finish(). kCorrupt: its entries, or some before them, are not well formed or do not chain to what is
  // indexed.
  Status add(uint64_t offset, Slice payload);
  // Links what is left. kCorrupt as above.
  Status finish();

  // Whether there was an entry of the database's own.
  bool has_system_entries() const { return has_system_entries_; }

 private:
  static constexpr size_t kPendingMax = 16;  // a power of two

  struct Pending {
    const uint8_t* at;
    uint64_t hash;
    uint64_t offset;
  };

  Status link(const Pending& entry);
  Pending& pending(size_t index) { return pending_[index % kPendingMax]; }

  Memtable& memtable_;
  Seq seq_;  // of the last that was added
  uint64_t end_;
  std::array<Pending, kPendingMax> pending_;
  size_t linked_count_ = 0;
  size_t added_count_ = 0;
  bool has_system_entries_ = false;
};

}  // namespace firn
