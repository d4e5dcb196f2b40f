// Iterator: a position in a sorted sequence of entries with strictly ascending internal keys. Tables, memtables, runs and their merge
// all are iterators. An error makes the iterator invalid and is sticky: seeking again does not clear it, so a damaged block can never
// look like a short sequence.
// Threading: one thread at a time. entry() borrows from the source and is valid until the next call that moves; the bytes that it and copies of it point at
// last as long as the source is pinned (a read view, an overlay).
#pragma once

#include <optional>

#include "base/internal_key.h"
#include "base/status.h"

namespace firn {

class Iterator {
 public:
  virtual ~Iterator() = default;

  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  virtual void seek(const InternalKey& key) = 0;  // the first entry with a key >= `key`
  // The last entry with a key < `key`.
  virtual void seek_below(const InternalKey& key) {
    seek(key);
    if (valid_)
      prev();
    else if (status_.ok())
      seek_to_last();
  }
  virtual void next() = 0;  // needs valid()
  virtual void prev() = 0;  // needs valid()
  // Moves on, `max` times at most, and copies the entry of every place that it comes to. Needs valid(). Fewer than `max` copies: then it is valid no more.
  virtual size_t advance(Entry* copies, size_t max) {
    size_t count = 0;
    for (; count < max; count++) {
      next();
      if (!valid_) break;
      copies[count] = *entry_;
    }
    return count;
  }

  // The same, but no further than the first entry with a key >= `bound`: that one is not copied, and is where it stands then. Room for copies that are not counted
  // may be written to.
  virtual size_t advance_below(const InternalKey& bound, Entry* copies, size_t max) {
    size_t count = 0;
    for (; count < max; count++) {
      next();
      if (!valid_ || entry_->key.compare(bound) >= 0) break;
      copies[count] = *entry_;
    }
    return count;
  }

  // seek(key) in two parts: who seeks in several iterators begins all of them before it ends the first, so that their cache misses overlap. Between the two
  // nothing else may be called. `hash`: hash_key(seed of the database, key), if it is known; a table may find a key that it has by it.
  virtual void begin_seek(const InternalKey& key, std::optional<uint64_t> /*hash*/) { seek(key); }
  virtual void end_seek() {}

  bool valid() const { return valid_; }
  const Entry& entry() const { return *entry_; }  // needs valid()
  const Status& status() const { return status_; }

 protected:
  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
    valid_ = false;
  }

  const Entry* entry_ = nullptr;  // while valid_
  bool valid_ = false;
  Status status_;
};

}  // namespace firn
