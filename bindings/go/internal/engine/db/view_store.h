// ViewStore: the current read view, and the retired ones until nobody uses them.
//
// A store is never freed, only used again by another database (the memory stays a ViewStore): so a snapshot that outlives its database can give its view
// back without asking whether the database is still there.
//
// Threading: current() under a ThreadMark, which keeps the view alive. publish() one at a time (the caller's lock). reclaim() any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "db/db.h"
#include "lsm/read_view.h"

namespace firn {

class ViewStore {
 public:
  static ViewStore* acquire();  // a store without a view
  void release();               // the database is gone: retires the current view; the store goes back to the pool

  ReadView* current() const { return current_.load(std::memory_order_acquire); }
  // After make_room() publishing one view does not allocate.
  void make_room();
  void publish(std::unique_ptr<ReadView> view);

  // A reference on the current view; seq as `visible` says, consistent with the view. The thread is marked.
  Snapshot snapshot(const std::atomic<uint64_t>& visible, int64_t now_ms);
  void give_back(ReadView* view, uint32_t stripe);
  // Somebody calls reclaim() from time to time: whoever gives a snapshot back does not. Until release().
  void leave_to_worker() { reclaims_at_give_back_.store(false, std::memory_order_release); }

  // Frees the retired views that nobody uses. Cheap when there are none.
  void reclaim();
  uint64_t freed_count() const { return freed_count_.load(std::memory_order_acquire); }  // how many views reclaim() has freed so far
  size_t retired_count() const { return retired_count_.load(std::memory_order_relaxed); }
  // What former views, which somebody still reads, hold beside what the current one has. The thread is marked.
  struct Held {
    uint64_t view_count = 0;
    int64_t oldest_ms = 0;  // since the oldest was retired
    uint64_t table_bytes = 0;
  };
  Held held() const;

 private:
  struct Retired {
    std::unique_ptr<ReadView> view;
    uint64_t epoch;
    std::chrono::steady_clock::time_point at;
  };
  void retire(ReadView* view);

  std::atomic<ReadView*> current_{nullptr};
  std::atomic<size_t> retired_count_{0};
  std::atomic<uint64_t> freed_count_{0};
  std::atomic<bool> reclaims_at_give_back_{true};
  mutable std::mutex mutex_;  // retired_
  std::vector<Retired> retired_;
};

}  // namespace firn
