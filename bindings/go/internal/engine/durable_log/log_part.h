// LogPart: a segment of a durable log with the index of its records: one u32 a record, where the block that holds it lies.
//
//   PART-1  A slot is stored before `count` covers it (release); a reader who sees the count (acquire) sees slot and record. `settled` follows in steps,
//           in a line of its own, so that readers of all but the newest records do not touch the line that the appender writes.
//   PART-2  A found part is opened, verified and indexed as a whole on first touch; a part that is written to is indexed as it grows.
//
// Threading: add() is the appender's, add_found() that of who opens or refreshes a log. The rest any thread.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>

#include "durable_log/log_entry_block.h"
#include "env/anonymous_memory.h"
#include "log/segment.h"

namespace firn {

class LogPart {
 public:
  // A segment that is going to be written to.
  static Result<std::shared_ptr<LogPart>> create(std::shared_ptr<Segment> segment, uint64_t first);
  // A sealed one that was found; opened when it is touched. It has to hold exactly the indexes [first, end).
  static std::shared_ptr<LogPart> found(std::shared_ptr<Directory> directory, uint64_t log_id, SegmentIo io, uint64_t id, uint64_t first,
                                        uint64_t end);

  uint64_t id() const { return id_; }
  uint64_t first() const { return first_; }
  uint64_t count() const { return count_.load(std::memory_order_acquire); }
  // At most count(). Records below were visible when settle() was called, or were found: then they were acknowledged, and are about to be.
  uint64_t settled_count() const { return settled_count_.load(std::memory_order_acquire); }
  // The appender's, when all that was added is visible. `now`: not only in steps.
  void settle(bool now) {
    const uint64_t count = count_.load(std::memory_order_relaxed);
    if (now || count - settled_count_.load(std::memory_order_relaxed) >= kSettleStepCount)
      settled_count_.store(count, std::memory_order_release);
  }
  // nullptr: not opened yet.
  const std::shared_ptr<Segment>& segment() const { return segment_; }

  bool has_room(size_t count) const { return count_.load(std::memory_order_relaxed) + count <= slot_count_; }
  // The next `count` records lie in the block whose payload is at this offset. Needs has_room().
  void add(uint64_t payload_offset, uint32_t count) {
    const uint64_t from = count_.load(std::memory_order_relaxed);
    std::fill_n(slots() + from, count, static_cast<uint32_t>(payload_offset / kRecordAlignment));
    count_.store(from + count, std::memory_order_release);
  }
  // The block found there goes on where the part ends; kCorrupt when it is not one, or does not.
  Status add_found(uint64_t payload_offset, Slice payload);

  // What was found is present and verified. kCorrupt, kIo, kNoMemory, kNotFound (the file is gone: trimmed meanwhile).
  Status ensure() const {
    if (is_ready_.load(std::memory_order_acquire)) [[likely]]
      return {};
    return open();
  }
  // Needs ensure(), and first <= index < first + count.
  BlockView block_of(uint64_t index) const { return BlockView(segment_->image() + uint64_t{slots()[index - first_]} * kRecordAlignment); }

 private:
  static constexpr uint64_t kSettleStepCount = 1024;

  LogPart(uint64_t id, uint64_t first) : id_(id), first_(first) {}
  Status make_slots(uint64_t capacity) const;
  Status open() const;
  Status fill() const;
  uint32_t* slots() const { return reinterpret_cast<uint32_t*>(memory_.data()); }

  const uint64_t id_;
  const uint64_t first_;
  // Of a found part.
  std::shared_ptr<Directory> directory_;
  uint64_t log_id_ = 0;
  SegmentIo io_ = SegmentIo::kMmap;
  uint64_t end_ = 0;
  mutable std::mutex mutex_;  // opening
  mutable std::atomic<bool> is_ready_{false};

  mutable std::shared_ptr<Segment> segment_;
  mutable AnonymousMemory memory_;
  mutable uint64_t slot_count_ = 0;
  alignas(64) std::atomic<uint64_t> settled_count_{0};
  alignas(64) std::atomic<uint64_t> count_{0};
};

}  // namespace firn
