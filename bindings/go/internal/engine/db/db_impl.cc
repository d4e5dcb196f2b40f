#include "db/db_impl.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/hash.h"
#include "base/schedule_point.h"
#include "db/live_iterator.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr uint64_t kScansPerLook = 8192;  // of a thread: then the workers look at once whether scans have paid for a job

}  // namespace

DbImpl::~DbImpl() {
  background_.stop();
  if (core_.views != nullptr) core_.views->release();
}

Status DbImpl::close() {
  background_.stop();
  if (core_.options.read_only) return {};
  {
    const std::lock_guard lock(start_mutex_);
    core_.is_closing.store(true);  // no first write any more
    if (core_.awaits_first_write.load()) {
      const std::lock_guard state_lock(core_.state_mutex);
      return core_.fatal_error;  // nothing was written: a job that could not begin is no loss
    }
  }
  const Seq last = door_.stop();
  Status status = core_.check_writable();
  // Everything goes into tables, so that the next opening has nothing to replay; a database that cannot do so still syncs its log.
  if (status.ok()) {
    close_replaced();  // it has to be done anyway, and gives room to what is to be written
    status = door_.seal_stopped();
    while (status.ok() && !look_sealed().empty()) {
      if (Result<bool> more = jobs_.run_slice(Jobs::Scope::kDue); !more.ok()) status = more.status();
    }
    if (!status.ok() && core_.check_writable().ok()) (void)door_.settle(core_.wal->end()).ok();
  }
  if (status.ok()) {
    ManifestEdit edit;
    edit.set_wal_start(UINT64_MAX);
    edit.set_closed_clean(last);
    status = core_.manifest->apply(edit);
    if (status.ok()) status = core_.wal->remove_before(core_.changes.first_segment(UINT64_MAX));
  } else if (status.is(Code::kReadOnly)) {
    status = background_error();  // the first failure is what the caller should see
  }
  return status;
}

std::vector<std::shared_ptr<Memtable>> DbImpl::look_sealed() {
  const std::lock_guard lock(core_.view_mutex);
  return core_.views->current()->sealed();
}

// ---- Reads --------------------------------------------------------------------------------------------------------------

[[gnu::always_inline]] inline Status DbImpl::find(uint32_t ns, Slice key, const ReadView& view, Seq seq, Entry* entry) const {
  const Prefix prefix = view.catalog()->prefix_of(ns, seq);
  if (prefix == kSystemPrefix) [[unlikely]]
    return Code::kInvalid;
  const InternalKey internal{prefix, key};
  FIRN_TRY(view.find(internal, hash_key(core_.hash_seed, internal), seq, entry));
  if (entry->kind == EntryKind::kPut) [[likely]]
    return {};
  return entry->kind == EntryKind::kPutExpiring && entry->is_live(core_.clock.now_ms()) ? Status() : Status(Code::kNotFound);
}

Status DbImpl::find_counted(uint32_t ns, Slice key, const ReadView& view, Seq seq, Entry* entry) {
  DbStats::Calls::Line& calls = core_.stats.calls.mine();
  calls.add(DbStats::kGets, 1);
  Status status = find(ns, key, view, seq, entry);
  count_answer(calls, status.code(), *entry);
  return status;
}

Result<size_t> DbImpl::get(uint32_t ns, Slice key, uint8_t* buf, size_t cap) {
  DbStats::Calls::Line& calls = core_.stats.calls.mine();
  const bool is_timed = calls.add(DbStats::kGets, 1) % DbStats::kTimedOneIn == 0;
  const int64_t begin_ns = is_timed ? core_.env->monotonic_ns() : 0;
  const ReadView* view = core_.views->current();  // first the view, then the sequence number (VIEW-1)
  FIRN_SCHEDULE_POINT("view loaded");
  const Seq seq{core_.visible.load(std::memory_order_acquire)};
  FIRN_SCHEDULE_POINT("sequence loaded");
  Entry entry;
  Status status = find(ns, key, *view, seq, &entry);
  count_answer(calls, status.code(), entry);
  if (is_timed) [[unlikely]]
    core_.stats.get_ns.add(static_cast<uint64_t>(core_.env->monotonic_ns() - begin_ns));
  if (!status.ok()) return status;
  if (entry.value.size() <= cap && !entry.value.empty()) std::memcpy(buf, entry.value.data(), entry.value.size());
  return entry.value.size();
}

Result<size_t> DbImpl::get_entry(uint32_t ns, Slice key, uint8_t* buf, size_t cap, Seq* version, int64_t* expiry_ms) {
  const ReadView* view = core_.views->current();
  FIRN_SCHEDULE_POINT("view loaded");
  const Seq seq{core_.visible.load(std::memory_order_acquire)};
  FIRN_SCHEDULE_POINT("sequence loaded");
  Entry entry;
  FIRN_TRY(find_counted(ns, key, *view, seq, &entry));
  *version = entry.seq;
  *expiry_ms = entry.expiry_ms;
  if (entry.value.size() <= cap && !entry.value.empty()) std::memcpy(buf, entry.value.data(), entry.value.size());
  return entry.value.size();
}

Result<bool> DbImpl::exists(uint32_t ns, Slice key) {
  const ReadView* view = core_.views->current();
  FIRN_SCHEDULE_POINT("view loaded");
  const Seq seq{core_.visible.load(std::memory_order_acquire)};
  FIRN_SCHEDULE_POINT("sequence loaded");
  Entry entry;
  Status status = find_counted(ns, key, *view, seq, &entry);
  if (status.ok()) return true;
  if (status.is(Code::kNotFound)) return false;
  return status;
}

Status DbImpl::pin(uint32_t ns, Slice key, Snapshot* snapshot, Entry* entry) {
  *snapshot = core_.views->snapshot(core_.visible, 0);
  return find_counted(ns, key, *snapshot->view(), snapshot->seq(), entry);
}

Status DbImpl::multi_get(Lookup* lookups, size_t count, Snapshot* snapshot) {
  *snapshot = core_.views->snapshot(core_.visible, 0);
  std::vector<uint64_t> hashes(count);
  look_up(*snapshot->view(), snapshot->seq(), core_.hash_seed, lookups, count, hashes.data());
  int64_t now_ms = 0;
  for (size_t i = 0; i < count; i++) {
    if (lookups[i].code != Code::kOk || lookups[i].entry.kind == EntryKind::kPut) continue;
    if (now_ms == 0) now_ms = core_.clock.now_ms();
    if (!lookups[i].entry.is_live(now_ms)) lookups[i].code = Code::kNotFound;
  }
  count_lookups(core_.stats.calls.mine(), lookups, count);
  return {};
}

Result<Prefix> DbImpl::prefix_of(const Snapshot& snapshot, uint32_t ns) {
  const Prefix prefix = snapshot.view()->catalog()->prefix_of(ns, snapshot.seq());
  if (prefix == kSystemPrefix) return Code::kInvalid;
  return prefix;
}

Result<std::unique_ptr<Iterator>> DbImpl::new_iterator(const Snapshot& snapshot, uint32_t ns) {
  FIRN_TRY_ASSIGN(const Prefix prefix, prefix_of(snapshot, ns));
  if (core_.stats.calls.mine().add(DbStats::kScans, 1) % kScansPerLook == kScansPerLook - 1) background_.wake_workers();
  FIRN_TRY_ASSIGN(auto all, snapshot.view()->new_iterator(snapshot.seq()));
  return new_live_iterator(std::move(all), prefix, snapshot.now_ms(), core_.hash_seed, core_.stats.calls);
}

Result<std::pair<uint64_t, uint64_t>> DbImpl::approximate(uint32_t ns, Slice lower, const std::optional<Slice>& upper) {
  const ReadView& view = *core_.views->current();
  const Prefix prefix = view.catalog()->prefix_of(ns, kSeqMax);
  if (prefix == kSystemPrefix) return Code::kInvalid;
  FIRN_TRY_ASSIGN(const auto extent,
                  view.approximate({prefix, lower}, upper ? InternalKey{prefix, *upper} : InternalKey{prefix + 1, Slice()}));
  return std::pair(extent.entry_count, extent.bytes);
}

// ---- Writes -------------------------------------------------------------------------------------------------------------

Result<Seq> DbImpl::write(const Operation* operations, size_t count, WriteFlags flags) {
  FIRN_TRY(begin_writing());
  Result<Seq> seq = timed_write(flags, [&] { return door_.write(operations, count, flags); });
  if (core_.options.single_threaded) after_write();
  return seq;
}

// Without threads: what the keeper does where there is one.
Status DbImpl::sync_if_due() {
  if (core_.is_failed.load(std::memory_order_acquire) || !door_.is_sync_due(&next_sync_ns_)) return {};
  if (core_.durable_seq.load(std::memory_order_relaxed) >= core_.visible.load(std::memory_order_relaxed)) return {};
  door_.sync_started();
  return door_.settle_visible();
}

void DbImpl::after_write() {
  // The write has failed, or was a commit of nothing: there is neither log nor manifest.
  if (core_.options.read_only || core_.awaits_first_write.load(std::memory_order_acquire)) return;
  (void)sync_if_due().ok();  // a failure makes the database read-only by itself
  // A slice of background work with every write that finds some: no pause is longer than a slice. Where readers have let go of a view there may be tables to close.
  const uint64_t freed_count = core_.views->freed_count();
  if (!jobs_pending_.load(std::memory_order_relaxed) && freed_count == seen_freed_count_.load(std::memory_order_relaxed)) return;
  seen_freed_count_.store(freed_count, std::memory_order_relaxed);
  const Result<bool> more = jobs_.run_slice(Jobs::Scope::kDue);
  jobs_pending_.store(!more.ok() || *more, std::memory_order_relaxed);
}

Result<std::optional<uint32_t>> DbImpl::change_namespace(const CommitDoor::CatalogChange& change) {
  Result<std::optional<uint32_t>> changed = door_.change_namespace(change);
  if (core_.options.single_threaded) after_write();
  return changed;
}

Result<uint32_t> DbImpl::ns_open(Slice name, bool existing_only) {
  const std::string key = name.to_string();
  {
    const NamespaceCatalog& catalog = *core_.views->current()->catalog();
    const auto at = catalog.names().find(key);
    // A namespace whose commit is not visible yet is known to the catalog already: then the door tells when it is.
    const Seq visible{core_.visible.load(std::memory_order_acquire)};
    if (at != catalog.names().end() && catalog.prefix_of(at->second, visible) != kSystemPrefix) return at->second;
    if (at == catalog.names().end() && existing_only) return Code::kNotFound;
  }
  FIRN_TRY(begin_writing());
  uint32_t found = 0;
  bool is_full = false;
  FIRN_TRY_ASSIGN(const auto made,
                  change_namespace([&](const NamespaceCatalog& catalog, Seq at) -> std::optional<NamespaceCatalog::Change> {
                    if (const auto other = catalog.names().find(key); other != catalog.names().end()) {
                      found = other->second;  // another thread was faster
                      return std::nullopt;
                    }
                    is_full = !catalog.has_room();
                    return is_full ? std::nullopt : std::optional(catalog.create(key, at));
                  }));
  if (is_full) return Code::kOverflow;
  return made ? *made : found;
}

Status DbImpl::ns_clear(uint32_t ns) {
  FIRN_TRY(begin_writing());
  bool is_full = false;
  FIRN_TRY_ASSIGN(const auto cleared,
                  change_namespace([&](const NamespaceCatalog& catalog, Seq at) -> std::optional<NamespaceCatalog::Change> {
                    if (catalog.prefix_of(ns, kSeqMax) == kSystemPrefix) return std::nullopt;
                    is_full = !catalog.has_prefixes();
                    return is_full ? std::nullopt : std::optional(catalog.clear(ns, at, core_.changes.bounds().first));
                  }));
  if (is_full) return Code::kOverflow;
  return cleared ? Status() : Status(Code::kInvalid);
}

Status DbImpl::ns_drop(uint32_t ns) {
  if (ns == 0) return Code::kInvalid;
  FIRN_TRY(begin_writing());
  FIRN_TRY_ASSIGN(const auto dropped,
                  change_namespace([this, ns](const NamespaceCatalog& catalog, Seq at) -> std::optional<NamespaceCatalog::Change> {
                    if (catalog.prefix_of(ns, kSeqMax) == kSystemPrefix) return std::nullopt;
                    return catalog.drop(ns, at, core_.changes.bounds().first);
                  }));
  return dropped ? Status() : Status(Code::kInvalid);
}

std::vector<std::pair<uint32_t, std::string>> DbImpl::ns_list() {
  std::vector<std::pair<uint32_t, std::string>> list;
  for (const auto& [name, id] : core_.views->current()->catalog()->names()) list.emplace_back(id, name);
  return list;
}

// ---- Durability and jobs ------------------------------------------------------------------------------------------------

Status DbImpl::sync() {
  FIRN_TRY(core_.check_writable());
  if (core_.awaits_first_write.load(std::memory_order_acquire)) return {};
  return door_.settle_visible();
}

// Something that waits for `done` until the time is up, somebody wakes it, or the database fails or closes.
template <typename Done>
Status DbImpl::wait_until(int32_t timeout_ms, const Done& done) {
  const ThreadPark park;
  const uint64_t woken = core_.wake_count.load();
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(std::max(timeout_ms, 0));
  std::unique_lock lock(core_.state_mutex);
  for (;;) {
    if (done()) return {};
    if (core_.is_closing.load()) return Code::kClosed;
    if (core_.wake_count.load() != woken) return Code::kCancelled;
    if (!core_.fatal_error.ok()) return core_.fatal_error;
    if (timeout_ms < 0) {
      core_.progressed.wait(lock);
    } else if (core_.progressed.wait_until(lock, until) == std::cv_status::timeout) {
      return done() ? Status() : Status(Code::kTimeout);
    }
  }
}

Status DbImpl::wait_durable(Seq version, int32_t timeout_ms) {
  const Seq visible{core_.visible.load(std::memory_order_acquire)};
  const Seq wanted = version == Seq() ? visible : version;
  if (wanted > visible) return Code::kInvalid;
  const auto is_durable = [&] { return core_.durable_seq.load(std::memory_order_acquire) >= wanted.value; };
  if (is_durable()) return {};
  FIRN_TRY(core_.check_writable());
  if (timeout_ms == 0) return Code::kTimeout;
  // Where nobody syncs by the clock this call does.
  if (core_.options.durability != Durability::kInterval || core_.options.single_threaded) return door_.settle_visible();
  return wait_until(timeout_ms, is_durable);
}

void DbImpl::wake(bool for_closing) {
  if (for_closing) core_.is_closing.store(true);
  core_.wake_count.fetch_add(1);
  {
    const std::lock_guard lock(core_.state_mutex);
    core_.progressed.notify_all();
  }
  core_.event_fd.signal();
}

Result<size_t> DbImpl::changes(Seq from, bool durable_only, uint8_t* out, size_t cap, size_t* needed) {
  FIRN_TRY(begin_writing());  // the log's directory, and somebody who tells of the next commit
  FIRN_TRY_ASSIGN(const size_t bytes, core_.changes.read(from, durable_only, out, cap, needed));
  if (bytes != 0 || core_.wal == nullptr) return bytes;
  door_.watch();  // at the end: from now on the next commit is told of
  return core_.changes.read(from, durable_only, out, cap, needed);
}

Status DbImpl::run_jobs_inline() {
  while (jobs_.has_due_work()) FIRN_TRY(jobs_.run_slice(Jobs::Scope::kDue).status());
  return {};
}

template <typename Done>
Status DbImpl::wait_for_jobs(const Done& done) {
  if (core_.options.single_threaded) {
    while (!done()) {
      {
        const std::lock_guard lock(core_.state_mutex);
        if (!core_.fatal_error.ok()) return core_.fatal_error;  // no job runs any more
      }
      FIRN_TRY(jobs_.run_slice(Jobs::Scope::kDue).status());
    }
    return {};
  }
  background_.wake_workers();
  const ThreadPark park;
  std::unique_lock lock(core_.state_mutex);
  while (!done()) {
    if (!core_.fatal_error.ok()) return core_.fatal_error;
    if (!core_.job_error.ok()) return core_.job_error;
    core_.progressed.wait(lock);
  }
  return {};
}

Status DbImpl::wait_for_flush() {
  uint64_t newest = 0;
  {
    const auto sealed = look_sealed();
    if (sealed.empty()) return {};
    newest = sealed.front()->segment()->id();
  }
  return wait_for_jobs([&] { return core_.flushed_segment_id.load(std::memory_order_acquire) >= newest; });
}

Status DbImpl::flush() {
  {
    const std::lock_guard lock(core_.state_mutex);
    core_.job_error = {};  // an old failure is no answer to this call
  }
  if (core_.awaits_first_write.load(std::memory_order_acquire)) return {};
  FIRN_TRY(door_.seal());
  return wait_for_flush();
}

// Also what was replaced in this call.
void DbImpl::close_replaced() {
  const ThreadPark park;
  jobs_.close_replaced();
}

Status DbImpl::compact() {
  FIRN_TRY(begin_writing());
  FIRN_TRY(flush());
  const uint64_t ticket = jobs_.request_full_compaction();
  FIRN_TRY(wait_for_jobs([&] { return jobs_.full_compactions_done() >= ticket; }));
  if (core_.options.single_threaded) close_replaced();  // else a worker does it
  return {};
}

Result<bool> DbImpl::run_jobs(int32_t max_ms) {
  if (!core_.options.single_threaded) return Code::kMisuse;
  const ThreadPark park;  // what is replaced here goes here
  core_.views->reclaim();
  if (core_.options.read_only || (core_.awaits_first_write.load() && !jobs_.has_work())) {
    FIRN_TRY(jobs_.free_memory());
    return false;
  }
  FIRN_TRY(begin_writing());
  const int64_t end_ns = core_.env->monotonic_ns() + int64_t{std::max(max_ms, 0)} * 1'000'000;
  FIRN_TRY(sync_if_due());
  while (jobs_.has_work()) {
    FIRN_TRY(jobs_.run_slice(Jobs::Scope::kAll).status());
    if (core_.env->monotonic_ns() >= end_ns) break;
  }
  core_.views->reclaim();  // the last slice may have replaced tables
  return jobs_.has_work();
}

Status DbImpl::background_error() {
  const std::lock_guard lock(core_.state_mutex);
  return core_.fatal_error.ok() ? core_.job_error : core_.fatal_error;
}

}  // namespace firn
