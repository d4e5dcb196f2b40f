// Scan: what a firn_iter holds. A snapshot, an iterator over it, and the window that firn_scan_opts asked for.
//
// Invariants:
//   LSM-ITER  the entries of a database's iterator point into memory that its snapshot pins: pointers of several entries stay valid
//             together until the scan is closed, although the general contract of Iterator ends with the next move. entries() relies on it.
//   SCAN-1    a scan never goes beyond its window: every key it returns is in [lower, upper) and matches the glob.
// Threading: one thread at a time (the handle's busy bit sees to it).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/entry_buffer.h"
#include "base/iterator.h"
#include "db/db.h"
#include "db/transaction.h"
#include "firn.h"
#include "glob.h"

namespace firn {

// Which keys a scan returns, as bounds of user keys: prefix, bounds and the glob's literal prefix intersected.
struct ScanWindow {
  std::string lower;                 // inclusive
  std::optional<std::string> upper;  // exclusive; nothing: open
  std::optional<Glob> glob;

  bool is_below(Slice key) const { return key < Slice(lower); }
  bool is_above(Slice key) const { return upper && !(key < Slice(*upper)); }
};

// The options as this version knows them: older, shorter structs are filled up with zeros. kInvalid (struct_size, unknown flags,
// reserved), kUnsupported (a newer struct whose tail is not zero).
Code read_scan_opts(const firn_scan_opts* given, firn_scan_opts* opts);
// kInvalid, kTooLarge.
Status make_window(const firn_scan_opts& opts, ScanWindow* window);

class Scan {
 public:
  // Over a snapshot of now. `db` is the handle that the scan came from; `opts` comes from read_scan_opts.
  static Result<std::unique_ptr<Scan>> open(Db& db, const firn_db* handle, const firn_scan_opts& opts);
  // Over what a transaction sees.
  static Result<std::unique_ptr<Scan>> open(const firn_txn* handle, std::shared_ptr<Transaction> transaction, const firn_scan_opts& opts);

  // Which of the two handles every call needs: the other is nullptr.
  const firn_db* db_handle() const { return db_handle_; }
  const firn_txn* txn_handle() const { return txn_handle_; }
  int64_t chunk(uint8_t* out, size_t cap);
  int64_t entries(firn_kv* out, size_t max);
  Code seek(Slice key);
  // Memory ran out in the midst of a call: from now on that is the answer, since entries may have been passed over.
  void fail(Code code) { failed_ = code; }
  Code failed() const { return failed_; }

 private:
  Scan() = default;
  Status set_up(const firn_scan_opts& opts);
  bool is_reverse() const { return (flags_ & FIRN_SCAN_REVERSE) != 0; }
  void start_batches();
  void place(Slice target, bool inclusive);
  void place_at_start();
  const Entry* peek(size_t wanted_count);
  bool is_inside(const Entry& entry) const;
  bool read_batch(size_t wanted_count);
  size_t ready_count() const;
  void returned(const Entry* entries, size_t count);
  int64_t end_code() const;
  size_t store_entry(const Entry& entry, uint8_t* out, size_t room) const;

  static constexpr size_t kBatchCountMin = 8;  // the first batch: a short scan should not read much that nobody wants
  static constexpr size_t kBatchCountMax = 64;

  const firn_db* db_handle_ = nullptr;
  const firn_txn* txn_handle_ = nullptr;
  ScanWindow window_;
  Snapshot snapshot_;                         // of a scan without a transaction
  std::shared_ptr<Transaction> transaction_;  // of a scan with one
  std::optional<ScanReads> reads_;            // of a scan whose transaction must know what it read
  std::unique_ptr<Iterator> iterator_;        // borrows the snapshot or the transaction
  Prefix prefix_ = 0;
  uint32_t flags_ = 0;
  uint64_t limit_ = 0;  // 0: none
  uint64_t returned_count_ = 0;
  bool placed_ = false;
  bool at_first_ = false;          // the iterator stands at an entry that was in no batch yet
  bool is_batch_inside_ = false;   // every entry of the batch is known to be one that the scan returns
  size_t batch_at_ = 0;            // the next entry to be returned
  size_t batch_count_ = 0;         // entries of the batch
  size_t batch_count_wanted_ = 0;  // by the next batch
  Code failed_ = Code::kOk;
  // Entries that were read, of which some were not returned yet: most scans need no room for many.
  EntryBuffer<kBatchCountMin> few_;
  std::unique_ptr<EntryBuffer<kBatchCountMax>> many_;
  Entry* batch_ = few_.data();
};

}  // namespace firn
