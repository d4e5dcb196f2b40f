#include "lsm/log_replay.h"

#include "lsm/log_entry.h"

namespace firn {

Result<LogRecovery> LogReplay::recover(Directory& directory, uint64_t log_id, const std::vector<uint64_t>& ids, SegmentIo io) {
  const RecordVisitor visit = [this](const std::shared_ptr<Segment>& segment, uint64_t offset, Slice payload) {
    return add(segment, offset, payload);
  };
  FIRN_TRY_ASSIGN(LogRecovery recovery, recover_log(directory, log_id, ids, io, visit));
  FIRN_TRY(finish());
  return recovery;
}

Status LogReplay::add(const std::shared_ptr<Segment>& segment, uint64_t offset, Slice payload) {
  if (memtables_.empty() || memtables_.front()->segment() != segment) {
    FIRN_TRY(finish());
    // A memtable that was made for one large commit had room for all of it, which is the first record of its segment.
    FIRN_TRY_ASSIGN(auto memtable, Memtable::create(segment, hash_seed_, count_log_entries(payload)));
    memtables_.insert(memtables_.begin(), std::move(memtable));
    newest_.emplace(*memtables_.front());
  }
  return newest_->add(offset, payload);
}

Status LogReplay::finish() {
  if (!newest_) return {};
  FIRN_TRY(newest_->finish());
  if (newest_->has_system_entries()) system_memtables_.insert(system_memtables_.begin(), memtables_.front());
  newest_.reset();
  return {};
}

}  // namespace firn
