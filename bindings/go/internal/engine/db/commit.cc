#include "db/commit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "base/coverage_mark.h"
#include "base/fast_path.h"
#include "base/hash.h"
#include "base/schedule_point.h"
#include "env/thread_mark.h"
#include "lsm/log_entry.h"

namespace firn {
namespace {

constexpr uint64_t kSegmentGrowth = 16;  // few steps: making a segment costs four syncs, which a young database would wait for
// The next segment is made when so much of the active one is used: of a small one, which is full in no time, much sooner.
constexpr uint64_t kSpareAtFraction = 4;
constexpr uint64_t kSpareAtFractionSmall = 16;
constexpr uint64_t kSmallSegmentBytes = 1 << 20;
constexpr size_t kPreparedOnStackCount = 8;
// Of a batch, the lines of so many operations ahead are asked for, so that the misses overlap (1000 puts of random keys: 130 -> 103 ns each).
constexpr size_t kLookAhead = 16;
constexpr size_t kPrefetchedOutsideCount = 8;  // of a large batch the rest is asked for inside, as above

uint64_t spare_due_at(const Segment& segment) {
  return segment.capacity() / (segment.capacity() <= kSmallSegmentBytes ? kSpareAtFractionSmall : kSpareAtFraction);
}

}  // namespace

Status CommitDoor::start(Seq last) {
  segment_bytes_ = std::min(kSegmentBytesMin, core_.options.memtable_bytes);
  FIRN_TRY_ASSIGN(Spare first, make_spare({}, segment_bytes_));
  const std::lock_guard view_lock(core_.view_mutex);
  DbCore::ViewChange change;
  change.active = first.memtable;
  std::unique_ptr<ReadView> next_view = core_.next_view(std::move(change));
  FIRN_TRY(core_.wal->activate(std::move(first.segment)));
  last_ = last;
  catalog_ = next_view->catalog();
  memtable_ = std::move(first.memtable);
  core_.views->publish(std::move(next_view));
  return {};
}

CommitDoor::Need CommitDoor::need_of(const Operation* operations, size_t count) {
  Need need{0, count};
  for (size_t i = 0; i < count; i++) {
    need.payload_bytes += log_entry_bytes(operations[i].kind, operations[i].key.size(), operations[i].value.size());
  }
  return need;
}

Status CommitDoor::resolve(const NamespaceCatalog& catalog, const Operation* operations, size_t count, Prepared* prepared) const {
  for (size_t i = 0; i < count; i++) {
    const Prefix prefix = catalog.prefix_of(operations[i].ns, kSeqMax);
    if (prefix == kSystemPrefix) return Code::kInvalid;
    prepared[i].key = {prefix, operations[i].key};
    prepared[i].hash = hash_key(core_.hash_seed, prepared[i].key);
  }
  return {};
}

void CommitDoor::prefetch_entries(const Memtable& memtable, const Prepared* prepared, size_t count) {
  count = std::min(count, kPrefetchedOutsideCount);
  for (size_t i = 1; i < count; i++) memtable.prefetch_for_writer(prepared[i].hash);
  for (size_t i = 0; i < count; i++) memtable.prefetch_entry_for_writer(prepared[i].hash);
}

Result<Seq> CommitDoor::write(const Operation* operations, size_t count, WriteFlags flags) {
  FIRN_TRY(core_.check_writable());
  if (count == 0) return Seq{core_.visible.load(std::memory_order_acquire)};
  std::array<Prepared, kPreparedOnStackCount> on_stack;
  std::vector<Prepared> on_heap;
  Prepared* prepared = on_stack.data();
  if (count > on_stack.size()) {
    on_heap.resize(count);
    prepared = on_heap.data();
  }
  const Need need = need_of(operations, count);
  if (need.payload_bytes > kRecordPayloadBytesMax) return Code::kTooLarge;

  // Hashing and cache misses happen outside the door. The thread is marked, so the view and its catalog stay.
  const ReadView* view = core_.views->current();
  const NamespaceCatalog* catalog = view->catalog().get();
  FIRN_TRY(resolve(*catalog, operations, count, prepared));
  FIRN_SCHEDULE_POINT("in front of the door");
  std::unique_lock door = enter(*view->active(), prepared, count);
  if (!has_room(need)) [[unlikely]] {
    FIRN_TRY(make_room(door, need, flags.no_block));
    catalog = nullptr;  // the wait may have lost the view
  }
  if (catalog_.get() != catalog || !FIRN_FAST_PATH("keys are hashed outside the door")) [[unlikely]]
    FIRN_TRY(resolve(*catalog_, operations, count, prepared));
  if (is_stopped_) [[unlikely]]
    return Code::kClosed;
  FIRN_TRY(append(operations, count, prepared, need.payload_bytes, nullptr));
  return leave(door, flags);
}

// The commit is made: out of the door, and to what its durability asks for.
Result<Seq> CommitDoor::leave(std::unique_lock<std::mutex>& door, WriteFlags flags) {
  const Seq seq = last_;
  const LogPosition position = core_.wal->end();
  const bool upkeep_due = core_.wal->active_offset() >= upkeep_at_;
  if (upkeep_due) upkeep_at_ = UINT64_MAX;
  const int64_t wait_until_ns = pace_.is_due(core_.wal->active_offset()) ? pace_until() : 0;
  door.unlock();

  if (upkeep_due) [[unlikely]]
    on_upkeep_due();
  signal_watchers();
  if (wait_until_ns != 0 && !flags.no_block) [[unlikely]]
    keep_pace(wait_until_ns);
  if (flags.sync || core_.options.durability != Durability::kProcess) FIRN_TRY(make_durable(position, seq, flags));
  return seq;
}

int64_t CommitDoor::pace_until() {
  WritePace::Debt debt;
  if (!core_.options.single_threaded) {  // else the writer does the jobs itself
    const ReadView* const view = core_.views->current();
    const double used = static_cast<double>(core_.wal->active_offset()) / static_cast<double>(core_.wal->active()->capacity());
    debt = {static_cast<double>(view->sealed().size()) + used, view->version()->runs.size()};
  }
  return pace_.wait_until(core_.wal->active_offset(), debt, core_.env->monotonic_ns());
}

// The commit is visible already; its thread makes room for the jobs.
void CommitDoor::keep_pace(int64_t until_ns) {
  const int64_t wait_ns = until_ns - core_.env->monotonic_ns();
  if (wait_ns <= 0) return;
  FIRN_MARK("a writer is slowed down");
  const ThreadPark park;
  std::this_thread::sleep_for(std::chrono::nanoseconds(wait_ns));
  core_.stats.stall_ns.add(static_cast<uint64_t>(wait_ns));
}

Status CommitDoor::append(const Operation* operations, size_t count, const Prepared* prepared, uint64_t payload_bytes,
                          NamespaceCatalogRef catalog, const Memtable::Place* known_place) {
  FIRN_TRY(core_.check_writable());
  FIRN_TRY(core_.wal->make_present(payload_bytes));
  // A view with the next catalog is made before the first byte is stored: after that nothing may fail (COM-3).
  std::unique_lock<std::mutex> view_lock;
  std::unique_ptr<ReadView> next_view;
  if (catalog != nullptr) {
    view_lock = std::unique_lock(core_.view_mutex);
    DbCore::ViewChange change;
    change.catalog = catalog;
    next_view = core_.next_view(std::move(change));
  }
  uint64_t offset = 0;
  Result<uint8_t*> reserved = core_.wal->reserve(payload_bytes, &offset);
  if (!reserved.ok()) [[unlikely]]
    return core_.fail(reserved.status());
  FIRN_SCHEDULE_POINT("place reserved");
  uint8_t* to = *reserved;
  uint64_t delete_count = 0;
  uint64_t key_value_bytes = 0;
  Entry entry;
  entry.seq = {last_.value + 1};
  for (size_t i = 1; i < std::min(count, kLookAhead); i++) memtable_->prefetch(prepared[i].hash);
  for (size_t i = 0; i < count; i++) {
    if (i + kLookAhead < count) memtable_->prefetch(prepared[i + kLookAhead].hash);
    if (i + kLookAhead / 2 < count) memtable_->prefetch_entry(prepared[i + kLookAhead / 2].hash);
    entry.key = prepared[i].key;
    entry.value = operations[i].value;
    entry.kind = operations[i].kind;
    entry.expiry_ms = operations[i].expiry_ms;
    delete_count += entry.kind == EntryKind::kDelete ? 1 : 0;
    key_value_bytes += entry.key.user.size() + entry.value.size();
    const Memtable::Place place = known_place != nullptr ? *known_place
                                  : count == 1           ? memtable_->place_of_next(entry.key, prepared[i].hash)
                                                         : memtable_->place_of(entry.key, prepared[i].hash);
    const uint64_t bytes = encode_log_entry(to, entry, place.previous);
    FIRN_SCHEDULE_POINT("entry stored");
    memtable_->add(place, prepared[i].hash, offset, entry.seq);  // not visible yet: its number is above `visible`
    to += bytes;
    offset += bytes;
  }
  FIRN_SCHEDULE_POINT("entries linked");
  if (Status status = core_.wal->append(payload_bytes); !status.ok()) [[unlikely]]
    return core_.fail(status);
  last_ = entry.seq;
  memtable_->set_end(core_.wal->active_offset());
  if (catalog != nullptr) {
    // The view first: a reader who still has the older sequence number finds the older prefix in the new catalog.
    catalog_ = std::move(catalog);
    core_.views->publish(std::move(next_view));
  }
  FIRN_SCHEDULE_POINT("record whole");
  core_.visible.store(last_.value, std::memory_order_release);
  FIRN_SCHEDULE_POINT("commit visible");
  count_commit(count, delete_count, key_value_bytes, payload_bytes);
  return {};
}

// The door is held: nobody else counts.
void CommitDoor::count_commit(size_t operation_count, uint64_t delete_count, uint64_t key_value_bytes, uint64_t payload_bytes) {
  DbStats::Written& written = core_.stats.written;
  DbStats::Written::add(written.commits, 1);
  DbStats::Written::add(written.operations, operation_count);
  if (delete_count != 0) DbStats::Written::add(written.deletes, delete_count);
  DbStats::Written::add(written.key_value_bytes, key_value_bytes);
  DbStats::Written::add(written.log_bytes, record_bytes(payload_bytes));
}

Result<std::optional<uint32_t>> CommitDoor::change_namespace(const CatalogChange& change) {
  FIRN_TRY(core_.check_writable());
  std::unique_lock door(mutex_);
  for (;;) {
    const std::optional<NamespaceCatalog::Change> wanted = change(*catalog_, {last_.value + 1});
    if (!wanted) return std::optional<uint32_t>();
    std::vector<Operation> operations;
    std::vector<Prepared> prepared;
    Need need{0, wanted->entries.size()};
    for (const auto& [key, value] : wanted->entries) {
      Operation operation;
      operation.kind = value ? EntryKind::kPut : EntryKind::kDelete;
      operation.key = Slice(key);
      if (value) operation.value = Slice(*value);
      operations.push_back(operation);
      const InternalKey internal{kSystemPrefix, operation.key};
      prepared.push_back({internal, hash_key(core_.hash_seed, internal)});
      need.payload_bytes += log_entry_bytes(operation.kind, operation.key.size(), operation.value.size());
    }
    if (!has_room(need)) {
      FIRN_TRY(make_room(door, need, false));
      continue;  // the wait may have let others change the catalog
    }
    if (is_stopped_) return Code::kClosed;
    FIRN_TRY(append(operations.data(), operations.size(), prepared.data(), need.payload_bytes, wanted->next));
    const LogPosition position = core_.wal->end();
    const uint32_t id = wanted->id;
    const Seq seq = last_;
    door.unlock();
    signal_watchers();
    FIRN_TRY(make_durable(position, seq, {}));
    return std::optional<uint32_t>(id);
  }
}

Status CommitDoor::make_room(std::unique_lock<std::mutex>& door, const Need& need, bool no_block) {
  while (!has_room(need)) {
    if (is_stopped_) return Code::kClosed;
    FIRN_TRY(core_.check_writable());
    const uint64_t seen = core_.progress_count.load();  // before the look: progress between the look and the wait is not missed
    if (is_backlogged()) {
      if (no_block) return Code::kWouldBlock;
      FIRN_TRY(wait_for_jobs(door, seen));
      continue;
    }
    FIRN_TRY(rotate(need, segment_bytes_));
    segment_bytes_ = std::min(core_.options.memtable_bytes, segment_bytes_ * kSegmentGrowth);
  }
  return {};
}

bool CommitDoor::is_backlogged() const {
  const std::lock_guard lock(core_.view_mutex);
  const ReadView& view = *core_.views->current();
  return view.sealed().size() >= kSealedCountMax || view.version()->runs.size() >= kRunCountMax;
}

Status CommitDoor::wait_for_jobs(std::unique_lock<std::mutex>& door, uint64_t seen) {
  const int64_t begin_ns = core_.env->monotonic_ns();
  const auto count_stall = [&] {
    const int64_t stalled_ns = core_.env->monotonic_ns() - begin_ns;
    core_.stats.stall_ns.add(static_cast<uint64_t>(stalled_ns));
    core_.tell(EventKind::kStall, Code::kOk, stalled_ns);
  };
  if (core_.options.single_threaded) {
    FIRN_TRY(do_jobs());
    count_stall();
    return {};
  }
  door.unlock();
  Status failure;
  {
    const ThreadPark park;
    std::unique_lock state(core_.state_mutex);
    // A job that failed is tried again later; who waits for it is told why instead of waiting for ever.
    core_.progressed.wait(state, [&] { return core_.progress_count.load() != seen || !core_.job_error.ok() || core_.is_failed.load(); });
    failure = core_.job_error;
  }
  count_stall();
  FIRN_TRY(failure);
  door.lock();
  return {};
}

Status CommitDoor::rotate(const Need& need, uint64_t segment_bytes) {
  Spare next;
  {
    const std::lock_guard lock(spare_mutex_);
    if (!spare_) {
      FIRN_TRY_ASSIGN(spare_, make_spare(need, segment_bytes));
    }
    next = std::move(*spare_);
    spare_.reset();
  }
  {
    const std::lock_guard lock(core_.view_mutex);
    DbCore::ViewChange change;
    change.active = next.memtable;
    change.sealed = core_.views->current()->sealed();
    change.sealed->insert(change.sealed->begin(), memtable_);
    std::unique_ptr<ReadView> next_view = core_.next_view(std::move(change));  // first: after the next line nothing may fail
    if (Status status = core_.wal->activate(std::move(next.segment)); !status.ok()) return core_.fail(status);
    FIRN_SCHEDULE_POINT("segment activated");
    core_.views->publish(std::move(next_view));
  }
  memtable_->seal();
  FIRN_SCHEDULE_POINT("memtable sealed");
  upkeep_at_ = 0;
  pace_.begin_segment();
  memtable_ = std::move(next.memtable);
  on_sealed();
  return {};
}

Result<CommitDoor::Spare> CommitDoor::make_spare(const Need& need, uint64_t segment_bytes) {
  const uint64_t needed = kSegmentHeaderBytes + 2 * kMarkBytes + record_bytes(need.payload_bytes);
  auto prepared = core_.wal->prepare(std::max(segment_bytes, needed));
  while (prepared.status().is(Code::kNoSpace) && free_room()) prepared = core_.wal->prepare(std::max(segment_bytes, needed));
  FIRN_TRY_ASSIGN(auto segment, std::move(prepared));
  FIRN_TRY_ASSIGN(auto memtable, Memtable::create(segment, core_.hash_seed, need.key_count));
  // From here on recovery insists on the segment.
  ManifestEdit edit;
  edit.add_wal_segment(segment->id());
  edit.set_wal_next(segment->id() + 1, segment->base() + segment->capacity());
  if (Status status = core_.manifest->apply(edit); !status.ok()) return core_.fail(status);
  return Spare{std::move(segment), std::move(memtable)};
}

Status CommitDoor::discard_spare() {
  if (!spare_) return {};
  ManifestEdit edit;
  edit.drop_wal_segment(spare_->segment->id());
  if (Status status = core_.manifest->apply(edit); !status.ok()) return core_.fail(status);
  const std::string name = segment_name(spare_->segment->id());
  spare_.reset();
  return core_.wal->directory().remove(name);
}

Status CommitDoor::seal() {
  FIRN_SCHEDULE_POINT("in front of the door");
  std::unique_lock door(mutex_);
  FIRN_TRY(core_.check_writable());  // a commit that failed meanwhile has left entries that nobody may see
  if (memtable_->empty()) return {};
  {
    const std::lock_guard lock(spare_mutex_);
    FIRN_TRY(discard_spare());
  }
  segment_bytes_ = std::min(kSegmentBytesMin, core_.options.memtable_bytes);
  return rotate({}, segment_bytes_);
}

Status CommitDoor::seal_for_scans(uint64_t segment_id) {
  uint64_t segment_bytes = 0;
  {
    const std::lock_guard door(mutex_);
    segment_bytes = segment_bytes_;
  }
  FIRN_TRY(core_.check_writable());
  FIRN_TRY(ensure_spare(segment_bytes).status());
  FIRN_SCHEDULE_POINT("in front of the door");
  const std::lock_guard door(mutex_);
  FIRN_TRY(core_.check_writable());  // a commit that failed meanwhile has left entries that nobody may see
  if (is_stopped_ || memtable_->segment()->id() != segment_id) return {};
  {
    const std::lock_guard lock(spare_mutex_);
    if (!spare_) return {};  // a seal that threw it away was faster
  }
  return rotate({}, segment_bytes);
}

Seq CommitDoor::stop() {
  const std::lock_guard door(mutex_);
  is_stopped_ = true;
  return last_;
}

Status CommitDoor::seal_stopped() {
  const std::lock_guard door(mutex_);
  if (memtable_->empty()) return {};
  const std::lock_guard lock(core_.view_mutex);
  DbCore::ViewChange change;
  change.sealed = core_.views->current()->sealed();
  change.sealed->insert(change.sealed->begin(), memtable_);
  core_.publish(std::move(change));
  return {};
}

Status CommitDoor::make_durable(LogPosition position, Seq seq, WriteFlags flags) {
  if (core_.waits_for_sync(flags)) return settle_commit(position, seq);
  if (core_.options.durability == Durability::kEvery &&
      commits_since_sync_.fetch_add(1, std::memory_order_relaxed) + 1 == core_.options.durability_every_count) {
    on_upkeep_due();
  }
  return {};
}

void CommitDoor::watch() {
  core_.commits_are_watched.store(true, std::memory_order_relaxed);
  const std::lock_guard door(mutex_);  // a commit is in front of it, and visible, or behind it, and sees the flag
}

bool CommitDoor::is_sync_due(int64_t* next_sync_ns) const {
  const DbOptions& options = core_.options;
  if (options.durability == Durability::kEvery) return commits_since_sync() >= options.durability_every_count;
  if (options.durability != Durability::kInterval) return false;
  const int64_t now_ns = core_.env->monotonic_ns();
  if (now_ns < *next_sync_ns) return false;
  *next_sync_ns = now_ns + static_cast<int64_t>(options.durability_interval_ms) * 1'000'000;
  return true;
}

Status CommitDoor::settle_visible() {
  const Seq seq{core_.visible.load(std::memory_order_acquire)};  // before the position: commits that are visible lie in front of it
  FIRN_TRY(settle(core_.wal->end()));
  core_.became_durable(seq);
  return {};
}

Status CommitDoor::settle(LogPosition position) {
  if (core_.has_recovered.load(std::memory_order_acquire)) FIRN_TRY(flush_recovered());
  if (Status status = core_.sync_group->wait(position); !status.ok()) return core_.fail(status);
  return {};
}

// For a commit that is visible already: it is not undone, so whatever went wrong, it may or may not survive.
Status CommitDoor::settle_commit(LogPosition position, Seq seq) {
  const Status status = settle(position);
  if (status.ok()) {
    core_.became_durable(seq);
    return {};
  }
  return status.is(Code::kIndeterminate) ? status : core_.fail(status);
}

Result<bool> CommitDoor::keep_pages() {
  std::shared_ptr<Segment> segment;
  uint64_t offset = 0;
  {
    const std::lock_guard door(mutex_);
    segment = core_.wal->active();
    offset = core_.wal->active_offset();
  }
  const Log::Ahead ahead = core_.wal->ahead();
  bool more_of_spare = false;
  if (const std::unique_lock lock(spare_mutex_, std::try_to_lock); lock.owns_lock() && spare_) {  // who has it may be waiting for the disk
    FIRN_TRY_ASSIGN(more_of_spare, spare_->segment->prefault(ahead.bytes, ahead.step));
  }
  FIRN_TRY_ASSIGN(const bool more, segment->prefault(offset + ahead.bytes, ahead.step));
  const std::lock_guard door(mutex_);
  if (core_.wal->active() != segment || more || more_of_spare) return true;
  upkeep_at_ = offset + ahead.bytes / 2;
  if (offset < spare_due_at(*segment)) upkeep_at_ = std::min(upkeep_at_, spare_due_at(*segment));
  return false;
}

Result<bool> CommitDoor::keep_spare() {
  uint64_t segment_bytes = 0;
  {
    const std::lock_guard door(mutex_);
    if (core_.wal->active_offset() < spare_due_at(*core_.wal->active())) return false;
    segment_bytes = segment_bytes_;
  }
  return ensure_spare(segment_bytes);
}

Result<bool> CommitDoor::ensure_spare(uint64_t segment_bytes) {
  const std::lock_guard lock(spare_mutex_);
  if (spare_) return false;
  FIRN_TRY_ASSIGN(Spare spare, make_spare({}, segment_bytes));
  spare.memtable->make_present();
  spare_ = std::move(spare);
  return true;
}

}  // namespace firn
