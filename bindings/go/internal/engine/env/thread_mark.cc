#include "env/thread_mark.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace firn {
namespace thread_mark {

constinit thread_local MarkSlot* this_slot __attribute__((tls_model("initial-exec"))) = nullptr;
constinit thread_local uint32_t this_stripe __attribute__((tls_model("initial-exec"))) = 0;
alignas(64) constinit std::atomic<uint64_t> global_epoch{1};
alignas(64) constinit std::atomic<bool> light_barriers_are_free{false};

}  // namespace thread_mark

namespace {

constexpr uint32_t kSlotsPerChunk = 256;
constexpr uint32_t kChunkCountMax = 4096;  // a million threads at a time

// Which thread has a slot: in ordinary memory, so that a fork leaves the slots of vanished threads taken (a line each is lost in the
// child) instead of giving the forking thread's slot to a second thread.
struct SlotOwner {
  MarkSlot* slot = nullptr;
  std::atomic<bool> taken{false};
};

struct SlotChunk {
  MarkSlot* slots = nullptr;  // wiped on fork
  SlotOwner owners[kSlotsPerChunk];
};

// Slot 0 belongs to no thread: its `process` is the number of the process.
constinit std::atomic<SlotChunk*> chunks[kChunkCountMax] = {};
constinit std::atomic<uint32_t> slot_count{1};  // slots that were ever given out, and slot 0
constinit std::atomic<uint32_t> last_process_number{0};

// Only where the kernel cannot wipe on fork.
void wipe_in_child() {
  for (auto& entry : chunks) {
    SlotChunk* chunk = entry.load(std::memory_order_relaxed);
    if (chunk == nullptr) return;
    for (uint32_t i = 0; i < kSlotsPerChunk; ++i) new (&chunk->slots[i]) MarkSlot();
  }
}

MarkSlot* map_slots() {
  constexpr size_t kBytes = kSlotsPerChunk * sizeof(MarkSlot);
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  if (madvise(memory, kBytes, MADV_WIPEONFORK) != 0) {
    static const int registered = pthread_atfork(nullptr, nullptr, wipe_in_child);
    if (registered != 0) {
      munmap(memory, kBytes);
      return nullptr;
    }
  }
  return static_cast<MarkSlot*>(memory);  // zero bytes are idle slots
}

SlotChunk* chunk_at(uint32_t index) {
  SlotChunk* chunk = chunks[index].load(std::memory_order_acquire);
  if (chunk != nullptr) return chunk;
  auto* fresh = new (std::nothrow) SlotChunk;
  if (fresh == nullptr) return nullptr;
  fresh->slots = map_slots();
  if (fresh->slots == nullptr) {
    delete fresh;
    return nullptr;
  }
  for (uint32_t i = 0; i < kSlotsPerChunk; ++i) fresh->owners[i].slot = &fresh->slots[i];
  if (chunks[index].compare_exchange_strong(chunk, fresh, std::memory_order_acq_rel)) return fresh;
  munmap(fresh->slots, kSlotsPerChunk * sizeof(MarkSlot));  // another thread was faster
  delete fresh;
  return chunk;
}

void release_slot(void* owner) {
  thread_mark::this_slot = nullptr;
  thread_mark::this_stripe = 0;
  static_cast<SlotOwner*>(owner)->taken.store(false, std::memory_order_release);
}

// A pthread key rather than a thread_local with a destructor: its destructor runs after those, and again when one of them (of a
// binding's runtime, say) still called into Firn. Without a key slots are not reused.
void release_at_exit(SlotOwner* owner) {
  struct Key {
    pthread_key_t key{};
    bool ok = pthread_key_create(&key, release_slot) == 0;
  };
  static const Key key;
  if (key.ok) pthread_setspecific(key.key, owner);
}

template <typename Function>
void for_each_slot(Function&& function) {
  const uint32_t count = slot_count.load(std::memory_order_seq_cst);
  for (uint32_t i = 1; i < count; ++i) {
    function(chunks[i / kSlotsPerChunk].load(std::memory_order_acquire)->slots[i % kSlotsPerChunk]);
  }
}

#if !defined(FIRN_THREAD_SANITIZER)
long membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }
constinit std::atomic<bool> heavy_uses_membarrier{false};
#endif

// The switch. register_membarrier stores heavy = true, passes a fence, stores light = true (release). Four cases of a caller R, which
// loads light, and a reclaimer W, which unlinks, passes a fence, loads heavy:
//   R fences:               W fences or calls membarrier, which is a fence for R too: MARK-1 by two fences.
//   R is free, W membarrier: MARK-1 by the contract of membarrier, since the process was registered before light became true.
//   R is free, W only fenced: W loaded heavy == false, so W's fence comes before the registering thread's fence in the single order;
//     R loaded light == true, which happens after that fence; so R's loads see what W unlinked, whatever W sees of R's mark.
void heavy_barrier() {
#if defined(FIRN_THREAD_SANITIZER)
  static std::atomic<uint64_t> barrier;
  barrier.fetch_add(1, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!heavy_uses_membarrier.load(std::memory_order_seq_cst)) return;
  if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return;
  // A forked child on a kernel that does not pass the registration on.
  FIRN_CHECK(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0, "MARK-4");
  FIRN_CHECK(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0, "MARK-4");
#endif
}

// First a few loads, then sleeps that double up to a millisecond: a call that goes on may take as long as a compaction.
class Backoff {
 public:
  void pause() {
    if (++round_ < kSpinCount) return;
    const timespec time{0, sleep_ns_};
    nanosleep(&time, nullptr);
    sleep_ns_ = std::min(sleep_ns_ * 2, kSleepNsMax);
  }

 private:
  static constexpr int kSpinCount = 500;
  static constexpr long kSleepNsMax = 1'000'000;
  int round_ = 0;
  long sleep_ns_ = 20'000;
};

}  // namespace

MarkSlot* thread_mark::acquire_slot() {
  const uint32_t process = process_number();
  if (process == 0) return nullptr;
  for (uint32_t i = 1; i < kSlotsPerChunk * kChunkCountMax; ++i) {
    SlotChunk* chunk = chunk_at(i / kSlotsPerChunk);
    if (chunk == nullptr) return nullptr;
    SlotOwner& owner = chunk->owners[i % kSlotsPerChunk];
    if (owner.taken.load(std::memory_order_relaxed) || owner.taken.exchange(true, std::memory_order_acquire)) continue;
    uint32_t count = slot_count.load(std::memory_order_relaxed);
    while (count <= i && !slot_count.compare_exchange_weak(count, i + 1, std::memory_order_seq_cst)) {
    }
    owner.slot->process.store(process, std::memory_order_relaxed);
    this_stripe = i;
    this_slot = owner.slot;
    release_at_exit(&owner);
    return this_slot;
  }
  return nullptr;
}

void ThreadMark::nest(uint64_t guard) {
  if (guard == 0) return;
  const uint64_t present = slot_->guard.load(std::memory_order_relaxed);
  if (present == guard) return;
  FIRN_CHECK(present == 0, "MARK-2");
  set_guard_ = true;
  thread_mark::store_mark(slot_->guard, guard);
  thread_mark::light_barrier();
}

ThreadPark::ThreadPark() {
  MarkSlot* slot = thread_mark::this_slot;
  if (slot == nullptr || slot->epoch.load(std::memory_order_relaxed) == 0) return;
  slot_ = slot;
  slot_->epoch.store(0, std::memory_order_release);
}

ThreadPark::~ThreadPark() {
  if (slot_ == nullptr) return;
  thread_mark::enter_epoch(slot_);
  thread_mark::light_barrier();
}

uint64_t epoch_retire() { return thread_mark::global_epoch.fetch_add(1, std::memory_order_seq_cst) + 1; }

bool epoch_passed(uint64_t epoch) {
  heavy_barrier();
  bool passed = true;
  for_each_slot([&](const MarkSlot& slot) {
    const uint64_t entered = slot.epoch.load(std::memory_order_seq_cst);
    passed = passed && (entered == 0 || entered >= epoch);
  });
  return passed;
}

void wait_for_guard(uint64_t guard) {
  heavy_barrier();
  for_each_slot([&](const MarkSlot& slot) {
    Backoff backoff;
    while (slot.guard.load(std::memory_order_seq_cst) == guard) backoff.pause();
  });
}

void register_membarrier() {
#if !defined(FIRN_THREAD_SANITIZER)
  if (thread_mark::light_barriers_are_free.load(std::memory_order_acquire)) return;
  if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0) return;
  heavy_uses_membarrier.store(true, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  thread_mark::light_barriers_are_free.store(true, std::memory_order_release);
#endif
}

uint32_t process_number() {
  SlotChunk* chunk = chunk_at(0);
  if (chunk == nullptr) return 0;
  std::atomic<uint32_t>& word = chunk->slots[0].process;
  uint32_t present = word.load(std::memory_order_acquire);
  if (present != 0) return present;
  // Fresh, or wiped by a fork. The counter moves first, so that a child of this process can never take the same number.
  const uint32_t number = last_process_number.fetch_add(1, std::memory_order_acq_rel) + 1;
  return word.compare_exchange_strong(present, number, std::memory_order_acq_rel) ? number : present;
}

}  // namespace firn
