// Opening: from a path to a database that can be used. Everything is read and judged before anything is written.
#include <algorithm>
#include <unordered_set>

#include "db/database_directory.h"
#include "db/db_impl.h"
#include "env/lock_wait.h"
#include "env/memory_env.h"
#include "env/posix_env.h"
#include "env/thread_mark.h"
#include "log/overtaken_reader.h"
#include "log/recovery.h"
#include "lsm/log_replay.h"

namespace firn {
namespace {

constexpr std::string_view kLockName = "LOCK";
constexpr std::string_view kManifestName = "manifest";
constexpr std::string_view kWalName = "wal";
constexpr std::string_view kTablesName = "tables";

bool is_ours(const std::string& name) { return name == kLockName || name == kManifestName || name == kWalName || name == kTablesName; }

}  // namespace

Result<std::unique_ptr<Db>> Db::open(const std::string& path, const DbOptions& options, Env& env) {
  auto db = std::make_unique<DbImpl>();
  FIRN_TRY(db->open(path, options, env));
  return std::unique_ptr<Db>(std::move(db));
}

Status DbImpl::open(const std::string& path, const DbOptions& options, Env& env) {
  core_.env = &env;
  core_.outer_env = &env;
  core_.options = options;
  core_.options.memtable_bytes = round_up(options.memtable_bytes, 4096);
  core_.path = path;
  FIRN_TRY(open_directory(path));
  if (!options.read_only) {
    FIRN_TRY_ASSIGN(core_.lock, wait_for_lock(*core_.env, *core_.directory, kLockName, options.lock_timeout_ms));
  }
  core_.clock = DbClock(*core_.env);
  core_.opened_ns = core_.env->monotonic_ns();
  core_.views = ViewStore::acquire();
  Found found;
  FIRN_TRY(recover(&found));
  core_.recovery = found.report;
  FIRN_TRY(options.read_only ? start_reading(std::move(found)) : start_writing(std::move(found)));
  return {};
}

Status DbImpl::open_directory(const std::string& path) {
  if (path == ":memory:") {
    core_.owned_env = new_memory_env();
    core_.env = core_.owned_env.get();
  }
  const bool create = core_.options.create_if_missing && !core_.options.read_only;
  auto directory = core_.env->open_directory(path, create);
  if (directory.status().is(Code::kNotFound)) {
    return {Code::kNotFound,
            create ? "the directory that the database should be made in does not exist: make it first"
                   : "there is no database here, and create_if_missing is off",
            path};
  }
  if (!directory.ok()) return directory.status();
  core_.directory = std::move(*directory);
  FIRN_TRY_ASSIGN(const auto names, core_.directory->list());
  if (std::find(names.begin(), names.end(), kIncompleteName) != names.end()) {
    return {Code::kNotADatabase, "a copy of a database lies here that was cut short: remove the directory", path};
  }
  const bool foreign = std::any_of(names.begin(), names.end(), [](const std::string& name) { return !is_ours(name); });
  const bool has_manifest = std::find(names.begin(), names.end(), kManifestName) != names.end();
  if (foreign && !has_manifest) {
    return {Code::kNotADatabase, "the directory holds something else: choose another path, nothing was touched", path};
  }
  if (!has_manifest && !create) return {Code::kNotFound, "there is no database here, and create_if_missing is off", path};
  return {};
}

Result<ManifestState> DbImpl::read_manifest(bool* is_new) {
  auto manifest = core_.directory->open_directory(kManifestName, false);
  Result<ManifestState> state = manifest.ok() ? Manifest::read(**manifest) : Result<ManifestState>(manifest.status());
  *is_new = state.status().is(Code::kNotFound);
  if (state.ok() && core_.options.error_if_exists)
    return Status(Code::kExists, "there is a database here, and error_if_exists is on", core_.path);
  if (state.ok() || !(state.status().is(Code::kNotFound) || state.status().is(Code::kCorrupt))) return state;
  // No manifest that can be read. A new database, or one whose creation was cut short before it held anything: then there are the manifest's first segments, half
  // made, one of each attempt, and nothing else.
  if (!*is_new) {
    FIRN_TRY_ASSIGN(auto segments, (*manifest)->list());
    std::sort(segments.begin(), segments.end());
    for (size_t i = 0; i < segments.size(); i++) {
      if (segments[i] != segment_name(i + 1)) return state;
    }
    *is_new = true;
  }
  for (const std::string_view name : {kWalName, kTablesName}) {
    auto directory = core_.directory->open_directory(name, false);
    if (directory.status().is(Code::kNotFound)) continue;
    if (!directory.ok()) return directory.status();
    FIRN_TRY_ASSIGN(const auto names, (*directory)->list());
    if (!names.empty() && state.status().is(Code::kCorrupt)) return state;
    if (!names.empty()) {
      return Status::corrupt("the manifest is missing, but there are data: restore it from a backup",
                             core_.path + "/" + std::string(kManifestName), 0);
    }
  }
  if (core_.options.read_only || !core_.options.create_if_missing) {
    return Status(Code::kNotFound, "there is no database here: the creation of one was cut short", core_.path);
  }
  ManifestState fresh;
  fresh.db_id = core_.env->random() | 1;
  fresh.hash_seed = core_.env->random();
  fresh.wal_id = core_.env->random();
  return fresh;
}

Status DbImpl::recover(Found* found) {
  for (OvertakenReader reader;;) {
    Status status = recover_once(found);
    if (status.ok() || !core_.options.read_only) return status;
    bool is_new = false;
    const Result<ManifestState> now = read_manifest(&is_new);
    if (!reader.should_read_again(status, now.ok() && now->snapshot().bytes() == found->state.snapshot().bytes())) return status;
    *found = Found();
  }
}

Status DbImpl::refresh() {
  if (!core_.options.read_only) return {};
  const std::lock_guard turn(refresh_mutex_);
  Found found;
  FIRN_TRY(recover(&found));
  FIRN_TRY(start_reading(std::move(found)));
  const ThreadPark park;  // the view of before may go, and with it the tables that it alone has open
  core_.views->reclaim();
  return {};
}

Status DbImpl::recover_once(Found* found) {
  bool is_new = false;
  FIRN_TRY_ASSIGN(found->state, read_manifest(&is_new));
  core_.db_id = found->state.db_id;
  core_.hash_seed = found->state.hash_seed;
  found->report.clean = is_new || found->state.closed_clean;
  found->was_closed = found->state.closed_clean;
  core_.next_table_id.store(found->state.next_table_id);
  core_.next_run_id.store(found->state.next_run_id);
  if (!core_.options.read_only) {
    bool is_made = is_new;  // what another process made of a new database was perhaps never synced
    for (const std::string_view name : {kManifestName, kWalName, kTablesName}) {
      if (core_.directory->open_directory(name, false).ok()) continue;
      FIRN_TRY(core_.directory->open_directory(name, true).status());
      is_made = true;
    }
    if (is_made) FIRN_TRY(core_.directory->sync());
    if (is_new) {
      // Segments of attempts before this one: read_manifest() knows them by there being none without those in front of it, also after the next power loss.
      FIRN_TRY_ASSIGN(const auto manifest, core_.directory->open_directory(kManifestName, false));
      FIRN_TRY_ASSIGN(const auto attempts, manifest->list());
      if (!attempts.empty()) FIRN_TRY(manifest->sync());
    }
  }
  FIRN_TRY(open_tables(found));
  FIRN_TRY(replay_log(found));
  return expect_no_unnamed_records(found->state);
}

Status DbImpl::open_tables(Found* found) {
  auto directory = core_.directory->open_directory(kTablesName, false);
  if (!directory.ok()) return directory.status();
  core_.tables = std::move(*directory);
  std::vector<std::pair<uint64_t, TableRef>> tables;
  for (const TableRecord& record : found->state.tables) {
    FIRN_TRY_ASSIGN(TableRef table, open_table(*core_.tables, {core_.db_id, record.table_id}, core_.options.table_io));
    table->table->count_reads_in(core_.stats.traffic);
    if (table->file_bytes != record.file_bytes) {
      return Status::corrupt("a table does not have the length that the manifest names",
                             core_.tables->path() + "/" + table_name(record.table_id), record.file_bytes);
    }
    found->last = std::max(found->last, table->table->properties().seq_max);
    tables.emplace_back(record.run_id, std::move(table));
  }
  // Behind the openings: a writer may remove what is open, so a reader who verifies is not overtaken meanwhile.
  if (core_.options.verify_on_open) {
    for (const auto& [run_id, table] : tables) FIRN_TRY(table->table->verify(core_.hash_seed));
  }
  found->version = apply_changes(Version(), {}, tables);
  found->last = std::max(found->last, found->state.seq_floor);
  return {};
}

Status DbImpl::replay_log(Found* found) {
  FIRN_TRY_ASSIGN(auto directory, core_.directory->open_directory(kWalName, false));
  const SegmentIo io = segment_io(core_.options.log_io);
  LogReplay replay(core_.hash_seed);
  FIRN_TRY_ASSIGN(found->log, replay.recover(*directory, found->state.wal_id, found->state.wal_segments, io));
  found->system_memtables = replay.system_memtables();
  found->memtables = replay.take_memtables();
  for (const auto& memtable : found->memtables) found->last = std::max(found->last, memtable->seq_max());
  found->report.note(found->log);
  return {};
}

// A segment is named, durably, before it is used. One that holds records, and that this manifest has not come to name yet, tells that the manifest's end is gone: what
// it says is an older state, and an opening that believed it would lose the commits, and remove the segment.
Status DbImpl::expect_no_unnamed_records(const ManifestState& state) {
  FIRN_TRY_ASSIGN(const auto wal, core_.directory->open_directory(kWalName, false));
  FIRN_TRY_ASSIGN(const auto names, wal->list());
  for (const std::string& name : names) {
    uint64_t id = 0;
    if (!parse_segment_name(name, &id) || id < state.wal_next_id) continue;
    const auto segment = Segment::open(*wal, id, state.wal_id, segment_io(core_.options.log_io));
    if (segment.status().is(Code::kNotFound) || segment.status().is(Code::kCorrupt))
      continue;  // removed meanwhile; half made, or not this log's
    if (!segment.ok()) return segment.status();
    if (!opening_mark(**segment)) continue;
    if (core_.options.read_only) {  // named since it was read: then what was read is an older state, and a whole one
      bool is_new = false;
      const Result<ManifestState> now = read_manifest(&is_new);
      if (now.ok() && id < now->wal_next_id) continue;
    }
    return Status::corrupt("the manifest does not name a segment of the log that holds records: its end is missing", (*segment)->path(), 0);
  }
  return {};
}

Status DbImpl::start_reading(Found found) {
  FIRN_TRY_ASSIGN(auto catalog, load_catalog(found));
  // First the number, then the view: a reader in between sees the old state under the new number, never a mixture.
  core_.visible.store(found.last.value);
  core_.views->publish(std::make_unique<ReadView>(nullptr, std::move(found.memtables), std::move(found.version), std::move(catalog)));
  return {};
}

Result<NamespaceCatalogRef> DbImpl::load_catalog(const Found& found) {
  // A scan puts a memtable into order first: only those that have something to say.
  const ReadView view(nullptr, found.system_memtables, found.version, std::make_shared<NamespaceCatalog>());
  FIRN_TRY_ASSIGN(const auto all, view.new_iterator(kSeqMax));
  return NamespaceCatalog::load(*all);
}

Status DbImpl::start_writing(Found found) {
  FIRN_TRY_ASSIGN(auto catalog, load_catalog(found));
  ManifestState& state = found.state;
  FIRN_TRY(find_leftovers(&found));

  // After a close in order the numbers go on; else they jump, so that none is given twice even if some were lost with the power.
  if (!core_.recovery.clean) {
    const Seq jumped = jump_from(found.last);
    core_.changes.versions_jumped(found.last, jumped);
    found.last = jumped;
  }
  if (found.last > kSeqMax) return Code::kOverflow;
  state.closed_clean = false;
  state.seq_floor = found.last;
  state.wal_next_id = std::max(state.wal_next_id, found.log.next_id);
  state.wal_next_base = std::max(state.wal_next_base, found.log.next_base);
  if (state.wal_start > state.wal_next_id) state.wal_start = state.wal_next_id;
  core_.changes.start(state.retained);
  if (found.memtables.empty()) core_.became_durable(found.last);
  // Segments behind a cut, and those at the end that hold no data, are not part of the log any more: nobody would make their marks durable, and without them what follows
  // would not count.
  state.wal_segments.clear();
  for (size_t i = 0; i < found.log.data_segment_count; i++) state.wal_segments.push_back(found.log.segments[i]->id());
  core_.has_recovered.store(!found.memtables.empty());
  jobs_pending_.store(true);
  door_.on_upkeep_due = [this] {
    if (!core_.options.single_threaded) return background_.keep_log();
    (void)run_guarded([this] { return door_.keep_spare().status(); }).ok();
    (void)run_guarded([this] {
      for (;;) {
        FIRN_TRY_ASSIGN(const bool more, door_.keep_pages());
        if (!more) return Status();
      }
    }).ok();
  };
  door_.on_sealed = [this] {
    jobs_pending_.store(true, std::memory_order_relaxed);
    if (!core_.options.single_threaded) background_.wake_workers();
  };
  door_.free_room = [this] { return jobs_.close_one_replaced(); };
  door_.do_jobs = [this] { return run_jobs_inline(); };
  jobs_.seal_for_scans = [this](uint64_t segment_id) { return door_.seal_for_scans(segment_id); };
  background_.begin_writing = [this] { return begin_writing(); };
  // Guarded: the commit that waits for it is visible, and is told more than that memory has run out.
  door_.flush_recovered = [this] { return run_guarded([this] { return wait_for_flush(); }); };
  // After a close in order there is nothing that an opening has to write. Jobs that are due make the log later, as a write does (Background::work).
  const bool waits = found.was_closed && found.memtables.empty() && found.leftover_tables.empty() && found.leftover_segments.empty();
  core_.awaits_first_write.store(waits);
  core_.visible.store(found.last.value);
  core_.views->publish(std::make_unique<ReadView>(nullptr, std::move(found.memtables), std::move(found.version), std::move(catalog)));
  start_ = std::move(found);
  if (!waits) FIRN_TRY(start_log());
  if (!core_.options.single_threaded) {
    FIRN_TRY(background_.start());
    core_.views->leave_to_worker();
  }
  return {};
}

// Manifest::start() and continue_at() take names that no attempt before has taken.
Status DbImpl::start_log() {
  ManifestState& state = start_.state;
  const SegmentIo io = segment_io(core_.options.log_io);
  FIRN_TRY_ASSIGN(auto manifest_directory, core_.directory->open_directory(kManifestName, false));
  FIRN_TRY_ASSIGN(core_.manifest, Manifest::start(std::move(manifest_directory), state, io, *core_.env));
  FIRN_TRY_ASSIGN(auto wal_directory, core_.directory->open_directory(kWalName, false));
  FIRN_TRY(remove_leftovers(*wal_directory));
  core_.wal = std::make_unique<Log>(std::move(wal_directory), state.wal_id, io, *core_.env);
  core_.wal->continue_at(state.wal_next_id++, state.wal_next_base, start_.log.data_end);
  core_.sync_group = std::make_unique<SyncGroup>(*core_.wal);
  FIRN_TRY(door_.start(start_.last));
  start_ = Found();
  return {};
}

// A failure has changed nothing that anybody sees: the next write tries again.
Status DbImpl::begin_first_write() {
  const ThreadPark park;
  const std::lock_guard lock(start_mutex_);
  if (!core_.awaits_first_write.load()) return {};
  if (core_.is_closing.load()) return Code::kClosed;
  FIRN_TRY(core_.check_writable());
  FIRN_TRY(start_log());
  {
    const std::lock_guard state_lock(core_.state_mutex);
    core_.job_error = {};  // of a job that could not begin
  }
  core_.awaits_first_write.store(false, std::memory_order_release);
  if (!core_.options.single_threaded) background_.keep_log();
  return {};
}

// Files that no state names: of jobs and openings that were cut short. Files of another database are not ours to delete.
Status DbImpl::find_leftovers(Found* found) {
  ManifestState& state = found->state;
  std::unordered_set<uint64_t> tables;
  for (const TableRecord& record : state.tables) tables.insert(record.table_id);
  FIRN_TRY_ASSIGN(auto table_names, core_.tables->list());
  for (std::string& name : table_names) {
    uint64_t id = 0;
    if (!parse_table_name(name, &id) || tables.count(id) != 0) continue;
    FIRN_TRY_ASSIGN(auto file, core_.tables->open_file(name, OpenMode::kRead));
    if (const auto identity = table_identity(*file); identity && identity->db_id != core_.db_id) {
      return Status::corrupt("a table of another database lies here: is the manifest the right one?", core_.tables->path() + "/" + name, 0);
    }
    // What no manifest can have named yet may go at once: on a full disk the new manifest needs the room.
    if (id >= state.next_table_id)
      FIRN_TRY(core_.tables->remove(name));
    else
      found->leftover_tables.push_back(std::move(name));
  }
  FIRN_TRY_ASSIGN(auto wal, core_.directory->open_directory(kWalName, false));
  FIRN_TRY_ASSIGN(auto segment_names, wal->list());
  std::unordered_set<uint64_t> retained;
  for (const RetainedSegment& segment : state.retained) retained.insert(segment.id);
  size_t found_count = 0;
  for (std::string& name : segment_names) {
    uint64_t id = 0;
    if (!parse_segment_name(name, &id)) continue;
    if (retained.count(id) != 0) {
      found_count++;
      continue;
    }
    if (std::find(state.wal_segments.begin(), state.wal_segments.end(), id) == state.wal_segments.end())
      found->leftover_segments.push_back(std::move(name));
  }
  // Nothing depends on them but the change feed, which says itself how far back it reads.
  if (found_count != retained.size()) state.retained.clear();
  return {};
}

// Only when the new manifest is durable: the one that was found may be in the cache alone, if the process was killed before its sync, and the one on the disk name
// these files.
Status DbImpl::remove_leftovers(Directory& wal) {
  const auto remove_all = [](Directory& directory, std::vector<std::string>& names) -> Status {
    for (; !names.empty(); names.pop_back()) FIRN_TRY(directory.remove(names.back()));
    return {};
  };
  FIRN_TRY(remove_all(*core_.tables, start_.leftover_tables));
  return remove_all(wal, start_.leftover_segments);
}

Status Db::check(const std::string& path, Env& env) {
  DbOptions options;
  options.read_only = true;
  // The lock keeps writers away meanwhile; where it cannot be had because the medium is read-only there are none.
  FIRN_TRY_ASSIGN(const auto directory, env.open_directory(path, false));
  FIRN_TRY_ASSIGN(const auto names, directory->list());
  std::unique_ptr<FileLock> lock;
  if (std::find(names.begin(), names.end(), kLockName) != names.end()) {
    auto held = directory->lock(kLockName);
    if (held.status().is(Code::kLocked)) return held.status();
    if (held.ok()) lock = std::move(*held);
  }
  auto db = std::make_unique<DbImpl>();
  FIRN_TRY(db->open(path, options, env));
  const ThreadMark mark;
  return db->verify();
}

}  // namespace firn
