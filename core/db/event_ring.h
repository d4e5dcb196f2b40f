// EventRing: what happened lately in the background of a database: the last 256 events, numbered. Readers say from which number on they want to see them, so they do not
// disturb one another; what was overwritten shows as a gap.
// Threading: any thread; a mutex inside, a leaf.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "base/status.h"

namespace firn {

enum class EventKind : uint32_t { kFlush = 1, kCompaction = 2, kStall = 3, kError = 4, kResumed = 5 };

struct Event {
  uint64_t number = 0;
  int64_t time_ms = 0;  // Unix time
  EventKind kind = EventKind::kFlush;
  Code code = Code::kOk;
  uint64_t duration_us = 0;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
};

class EventRing {
 public:
  // Gives the event its number.
  void add(Event event) {
    const std::lock_guard lock(mutex_);
    event.number = ++count_;
    ring_[event.number % kKeptCount] = event;
  }
  // Copies events from number `from` on, oldest first, at most `max`; returns how many.
  size_t read(uint64_t from, Event* out, size_t max) const {
    const std::lock_guard lock(mutex_);
    const uint64_t oldest = count_ >= kKeptCount ? count_ - kKeptCount + 1 : 1;
    size_t copied = 0;
    for (uint64_t number = from < oldest ? oldest : from; number <= count_ && copied < max; number++)
      out[copied++] = ring_[number % kKeptCount];
    return copied;
  }
  uint64_t last_number() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  static constexpr uint64_t kKeptCount = 256;

  mutable std::mutex mutex_;
  std::array<Event, kKeptCount> ring_;
  uint64_t count_ = 0;
};

}  // namespace firn
