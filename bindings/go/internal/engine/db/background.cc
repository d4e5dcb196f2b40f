#include "db/background.h"

#include <chrono>
#include <thread>

#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr auto kIdleWait = std::chrono::milliseconds(500);
constexpr auto kRetryWait = std::chrono::milliseconds(100);  // after a job failed

}  // namespace

Status Background::start() {
  register_membarrier();
  const bool syncs_by_time = core_.options.durability == Durability::kInterval;
  FIRN_TRY(page_keeper_.start([this] { return keep_pages(); }, {}, core_.path));
  FIRN_TRY(disk_keeper_.start([this] { return keep_disk(); },
                              syncs_by_time ? std::chrono::milliseconds(core_.options.durability_interval_ms) : kIdleWait, core_.path));
  for (size_t i = 0; i < core_.options.background_thread_count; i++) {
    FIRN_TRY(workers_[i].start([this] { return work(); }, kIdleWait, core_.path, Keeper::Priority::kLow));
    // Who opens a database to read a few keys and close it again does not pay for the jobs that it could use: they begin when it is still open a moment later.
    if (!core_.awaits_first_write.load()) workers_[i].call();
  }
  keep_log();
  return {};
}

void Background::stop() {
  for (Keeper& worker : workers_) worker.stop();
  disk_keeper_.stop();
  page_keeper_.stop();
}

void Background::keep_log() {
  page_keeper_.call();
  disk_keeper_.call();
}

void Background::wake_workers() {
  for (Keeper& worker : workers_) worker.call();
}

// In both a failed sync or store has made the database read-only by itself; what failed otherwise is done by the writer, who reports it.
bool Background::keep_pages() {
  bool more = false;
  if (core_.is_failed.load() || core_.awaits_first_write.load()) return false;
  (void)run_guarded([&]() -> Status {
    FIRN_TRY_ASSIGN(more, door_.keep_pages());
    return {};
  }).ok();
  return more;
}

bool Background::keep_disk() {
  if (core_.is_failed.load() || core_.awaits_first_write.load()) return false;
  (void)run_guarded([&]() -> Status {
    FIRN_TRY_ASSIGN(const bool made, door_.keep_spare());
    if (made) page_keeper_.call();
    return {};
  }).ok();
  (void)run_guarded([&]() -> Status {
    sync_if_due();
    return {};
  }).ok();
  return false;
}

void Background::sync_if_due() {
  // What recovery found has to be in tables first. The workers are at it; waiting for them here would wait for ever when both are told to stop.
  if (core_.has_recovered.load(std::memory_order_acquire)) return;
  if (!door_.is_sync_due(&next_sync_ns_)) return;
  door_.sync_started();
  (void)door_.settle_visible().ok();
}

bool Background::work() {
  bool more = false;
  const Status status = run_guarded([&]() -> Status {
    if (core_.awaits_first_write.load(std::memory_order_acquire)) {
      if (!jobs_.has_work()) return jobs_.free_memory();
      if (Status begun = begin_writing(); !begun.ok()) {
        if (!jobs_.has_due_work())
          jobs_.give_up_for_scans(EventKind::kCompaction, begun);
        else if (!begun.is(Code::kClosed))
          jobs_.note_failure(EventKind::kCompaction, begun);
        return begun;
      }
    }
    FIRN_TRY_ASSIGN(more, jobs_.run_slice(Jobs::Scope::kAll));
    return {};
  });
  // A job that failed is tried again, not at once. No thread waits for longer at a close.
  if (!status.ok()) std::this_thread::sleep_for(kRetryWait);
  return more;
}

}  // namespace firn
