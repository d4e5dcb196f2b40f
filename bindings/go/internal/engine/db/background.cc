#include "db/background.h"

#include <chrono>

#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr auto kIdleWait = std::chrono::milliseconds(500);
constexpr auto kRetryWait = std::chrono::milliseconds(100);  // after a job failed

}  // namespace

Status Background::start() {
  threads_.reserve(1 + core_.options.background_thread_count);
  FIRN_TRY(spawn([](void* self) -> void* {
    static_cast<Background*>(self)->keep();
    return nullptr;
  }));
  for (uint64_t i = 0; i < core_.options.background_thread_count; i++) {
    FIRN_TRY(spawn([](void* self) -> void* {
      static_cast<Background*>(self)->work();
      return nullptr;
    }));
  }
  return {};
}

// Not std::thread, which reports a failure by an exception.
Status Background::spawn(void* (*body)(void*)) {
  pthread_t thread;
  if (const int error = pthread_create(&thread, nullptr, body, this); error != 0) {
    return {Code::kNoMemory, "the system gave no thread for background work", core_.path, 0, error};
  }
  threads_.push_back(thread);
  return {};
}

void Background::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  keeper_wakes_.notify_all();
  workers_wake_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
  threads_.clear();
}

void Background::wake_keeper() {
  {
    const std::lock_guard lock(mutex_);
    keeper_called_ = true;
  }
  keeper_wakes_.notify_one();
}

void Background::wake_workers() {
  {
    const std::lock_guard lock(mutex_);
    workers_called_ = true;
  }
  workers_wake_.notify_all();
}

void Background::keep() {
  register_membarrier();
  const bool syncs_by_time = core_.options.durability == Durability::kInterval;
  const auto wait = syncs_by_time ? std::chrono::milliseconds(core_.options.durability_interval_ms) : kIdleWait;
  int64_t next_sync_ns = 0;
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    // A failed sync or store has made the database read-only by itself; upkeep that failed is tried again by the writer, who reports it.
    bool more = false;
    if (!core_.is_failed.load()) {
      (void)run_guarded([&]() -> Status {
        FIRN_TRY_ASSIGN(more, door_.upkeep());
        return {};
      }).ok();
      (void)run_guarded([&]() -> Status {
        sync_if_due(&next_sync_ns);
        return {};
      }).ok();
    }
    lock.lock();
    if (!more) keeper_wakes_.wait_for(lock, wait, [this] { return keeper_called_ || is_stopping_; });
    keeper_called_ = false;
  }
}

void Background::sync_if_due(int64_t* next_sync_ns) {
  // What recovery found has to be in tables first. The workers are at it; waiting for them here would wait for ever when both are told to stop.
  if (core_.has_recovered.load(std::memory_order_acquire)) return;
  if (!door_.is_sync_due(next_sync_ns)) return;
  door_.sync_started();
  (void)door_.settle_visible().ok();
}

void Background::work() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    bool more = false;
    const Status status = run_guarded([&]() -> Status {
      FIRN_TRY_ASSIGN(more, jobs_.run_slice());
      return {};
    });
    lock.lock();
    if (!status.ok())
      workers_wake_.wait_for(lock, kRetryWait, [this] { return is_stopping_; });
    else if (!more)
      workers_wake_.wait_for(lock, kIdleWait, [this] { return workers_called_ || is_stopping_; });
    workers_called_ = false;
  }
}

}  // namespace firn
