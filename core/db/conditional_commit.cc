// The commits that depend on what is there: decided, validated or made up inside the door.
#include "base/fast_path.h"
#include "base/schedule_point.h"
#include "db/commit.h"
#include "db/read_validation.h"
#include "lsm/log_entry.h"

namespace firn {
namespace {

// So often what was read is compared outside the door, before it is done inside however long it takes.
constexpr int kRoundsOutsideMax = 8;

}  // namespace

Result<Seq> CommitDoor::update(uint32_t ns, Slice key, const Decision& decide, WriteFlags flags) {
  FIRN_TRY(core_.check_writable());
  Operation operation;
  operation.ns = ns;
  operation.key = key;
  Prepared prepared;
  // As in write(); and what it is decided by is asked for too: two threads that add to any of a million counters, all in tables, 1.1 -> 2.2 M/s, one 1.6 -> 1.9.
  const ReadView* const view = core_.views->current();
  const NamespaceCatalog* catalog = view->catalog().get();
  FIRN_TRY(resolve(*catalog, &operation, 1, &prepared));
  if (!view->active()->may_have(prepared.hash)) {
    ReadView::Probe probe;
    view->prefetch(prepared.key, prepared.hash, &probe);
    view->prefetch_entry(prepared.hash, probe);
  }
  FIRN_SCHEDULE_POINT("in front of the door");
  std::unique_lock door = enter(*view->active(), &prepared, 1);
  for (;;) {
    if (is_stopped_) return Code::kClosed;
    if (catalog_.get() != catalog || !FIRN_FAST_PATH("keys are hashed outside the door")) [[unlikely]]
      FIRN_TRY(resolve(*catalog_, &operation, 1, &prepared));
    Entry current;
    // Inside the door everything that was committed is visible, and nothing newer can come. A key that the active memtable has is looked up once, to be read and to be
    // written (a hot counter: 145 -> 105 ns).
    const Memtable::Place place = memtable_->place_of(prepared.key, prepared.hash);
    Status found;
    const bool is_found = place.previous != 0 && FIRN_FAST_PATH("what the memtable has is looked up once");
    if (is_found)
      current = decode_log_entry(memtable_->segment()->image() + place.previous);
    else
      found = core_.views->current()->find(prepared.key, prepared.hash, kSeqMax, &current);
    if (!found.ok() && !found.is(Code::kNotFound)) return found;
    const bool is_there = found.ok() && (current.kind == EntryKind::kPut || current.is_live(core_.clock.now_ms()));
    if (const Code code = decide(is_there ? &current : nullptr, &operation); code != Code::kOk) return code;
    FIRN_SCHEDULE_POINT("decided");
    const Need need{log_entry_bytes(operation.kind, key.size(), operation.value.size()), 1};
    if (!has_room(need)) [[unlikely]] {
      FIRN_TRY(make_room(door, need, flags.no_block));
      catalog = nullptr;  // the wait may have lost the view
      continue;           // and have let others change the key
    }
    FIRN_TRY(
        append(&operation, 1, &prepared, need.payload_bytes, nullptr, FIRN_FAST_PATH("a decided key keeps its place") ? &place : nullptr));
    return leave(door, flags);
  }
}

CommitDoor::Moment CommitDoor::look() {
  FIRN_SCHEDULE_POINT("in front of the door");
  const std::lock_guard door(mutex_);
  return {core_.views->snapshot(core_.visible, 0), memtable_, core_.wal->active_offset()};
}

Result<Seq> CommitDoor::commit(const std::vector<Operation>& operations, ReadValidation* validation, WriteFlags flags) {
  FIRN_TRY(core_.check_writable());
  const Need need = need_of(operations.data(), operations.size());
  if (need.payload_bytes > kRecordPayloadBytesMax) return Code::kTooLarge;
  std::vector<Prepared> prepared(operations.size());
  const NamespaceCatalog* catalog = core_.views->current()->catalog().get();
  FIRN_TRY(resolve(*catalog, operations.data(), operations.size(), prepared.data()));

  for (int round = 0;; round++) {
    FIRN_SCHEDULE_POINT("in front of the door");
    std::unique_lock door = enter(*core_.views->current()->active(), prepared.data(), prepared.size());
    if (!has_room(need)) [[unlikely]] {
      FIRN_TRY(make_room(door, need, flags.no_block));
      catalog = nullptr;  // the wait may have lost the view
    }
    if (is_stopped_) return Code::kClosed;
    const bool is_long = last_ > validation->valid_at() && round < kRoundsOutsideMax && !validation->is_short(*core_.views->current());
    if (is_long && FIRN_FAST_PATH("what was read is compared outside the door")) {
      door.unlock();
      Moment now = look();
      FIRN_TRY(validation->advance(*now.snapshot.view(), now.snapshot.seq(), std::move(now.active), now.log_offset));
      continue;
    }
    FIRN_TRY(validation->advance(*core_.views->current(), last_, memtable_, core_.wal->active_offset()));
    FIRN_SCHEDULE_POINT("validated");
    if (catalog_.get() != catalog) FIRN_TRY(resolve(*catalog_, operations.data(), operations.size(), prepared.data()));
    FIRN_TRY(append(operations.data(), operations.size(), prepared.data(), need.payload_bytes, nullptr));
    return leave(door, flags);
  }
}

Result<Seq> CommitDoor::commit_alone(const Build& build, WriteFlags flags) {
  FIRN_TRY(core_.check_writable());
  FIRN_SCHEDULE_POINT("in front of the door");
  std::unique_lock door(mutex_);
  for (;;) {
    if (is_stopped_) return Code::kClosed;
    std::vector<Operation> operations;
    FIRN_TRY(build(core_.views->snapshot(core_.visible, 0), &operations));
    FIRN_SCHEDULE_POINT("made up");
    if (operations.empty()) return last_;
    const Need need = need_of(operations.data(), operations.size());
    if (need.payload_bytes > kRecordPayloadBytesMax) return Code::kTooLarge;
    if (!has_room(need)) {
      FIRN_TRY(make_room(door, need, flags.no_block));
      continue;  // the wait may have let others change what the operations were made from
    }
    std::vector<Prepared> prepared(operations.size());
    FIRN_TRY(resolve(*catalog_, operations.data(), operations.size(), prepared.data()));
    FIRN_TRY(append(operations.data(), operations.size(), prepared.data(), need.payload_bytes, nullptr));
    return leave(door, flags);
  }
}

}  // namespace firn
