// ThreadMark: says that the current thread is inside a call. One mark does two things: it pins the read views that the thread may be
// looking at (an epoch, as in epoch-based reclamation), and it names the handle that the call came in with (a guard), so that closing
// the handle can wait for the call. Marking writes one cache line that belongs to the thread alone and, once membarrier(2) is
// registered, needs no fence: the rare side, which reclaims or closes, pays for both.
//
// The protocol. A caller stores its mark, passes the light barrier, then loads what it will use (the view, the handle's word). The
// other side first unlinks (stores another view, another word), passes the heavy barrier, then reads the marks. So a caller whose mark
// it does not see loads after the unlinking, and finds the new view or the closed handle (MARK-1).
//   An epoch E = epoch_retire(), taken after the unlinking, has passed when every slot is idle or was entered at E or later: such a
//   thread loaded the global epoch after it was raised, hence the view after the unlinking. Between loading the epoch and storing it
//   a thread may be overtaken; it then pins more than it must, never less.
// The switch of the light barrier from a fence to nothing (register_membarrier) is argued in thread_mark.cc.
//
// Invariants:
//   MARK-1  mark, light barrier, load  against  unlink, heavy barrier, read marks: one of the two sees the other.
//   MARK-2  a thread has at most one guard: a nested mark names none, or the same, or the first.
//   MARK-3  a thread of the engine has a slot (a caller without one is turned away with kNoMemory).
//   MARK-4  once light barriers are free, the heavy barrier is membarrier, and it works.
//
// Fork: the slots lie in memory that the kernel wipes in a child (MADV_WIPEONFORK), so marks of threads that do not exist there are
// gone, without a handler; which slots are taken lies in ordinary memory, so the forking thread keeps its own. The same memory holds
// the number of the process (process_number), by which handles from before the fork are told apart.
//
// ThreadSanitizer sees neither membarrier nor fences: under it the stores of a mark are sequentially consistent exchanges.
//
// Threading: all functions from any thread. Nothing here is ever freed, so that a mark can be set at any time, also in destructors of
// thread-local objects.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

#if defined(__SANITIZE_THREAD__)
#define FIRN_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIRN_THREAD_SANITIZER 1
#endif
#endif

namespace firn {

// The line of one thread. Only that thread stores into it (and the kernel, which wipes it in a forked child).
struct alignas(64) MarkSlot {
  std::atomic<uint64_t> epoch{0};    // 0: idle, holds no view
  std::atomic<uint64_t> guard{0};    // the handle in use; 0: none
  std::atomic<uint32_t> process{0};  // process_number() as last seen; 0 after a fork
  uint32_t depth = 0;                // nested marks
};
static_assert(sizeof(MarkSlot) == 64);

namespace thread_mark {
// Read on every call, hence initial-exec: no function call, also from a shared library. Set by acquire_slot.
extern constinit thread_local MarkSlot* this_slot __attribute__((tls_model("initial-exec")));
extern constinit thread_local uint32_t this_stripe __attribute__((tls_model("initial-exec")));
extern std::atomic<uint64_t> global_epoch;
extern std::atomic<bool> light_barriers_are_free;

MarkSlot* acquire_slot();  // gives the thread a slot until it ends; nullptr: no memory

inline void store_mark(std::atomic<uint64_t>& word, uint64_t value) {
#if defined(FIRN_THREAD_SANITIZER)
  word.exchange(value, std::memory_order_seq_cst);
#else
  word.store(value, std::memory_order_relaxed);
#endif
}

inline void light_barrier() {
#if !defined(FIRN_THREAD_SANITIZER)
  if (light_barriers_are_free.load(std::memory_order_acquire)) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
#endif
}

inline void enter_epoch(MarkSlot* slot) { store_mark(slot->epoch, global_epoch.load(std::memory_order_acquire)); }
}  // namespace thread_mark

// The slot of this thread; nullptr: no memory for one, the thread cannot be marked.
inline MarkSlot* this_thread_slot() {
  MarkSlot* slot = thread_mark::this_slot;
  return slot != nullptr ? slot : thread_mark::acquire_slot();
}

class ThreadMark {
 public:
  // Marks the thread; `guard` is the handle that the call uses (0: none).
  explicit ThreadMark(uint64_t guard = 0) : ThreadMark(this_thread_slot(), guard) { FIRN_CHECK(slot_ != nullptr, "MARK-3"); }
  // The same for a caller that has the slot in hand. nullptr: marks nothing, and the caller touches nothing.
  ThreadMark(MarkSlot* slot, uint64_t guard) : slot_(slot) {
    if (slot == nullptr) [[unlikely]]
      return;
    if (slot->depth++ == 0) [[likely]] {
      thread_mark::store_mark(slot->guard, guard);
      thread_mark::enter_epoch(slot);
      thread_mark::light_barrier();
    } else {
      nest(guard);
    }
  }
  ~ThreadMark() {
    if (slot_ == nullptr) [[unlikely]]
      return;
    if (slot_->depth <= 1) [[likely]] {  // 0: a fork in the midst of the call has wiped the slot
      slot_->depth = 0;
      slot_->guard.store(0, std::memory_order_release);
      slot_->epoch.store(0, std::memory_order_release);
    } else {
      --slot_->depth;
      if (set_guard_) slot_->guard.store(0, std::memory_order_release);
    }
  }
  ThreadMark(const ThreadMark&) = delete;
  ThreadMark& operator=(const ThreadMark&) = delete;

 private:
  void nest(uint64_t guard);

  MarkSlot* slot_;
  bool set_guard_ = false;  // a nested mark that brought the guard
};

// A wait inside a marked call: for its time the thread holds no view, so that reclamation goes on, and keeps its guard. Every pointer
// that was read under the mark is stale afterwards. Without a mark it does nothing.
class ThreadPark {
 public:
  ThreadPark();
  ~ThreadPark();
  ThreadPark(const ThreadPark&) = delete;
  ThreadPark& operator=(const ThreadPark&) = delete;

 private:
  MarkSlot* slot_ = nullptr;  // nullptr: was not marked
};

// A small number of this thread, for striped counters: threads that live at the same time have different ones (0 is shared by threads
// that no slot could be had for, and is no slot's own).
inline uint32_t thread_stripe() {
  this_thread_slot();
  return thread_mark::this_stripe;
}

// Raises the global epoch and returns the epoch to wait for. Call after the unlinking.
uint64_t epoch_retire();
// Whether no thread still looks at what was unlinked before epoch_retire() returned `epoch`. Costs a heavy barrier; never blocks.
bool epoch_passed(uint64_t epoch);
// Waits until no call that was marked with `guard` goes on. Call after unlinking the handle, from a thread that does not hold the guard.
void wait_for_guard(uint64_t guard);

// Registers the process for membarrier(2): light barriers become free. Takes 10 to 15 ms in a process with threads: call it from a
// background thread. Once a process is enough, more do nothing. Where the kernel has no membarrier, all stays correct with fences.
void register_membarrier();

// The number of this process among its forked ancestors and descendants that share its memory image; never 0 but when memory ran out.
uint32_t process_number();

}  // namespace firn
