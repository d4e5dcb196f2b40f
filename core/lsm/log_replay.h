// LogReplay: the memtables of a found write-ahead log, one for each segment that holds records.
//
// Threading: one thread.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "log/recovery.h"
#include "lsm/memtable_replay.h"

namespace firn {

class LogReplay {
 public:
  explicit LogReplay(uint64_t hash_seed) : hash_seed_(hash_seed) {}

  // recover_log() with every record indexed. kCorrupt as both.
  Result<LogRecovery> recover(Directory& directory, uint64_t log_id, const std::vector<uint64_t>& ids, SegmentIo io);

  // Its parts: one record's payload, as recover_log() visits it. kCorrupt as MemtableReplay::add().
  Status add(const std::shared_ptr<Segment>& segment, uint64_t offset, Slice payload);
  // After the last record. kCorrupt as above.
  Status finish();

  using Memtables = std::vector<std::shared_ptr<Memtable>>;
  Memtables take_memtables() { return std::move(memtables_); }  // newest first; once, after finish()
  // Those with entries of the database's own.
  const Memtables& system_memtables() const { return system_memtables_; }

 private:
  const uint64_t hash_seed_;
  Memtables memtables_;
  Memtables system_memtables_;
  std::optional<MemtableReplay> newest_;
};

}  // namespace firn
