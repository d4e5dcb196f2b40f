// Db: one open database. Ties log, memtables, tables and manifest together: open and recovery, the commit door, reads, background jobs.
// The C API is a translation of this class; see firn.h for the contracts that users see.
//
// Threading: any method from any thread at any time, unless said otherwise. The caller has marked its thread (thread_mark.h) around every call,
// and does not call after close(); capi/handle.h sees to both.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/internal_key.h"
#include "base/iterator.h"
#include "base/result.h"
#include "db/db_options.h"
#include "db/event_ring.h"
#include "db/lookup.h"
#include "db/operation.h"
#include "db/stats_report.h"
#include "env/posix_env.h"
#include "log/recovery_report.h"

namespace firn {

class BackupJob;
class ReadView;
class Transaction;
class ViewStore;
struct CopySource;

// A consistent state of the database: a pinned read view, a sequence number and a time. Movable; releases the view when destroyed.
// It may outlive the database.
class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(ViewStore* store, ReadView* view, uint32_t stripe, Seq seq, int64_t now_ms)
      : store_(store), view_(view), stripe_(stripe), seq_(seq), now_ms_(now_ms) {}
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot&& other) noexcept;
  ~Snapshot();

  ReadView* view() const { return view_; }
  Seq seq() const { return seq_; }
  int64_t now_ms() const { return now_ms_; }

 private:
  ViewStore* store_ = nullptr;
  ReadView* view_ = nullptr;
  uint32_t stripe_ = 0;
  Seq seq_;
  int64_t now_ms_ = 0;
};

class Db {
 public:
  static Result<std::unique_ptr<Db>> open(const std::string& path, const DbOptions& options, Env& env = posix_env());
  virtual ~Db() = default;
  virtual Status close() = 0;  // once, after all other calls have ended

  virtual const RecoveryReport& recovery() const = 0;
  virtual Status sync() = 0;
  // The commits up to `version` (0: all that are visible) are durable. timeout_ms < 0: for ever, 0: only looks. kTimeout, kCancelled (wake), kClosed, kInvalid
  // (no such version yet).
  virtual Status wait_durable(Seq version, int32_t timeout_ms) = 0;
  // Ends all waits that go on; for_closing: and those that begin.
  virtual void wake(bool for_closing) = 0;
  virtual int notify_fd() = 0;
  // See ChangeFeed. At the end of the feed it arms notify_fd for the next commit.
  virtual Result<size_t> changes(Seq from, bool durable_only, uint8_t* out, size_t cap, size_t* needed) = 0;
  virtual std::pair<Seq, Seq> changes_bounds() = 0;
  virtual Status flush() = 0;
  virtual Status compact() = 0;
  virtual Result<bool> run_jobs(int32_t max_ms) = 0;  // true: more to do. kMisuse on a database with threads
  virtual Status background_error() = 0;
  // Ends the state after a failure: everything visible is durable, and commits are taken again. See firn_resume.
  virtual Status resume() = 0;
  virtual int64_t now_ms() = 0;  // Unix time by which entries expire; never steps back within an opening

  // Limits (lengths, empty keys) are the caller's to check; an unknown namespace is kInvalid.
  virtual Result<Seq> write(const Operation* operations, size_t count, WriteFlags flags) = 0;

  // A commit of commands, as if one after the other and nobody in between. *deleted_count (nullable): keys that ranges have deleted.
  virtual Result<Seq> run(const Command* commands, size_t count, WriteFlags flags, uint64_t* deleted_count) = 0;

  // ---- Transactions: see transaction.h ----
  virtual std::shared_ptr<Transaction> begin(const TransactionFlags& flags) = 0;
  // kConflict: something that it read has changed. Unless it fails for another reason the transaction is over. Its number; without writes that of the state in
  // which what it read was found unchanged.
  virtual Result<Seq> commit(Transaction& transaction, WriteFlags flags) = 0;

  // ---- Writes that depend on what is there: decided inside the commit door, so exactly one of several contenders wins. What is logged is the result. ----
  // kExists, kNotFound, kConflict by the condition.
  virtual Result<Seq> put_if(const Operation& put, const PutCondition& condition, WriteFlags flags) = 0;
  // true: the value was `expected` and is `wanted` now, with this expiry.
  virtual Result<bool> compare_swap(uint32_t ns, Slice key, Slice expected, Slice wanted, int64_t expiry_ms) = 0;
  // Puts `wanted`, keeping the expiry, and copies the old value into buf; when that does not fit cap nothing is written and its length returned.
  // kNotFound: there was none; `wanted` is stored.
  virtual Result<size_t> swap(uint32_t ns, Slice key, Slice wanted, uint8_t* buf, size_t cap) = 0;
  // A counter: 8 bytes little-endian, missing is 0, keeps the expiry. kTypeMismatch, kOverflow.
  virtual Result<int64_t> add(uint32_t ns, Slice key, int64_t delta) = 0;
  // Gives the key another expiry, or none (kNeverExpires). kNotFound.
  virtual Status set_expiry(uint32_t ns, Slice key, int64_t expiry_ms) = 0;

  // Copies the value into buf when it fits cap and returns its length. kNotFound is a bare code.
  virtual Result<size_t> get(uint32_t ns, Slice key, uint8_t* buf, size_t cap) = 0;
  // The same, with version and expiry.
  virtual Result<size_t> get_entry(uint32_t ns, Slice key, uint8_t* buf, size_t cap, Seq* version, int64_t* expiry_ms) = 0;
  virtual Result<bool> exists(uint32_t ns, Slice key) = 0;
  // The value in place: *entry stays valid as long as *snapshot.
  virtual Status pin(uint32_t ns, Slice key, Snapshot* snapshot, Entry* entry) = 0;

  // The entries stay valid as long as *snapshot.
  virtual Status multi_get(Lookup* lookups, size_t count, Snapshot* snapshot) = 0;

  virtual Snapshot snapshot() = 0;
  // Entries of a namespace as the snapshot sees them: live ones only, newest versions only. The iterator borrows the snapshot. kInvalid: unknown namespace.
  virtual Result<std::unique_ptr<Iterator>> new_iterator(const Snapshot& snapshot, uint32_t ns) = 0;
  virtual Result<Prefix> prefix_of(const Snapshot& snapshot, uint32_t ns) = 0;

  // About how many entries lie in [lower, upper) (nullopt: open), and their bytes on disk.
  virtual Result<std::pair<uint64_t, uint64_t>> approximate(uint32_t ns, Slice lower, const std::optional<Slice>& upper) = 0;

  // A read-only opening: goes on to what the writer has made since. Others are there already.
  virtual Status refresh() = 0;

  virtual Result<uint32_t> ns_open(Slice name, bool existing_only) = 0;
  virtual Status ns_clear(uint32_t ns) = 0;
  virtual Status ns_drop(uint32_t ns) = 0;
  virtual std::vector<std::pair<uint32_t, std::string>> ns_list() = 0;

  // ---- Copies: see database_copy.h and backup.h. They read one snapshot, and hold nobody up. ----
  virtual CopySource copy_source() = 0;
  // A database of its own in the new directory `path`. Durable when it returns; after a failure nothing is left. kExists, kNotFound (no parent).
  virtual Status checkpoint(const std::string& path) = 0;
  virtual Result<std::unique_ptr<BackupJob>> begin_backup(const std::string& path) = 0;

  virtual StatsReport stats() = 0;
  std::string stats_json() { return stats_as_json(stats()); }
  // Events from number `from` on, at most `max`; returns how many.
  virtual size_t events(uint64_t from, Event* out, size_t max) = 0;
  static Status check(const std::string& path, Env& env = posix_env());  // read-only, deep
};

}  // namespace firn
