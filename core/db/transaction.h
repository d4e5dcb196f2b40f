// Transaction: a snapshot, what was read of it, and writes that nobody else sees yet. DbImpl::commit turns it into a commit. firn.h says what users are promised.
//
//   TXN-1  Every answer that came from the snapshot is in the read set before it is given; answers from own writes are not.
//   TXN-2  The snapshot and the own writes that were shown (to a scan, to a pin) stay until the transaction is destroyed. Scans and pins share in it.
//
// Threading: one thread at a time, marked; the destructor any thread, also after the database is closed.
#pragma once

#include <memory>

#include "db/db_core.h"
#include "db/lookup.h"
#include "db/read_set.h"
#include "db/write_set.h"

namespace firn {

class Transaction {
 public:
  Transaction(DbCore& core, Snapshot snapshot, const TransactionFlags& flags);

  const Snapshot& snapshot() const { return snapshot_; }
  bool is_read_only() const { return work_ == nullptr; }
  bool is_serializable() const { return is_serializable_; }
  // Committed, or refused for good: no call any more.
  bool is_over() const { return is_over_; }
  void end() { is_over_ = true; }

  // The live entry of a key; an own write has sequence number 0. It is valid until the next write. kNotFound, kInvalid (namespace), kCorrupt ...
  Status find(uint32_t ns, Slice key, Entry* entry);
  Status multi_get(Lookup* lookups, size_t count);
  // The same for good: values are valid as long as the transaction is not destroyed.
  Status pin(uint32_t ns, Slice key, Entry* entry);
  Status multi_pin(Lookup* lookups, size_t count);

  // kReadOnly, kInvalid (namespace), kTooLarge.
  Status set(const Operation& write);
  Result<int64_t> add(uint32_t ns, Slice key, int64_t delta);
  // All of them or nothing. Besides: kTypeMismatch, kOverflow, kConflict (an expectation that does not hold).
  Status apply(const Command* commands, size_t count);
  uint64_t deleted_count() const { return deleted_count_; }  // keys that ranges have deleted so far

  // The live entries of a namespace, own writes in [lower, upper) included; `overlay` are these (nullptr: none). What is read through it is to be noted
  // in ScanReads. kInvalid: unknown namespace.
  Result<std::unique_ptr<Iterator>> new_iterator(uint32_t ns, Slice lower, const std::optional<Slice>& upper,
                                                 std::shared_ptr<const Overlay>* overlay);
  Result<Prefix> prefix_of(uint32_t ns) const;

  // For the commit, and for ScanReads. Not of a read-only one.
  ReadSet& reads() { return work_->reads; }
  const ReadSet& reads() const { return work_->reads; }
  const WriteSet& writes() const { return work_->writes; }
  uint64_t hash(const InternalKey& key) const;
  int64_t time_ms() const { return now_ms_; }  // by which expiries are judged; 0: none was met yet, and nothing was scanned
  // Where the log stood when the transaction began: all that was committed since lies behind `offset` of the snapshot's active memtable, or in newer ones.
  // 0: not known.
  uint64_t log_offset() const { return log_offset_; }

 private:
  Status find_uncounted(uint32_t ns, Slice key, Entry* entry);
  struct Work {
    ReadSet reads;
    WriteSet writes;
  };
  int64_t now_ms();
  bool is_live(const Entry& entry) { return entry.kind == EntryKind::kPut || entry.is_live(now_ms()); }
  Status show_own(const WriteSet::Write& write, Slice key, Entry* entry);
  Status apply_one(const Command& command);
  Status expect_version(const Command& command);  // kConflict: not so
  Status delete_range(const Command& command);

  DbCore& core_;
  Snapshot snapshot_;
  bool is_serializable_;
  bool is_over_ = false;
  uint64_t deleted_count_ = 0;
  int64_t now_ms_ = 0;  // as time_ms()
  uint64_t log_offset_ = 0;
  std::unique_ptr<Work> work_;  // nullptr: read-only
};

// ScanReads: notes what a scan of a transaction returns.
class ScanReads {
 public:
  // `is_filtered`: the scan does not return all keys that it passes over.
  ScanReads(Transaction& transaction, uint32_t ns, Prefix prefix, std::shared_ptr<const Overlay> overlay, bool is_filtered);

  // The scan begins anew: forward from `lower`, or backward from below `upper` (nothing: from the end).
  void start_forward(Slice lower);
  void start_backward(std::optional<std::string> upper);
  void returned(const Entry& entry);                                 // each of them, in order
  void settle();                                                     // after the last one of a call
  void ended(Slice lower, const std::optional<std::string>& upper);  // all that is left of [lower, upper) is empty

 private:
  RangeRead* range();

  Transaction& transaction_;
  const bool is_filtered_;
  RangeRead next_;  // what the next range begins as
  bool is_backward_ = false;
  RangeRead* range_ = nullptr;  // nullptr: nothing was returned since the start
  Slice last_;                  // the last key that was returned in this call
};

}  // namespace firn
