#include "lsm/memtable_replay.h"

#include "lsm/log_entry.h"

namespace firn {

Status MemtableReplay::add(uint64_t offset, Slice payload) {
  while (!payload.empty()) {
    const uint64_t bytes = check_log_entry(payload);
    if (bytes == 0) return Status::corrupt("an entry of the write-ahead log is not well formed", memtable_.segment()->path(), offset);
    const Seq seq = log_entry_seq(payload.data());
    if (seq.value == 0 || seq > kSeqMax || seq < seq_) {
      return Status::corrupt("the entries of the write-ahead log do not follow one another", memtable_.segment()->path(), offset);
    }
    seq_ = seq;
    const InternalKey key = log_entry_key(payload.data());
    has_system_entries_ |= key.prefix == kSystemPrefix;
    if (added_count_ - linked_count_ == kPendingMax) FIRN_TRY(link(pending(linked_count_++)));
    const Pending next{payload.data(), memtable_.hash(key), offset};
    memtable_.prefetch(next.hash);
    pending(added_count_++) = next;
    if (added_count_ - linked_count_ > kPendingMax / 2) memtable_.prefetch_entry(pending(added_count_ - kPendingMax / 2 - 1).hash);
    offset += bytes;
    payload = payload.without_first(bytes);
  }
  end_ = offset;
  return {};
}

Status MemtableReplay::link(const Pending& entry) {
  if (!memtable_.has_room(1)) {
    return Status::corrupt("a segment of the write-ahead log has more entries than it can hold", memtable_.segment()->path(), entry.offset);
  }
  const Memtable::Place place = memtable_.place_of(log_entry_key(entry.at), entry.hash);
  if (place.previous != log_entry_previous(entry.at)) {
    return Status::corrupt("an entry of the write-ahead log does not chain to the one before it", memtable_.segment()->path(),
                           entry.offset);
  }
  memtable_.add(place, entry.hash, entry.offset, log_entry_seq(entry.at));
  return {};
}

Status MemtableReplay::finish() {
  while (linked_count_ < added_count_) FIRN_TRY(link(pending(linked_count_++)));
  memtable_.set_end(end_);
  return {};
}

}  // namespace firn
