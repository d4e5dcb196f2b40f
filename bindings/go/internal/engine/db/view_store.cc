#include "db/view_store.h"

#include <algorithm>
#include <new>
#include <unordered_set>
#include <utility>

#include "base/schedule_point.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

struct Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<ViewStore>> all;
  std::vector<ViewStore*> idle;
};

Pool& pool() {
  static Pool* const the_pool = new Pool;  // never destroyed: snapshots may outlive static objects
  return *the_pool;
}

// What a call that went on elsewhere kept in a store when its database closed.
void reclaim_all(const std::vector<ViewStore*>& stores) {
  for (ViewStore* store : stores) store->reclaim();
}

}  // namespace

ViewStore* ViewStore::acquire() {
  Pool& stores = pool();
  const std::lock_guard lock(stores.mutex);
  reclaim_all(stores.idle);
  if (stores.idle.empty()) {
    stores.all.push_back(std::make_unique<ViewStore>());
    stores.idle.reserve(stores.all.size());  // release() does not allocate
    return stores.all.back().get();
  }
  ViewStore* const store = stores.idle.back();
  stores.idle.pop_back();
  return store;
}

void ViewStore::release() {
  reclaims_at_give_back_.store(true, std::memory_order_seq_cst);
  if (ReadView* view = current_.exchange(nullptr, std::memory_order_acq_rel)) retire(view);
  reclaim();
  Pool& stores = pool();
  const std::lock_guard lock(stores.mutex);
  stores.idle.push_back(this);
  reclaim_all(stores.idle);
}

void ViewStore::make_room() {
  const std::lock_guard lock(mutex_);
  // One for publish(), one for release().
  if (retired_.capacity() < retired_.size() + 2) retired_.reserve(2 * retired_.size() + 4);
}

void ViewStore::publish(std::unique_ptr<ReadView> view) {
  make_room();
  ReadView* const old = current_.exchange(view.release(), std::memory_order_acq_rel);
  FIRN_SCHEDULE_POINT("view swapped");
  if (old != nullptr) retire(old);
}

void ViewStore::retire(ReadView* view) {
  const uint64_t epoch = epoch_retire();
  const std::lock_guard lock(mutex_);
  retired_.push_back({std::unique_ptr<ReadView>(view), epoch, std::chrono::steady_clock::now()});
  retired_count_.store(retired_.size(), std::memory_order_seq_cst);
}

Snapshot ViewStore::snapshot(const std::atomic<uint64_t>& visible, int64_t now_ms) {
  const uint32_t stripe = thread_stripe();
  for (;;) {
    ReadView* const view = current();
    FIRN_SCHEDULE_POINT("view loaded");
    const Seq seq{visible.load(std::memory_order_acquire)};
    FIRN_SCHEDULE_POINT("sequence loaded");
    if (current() != view) continue;  // a newer memtable may hold commits up to seq
    FIRN_SCHEDULE_POINT("view confirmed");
    view->acquire(stripe);
    return Snapshot(this, view, stripe, seq, now_ms);
  }
}

void ViewStore::give_back(ReadView* view, uint32_t stripe) {
  // After this line the view may be gone; the store never is. Either this thread sees what retire() and release() have stored, or their reclaim() sees that
  // the reference is gone: hence one order of all four (seq_cst).
  view->release(stripe);
  if (retired_count_.load(std::memory_order_seq_cst) != 0 && reclaims_at_give_back_.load(std::memory_order_seq_cst)) [[unlikely]]
    reclaim();
}

void ViewStore::reclaim() {
  if (retired_count() == 0) return;
  std::unique_ptr<Retired[]> free;
  size_t freed_count = 0;
  {
    const std::lock_guard lock(mutex_);
    // The count is trusted only after the epoch (VIEW-2); looked at before, it spares the heavy barrier for views that are in use anyway.
    const auto is_free = [](const Retired& retired) {
      return !retired.view->is_referenced() && epoch_passed(retired.epoch) && !retired.view->is_referenced();
    };
    const auto kept = std::stable_partition(retired_.begin(), retired_.end(), [&](const Retired& retired) { return !is_free(retired); });
    // Where there is no memory to carry them out they go here, with the mutex held: this runs in destructors.
    freed_count = static_cast<size_t>(retired_.end() - kept);
    free.reset(new (std::nothrow) Retired[freed_count]);
    if (free != nullptr) std::move(kept, retired_.end(), free.get());
    retired_.erase(kept, retired_.end());
    retired_count_.store(retired_.size(), std::memory_order_release);
  }
  free.reset();  // unmapping files takes time: outside the mutex
  freed_count_.fetch_add(freed_count, std::memory_order_release);
}

ViewStore::Held ViewStore::held() const {
  std::unordered_set<uint64_t> counted;
  for (const Run& run : current()->version()->runs) {
    for (const TableRef& table : run.tables) counted.insert(table->id);
  }
  Held held;
  const std::lock_guard lock(mutex_);
  held.view_count = retired_.size();
  const auto now = std::chrono::steady_clock::now();
  for (const Retired& retired : retired_) {
    held.oldest_ms = std::max<int64_t>(held.oldest_ms, std::chrono::duration_cast<std::chrono::milliseconds>(now - retired.at).count());
    for (const Run& run : retired.view->version()->runs) {
      for (const TableRef& table : run.tables) {
        if (counted.insert(table->id).second) held.table_bytes += table->file_bytes;
      }
    }
  }
  return held;
}

Snapshot::Snapshot(Snapshot&& other) noexcept
    : store_(other.store_), view_(std::exchange(other.view_, nullptr)), stripe_(other.stripe_), seq_(other.seq_), now_ms_(other.now_ms_) {}

Snapshot& Snapshot::operator=(Snapshot&& other) noexcept {
  std::swap(store_, other.store_);
  std::swap(view_, other.view_);
  std::swap(stripe_, other.stripe_);
  std::swap(seq_, other.seq_);
  std::swap(now_ms_, other.now_ms_);
  return *this;
}

Snapshot::~Snapshot() {
  if (view_ != nullptr) store_->give_back(view_, stripe_);
}

}  // namespace firn
