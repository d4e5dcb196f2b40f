// DbImpl: Db put together from its parts.
// Threading: as Db.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "db/background.h"
#include "db/commit.h"
#include "db/db.h"
#include "db/db_core.h"
#include "db/jobs.h"
#include "log/recovery.h"

namespace firn {

class DbImpl final : public Db {
 public:
  DbImpl() : door_(core_), jobs_(core_), background_(core_, door_, jobs_) {}
  ~DbImpl() override;

  // Opens the parts; see opening.cc. After a failure only the destructor may be called.
  Status open(const std::string& path, const DbOptions& options, Env& env);

  Status close() override;
  const RecoveryReport& recovery() const override { return core_.recovery; }
  Status sync() override;
  Status wait_durable(Seq version, int32_t timeout_ms) override;
  void wake(bool for_closing) override;
  int notify_fd() override { return core_.event_fd.get(); }
  Result<size_t> changes(Seq from, bool durable_only, uint8_t* out, size_t cap, size_t* needed) override;
  std::pair<Seq, Seq> changes_bounds() override { return core_.changes.bounds(); }
  Status flush() override;
  Status compact() override;
  Result<bool> run_jobs(int32_t max_ms) override;
  Status background_error() override;
  Status resume() override;

  int64_t now_ms() override { return core_.clock.now_ms(); }
  Result<Seq> write(const Operation* operations, size_t count, WriteFlags flags) override;
  Result<Seq> run(const Command* commands, size_t count, WriteFlags flags, uint64_t* deleted_count) override;
  std::shared_ptr<Transaction> begin(const TransactionFlags& flags) override;
  Result<Seq> commit(Transaction& transaction, WriteFlags flags) override;
  Result<Seq> put_if(const Operation& put, const PutCondition& condition, WriteFlags flags) override;
  Result<bool> compare_swap(uint32_t ns, Slice key, Slice expected, Slice wanted, int64_t expiry_ms) override;
  Result<size_t> swap(uint32_t ns, Slice key, Slice wanted, uint8_t* buf, size_t cap) override;
  Result<int64_t> add(uint32_t ns, Slice key, int64_t delta) override;
  Status set_expiry(uint32_t ns, Slice key, int64_t expiry_ms) override;
  Result<size_t> get_entry(uint32_t ns, Slice key, uint8_t* buf, size_t cap, Seq* version, int64_t* expiry_ms) override;
  Result<size_t> get(uint32_t ns, Slice key, uint8_t* buf, size_t cap) override;
  Result<bool> exists(uint32_t ns, Slice key) override;
  Status pin(uint32_t ns, Slice key, Snapshot* snapshot, Entry* entry) override;
  Status multi_get(Lookup* lookups, size_t count, Snapshot* snapshot) override;
  Snapshot snapshot() override { return core_.views->snapshot(core_.visible, core_.clock.now_ms()); }
  Result<std::unique_ptr<Iterator>> new_iterator(const Snapshot& snapshot, uint32_t ns) override;
  Result<Prefix> prefix_of(const Snapshot& snapshot, uint32_t ns) override;

  Result<std::pair<uint64_t, uint64_t>> approximate(uint32_t ns, Slice lower, const std::optional<Slice>& upper) override;
  Status refresh() override;

  Result<uint32_t> ns_open(Slice name, bool existing_only) override;
  Status ns_clear(uint32_t ns) override;
  Status ns_drop(uint32_t ns) override;
  std::vector<std::pair<uint32_t, std::string>> ns_list() override;

  CopySource copy_source() override;
  Status checkpoint(const std::string& path) override;
  Result<std::unique_ptr<BackupJob>> begin_backup(const std::string& path) override;
  StatsReport stats() override;
  size_t events(uint64_t from, Event* out, size_t max) override { return core_.events.read(from, out, max); }
  // Everything that the tables and the log say, verified; for check().
  Status verify();

 private:
  Status verify_retained(const ManifestState& state);
  // What recovery found and start_writing() goes on from.
  struct Found {
    ManifestState state;
    RecoveryReport report;
    VersionRef version;
    std::vector<std::shared_ptr<Memtable>> memtables;         // newest first
    std::vector<std::shared_ptr<Memtable>> system_memtables;  // of them, those with entries of the catalog
    LogRecovery log;
    Seq last;
    bool was_closed = false;  // in order
    std::vector<std::string> leftover_tables;
    std::vector<std::string> leftover_segments;
  };

  Status open_directory(const std::string& path);
  Result<ManifestState> read_manifest(bool* is_new);
  Status recover(Found* found);
  Status recover_once(Found* found);
  Status open_tables(Found* found);
  Status expect_no_unnamed_records(const ManifestState& state);
  Status replay_log(Found* found);
  Status start_reading(Found found);
  Status start_writing(Found found);
  // Makes manifest and log, at the opening or (begin_writing) before the first write.
  Status start_log();
  Status begin_writing() { return core_.awaits_first_write.load(std::memory_order_acquire) ? begin_first_write() : Status(); }
  Status begin_first_write();
  Result<NamespaceCatalogRef> load_catalog(const Found& found);
  Status find_leftovers(Found* found);
  Status remove_leftovers(Directory& wal);

  void report_counts(StatsReport* report);
  Status find(uint32_t ns, Slice key, const ReadView& view, Seq seq, Entry* entry) const;
  Status find_counted(uint32_t ns, Slice key, const ReadView& view, Seq seq, Entry* entry);
  // Makes a commit; times it when it waits for the disk, and else one in kTimedOneIn.
  template <typename Write>
  Result<Seq> timed_write(WriteFlags flags, const Write& write) {
    DbStats& stats = core_.stats;
    const uint64_t before = stats.calls.mine().add(DbStats::kWriteCalls, 1);
    const bool is_timed = before % DbStats::kTimedOneIn == 0 || core_.waits_for_sync(flags);
    const int64_t begin_ns = is_timed ? core_.env->monotonic_ns() : 0;
    Result<Seq> seq = write();
    if (is_timed) [[unlikely]]
      stats.commit_ns.add(static_cast<uint64_t>(core_.env->monotonic_ns() - begin_ns));
    return seq;
  }
  std::vector<std::shared_ptr<Memtable>> look_sealed();
  Status wait_for_flush();
  template <typename Done>
  Status wait_for_jobs(const Done& done);
  template <typename Done>
  Status wait_until(int32_t timeout_ms, const Done& done);
  Status run_jobs_inline();
  void close_replaced();
  Status sync_if_due();
  void after_write();
  Result<std::optional<uint32_t>> change_namespace(const CommitDoor::CatalogChange& change);  // a commit like any other
  Result<Seq> update(uint32_t ns, Slice key, const CommitDoor::Decision& decide, WriteFlags flags);
  Result<Seq> commit_changes(Transaction& transaction, WriteFlags flags);

  Status start_anew();
  Status start_again();
  void wait_for_readers();

  std::mutex refresh_mutex_;  // one refresh, or resumption, at a time
  std::mutex start_mutex_;    // start_; before all others
  Found start_;               // what start_log() starts from
  DbCore core_;
  CommitDoor door_;
  Jobs jobs_;
  Background background_;
  int64_t next_sync_ns_ = 0;                   // single-threaded, durability=interval:T
  std::atomic<bool> jobs_pending_{false};      // single-threaded: there may be work for the slices inside writes
  std::atomic<uint64_t> seen_freed_count_{0};  // single-threaded: of views, before the last of these slices
};

}  // namespace firn
