// Iterator: a position in a sorted sequence of entries with strictly ascending internal keys. Tables, memtables, runs and their merge
// all are iterators. An error makes the iterator invalid and is sticky: seeking again does not clear it, so a damaged block can never
// look like a short sequence.
// Threading: one thread at a time. entry() borrows from the source and is valid until the next call that moves.
#pragma once

#include "base/internal_key.h"
#include "base/status.h"

namespace firn {

class Iterator {
 public:
  virtual ~Iterator() = default;

  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  virtual void seek(const InternalKey& key) = 0;  // the first entry with a key >= `key`
  virtual void next() = 0;                        // needs valid()
  virtual void prev() = 0;                        // needs valid()

  bool valid() const { return valid_; }
  const Entry& entry() const { return entry_; }  // needs valid()
  const Status& status() const { return status_; }

 protected:
  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
    valid_ = false;
  }

  Entry entry_;
  bool valid_ = false;
  Status status_;
};

}  // namespace firn
