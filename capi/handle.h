// Handles: numbers in a pointer's clothing, {type: 8 bits, generation: 32, slot: 24}, looked up in a table that is never unmapped and
// never dereferenced as they come. The top bit is set, so a handle is neither 0 nor the address of anything.
//
// A slot's word is the handle that is alive in it; while nobody's, the last generation with type 0. So one comparison tells a live
// handle of the right type from anything else. Creating stores the word last; closing is one compare-exchange of it, so exactly one
// closer wins; the generation grows with every creation, and a slot whose generations are used up is retired.
//
// Two ways to use a handle:
//   shared (db, log):                         the caller's thread is marked with the handle (thread_mark.h), then the word is compared; the
//                                        closer takes the word away, then waits for marks.
//   exclusive (iter, txn, options, pins, backups): the caller puts the busy bit into the word for the call's time; the closer waits for the bit to go.
//
// Fork: a slot remembers the process that made the handle. In a child the number of the process is another one (it lies in memory that the
// kernel wipes), so that older handles answer kForked and release nothing.
//
// Invariants:
//   HANDLE-1  the body of a slot is used only by the creator before publishing, by callers that hold the handle, by the one closer.
//   HANDLE-2  a handle is never issued twice.
// Threading: any thread. No locks, so that a fork in the midst of anything leaves no lock held; it may lose a free slot.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "base/status.h"
#include "env/thread_mark.h"

namespace firn {

enum class HandleType : uint8_t { kDb = 1, kOptions = 2, kIter = 3, kTxn = 4, kPin = 5, kTxnPin = 6, kLog = 7, kLogPin = 8, kBackup = 9 };

inline constexpr size_t kHandleBodyBytes = 40;

struct alignas(64) HandleSlot {
  std::atomic<uint64_t> word{0};
  std::atomic<uint32_t> process{0};    // that made the handle
  std::atomic<uint32_t> next_free{0};  // 1 + index in the table; 0: none
  uint32_t index = 0;                  // in the table
  uint32_t stripe = 0;                 // of free slots that it belongs to
  alignas(8) unsigned char body[kHandleBodyBytes];

  template <typename Body>
  Body* body_as() {
    static_assert(sizeof(Body) <= kHandleBodyBytes);
    static_assert(alignof(Body) <= 8);
    return reinterpret_cast<Body*>(body);
  }
};
static_assert(sizeof(HandleSlot) == 64);

namespace handle_table {
inline constexpr uint32_t kIndexBits = 24;
inline constexpr uint32_t kSlotsPerChunk = 1024;
inline constexpr uint32_t kChunkCount = (1u << kIndexBits) / kSlotsPerChunk;
inline constexpr uint64_t kBusyBit = uint64_t{0x40} << 56;

extern std::atomic<HandleSlot*> chunks[kChunkCount];

constexpr uint64_t type_bits(HandleType type) { return (uint64_t{0x80} | static_cast<uint64_t>(type)) << 56; }
constexpr uint64_t type_bits_of(uint64_t handle) { return handle & (uint64_t{0xff} << 56); }

// nullptr: there never was such a slot.
inline HandleSlot* slot_of(uint64_t handle) {
  const auto index = static_cast<uint32_t>(handle & ((1u << kIndexBits) - 1));
  HandleSlot* chunk = chunks[index / kSlotsPerChunk].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : &chunk[index % kSlotsPerChunk];
}

// Why a handle whose word did not match, or whose process differed, is refused.
Code refusal(uint64_t handle, HandleType type);
// Whether the slot was made in this process; sees to a thread that was forked.
bool made_here(const HandleSlot& slot, MarkSlot* mark);
}  // namespace handle_table

inline uint64_t handle_number(const void* handle) { return reinterpret_cast<uint64_t>(handle); }

// ---- Creating and closing

// A slot that is nobody's yet: construct the body, then publish_handle, or give it back. nullptr: no memory, or 2^24 handles are open.
HandleSlot* reserve_handle();
void unreserve_handle(HandleSlot* slot);
void* publish_handle(HandleSlot* slot, HandleType type);

// The same, given back on every way out on which it was not published.
class ReservedHandle {
 public:
  ReservedHandle() : slot_(reserve_handle()) {}

  bool ok() const { return slot_ != nullptr; }
  // The body is made of what is given; needs ok().
  template <typename Body, typename... Parts>
  void* publish(HandleType type, Parts&&... parts) {
    new (slot_->body) Body{std::forward<Parts>(parts)...};
    return publish_handle(slot_.release(), type);
  }

 private:
  struct GiveBack {
    void operator()(HandleSlot* slot) const { unreserve_handle(slot); }
  };
  std::unique_ptr<HandleSlot, GiveBack> slot_;
};

// Takes the handle away from all others. kOk: the caller is the one closer, owns the body, and calls unreserve_handle when it has destroyed it. Calls on a shared handle
// may still go on: what they wait for is to be ended, and then they are waited for, before the body is destroyed.
Code refuse_shared(const void* handle, HandleType type, HandleSlot** slot);
void wait_for_users(const void* handle);
Code close_exclusive(const void* handle, HandleType type, HandleSlot** slot);

// ---- Using

// A call on a shared handle: marks the thread for its lifetime.
class SharedUse {
 public:
  SharedUse(const void* handle, HandleType type) : SharedUse(handle, type, this_thread_slot()) {}
  Code code() const { return code_; }
  HandleSlot* slot() const { return slot_; }  // needs code() == kOk

 private:
  SharedUse(const void* handle, HandleType type, MarkSlot* mark) : mark_(mark, handle_number(handle)) {
    if (mark == nullptr) [[unlikely]] {
      code_ = Code::kNoMemory;
      return;
    }
    const uint64_t number = handle_number(handle);
    HandleSlot* slot = handle_table::slot_of(number);
    if (handle_table::type_bits_of(number) == handle_table::type_bits(type) && slot != nullptr &&
        slot->word.load(std::memory_order_acquire) == number && handle_table::made_here(*slot, mark)) [[likely]] {
      slot_ = slot;
    } else {
      code_ = handle_table::refusal(number, type);
    }
  }

  ThreadMark mark_;
  HandleSlot* slot_ = nullptr;
  Code code_ = Code::kOk;
};

enum class WhenBusy { kRefuse, kWait };

// A call on an exclusive handle. Overlap with another call is kMisuse, or waited for.
class ExclusiveUse {
 public:
  ExclusiveUse(const void* handle, HandleType type, WhenBusy when_busy);
  ~ExclusiveUse() {
    if (slot_ != nullptr) slot_->word.store(number_, std::memory_order_release);
  }
  ExclusiveUse(const ExclusiveUse&) = delete;
  ExclusiveUse& operator=(const ExclusiveUse&) = delete;

  Code code() const { return code_; }
  HandleSlot* slot() const { return slot_; }  // needs code() == kOk

 private:
  uint64_t number_;
  HandleSlot* slot_ = nullptr;
  Code code_ = Code::kOk;
};

inline bool handle_table::made_here(const HandleSlot& slot, MarkSlot* mark) {
  const uint32_t made = slot.process.load(std::memory_order_relaxed);
  if (made == mark->process.load(std::memory_order_relaxed)) [[likely]]
    return true;
  const uint32_t present = process_number();
  mark->process.store(present, std::memory_order_relaxed);
  return made == present;
}

}  // namespace firn
