// DbCore: what the parts of an open database share. db_impl.cc builds it, commit.cc writes through it, jobs.cc turns its memtables into tables.
//
// Locks, in the order in which they may be taken (a thread that holds one takes only later ones):
//   0. Jobs' own: the flush, the compaction, which runs they concern
//   1. CommitDoor::mutex_   the writer's turn: log, active memtable, last sequence number; then its spare_mutex_
//   2. view_mutex           which view is published; held by whoever builds the next one
//   3. manifest, log, view store: each has its own, inside
//   state_mutex (error, and the condition variables of jobs) and ScanTrigger's are leaves: nothing is taken under them.
//
// Threading: as said at each member.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "db/change_feed.h"
#include "db/db.h"
#include "db/db_clock.h"
#include "db/db_stats.h"
#include "db/event_ring.h"
#include "db/view_store.h"
#include "env/event_fd.h"
#include "log/log.h"
#include "log/sync_group.h"
#include "lsm/compaction.h"
#include "lsm/manifest.h"

namespace firn {

// The smallest segment: what a new database begins with, and returns to when it is flushed.
inline constexpr uint64_t kSegmentBytesMin = 256 << 10;
// Versions jump to the next multiple of it after an opening that followed no clean close, and after a failure.
inline constexpr uint64_t kUncleanSeqStep = uint64_t{1} << 32;
inline constexpr size_t kSealedCountMax = 5;  // so many memtables may wait for their flush before writers wait

// The last version before the next multiple, which is the next one given. Always behind `last`: it may itself be such a version, because everything that was committed
// behind it was lost.
inline Seq jump_from(Seq last) { return {((last.value + 1) / kUncleanSeqStep + 1) * kUncleanSeqStep - 1}; }

struct DbCore {
  DbOptions options;
  Env* env = nullptr;
  Env* outer_env = nullptr;        // that the database was opened with: where copies of it go
  std::unique_ptr<Env> owned_env;  // ":memory:": what env points at then
  std::string path;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<Directory> tables;
  std::unique_ptr<Log> wal;            // nullptr: read-only
  std::unique_ptr<Manifest> manifest;  // nullptr: read-only
  std::unique_ptr<SyncGroup> sync_group;
  DbClock clock;
  int64_t opened_ns = 0;  // monotonic
  DbStats stats;
  EventRing events;
  uint64_t db_id = 0;
  uint64_t hash_seed = 0;
  RecoveryReport recovery;

  ViewStore* views = nullptr;
  std::mutex view_mutex;
  alignas(64) std::atomic<uint64_t> visible{0};  // every commit up to here is in the view: moved inside the door only

  alignas(64) std::atomic<uint64_t> next_table_id{1};
  std::atomic<uint64_t> next_run_id{1};
  std::atomic<uint64_t> flushed_segment_id{0};  // memtables over segments up to this id are in tables
  std::atomic<bool> has_recovered{false};       // memtables over segments that were found: not durable until they are flushed

  ChangeFeed changes{*this};

  // Who waits for durability or for changes.
  EventFd event_fd;
  std::atomic<bool> commits_are_watched{false};  // the next commit signals event_fd
  std::atomic<uint64_t> durable_seq{0};          // every commit up to here is durable; moved by became_durable()
  std::atomic<uint64_t> wake_count{0};           // firn_wake was called so often
  std::atomic<bool> is_closing{false};           // nobody waits any more

  // Nothing has been written since the opening, neither by commits nor by jobs: no log, and the manifest as the last close left it (DbImpl::begin_writing).
  std::atomic<bool> awaits_first_write{false};

  // The error that made the database read-only, or the last one of a job.
  std::mutex state_mutex;
  Status fatal_error;  // a failed write or sync of log or manifest: no writes any more
  Status job_error;    // a flush or compaction that will be tried again
  std::atomic<bool> is_failed{false};
  std::condition_variable progressed;  // a flush or a compaction ended, well or not
  std::atomic<uint64_t> progress_count{0};

  // Publishes a view that differs from the present one in what is not nullptr / nullopt.
  struct ViewChange {
    std::shared_ptr<Memtable> active;
    std::optional<std::vector<std::shared_ptr<Memtable>>> sealed;
    VersionRef version;
    NamespaceCatalogRef catalog;
  };
  // The view after the change, and room to publish it: publishing it does not fail. view_mutex is held until then.
  std::unique_ptr<ReadView> next_view(ViewChange change) {
    const ReadView& now = *views->current();
    views->make_room();
    if (!change.active) change.active = now.active();
    if (!change.sealed) change.sealed = now.sealed();
    if (!change.version) change.version = now.version();
    if (!change.catalog) change.catalog = now.catalog();
    return std::make_unique<ReadView>(std::move(change.active), std::move(*change.sealed), std::move(change.version),
                                      std::move(change.catalog));
  }
  // view_mutex is held.
  void publish(ViewChange change) { views->publish(next_view(std::move(change))); }

  // Whether a commit returns only when it is durable.
  bool waits_for_sync(WriteFlags flags) const { return flags.sync || (options.durability == Durability::kSync && !flags.no_sync); }

  void became_durable(Seq seq) {
    uint64_t known = durable_seq.load(std::memory_order_relaxed);
    do {
      if (known >= seq.value) return;
    } while (!durable_seq.compare_exchange_weak(known, seq.value, std::memory_order_acq_rel));
    const std::lock_guard guard(state_mutex);  // who waits has looked before, or looks after
    progressed.notify_all();
    event_fd.signal();
  }

  void tell(EventKind kind, Code code, int64_t duration_ns = 0, uint64_t bytes_read = 0, uint64_t bytes_written = 0) {
    events.add({.time_ms = env->wall_ms(),
                .kind = kind,
                .code = code,
                .duration_us = static_cast<uint64_t>(duration_ns) / 1000,
                .bytes_read = bytes_read,
                .bytes_written = bytes_written});
    event_fd.signal();
  }

  // A write or sync of log or manifest failed: what the caller gets. From now on the database is read-only.
  Status fail(const Status& cause) {
    bool is_first = false;
    {
      const std::lock_guard guard(state_mutex);
      is_first = fatal_error.ok();
      if (is_first) fatal_error = cause;
      is_failed.store(true, std::memory_order_release);
      progressed.notify_all();
    }
    if (is_first) tell(EventKind::kError, cause.code());
    const Status::Detail* detail = cause.detail();
    return {Code::kIndeterminate, cause.message(), detail ? detail->file : "", detail ? detail->offset : 0, detail ? detail->os_errno : 0};
  }
  Status check_writable() const {
    if (options.read_only) return {Code::kReadOnly, "the database was opened read-only", path};
    if (is_failed.load(std::memory_order_acquire))
      return {Code::kReadOnly, "an earlier write or sync failed: see firn_db_error, then firn_resume or reopen", path};
    return {};
  }
};

}  // namespace firn
