// Jobs: the background work of a database, as plain functions without threads: flushes (sealed memtables become a run of tables) and compactions (runs become
// one). Background threads call run_slice() in a loop; single-threaded databases call it inside writes; tests step it by hand.
//
//   JOB-1  At most one flush and one compaction at a time. A flush goes before a compaction, also when one has begun: compactions run in slices. And a compaction of newer runs goes
//          before one that has begun: a long merge of old runs does not let new ones pile up.
//   JOB-2  New tables are synced, names included, before the manifest names them; the manifest is durable before a view shows them and before files that they replace are
//          unlinked. (A reader who still has such a file open or mapped keeps it: the system frees it after the last of them.)
//   JOB-3  A job that fails leaves no file, changes nothing, and is tried again.
//   JOB-4  What lies under the prefix of a namespace that was cleared or dropped stays until that commit is durable: power loss may bring the namespace back.
//   JOB-5  Tables that were replaced are closed behind flushes and merges one a slice, beside merges in proportion to what these go over, all of them when a job failed,
//          and as many as it takes when a segment finds the disk full. Where jobs run nobody who lets go of a view closes any (TableCloser).
//   JOB-6  A new table that is mapped has been verified through its mapping before the manifest names it, while the log or the inputs still have what it says. Not by a flush of
//          several memtables, which is behind, unless the job before found damage; and not where jobs run inside writes.
//
// When there is nothing else to do, tables that hold more memory than cache_bytes allows are opened anew; their old selves have been replaced, as a merge's inputs.
//
// Threading: all public functions from any thread; one thread at a time steps a job (a mutex each).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "db/db_core.h"
#include "db/scan_trigger.h"
#include "db/table_closer.h"
#include "lsm/compaction.h"
#include "lsm/merge_job.h"

namespace firn {

// Calls `work`; an exhausted memory becomes kNoMemory. For work that nobody waits for.
Status run_guarded(const std::function<Status()>& work);

class Jobs {
 public:
  explicit Jobs(DbCore& core) : core_(core), scan_trigger_(core) {}

  // Seals the active memtable, if it is the one over this segment: scans have paid for its flush. Set before the first slice.
  std::function<Status(uint64_t segment_id)> seal_for_scans;

  // What is done: what has to be done at some time, or what scans have paid for too. Who holds the commit door asks for what is due only.
  enum class Scope : uint8_t { kDue, kAll };
  // Does a piece of work of about a millisecond. true: there may be more.
  Result<bool> run_slice(Scope scope);
  bool has_work() const;
  bool has_due_work() const;
  // What run_slice() does when there is nothing else to do. Needs neither log nor manifest: also before the first write.
  Status free_memory();
  // Closes what was replaced and nobody reads any more. Where the thread is marked, what was replaced under the mark stays.
  void close_replaced();
  bool close_one_replaced();  // false: there is none
  // A job failed, or could not begin: whoever waits for it, and whoever asks for the state, is told.
  void note_failure(EventKind kind, const Status& status);
  // The same of what scans have paid for, which nobody waits for: it is told as an event, and they pay anew before it is tried again.
  void give_up_for_scans(EventKind kind, const Status& status);
  // Flushes what is sealed, also while the database is failed.
  Status flush_sealed();

  // While the locks are held no job runs, and none has told the manifest what the view does not show.
  struct Pause {
    std::unique_lock<std::mutex> flush;
    std::unique_lock<std::mutex> compaction;
  };
  Result<Pause> pause();

  // Asks for a full compaction; the returned ticket is done when full_compactions_done() has reached it.
  uint64_t request_full_compaction();
  uint64_t full_compactions_done() const { return full_done_.load(std::memory_order_acquire); }

  struct Counts {
    std::atomic<uint64_t> flushes{0};
    std::atomic<uint64_t> compactions{0};
    std::atomic<uint64_t> moved_tables{0};
    std::atomic<uint64_t> flush_bytes{0};
    std::atomic<uint64_t> compaction_bytes{0};
    std::atomic<uint64_t> compaction_read_bytes{0};
  };
  const Counts& counts() const { return counts_; }
  bool is_compacting() const { return is_compacting_.load(std::memory_order_relaxed); }
  // Bytes of tables that the next compaction of this version would rewrite.
  uint64_t debt_bytes(const Version& version) const;

 private:
  // What the manifest has already and the view has not: when memory runs out between the two the next turn goes on from here.
  struct Recorded {
    std::vector<uint64_t> removed;                     // ids of tables
    std::vector<std::pair<uint64_t, TableRef>> added;  // with the id of their run
  };
  struct Flush {
    std::vector<std::shared_ptr<Memtable>> memtables;  // newest first
    Seq seq_max;                                       // of all that is flushed
    uint64_t run_id = 0;
    std::unique_ptr<MergeJob> job;
    int64_t work_ns = 0;
    std::optional<Recorded> recorded;
    // Segments are sealed in the order of their ids: what is still needed begins behind the newest one that was flushed.
    uint64_t wal_start() const { return memtables.front()->segment()->id() + 1; }
  };
  struct Compaction {
    CompactionPlan plan;
    uint64_t full_ticket = 0;  // 0: not a full one
    std::unique_ptr<MergeJob> job;
    int64_t work_ns = 0;
    std::optional<Recorded> recorded;
  };

  std::optional<CompactionPlan> pick(const Version& version) const;  // what is due
  bool takes_work() const;
  bool is_full_asked_for() const { return full_requested_.load() > full_done_.load(); }
  Result<bool> step_flush();
  std::optional<uint64_t> memtable_for_scans() const;
  Result<bool> seal_if_scans_paid();
  Result<bool> turn_compaction(Scope scope);
  Result<bool> step_compaction(Scope scope);
  Status trim_table_memory();
  bool has_found_damage() const;
  Status start_flush(std::vector<std::shared_ptr<Memtable>> sealed, const Version& version);
  Result<bool> turn_flush();
  Status record_flush();
  Status finish_flush();
  Compaction make_compaction(CompactionPlan plan, uint64_t full_ticket) const;
  Status interrupt_compaction();
  Status record_compaction();
  Status finish_compaction();
  MergeOptions merge_options(Seq lower, Seq upper, Seq durable, bool drop_tombstones) const;  // `durable`: no commit up to here can be lost
  bool joins_newest_run(const std::vector<TableRef>& outputs, const Version& version) const;
  std::pair<std::vector<std::shared_ptr<Memtable>>, VersionRef> look() const;
  NamespaceCatalogRef look_at_catalog() const;
  Status apply(ManifestEdit& edit);
  Result<bool> turn_jobs(Scope scope);
  void leave(const std::vector<TableRef>& tables);  // to closer_; where memory runs out, to whoever lets go of them last
  void end_compaction();
  void full_compaction_done(uint64_t ticket);
  void report_progress();

  DbCore& core_;
  mutable ScanTrigger scan_trigger_;
  std::mutex flush_mutex_;
  std::optional<Flush> flush_;
  std::mutex compaction_mutex_;
  std::optional<Compaction> compaction_;
  std::vector<Compaction> interrupted_;  // by merges of runs that are newer than their inputs, the last one by compaction_
  std::mutex
      runs_mutex_;  // held while a flush or a compaction decides which runs it concerns; taken after the two above, before view_mutex
  std::atomic<bool> is_compacting_{false};
  std::atomic<bool> is_compacting_for_scans_{false};  // what goes on is not due: it gives way to what is
  std::atomic<bool> is_flush_recorded_{false};        // and not yet published: written with runs_mutex_ held
  std::atomic<uint64_t> full_requested_{0};
  std::atomic<uint64_t> full_done_{0};
  TableCloser closer_;
  Counts counts_;
};

}  // namespace firn
