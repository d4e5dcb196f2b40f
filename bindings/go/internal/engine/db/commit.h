// CommitDoor: the one way by which anything is written. A commit takes the writer's turn, goes into the log and the active memtable, and becomes visible as a
// whole.
//
//   COM-1  Sequence numbers grow by one a commit, in the order of the log.
//   COM-2  A commit is visible (DbCore::visible) after all its entries are linked, and before the door is left.
//   COM-3  Everything that can fail for lack of memory or space is done before the first byte of a commit is stored. After a failed store nothing is committed any more.
//   COM-4  A memtable is sealed between commits; its segment holds exactly its records.
//
// Threading: write(), update(), commit(), change_namespace(), seal(), seal_for_scans() from any thread; keep_pages() and keep_spare() from one background
// thread each (or inside writes, single-threaded).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "db/db_core.h"
#include "db/write_pace.h"
#include "env/spinning_mutex.h"

namespace firn {

class ReadValidation;

class CommitDoor {
 public:
  // Two to eight threads that write get 10 to 15 % more through a door at which they look again before they sleep.
  explicit CommitDoor(DbCore& core) : core_(core) { make_spinning(mutex_); }

  // Opening: the first segment and memtable, published with what recovery found.
  Status start(Seq last);

  Result<Seq> write(const Operation* operations, size_t count, WriteFlags flags);

  // A commit of one operation that depends on what is there. `decide` is asked inside the door, perhaps several times: `current` is the key's present entry,
  // nullptr when it is absent or expired; it fills in the operation's kind, value and expiry, or returns a code that ends the call with nothing written.
  using Decision = std::function<Code(const Entry* current, Operation* operation)>;
  Result<Seq> update(uint32_t ns, Slice key, const Decision& decide, WriteFlags flags);

  // A commit of what a transaction wrote, if what it read is still so: else kConflict.
  Result<Seq> commit(const std::vector<Operation>& operations, ReadValidation* validation, WriteFlags flags);
  // The present state, and how far the log goes in it.
  struct Moment {
    Snapshot snapshot;
    std::shared_ptr<Memtable> active;
    uint64_t log_offset = 0;
  };
  Moment look();
  // A commit of operations that are made up inside the door, from the state that they change: nobody can come between, so it always succeeds, and holds up
  // all others meanwhile. `build` may be called several times.
  using Build = std::function<Status(Snapshot snapshot, std::vector<Operation>* operations)>;
  Result<Seq> commit_alone(const Build& build, WriteFlags flags);

  // A commit that changes the namespaces. `change` is asked inside the door, with the present catalog and the sequence number of the commit; nullopt: nothing to
  // do. Returns the id that the change names, if it made one.
  using CatalogChange = std::function<std::optional<NamespaceCatalog::Change>(const NamespaceCatalog&, Seq)>;
  Result<std::optional<uint32_t>> change_namespace(const CatalogChange& change);

  // Seals the active memtable if it has entries; goes on in the smallest segment.
  Status seal();
  // The same, if the active memtable is the one over this segment; goes on in a segment as it would have been next, which is made before the door is held.
  Status seal_for_scans(uint64_t segment_id);
  // After a failure, in two steps (see resume.cc). start_anew(): what was committed is sealed, log and manifest go on in new files, and nobody is let in yet. admit(): commits
  // are taken again, with numbers from `last` on.
  Status start_anew(Seq last);
  Status admit(Seq last);
  Seq last() {
    const std::lock_guard door(mutex_);
    return last_;
  }
  // Returns the last sequence number and takes no commits any more.
  Seq stop();
  // After stop(): hands the active memtable to the flush, without a successor.
  Status seal_stopped();

  // Called when keep_pages() and keep_spare() are due, and when a memtable was sealed. Set before start().
  std::function<void()> on_upkeep_due;
  std::function<void()> on_sealed;
  std::function<bool()> free_room;          // closes a table that takes room on the disk and nobody needs; false: there is none
  std::function<Status()> do_jobs;          // single-threaded: called where a writer would wait
  std::function<Status()> flush_recovered;  // what recovery found is in tables when it returns

  // Makes pages present ahead of the writer, a piece of them; waits for no disk. Returns whether there is more to do at once.
  Result<bool> keep_pages();
  // Makes the next segment when the active one is well used. Returns whether it did.
  Result<bool> keep_spare();

  // Everything below `position` is durable when it returns.
  Status settle(LogPosition position);
  // Everything that is visible is durable when it returns.
  Status settle_visible();
  // The next commit signals core.event_fd. Whoever looks at `visible` after it either sees a commit or is signalled.
  void watch();
  uint64_t commits_since_sync() const { return commits_since_sync_.load(std::memory_order_relaxed); }
  // Whether durability=every:N or interval:T asks for a sync now. *next_sync_ns: the caller's, for interval.
  bool is_sync_due(int64_t* next_sync_ns) const;
  void sync_started() { commits_since_sync_.store(0, std::memory_order_relaxed); }

 private:
  struct Spare {
    std::shared_ptr<Segment> segment;
    std::shared_ptr<Memtable> memtable;
  };
  struct Need {
    uint64_t payload_bytes = 0;
    size_t key_count = 0;
  };
  static constexpr uint32_t kCrowdedFor = 64;
  // One operation with what was computed outside the door.
  struct Prepared {
    InternalKey key;
    uint64_t hash;
  };

  static Need need_of(const Operation* operations, size_t count);
  Status resolve(const NamespaceCatalog& catalog, const Operation* operations, size_t count, Prepared* prepared) const;
  // The door is held when it returns. The first key's line is asked for in front of it. Where others are often met inside, the lines are waited for and the entries that they name are asked for
  // as well, so that nobody holds up others while the memory answers: two threads that overwrite any of 200,000 keys 2.3 -> 3.0 M/s, four 2.1 -> 2.9. Always done, it costs new keys 8 %.
  std::unique_lock<std::mutex> enter(const Memtable& memtable, const Prepared* prepared, size_t count) {
    memtable.prefetch_for_writer(prepared[0].hash);
    const uint32_t crowded_for = crowded_for_.load(std::memory_order_relaxed);
    if (crowded_for != 0) [[unlikely]]
      prefetch_entries(memtable, prepared, count);
    std::unique_lock door(mutex_, std::try_to_lock);
    if (!door.owns_lock()) [[unlikely]] {
      door.lock();
      crowded_for_.store(kCrowdedFor, std::memory_order_relaxed);
    } else if (crowded_for != 0) [[unlikely]] {
      crowded_for_.store(crowded_for - 1, std::memory_order_relaxed);
    }
    return door;
  }
  static void prefetch_entries(const Memtable& memtable, const Prepared* prepared, size_t count);
  Status make_room(std::unique_lock<std::mutex>& door, const Need& need, bool no_block);
  bool has_room(const Need& need) const { return core_.wal->fits(need.payload_bytes) && memtable_->has_room(need.key_count); }
  Status rotate(const Need& need, uint64_t segment_bytes);
  Result<bool> ensure_spare(uint64_t segment_bytes);  // whether it was made now
  Result<Spare> make_spare(const Need& need, uint64_t segment_bytes);
  Status discard_spare();  // spare_mutex_ is held
  Result<std::shared_ptr<Memtable>> committed_part() const;
  Status restart_files(const std::vector<std::shared_ptr<Memtable>>& sealed, const Segment& next, Seq last);
  void count_commit(size_t operation_count, uint64_t delete_count, uint64_t key_value_bytes, uint64_t payload_bytes);
  // `place`: of the one operation, where it was looked up already; nullptr: it was not.
  Status append(const Operation* operations, size_t count, const Prepared* prepared, uint64_t payload_bytes, NamespaceCatalogRef catalog,
                const Memtable::Place* place = nullptr);
  Result<Seq> leave(std::unique_lock<std::mutex>& door, WriteFlags flags);
  int64_t pace_until();
  void keep_pace(int64_t until_ns);
  bool is_backlogged() const;
  // Until progress_count is no longer `seen`. The door is left meanwhile.
  Status wait_for_jobs(std::unique_lock<std::mutex>& door, uint64_t seen);
  Status make_durable(LogPosition position, Seq seq, WriteFlags flags);
  Status settle_commit(LogPosition position, Seq seq);
  void signal_watchers() {
    if (core_.commits_are_watched.load(std::memory_order_relaxed)) [[unlikely]] {
      if (core_.commits_are_watched.exchange(false)) core_.event_fd.signal();
    }
  }

  DbCore& core_;
  std::mutex mutex_;                      // the door
  std::atomic<uint32_t> crowded_for_{0};  // so many commits to come expect somebody inside
  Seq last_;
  std::shared_ptr<Memtable> memtable_;         // the active one
  NamespaceCatalogRef catalog_;                // the newest
  uint64_t segment_bytes_ = kSegmentBytesMin;  // of the next segment
  uint64_t upkeep_at_ = 0;                     // offset in the active segment at which upkeep is due
  WritePace pace_;
  bool is_stopped_ = false;

  std::mutex spare_mutex_;  // spare_; taken after the door
  std::optional<Spare> spare_;
  std::atomic<uint64_t> commits_since_sync_{0};
};

}  // namespace firn
