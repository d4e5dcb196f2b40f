#include "db/jobs.h"

#include <algorithm>
#include <new>

#include "base/coverage_mark.h"
#include "lsm/merging_iterator.h"

namespace firn {
namespace {

constexpr uint64_t kSliceEntryCount = 4096;  // about a millisecond of merging small entries

// What a table keeps of its data in memory. Every table that is read has a little bookkeeping, a thousandth of its size, which it would have again at once.
uint64_t cached_bytes(const TableHandle& table) {
  const uint64_t bytes = table.table->cached_bytes();
  return bytes > table.file_bytes / 8 ? bytes : 0;
}

// A job's entry: here an exhausted memory becomes a status. What the job wrote is removed by its destructor.
template <typename Step>
Result<bool> guarded(const Step& step) {
  bool more = false;
  FIRN_TRY(run_guarded([&]() -> Status {
    FIRN_TRY_ASSIGN(more, step());
    return {};
  }));
  return more;
}

}  // namespace

Status run_guarded(const std::function<Status()>& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Code::kNoMemory;
  }
}

std::pair<std::vector<std::shared_ptr<Memtable>>, VersionRef> Jobs::look() const {
  const std::lock_guard lock(core_.view_mutex);
  const ReadView& view = *core_.views->current();
  return {view.sealed(), view.version()};
}

NamespaceCatalogRef Jobs::look_at_catalog() const {
  const std::lock_guard lock(core_.view_mutex);
  return core_.views->current()->catalog();
}

uint64_t Jobs::request_full_compaction() { return full_requested_.fetch_add(1, std::memory_order_acq_rel) + 1; }

bool Jobs::takes_work() const { return !core_.is_failed.load(std::memory_order_acquire) && !core_.options.read_only; }

bool Jobs::has_due_work() const {
  if (!takes_work()) return false;
  if (is_full_asked_for() || (is_compacting_.load() && !is_compacting_for_scans_.load())) return true;
  const auto [sealed, version] = look();
  return !sealed.empty() || pick(*version).has_value();
}

bool Jobs::has_work() const {
  if (has_due_work()) return true;
  if (!takes_work()) return false;
  if (!core_.awaits_first_write.load(std::memory_order_acquire) && closer_.has_closable()) return true;
  return is_compacting_.load() || memtable_for_scans().has_value() || scan_trigger_.pick(*look().second).has_value();
}

uint64_t Jobs::debt_bytes(const Version& version) const {
  uint64_t bytes = 0;
  if (const auto plan = pick(version)) {
    for (const TableRef& table : plan->inputs) bytes += table->file_bytes;
    for (const TableRef& table : plan->moved) bytes -= table->file_bytes;
  }
  return bytes;
}

std::optional<CompactionPlan> Jobs::pick(const Version& version) const {
  std::optional<CompactionPlan> plan = pick_compaction(version);
  return plan ? std::move(plan) : pick_purge(version, core_.clock.now_ms());
}

// The segment of the active memtable if scans have paid for its flush.
std::optional<uint64_t> Jobs::memtable_for_scans() const {
  std::shared_ptr<Memtable> active;
  VersionRef version;
  {
    const std::lock_guard lock(core_.view_mutex);
    const ReadView& view = *core_.views->current();
    if (!view.sealed().empty()) return std::nullopt;
    active = view.active();
    version = view.version();
  }
  if (active == nullptr || !scan_trigger_.wants_flush(*active, *version)) return std::nullopt;
  return active->segment()->id();
}

Result<bool> Jobs::run_slice(Scope scope) {
  core_.views->reclaim();
  const Result<bool> more = turn_jobs(scope);
  if (!more.ok()) close_replaced();  // where a disk is full the next try finds what that gives back
  return more.ok() && !*more ? closer_.close_one() : more;
}

Result<bool> Jobs::turn_jobs(Scope scope) {
  if (core_.is_failed.load(std::memory_order_acquire)) return false;
  // With one worker a flush goes between the slices of a compaction; a second worker finds the other kind of job free.
  if (std::unique_lock flushing(flush_mutex_, std::try_to_lock); flushing.owns_lock()) {
    Result<bool> more = turn_flush();
    if (more.ok() && !*more && scope == Scope::kAll) more = seal_if_scans_paid();
    if (!more.ok() || *more) return more;
  }
  if (std::unique_lock compacting(compaction_mutex_, std::try_to_lock); compacting.owns_lock()) {
    return turn_compaction(scope);
  }
  return false;
}

Status Jobs::free_memory() {
  core_.views->reclaim();
  const std::unique_lock compacting(compaction_mutex_, std::try_to_lock);
  if (compacting.owns_lock() && !compaction_) FIRN_TRY(trim_table_memory());  // a merge's inputs are to be replaced once, by it
  close_replaced();
  return {};
}

void Jobs::leave(const std::vector<TableRef>& tables) {
  (void)run_guarded([&]() -> Status {
    for (const TableRef& table : tables) closer_.add(table);
    return {};
  }).ok();
}

void Jobs::close_replaced() {
  while (close_one_replaced()) {
  }
}

bool Jobs::close_one_replaced() {
  core_.views->reclaim();
  return closer_.close_one();
}

void Jobs::note_failure(EventKind kind, const Status& status) {
  bool is_new = false;
  {
    const std::lock_guard lock(core_.state_mutex);
    is_new = core_.job_error.code() != status.code();  // a job that fails again and again is told of once
    core_.job_error = status;
    core_.progressed.notify_all();
  }
  if (is_new) core_.tell(kind, status.code());
}

void Jobs::give_up_for_scans(EventKind kind, const Status& status) {
  scan_trigger_.sealed();
  scan_trigger_.compacted();
  core_.tell(kind, status.code());
}

void Jobs::end_compaction() {
  if (compaction_) leave(compaction_->job->outputs());  // of a merge that is given up
  compaction_.reset();
  if (!interrupted_.empty()) {
    compaction_ = std::move(interrupted_.back());
    interrupted_.pop_back();
  }
  is_compacting_.store(compaction_.has_value());
  is_compacting_for_scans_.store(false);
}

// flush_mutex_ is held.
Result<bool> Jobs::turn_flush() {
  Result<bool> more = guarded([this] { return step_flush(); });
  if (!more.ok()) {
    note_failure(EventKind::kFlush, more.status());
    if (!(flush_ && flush_->recorded)) flush_.reset();
  }
  return more;
}

Result<bool> Jobs::step_flush() {
  if (!flush_) {
    auto [sealed, version] = look();
    if (sealed.empty()) return false;
    FIRN_TRY(start_flush(std::move(sealed), *version));
  }
  if (!flush_->recorded) {
    const int64_t begin_ns = core_.env->monotonic_ns();
    FIRN_TRY_ASSIGN(const bool done, flush_->job->step(kSliceEntryCount));
    flush_->work_ns += core_.env->monotonic_ns() - begin_ns;
    if (!done) return true;
    FIRN_TRY(record_flush());
  }
  FIRN_TRY(finish_flush());
  return true;
}

Result<bool> Jobs::seal_if_scans_paid() {
  const std::optional<uint64_t> segment_id = memtable_for_scans();
  if (!segment_id) return false;
  FIRN_MARK("a memtable is sealed for scans");
  scan_trigger_.sealed();  // also when it fails
  const Status status = run_guarded([&] { return seal_for_scans(*segment_id); });
  if (!status.ok()) core_.tell(EventKind::kFlush, status.code());
  return status.ok();
}

Status Jobs::flush_sealed() {
  const std::lock_guard flushing(flush_mutex_);
  for (;;) {
    const Result<bool> more = turn_flush();
    if (!more.ok() || !*more) return more.status();
  }
}

Result<Jobs::Pause> Jobs::pause() {
  Pause pause{std::unique_lock(flush_mutex_), std::unique_lock(compaction_mutex_)};
  if (flush_ && flush_->recorded) FIRN_TRY(run_guarded([this] { return finish_flush(); }));
  if (compaction_ && compaction_->recorded) FIRN_TRY(run_guarded([this] { return finish_compaction(); }));
  return pause;
}

Result<bool> Jobs::turn_compaction(Scope scope) {
  Result<bool> more = guarded([this, scope] { return step_compaction(scope); });
  if (more.ok()) return more;
  const bool is_recorded = compaction_ && compaction_->recorded;
  const bool is_for_scans = compaction_ && !is_recorded && is_compacting_for_scans_.load();
  if (!is_recorded) end_compaction();
  if (is_for_scans) {
    give_up_for_scans(EventKind::kCompaction, more.status());
    return false;
  }
  note_failure(EventKind::kCompaction, more.status());
  return more;
}

Result<bool> Jobs::step_compaction(Scope scope) {
  if (compaction_ && is_compacting_for_scans_.load() && !compaction_->recorded) {
    if (is_full_asked_for() || pick(*look().second)) {
      FIRN_MARK("a merge for scans gives way to one that is due");
      end_compaction();
    } else if (scope == Scope::kDue) {
      return false;
    }
  }
  if (!compaction_) {
    const uint64_t ticket = full_requested_.load(std::memory_order_acquire);
    const bool full = ticket > full_done_.load(std::memory_order_relaxed);
    std::optional<CompactionPlan> plan;
    {
      const std::lock_guard lock(runs_mutex_);
      if (is_flush_recorded_.load()) return false;  // it may have joined a run that a plan made now would take away
      const VersionRef version = look().second;
      plan = full ? plan_full_compaction(*version, *look_at_catalog()) : pick(*version);
      if (!full && !plan && scope == Scope::kAll) {
        plan = scan_trigger_.pick(*version);
        is_compacting_for_scans_.store(plan.has_value());
      }
      is_compacting_.store(plan.has_value());
    }
    if (!plan) {
      if (full) full_compaction_done(ticket);
      FIRN_TRY(trim_table_memory());
      return full;
    }
    compaction_ = make_compaction(std::move(*plan), full ? ticket : 0);
  } else if (!compaction_->recorded) {
    FIRN_TRY(interrupt_compaction());
  }
  if (!compaction_->recorded) {
    const int64_t begin_ns = core_.env->monotonic_ns();
    const uint64_t before_bytes = compaction_->job->passed_bytes();
    FIRN_TRY_ASSIGN(const bool done, compaction_->job->step(kSliceEntryCount));
    compaction_->work_ns += core_.env->monotonic_ns() - begin_ns;
    closer_.close_beside_merge(compaction_->job->passed_bytes() - before_bytes);
    if (!done) return true;
    FIRN_TRY(record_compaction());
  }
  FIRN_TRY(finish_compaction());
  return true;
}

// Runs that came meanwhile, and are to be merged among themselves, go before what is going on: the newer, the smaller.
Status Jobs::interrupt_compaction() {
  std::optional<CompactionPlan> plan;
  {
    const std::lock_guard lock(runs_mutex_);
    if (is_flush_recorded_.load()) return {};  // as above
    plan = pick_above(*look().second, compaction_->plan.run_id);
  }
  if (!plan) return {};
  FIRN_MARK("a merge of newer runs goes before one that has begun");
  Compaction next = make_compaction(std::move(*plan), 0);
  interrupted_.push_back(std::move(*compaction_));
  compaction_ = std::move(next);
  return {};
}

Status Jobs::trim_table_memory() {
  if (closer_.has_closable()) return {};    // what was replaced holds memory too, and goes first
  const std::lock_guard lock(runs_mutex_);  // a flush may go on: it only adds tables
  const VersionRef version = look().second;
  uint64_t held_bytes = 0;
  for (const Run& run : version->runs) {
    for (const TableRef& table : run.tables) held_bytes += cached_bytes(*table);
  }
  if (held_bytes <= core_.options.cache_bytes) return {};
  FIRN_MARK("tables hold too much memory");
  // Down to half, so that it is not done again at once. The newest runs go first: they are small and soon merged away.
  std::vector<uint64_t> removed;
  std::vector<std::pair<uint64_t, TableRef>> added;
  std::vector<TableRef> replaced;
  for (const Run& run : version->runs) {
    for (const TableRef& table : run.tables) {
      if (held_bytes <= core_.options.cache_bytes / 2) break;
      const uint64_t bytes = cached_bytes(*table);
      if (bytes == 0) continue;
      held_bytes -= bytes;
      FIRN_TRY_ASSIGN(TableRef fresh, open_table(*core_.tables, {core_.db_id, table->id}, core_.options.table_io));
      fresh->table->count_reads_in(core_.stats.traffic);
      removed.push_back(table->id);
      added.emplace_back(run.id, std::move(fresh));
      replaced.push_back(table);
    }
  }
  const std::lock_guard view_lock(core_.view_mutex);
  DbCore::ViewChange change;
  change.version = apply_changes(*core_.views->current()->version(), removed, added);
  core_.publish(std::move(change));
  leave(replaced);  // the old selves
  return {};
}

void Jobs::full_compaction_done(uint64_t ticket) {
  full_done_.store(ticket, std::memory_order_release);
  report_progress();
}

void Jobs::report_progress() {
  const std::lock_guard lock(core_.state_mutex);
  core_.job_error = {};
  core_.progress_count.fetch_add(1);
  core_.progressed.notify_all();
}

MergeOptions Jobs::merge_options(Seq lower, Seq upper, Seq durable, bool drop_tombstones) const {
  MergeOptions options;
  options.db_id = core_.db_id;
  options.hash_seed = core_.hash_seed;
  options.compression = core_.options.compression;
  options.table_io = core_.options.table_io;
  options.seq_lower = lower;
  options.seq_upper = upper;
  options.drop_tombstones = drop_tombstones;
  options.now_ms = core_.clock.now_ms();
  options.reads_back = !core_.options.single_threaded;  // else it would be done in writes
  // The catalog of now is newer than every entry of the input, so it knows every prefix that is alive in it.
  options.is_live_prefix = [catalog = look_at_catalog(), durable](Prefix prefix) { return catalog->may_be_live(prefix, durable); };
  return options;
}

// The last job failed for what it read back, or for what it read.
bool Jobs::has_found_damage() const {
  const std::lock_guard lock(core_.state_mutex);
  return core_.job_error.is(Code::kCorrupt);
}

Status Jobs::start_flush(std::vector<std::shared_ptr<Memtable>> sealed, const Version& version) {
  Seq lower = kSeqMax;
  Seq upper;
  size_t memtable_count = 0;  // with entries
  std::vector<std::unique_ptr<Iterator>> newest_first;
  for (const auto& memtable : sealed) {
    if (memtable->empty()) {
      FIRN_MARK("an empty memtable is flushed");
      continue;
    }
    memtable_count++;
    memtable->segment()->release_tail(memtable->end());
    lower = std::min(lower, memtable->seq_min());
    upper = std::max(upper, memtable->seq_max());
    FIRN_TRY(memtable->add_iterators(kSeqMax, &newest_first));
  }
  std::vector<std::unique_ptr<Iterator>> parts;
  parts.push_back(new_merging_iterator(std::move(newest_first)));
  Flush flush;
  flush.seq_max = upper;
  flush.memtables = std::move(sealed);
  flush.run_id = core_.next_run_id.fetch_add(1);
  // What is flushed is durable with its tables.
  const Seq durable = std::max(upper, Seq{core_.durable_seq.load(std::memory_order_acquire)});
  MergeOptions options = merge_options(lower, upper, durable, version.runs.empty());
  if (memtable_count > 1 && !has_found_damage()) {
    FIRN_MARK("a flush that is behind does not read back");
    options.reads_back = false;
  }
  flush.job = std::make_unique<MergeJob>(
      std::move(options), *core_.tables, [this] { return core_.next_table_id.fetch_add(1); }, std::move(parts));
  flush_ = std::move(flush);
  return {};
}

// Whether the new tables lie outside the key range of the newest run, so that both are one run: sequential loads then never get rewritten.
bool Jobs::joins_newest_run(const std::vector<TableRef>& outputs, const Version& version) const {
  if (outputs.empty() || version.runs.empty()) return false;
  if (is_compacting_.load()) {  // it may be merging that run
    FIRN_MARK("a flush ends beside a compaction");
    return false;
  }
  const auto is_small = [](const TableRef& table) { return table->file_bytes < kTableBytesSmall; };
  const Run& newest = version.runs[0];
  if (is_small(outputs[0]) && is_small(newest.tables.back())) return false;  // small neighbours are rather merged
  const InternalKey smallest = outputs.front()->table->properties().smallest();
  const InternalKey largest = outputs.back()->table->properties().largest();
  return newest.tables.back()->table->properties().largest().compare(smallest) < 0 ||
         largest.compare(newest.tables.front()->table->properties().smallest()) < 0;
}

Status Jobs::apply(ManifestEdit& edit) {
  edit.set_next_ids(core_.next_table_id.load(), core_.next_run_id.load());
  // An exhausted memory in here leaves open whether the manifest has the edit.
  Status status = run_guarded([&] { return core_.manifest->apply(edit); });
  return status.ok() ? status : core_.fail(status);
}

Status Jobs::record_flush() {
  ManifestEdit edit;
  // First: while the job still has its tables it removes them if this fails, and is tried again.
  FIRN_TRY(core_.changes.retain(flush_->memtables, &edit));
  std::vector<TableRef> outputs = flush_->job->take_outputs();
  const std::lock_guard runs_lock(runs_mutex_);  // no compaction begins between the decision and its effect
  const VersionRef version = look().second;
  const bool joins = joins_newest_run(outputs, *version);
  if (joins) FIRN_MARK("a flush joins the newest run");
  if (outputs.empty()) FIRN_MARK("a flush leaves nothing");
  const uint64_t run_id = joins ? version->runs[0].id : flush_->run_id;
  Recorded recorded;
  for (const TableRef& table : outputs) {
    table->table->count_reads_in(core_.stats.traffic);
    edit.add_table({run_id, table->id, table->file_bytes});
    recorded.added.emplace_back(run_id, table);
  }
  edit.set_wal_start(flush_->wal_start());
  FIRN_TRY(apply(edit));
  core_.changes.retained();
  flush_->recorded = std::move(recorded);
  is_flush_recorded_.store(true);
  return {};
}

Status Jobs::finish_flush() {
  const uint64_t wal_start = flush_->wal_start();
  {
    const std::lock_guard runs_lock(runs_mutex_);
    const std::lock_guard lock(core_.view_mutex);
    DbCore::ViewChange change;
    if (core_.views->current()->version()->runs.size() < 2) scan_trigger_.compacted();  // of one run no scan has paid for another
    change.version = apply_changes(*core_.views->current()->version(), {}, flush_->recorded->added);
    change.sealed = core_.views->current()->sealed();
    std::erase_if(*change.sealed, [wal_start](const auto& memtable) { return memtable->segment()->id() < wal_start; });
    core_.publish(std::move(change));
    flush_->recorded.reset();
    is_flush_recorded_.store(false);
  }
  core_.became_durable(flush_->seq_max);
  counts_.flushes.fetch_add(1, std::memory_order_relaxed);
  counts_.flush_bytes.fetch_add(flush_->job->bytes_written(), std::memory_order_relaxed);
  core_.stats.flush_ns.add(static_cast<uint64_t>(flush_->work_ns));
  core_.tell(EventKind::kFlush, Code::kOk, flush_->work_ns, 0, flush_->job->bytes_written());
  flush_.reset();
  core_.flushed_segment_id.store(wal_start - 1, std::memory_order_release);
  core_.has_recovered.store(false, std::memory_order_release);  // found segments are older than all others: they were in this flush
  report_progress();
  core_.views->reclaim();
  return core_.wal->remove_before(core_.changes.first_segment(wal_start));
}

Jobs::Compaction Jobs::make_compaction(CompactionPlan plan, uint64_t full_ticket) const {
  std::vector<std::unique_ptr<Iterator>> parts;
  for (const CompactionPlan::Part& part : plan.parts) {
    std::vector<std::unique_ptr<Iterator>> newest_first;
    for (const auto& tables : part.newest_first) newest_first.push_back(new_run_iterator(tables, true));
    parts.push_back(new_merging_iterator(std::move(newest_first)));
  }
  const Seq durable{core_.durable_seq.load(std::memory_order_acquire)};
  auto job = std::make_unique<MergeJob>(
      merge_options(plan.seq_lower, plan.seq_upper, durable, plan.includes_oldest), *core_.tables,
      [this] { return core_.next_table_id.fetch_add(1); }, std::move(parts));
  return Compaction{std::move(plan), full_ticket, std::move(job), 0, {}};
}

Status Jobs::record_compaction() {
  const CompactionPlan& plan = compaction_->plan;
  const std::vector<TableRef> outputs = compaction_->job->take_outputs();
  ManifestEdit edit;
  Recorded recorded;
  for (const TableRef& table : plan.inputs) {
    edit.remove_table(table->id);
    recorded.removed.push_back(table->id);
  }
  for (const TableRef& table : outputs) table->table->count_reads_in(core_.stats.traffic);
  for (const auto* tables : {&plan.moved, &outputs}) {
    for (const TableRef& table : *tables) {
      edit.add_table({plan.run_id, table->id, table->file_bytes});
      recorded.added.emplace_back(plan.run_id, table);
    }
  }
  FIRN_TRY(apply(edit));
  compaction_->recorded = std::move(recorded);
  return {};
}

Status Jobs::finish_compaction() {
  const CompactionPlan& plan = compaction_->plan;
  std::vector<TableRef> replaced;
  for (const TableRef& table : plan.inputs) {
    if (std::find(plan.moved.begin(), plan.moved.end(), table) == plan.moved.end()) replaced.push_back(table);
  }
  {
    const std::lock_guard lock(core_.view_mutex);
    DbCore::ViewChange change;
    change.version = apply_changes(*core_.views->current()->version(), compaction_->recorded->removed, compaction_->recorded->added);
    core_.publish(std::move(change));
    compaction_->recorded.reset();
  }
  leave(replaced);
  for (const TableRef& table : replaced) FIRN_TRY(core_.tables->remove(table_name(table->id)));
  counts_.compactions.fetch_add(1, std::memory_order_relaxed);
  counts_.moved_tables.fetch_add(plan.moved.size(), std::memory_order_relaxed);
  counts_.compaction_bytes.fetch_add(compaction_->job->bytes_written(), std::memory_order_relaxed);
  uint64_t read_bytes = 0;
  for (const TableRef& table : replaced) read_bytes += table->file_bytes;
  counts_.compaction_read_bytes.fetch_add(read_bytes, std::memory_order_relaxed);
  core_.stats.compaction_ns.add(static_cast<uint64_t>(compaction_->work_ns));
  core_.tell(EventKind::kCompaction, Code::kOk, compaction_->work_ns, read_bytes, compaction_->job->bytes_written());
  const uint64_t ticket = compaction_->full_ticket;
  scan_trigger_.compacted();
  end_compaction();
  core_.views->reclaim();
  if (ticket != 0)
    full_compaction_done(ticket);
  else
    report_progress();
  return {};
}

}  // namespace firn
