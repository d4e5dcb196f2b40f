// Resuming: a database whose log or manifest could not be written or synced takes commits again, without being opened anew.
//
// What readers see is right: it lies in memtables whose records verify, and in tables. What lies in the files of log and manifest is not known: a failed write may have left
// anything, and after a failed sync the system may call pages clean that it never wrote. So nothing of these files is trusted, written or synced again. Everything
// visible goes into new tables, the manifest begins anew with what the present view consists of, and the log goes on in a new segment. Only then are commits
// taken, with numbers above all that may ever have been written, as after a crash (D11).
//
// A crash in the midst of it finds the old manifest or the new one; both name segments and tables that are there.
#include <algorithm>
#include <thread>

#include "db/db_impl.h"
#include "env/thread_mark.h"
#include "log/record.h"
#include "lsm/memtable_replay.h"

namespace firn {
namespace {

constexpr auto kReaderWait = std::chrono::microseconds(100);

}  // namespace

// The active memtable without a commit that failed half-way: its entries are linked, above `visible`, and would come to light with higher numbers.
Result<std::shared_ptr<Memtable>> CommitDoor::committed_part() const {
  const std::shared_ptr<Segment>& segment = memtable_->segment();
  FIRN_TRY_ASSIGN(auto part, Memtable::create(segment, core_.hash_seed, memtable_->key_count()));
  MemtableReplay replay(*part);
  RecordView record;
  for (uint64_t offset = kSegmentHeaderBytes; offset < memtable_->end(); offset += record_bytes(record.payload.size())) {
    if (!read_record(segment->image(), offset, memtable_->end(), segment->header().generation, &record)) {
      return Status::corrupt("a record of the write-ahead log does not verify: reopen the database, which recovers what can be",
                             segment->path(), offset);
    }
    if (record.kind == RecordKind::kData) FIRN_TRY(replay.add(offset + kRecordHeaderBytes, record.payload));
  }
  FIRN_TRY(replay.finish());
  return part;
}

Status CommitDoor::restart_files(const std::vector<std::shared_ptr<Memtable>>& sealed, const Segment& next, Seq last) {
  ManifestState state = core_.manifest->state();
  const VersionRef version = core_.views->current()->version();
  state.closed_clean = false;
  state.seq_floor = last;
  state.next_table_id = core_.next_table_id.load();
  state.next_run_id = core_.next_run_id.load();
  state.wal_next_id = next.id() + 1;
  state.wal_next_base = next.base() + next.capacity();
  state.retained.clear();
  state.wal_segments.clear();
  for (auto at = sealed.rbegin(); at != sealed.rend(); ++at) state.wal_segments.push_back((*at)->segment()->id());
  state.wal_segments.push_back(next.id());
  state.wal_start = state.wal_segments.front();
  state.tables.clear();
  for (const Run& run : version->runs) {
    for (const TableRef& table : run.tables) state.tables.push_back({run.id, table->id, table->file_bytes});
  }
  return core_.manifest->restart(state);
}

Status CommitDoor::start_anew(Seq last) {
  const std::lock_guard door(mutex_);
  const std::lock_guard spare_lock(spare_mutex_);
  const std::lock_guard view_lock(core_.view_mutex);
  DbCore::ViewChange change;
  change.sealed = core_.views->current()->sealed();
  if (!memtable_->empty()) {
    FIRN_TRY_ASSIGN(auto committed, committed_part());
    if (!committed->empty()) change.sealed->insert(change.sealed->begin(), std::move(committed));
  }
  FIRN_TRY_ASSIGN(auto segment, core_.wal->prepare(std::min(kSegmentBytesMin, core_.options.memtable_bytes)));
  FIRN_TRY_ASSIGN(auto memtable, Memtable::create(segment, core_.hash_seed, 0));
  change.active = memtable;
  FIRN_TRY(restart_files(*change.sealed, *segment, last));
  std::unique_ptr<ReadView> next_view = core_.next_view(std::move(change));
  core_.wal->start_anew();
  FIRN_TRY(core_.wal->activate(std::move(segment)));
  core_.changes.start({});
  spare_.reset();
  core_.views->publish(std::move(next_view));
  memtable_ = std::move(memtable);
  segment_bytes_ = std::min(kSegmentBytesMin, core_.options.memtable_bytes);
  upkeep_at_ = 0;
  pace_.begin_segment();
  return {};
}

Status CommitDoor::admit(Seq last) {
  const std::lock_guard door(mutex_);
  FIRN_TRY(core_.wal->sync().status());
  core_.sync_group->forgive();
  last_ = last;
  core_.visible.store(last.value, std::memory_order_release);
  core_.became_durable(last);
  commits_since_sync_.store(0, std::memory_order_relaxed);
  const std::lock_guard state(core_.state_mutex);
  core_.fatal_error = {};
  core_.job_error = {};
  core_.is_failed.store(false, std::memory_order_release);
  return {};
}

// Calls that began with the view of before may still read it, with whatever number they find; they end before the number moves.
void DbImpl::wait_for_readers() {
  const ThreadPark park;
  const uint64_t epoch = epoch_retire();
  while (!epoch_passed(epoch)) std::this_thread::sleep_for(kReaderWait);
}

Status DbImpl::start_anew() {
  const Seq last = jump_from(door_.last());
  if (last > kSeqMax) return Code::kOverflow;
  close_replaced();  // what is written now needs room
  {
    FIRN_TRY_ASSIGN(const auto pause, jobs_.pause());  // the manifest begins anew with what the view shows
    FIRN_TRY(door_.start_anew(last));
  }
  wait_for_readers();
  {
    const ThreadPark park;
    FIRN_TRY(jobs_.flush_sealed());
  }
  return door_.admit(last);
}

// The first write failed half-way: nothing is there that it could have damaged.
Status DbImpl::start_again() {
  {
    const std::lock_guard state(core_.state_mutex);
    core_.fatal_error = {};
    core_.job_error = {};
    core_.is_failed.store(false, std::memory_order_release);
  }
  return begin_writing();
}

Status DbImpl::resume() {
  if (core_.options.read_only) return {Code::kReadOnly, "the database was opened read-only", core_.path};
  const std::lock_guard turn(refresh_mutex_);
  if (core_.is_failed.load(std::memory_order_acquire)) {
    FIRN_TRY(core_.awaits_first_write.load(std::memory_order_acquire) ? start_again() : start_anew());
    core_.tell(EventKind::kResumed, Code::kOk);
  } else if (background_error().ok()) {
    return {};
  }
  {
    const std::lock_guard lock(core_.state_mutex);
    core_.job_error = {};
    core_.progress_count.fetch_add(1);  // who waits for jobs looks again
    core_.progressed.notify_all();
  }
  jobs_pending_.store(true);
  return wait_for_flush();
}

}  // namespace firn
