#include "handle.h"

#include <time.h>

#include <new>
#include <utility>

namespace firn {

constinit std::atomic<HandleSlot*> handle_table::chunks[handle_table::kChunkCount] = {};

namespace {

using handle_table::kBusyBit;
using handle_table::kIndexBits;
using handle_table::kSlotsPerChunk;
using handle_table::made_here;
using handle_table::slot_of;
using handle_table::type_bits;
using handle_table::type_bits_of;

constexpr uint32_t kSlotCountMax = 1u << kIndexBits;
constexpr uint32_t kGenerationMax = UINT32_MAX;

constexpr uint64_t make_word(uint64_t type, uint32_t generation, uint32_t index) {
  return type | uint64_t{generation} << kIndexBits | index;
}
constexpr uint32_t generation_of(uint64_t word) { return static_cast<uint32_t>(word >> kIndexBits); }

// Free slots, in stripes by thread, so that pins of different threads do not meet. A slot always returns to the stripe that it was
// made in: otherwise a thread that only pins, beside one that only unpins, would make slots for ever.
constexpr uint32_t kStripeCount = 16;
constexpr uint32_t kRunSlots = 16;  // slots that a stripe takes at a time

struct alignas(64) FreeStripe {
  std::atomic<uint64_t> head{0};  // {tag: 32 bits, 1 + index: 32 bits}; the tag changes with every store, against ABA
};
constinit FreeStripe stripes[kStripeCount] = {};
constinit std::atomic<uint32_t> made_count{0};  // slots that stripes took

// A slot that was made: unlike slot_of, never nullptr.
HandleSlot* made_slot(uint32_t index) {
  return &handle_table::chunks[index / kSlotsPerChunk].load(std::memory_order_acquire)[index % kSlotsPerChunk];
}

constexpr uint64_t next_head(uint64_t head, uint32_t link) { return ((head >> 32) + 1) << 32 | link; }

void push(HandleSlot* slot) {
  FreeStripe& stripe = stripes[slot->stripe];
  uint64_t head = stripe.head.load(std::memory_order_relaxed);
  do {
    slot->next_free.store(static_cast<uint32_t>(head), std::memory_order_relaxed);
  } while (
      !stripe.head.compare_exchange_weak(head, next_head(head, slot->index + 1), std::memory_order_acq_rel, std::memory_order_relaxed));
}

HandleSlot* pop(FreeStripe& stripe) {
  uint64_t head = stripe.head.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(head) != 0) {
    HandleSlot* slot = made_slot(static_cast<uint32_t>(head) - 1);
    const uint32_t next = slot->next_free.load(std::memory_order_relaxed);
    if (stripe.head.compare_exchange_weak(head, next_head(head, next), std::memory_order_acq_rel, std::memory_order_acquire)) {
      return slot;
    }
  }
  return nullptr;
}

bool ensure_chunk(uint32_t chunk_index) {
  std::atomic<HandleSlot*>& entry = handle_table::chunks[chunk_index];
  if (entry.load(std::memory_order_acquire) != nullptr) return true;
  auto* fresh = new (std::nothrow) HandleSlot[kSlotsPerChunk];
  if (fresh == nullptr) return false;
  for (uint32_t i = 0; i < kSlotsPerChunk; ++i) {
    fresh[i].index = chunk_index * kSlotsPerChunk + i;
    fresh[i].word.store(make_word(0, 0, fresh[i].index), std::memory_order_relaxed);
  }
  HandleSlot* present = nullptr;
  if (!entry.compare_exchange_strong(present, fresh, std::memory_order_acq_rel)) delete[] fresh;
  return true;
}

// Takes a run of new slots for a stripe; one of them is the caller's.
HandleSlot* make_slots(uint32_t stripe) {
  uint32_t first = made_count.load(std::memory_order_relaxed);
  do {
    if (first >= kSlotCountMax || !ensure_chunk(first / kSlotsPerChunk)) return nullptr;
  } while (!made_count.compare_exchange_weak(first, first + kRunSlots, std::memory_order_relaxed));
  for (uint32_t i = 0; i < kRunSlots; ++i) {
    HandleSlot* slot = made_slot(first + i);
    slot->stripe = stripe;
    if (i != 0) push(slot);
  }
  return made_slot(first);
}

// The slot that this thread gave back last and takes next, without an atomic operation: most handles live shortly. It goes to its stripe when the
// thread ends; what comes later in the thread's end goes there at once.
enum class SpareState : uint8_t { kNew, kKept, kEnded };
constinit thread_local HandleSlot* spare __attribute__((tls_model("initial-exec"))) = nullptr;
constinit thread_local SpareState spare_state __attribute__((tls_model("initial-exec"))) = SpareState::kNew;

struct SpareKeeper {
  SpareKeeper() { spare_state = SpareState::kKept; }
  ~SpareKeeper() {
    spare_state = SpareState::kEnded;
    if (spare != nullptr) push(std::exchange(spare, nullptr));
  }
};

bool keep_spare(HandleSlot* slot) {
  if (spare != nullptr || spare_state == SpareState::kEnded) return false;
  if (spare_state == SpareState::kNew) [[unlikely]] {
    thread_local const SpareKeeper keeper;
    (void)keeper;
  }
  spare = slot;
  return true;
}

void pause_shortly(int* round) {
  constexpr int kSpinCount = 500;
  if (++*round < kSpinCount) return;
  const timespec time{0, 50'000};
  nanosleep(&time, nullptr);
}

// The slot of a handle that may be alive in this process, or why there is none.
Code find_slot(uint64_t number, HandleType type, HandleSlot** slot) {
  *slot = slot_of(number);
  if (type_bits_of(number) != type_bits(type) || *slot == nullptr) return Code::kMisuse;
  MarkSlot* mark = this_thread_slot();
  if (mark == nullptr) return Code::kNoMemory;
  const uint64_t word = (*slot)->word.load(std::memory_order_acquire);
  if ((word & ~kBusyBit) != number || !made_here(**slot, mark)) return handle_table::refusal(number, type);
  return Code::kOk;
}

}  // namespace

Code handle_table::refusal(uint64_t number, HandleType type) {
  const HandleSlot* slot = slot_of(number);
  if (type_bits_of(number) != type_bits(type) || slot == nullptr) return Code::kMisuse;
  const uint64_t word = slot->word.load(std::memory_order_acquire);
  if ((word & ~kBusyBit) == number) return Code::kForked;
  const uint32_t generation = generation_of(number);
  const uint32_t present = generation_of(word);
  const bool issued_before = generation != 0 && (generation < present || (generation == present && type_bits_of(word) == 0));
  return issued_before ? Code::kClosed : Code::kMisuse;
}

HandleSlot* reserve_handle() {
  if (spare != nullptr) [[likely]]
    return std::exchange(spare, nullptr);
  const uint32_t own = thread_stripe() % kStripeCount;
  if (HandleSlot* slot = pop(stripes[own])) return slot;
  if (HandleSlot* slot = make_slots(own)) return slot;
  for (FreeStripe& stripe : stripes) {
    if (HandleSlot* slot = pop(stripe)) return slot;
  }
  return nullptr;
}

void unreserve_handle(HandleSlot* slot) {
  if (generation_of(slot->word.load(std::memory_order_relaxed)) == kGenerationMax) return;
  if (slot->stripe != thread_stripe() % kStripeCount || !keep_spare(slot)) push(slot);
}

void* publish_handle(HandleSlot* slot, HandleType type) {
  const uint32_t generation = generation_of(slot->word.load(std::memory_order_relaxed)) + 1;
  const uint64_t word = make_word(type_bits(type), generation, slot->index);
  slot->process.store(process_number(), std::memory_order_relaxed);
  slot->word.store(word, std::memory_order_release);
  return reinterpret_cast<void*>(word);
}

Code refuse_shared(const void* handle, HandleType type, HandleSlot** slot) {
  uint64_t number = handle_number(handle);
  const Code code = find_slot(number, type, slot);
  if (code != Code::kOk) return code;
  const uint64_t closed = make_word(0, generation_of(number), (*slot)->index);
  return (*slot)->word.compare_exchange_strong(number, closed, std::memory_order_seq_cst) ? Code::kOk : Code::kClosed;
}

void wait_for_users(const void* handle) { wait_for_guard(handle_number(handle)); }

Code close_exclusive(const void* handle, HandleType type, HandleSlot** slot) {
  const uint64_t number = handle_number(handle);
  const Code code = find_slot(number, type, slot);
  if (code != Code::kOk) return code;
  const uint64_t closed = make_word(0, generation_of(number), (*slot)->index);
  for (int round = 0;; pause_shortly(&round)) {
    uint64_t word = number;
    if ((*slot)->word.compare_exchange_strong(word, closed, std::memory_order_acquire)) return Code::kOk;
    if ((word & ~kBusyBit) != number) return Code::kClosed;
  }
}

ExclusiveUse::ExclusiveUse(const void* handle, HandleType type, WhenBusy when_busy) : number_(handle_number(handle)) {
  HandleSlot* slot = nullptr;
  code_ = find_slot(number_, type, &slot);
  if (code_ != Code::kOk) return;
  for (int round = 0;; pause_shortly(&round)) {
    uint64_t word = number_;
    if (slot->word.compare_exchange_strong(word, number_ | kBusyBit, std::memory_order_acquire)) break;
    if ((word & ~kBusyBit) != number_) {
      code_ = Code::kClosed;
      return;
    }
    if (when_busy == WhenBusy::kRefuse) {
      code_ = Code::kMisuse;
      return;
    }
  }
  slot_ = slot;
}

}  // namespace firn
