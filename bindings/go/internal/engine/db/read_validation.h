// ReadValidation: whether what a transaction read is still so. It is asked for one state of the database after the other: outside the commit door first, for
// all that was committed since the transaction began; inside for the rest, which is short by then.
//
// Two ways lead to the same answer: comparing the snapshot with the present state, key by key, or walking over the log and looking at what it touched. The
// walk needs the memtables since the last state to be in the view; the comparison needs nothing.
//
// Threading: one thread at a time, marked.
#pragma once

#include "db/transaction.h"

namespace firn {

class ReadValidation {
 public:
  ReadValidation(DbCore& core, const Transaction& transaction);

  // Whether advance() to the state of this view is little work, as it has to be inside the door.
  bool is_short(const ReadView& view) const;
  // kConflict: something that was read is no longer so at `seq`. `view` holds the state at seq; so far the log went then: to log_offset in the memtable `active`.
  Status advance(const ReadView& view, Seq seq, std::shared_ptr<Memtable> active, uint64_t log_offset);
  Seq valid_at() const { return valid_at_; }

 private:
  struct Gap {  // what was committed since valid_at_: memtables, newest first
    std::vector<std::shared_ptr<Memtable>> memtables;
    uint64_t bytes = 0;
  };
  std::optional<Gap> gap(const ReadView& view) const;
  bool namespaces_stayed(const ReadView& view) const;
  Status compare(const ReadView& view, Seq seq) const;
  Status compare_point(const ReadView& view, Seq seq, const PointRead& point) const;
  Status compare_range(const ReadView& view, Seq seq, const RangeRead& range) const;
  Status walk(const ReadView& view, Seq seq, const Gap& gap) const;
  Status judge_touched(const ReadView& view, Seq seq, const InternalKey& key) const;
  Result<Seq> version(const ReadView& view, Seq seq, const InternalKey& key, uint64_t hash, int64_t now_ms) const;

  DbCore& core_;
  const Transaction& transaction_;
  const ReadSet& reads_;
  Seq valid_at_;
  std::shared_ptr<Memtable> memtable_;  // the active one at valid_at_; nullptr: not known
  uint64_t log_offset_;                 // where it ended
};

}  // namespace firn
