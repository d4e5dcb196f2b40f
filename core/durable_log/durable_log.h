// DurableLog: the append-only log as a product: records with dense indexes over the same segments as the write-ahead log.
//
//   DLOG-1  A record below next() is complete: next() moves (release) after its slot.
//   DLOG-2  What the log consists of is in its state on disk before it counts: a segment before its first record, a trim before it is seen.
//   DLOG-3  A found segment is never appended to; after an opening that followed no close in order what was found is durable before anything is appended.
//   DLOG-4  Readers hold the view by their thread's mark; a view that was replaced is freed when no mark can see it.
//
// Locks, in the order in which they may be taken: append_mutex_, state_mutex_, wait_mutex_.
// Threading: any method from any thread; the thread is marked (env/thread_mark.h), and does not call after close().
#pragma once

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "durable_log/log_part.h"
#include "durable_log/log_state.h"
#include "env/adaptive_mutex.h"
#include "env/event_fd.h"
#include "env/keeper.h"
#include "env/posix_env.h"
#include "log/durability.h"
#include "log/recovery_report.h"
#include "log/sync_group.h"

namespace firn {

// Segments grow from the first one of an opening to segment_bytes: a young log is small, and quickly read after a kill.
inline constexpr uint64_t kSegmentBytesFirst = 1 << 20;

struct LogOptions {
  bool create_if_missing = true;
  bool error_if_exists = false;
  bool read_only = false;
  bool verify_on_open = false;
  Durability durability = Durability::kProcess;
  uint64_t durability_every_count = 0;
  uint64_t durability_interval_ms = 0;
  uint64_t segment_bytes = uint64_t{64} << 20;
  uint64_t retention_bytes = 0;  // 0: none
  uint64_t retention_ms = 0;     // 0: none
  LogIo log_io = LogIo::kMmap;
  uint64_t lock_timeout_ms = 0;
  bool single_threaded = false;  // no thread: what the keeper does is done inside appends, but for syncs by the clock
};

class DurableLog {
 public:
  static Result<std::unique_ptr<DurableLog>> open(const std::string& path, const LogOptions& options, Env& env = posix_env());
  ~DurableLog();
  Status close();        // once, after all other calls have ended
  Status error() const;  // the failed write or sync that has made the log read-only
  RecoveryReport report() const {
    const std::lock_guard lock(error_mutex_);
    return report_;
  }

  // Limits are the caller's to check. The index of the first; all of them become visible at once.
  Result<uint64_t> append(const Slice* records, size_t count);

  struct Found {
    Slice data;
    int64_t time_ms = 0;
  };
  // data is valid as long as the thread is marked, or `keeper` (nullable) is kept. kNotFound: outside the bounds.
  Status find(uint64_t index, Found* found, std::shared_ptr<const LogPart>* keeper = nullptr);
  uint64_t first() const { return first_.load(std::memory_order_acquire); }
  uint64_t next() const { return next_.load(std::memory_order_acquire); }
  struct Bounds {
    uint64_t first;
    uint64_t next;
  };
  // Both at one moment, or (a reset came between) an empty range where the log began.
  Bounds bounds() const {
    for (;;) {
      const uint64_t first = this->first();
      const uint64_t next = this->next();
      if (first == this->first()) return {first, std::max(first, next)};
    }
  }
  uint64_t durable() const { return durable_.load(std::memory_order_acquire); }  // records below are
  // The first index whose record is not older; next() when there is none.
  Result<uint64_t> seek_time(int64_t time_ms);
  // The next append signals the descriptor. Whoever looks at next() after it sees a record or is signalled.
  void watch();

  Status sync();
  Status wait(uint64_t index, int32_t timeout_ms);  // kTimeout, kCancelled, kClosed, kNotFound
  void wake(bool for_closing);
  int notify_fd() { return event_fd_.get(); }

  Status trim_before(uint64_t index);
  Status trim_after(uint64_t index);
  Status reset(uint64_t next_index);
  Result<uint64_t> retain();  // the number of segments deleted
  Status refresh();

 private:
  // A segment in a view: the indexes [part->first(), until) of it count.
  struct Part {
    std::shared_ptr<LogPart> part;
    uint64_t until = UINT64_MAX;
    LogPosition base = 0;
    LogPosition end = 0;  // 0: it is being written to
    int64_t last_time_ms = 0;
  };
  using Parts = std::vector<Part>;  // ascending

  DurableLog(const std::string& path, const LogOptions& options, Env& env) : path_(path), options_(options), env_(&env) {}

  // The end of records, as it was at one moment: durable_ may not be raised by who looked before a cut.
  struct End {
    LogPosition position = 0;
    uint64_t index_end = 0;
    uint64_t cut_count = 0;
  };

  // log_opening.cc
  Status open_directory();
  Status recover();
  Status recover_once();
  struct Recovered;
  Status read_parts(const LogState& state, Recovered* recovered);
  Status scan_tail(const LogState& state, Recovered* recovered);
  Result<size_t> first_to_scan(const LogState& state);
  Status make_durable(const Recovered& recovered);
  Status start_appending(const Recovered& recovered);
  Status remove_leftovers(const LogState& state);
  Result<bool> read_on();

  // log_trimming.cc
  Status save(const Parts& parts, uint64_t first, bool closed_clean);  // state_mutex_ is held
  Status cut(Parts parts, uint64_t first, uint64_t next, LogPosition end);
  void seal_active(Parts* parts) const;
  void set_bounds(uint64_t first, uint64_t next);
  void unlink_others(const Parts& before, const Parts& after);
  void unlink(uint64_t segment_id);

  // durable_log.cc
  Status ensure(const LogPart& part) const;
  Status missing(uint64_t segment_id) const;
  Status check_writable() const;
  Status fail(const Status& cause);
  Status roll(uint64_t payload_bytes, size_t count);
  Status make_spare(uint64_t segment_bytes_min);
  // Publishing in two steps: what needs memory is done before a change is on disk, and showing it cannot fail.
  std::unique_ptr<const Parts> view_of(const Parts& parts);
  void publish(Parts parts, std::unique_ptr<const Parts> view);
  void reclaim();
  Status settle(const End& end);
  Status settle();         // all that is there
  Status settle_sealed();  // what lies in front of the active segment
  int64_t time_of_append();
  bool has_followers() const;
  Status serve_followers(const End& end, size_t count);

  // keeper_job.cc
  Status start_keepers();
  void stop_keepers();
  void call_keepers();
  void call_disk_keeper();
  bool keep_pages();
  bool keep_disk();
  bool has_sealed();
  void release_tails();

  const std::string path_;
  const LogOptions options_;
  Env* const env_;
  std::unique_ptr<Directory> directory_;
  std::shared_ptr<Directory> segments_;
  std::unique_ptr<FileLock> lock_;
  RecoveryReport report_;  // error_mutex_
  std::mutex refresh_mutex_;
  // Of a reader beside a writer, who appends to this part: where its records ended when last looked. nullptr: that is not known.
  struct Tail {
    std::shared_ptr<LogPart> part;
    uint64_t gap = 0;
  };
  Tail tail_;  // refresh_mutex_

  alignas(64) std::atomic<const Parts*> view_{nullptr};  // a line that readers share and appends do not write
  std::atomic<uint64_t> first_{0};
  alignas(64) std::atomic<uint64_t> durable_{0};
  alignas(64) std::atomic<uint64_t> next_{0};

  alignas(64) AdaptiveMutex append_mutex_;  // what is appended and trimmed
  std::unique_ptr<Log> log_;                // nullptr: read-only
  std::unique_ptr<SyncGroup> sync_group_;
  std::shared_ptr<LogPart> active_;  // nullptr: the next append makes one
  uint64_t upkeep_at_ = 0;           // the offset in the active segment at which the keeper is called
  int64_t last_time_ms_ = 0;
  int64_t wall_offset_ms_ = 0;   // wall time less the coarse monotonic time, when last looked
  int64_t wall_look_at_ns_ = 0;  // when the wall clock is looked at again
  std::atomic<bool> is_failed_{false};
  mutable std::mutex error_mutex_;  // error_, report_; a leaf
  Status error_;                    // the first one that made it read-only
  std::atomic<uint64_t> appends_since_sync_{0};

  std::mutex state_mutex_;  // the state and its file, parts_, spare_
  LogState state_;
  Parts parts_;
  std::shared_ptr<Segment> spare_;                                          // the state names it
  uint64_t segment_bytes_ = kSegmentBytesFirst;                             // of the next segment, unless the option says less
  std::vector<std::pair<std::unique_ptr<const Parts>, uint64_t>> retired_;  // views with the epochs that have to pass

  std::mutex wait_mutex_;  // the rest
  std::condition_variable moved_;
  std::atomic<uint32_t> waiter_count_{0};
  std::atomic<bool> is_watched_{false};
  EventFd event_fd_;
  uint64_t wake_count_ = 0;
  uint64_t cut_count_ = 0;  // changed with append_mutex_ held too
  bool is_closing_ = false;

  // Of keep_disk(), and of close() when that has ended.
  std::optional<uint64_t> kept_segment_id_;  // the last active one for which all was done
  uint64_t released_id_ = 0;                 // the newest that was found, then up to where what was reserved and not used was given back
  std::chrono::steady_clock::time_point next_sync_;
  Keeper page_keeper_;
  Keeper disk_keeper_;
  bool is_keeping_due_ = false;  // single-threaded: the append that goes on does it at its end
};

}  // namespace firn
