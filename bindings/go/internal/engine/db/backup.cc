#include "db/backup.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>

#include "env/thread_mark.h"
#include "lsm/manifest.h"

namespace firn {
namespace {

constexpr std::string_view kLockName = "LOCK";
constexpr std::string_view kPrefix = "backup-";
constexpr size_t kIdDigits = 8;

std::string backup_name(uint64_t id, int64_t time_ms) {
  char name[64];
  std::snprintf(name, sizeof name, "backup-%08" PRIu64 "-%" PRId64, id, time_ms);
  return name;
}

bool parse_backup_name(const std::string& name, BackupInfo* backup) {
  if (!name.starts_with(kPrefix)) return false;
  const char* const end = name.data() + name.size();
  const auto [dash, bad_id] = std::from_chars(name.data() + kPrefix.size(), end, backup->id);
  if (bad_id != std::errc() || dash == end || *dash != '-' || dash < name.data() + kPrefix.size() + kIdDigits) return false;
  const auto [rest, bad_time] = std::from_chars(dash + 1, end, backup->time_ms);
  if (bad_time != std::errc() || rest != end) return false;
  backup->name = name;
  return backup_name(backup->id, backup->time_ms) == name;
}

struct Found {
  std::vector<BackupInfo> whole;
  std::vector<BackupInfo> cut_short;
};

Result<bool> is_incomplete(Directory& directory, const std::string& name) {
  FIRN_TRY_ASSIGN(const auto backup, directory.open_directory(name, false));
  FIRN_TRY_ASSIGN(const auto names, backup->list());
  // Made, and cut short before the marker was in it, or removed but for itself.
  return names.empty() || std::find(names.begin(), names.end(), kIncompleteName) != names.end();
}

// kNotADatabase: there is something in the directory that is no backup.
Result<Found> find_backups(Directory& directory) {
  FIRN_TRY_ASSIGN(const auto names, directory.list());
  Found found;
  for (const std::string& name : names) {
    if (name == kLockName) continue;
    BackupInfo backup;
    if (!parse_backup_name(name, &backup)) {
      return Status(Code::kNotADatabase, "the directory holds something else than backups: choose another one, nothing was touched",
                    directory.path() + "/" + name);
    }
    FIRN_TRY_ASSIGN(const bool incomplete, is_incomplete(directory, name));
    (incomplete ? found.cut_short : found.whole).push_back(std::move(backup));
  }
  const auto by_id = [](const BackupInfo& a, const BackupInfo& b) { return a.id < b.id; };
  std::sort(found.whole.begin(), found.whole.end(), by_id);
  return found;
}

Result<BackupInfo> find_backup(Directory& directory, uint64_t id) {
  FIRN_TRY_ASSIGN(const Found found, find_backups(directory));
  for (const BackupInfo& backup : found.whole) {
    if (backup.id == id) return backup;
  }
  return Status(Code::kNotFound, "there is no backup with this number", directory.path());
}

}  // namespace

Result<std::unique_ptr<BackupJob>> BackupJob::begin(CopySource source, Env& env, const std::string& path) {
  std::unique_ptr<BackupJob> job(new BackupJob);
  auto directory = env.open_directory(path, true);
  if (directory.status().is(Code::kNotFound)) return Status(Code::kNotFound, "the parent directory does not exist: make it first", path);
  if (!directory.ok()) return directory.status();
  job->directory_ = std::move(*directory);
  FIRN_TRY(find_backups(*job->directory_).status());  // before the lock makes a file in a directory of somebody else
  FIRN_TRY_ASSIGN(job->lock_, job->directory_->lock(kLockName));
  FIRN_TRY_ASSIGN(const Found found, find_backups(*job->directory_));
  for (const BackupInfo& backup : found.whole) job->id_ = std::max(job->id_, backup.id);
  for (const BackupInfo& backup : found.cut_short) {
    job->id_ = std::max(job->id_, backup.id);
    FIRN_TRY(remove_database(*job->directory_, backup.name));
  }
  job->id_++;
  LinkSource links;
  if (!found.whole.empty()) {
    FIRN_TRY_ASSIGN(const auto previous, job->directory_->open_directory(found.whole.back().name, false));
    FIRN_TRY_ASSIGN(job->previous_, previous->open_directory("tables", false));
    links.tables = job->previous_.get();
  }
  FIRN_TRY_ASSIGN(job->copy_, DatabaseCopy::begin(std::move(source), links, env, *job->directory_, backup_name(job->id_, env.wall_ms())));
  return job;
}

Result<std::unique_ptr<BackupJob>> BackupJob::begin_restore(Env& env, const std::string& path, uint64_t id, const std::string& to) {
  std::unique_ptr<BackupJob> job(new BackupJob);
  FIRN_TRY_ASSIGN(job->directory_, env.open_directory(path, false));
  FIRN_TRY_ASSIGN(const BackupInfo backup, find_backup(*job->directory_, id));
  FIRN_TRY_ASSIGN(job->lock_, job->directory_->lock(kLockName));
  FIRN_TRY_ASSIGN(PlaceInParent place, find_new_place(env, to));
  job->parent_ = std::move(place.parent);
  job->id_ = id;
  DbOptions options;
  options.read_only = true;
  FIRN_TRY_ASSIGN(job->restored_, Db::open(path + "/" + backup.name, options, env));
  const ThreadMark mark;
  FIRN_TRY_ASSIGN(job->copy_, DatabaseCopy::begin(job->restored_->copy_source(), {}, env, *job->parent_, std::move(place.name)));
  return job;
}

Result<bool> BackupJob::step(uint64_t bytes_max) {
  if (!error_.ok()) return error_;
  Result<bool> more = copy_->step(bytes_max);
  if (!more.ok()) error_ = more.status();
  is_complete_ = more.ok() && !*more;
  return more;
}

Result<uint64_t> BackupJob::finish() {
  Status status = error_;
  if (status.ok() && !is_complete_) status = {Code::kCancelled, "not everything was copied: what was made is removed"};
  if (status.ok()) status = copy_->finish();
  copy_.reset();
  if (!status.ok()) return status;
  return id_;
}

Result<std::vector<BackupInfo>> list_backups(Env& env, const std::string& path) {
  FIRN_TRY_ASSIGN(const auto directory, env.open_directory(path, false));
  FIRN_TRY_ASSIGN(Found found, find_backups(*directory));
  return std::move(found.whole);
}

Result<BackupContent> backup_content(Env& env, const std::string& path, const BackupInfo& backup) {
  FIRN_TRY_ASSIGN(const auto directory, env.open_directory(path + "/" + backup.name, false));
  FIRN_TRY_ASSIGN(const auto manifest, directory->open_directory("manifest", false));
  FIRN_TRY_ASSIGN(const ManifestState state, Manifest::read(*manifest));
  BackupContent content{state.seq_floor, 0, state.tables.size()};
  for (const TableRecord& table : state.tables) content.bytes += table.file_bytes;
  return content;
}

Status verify_backup(Env& env, const std::string& path, uint64_t id) {
  FIRN_TRY_ASSIGN(const auto directory, env.open_directory(path, false));
  FIRN_TRY_ASSIGN(const BackupInfo backup, find_backup(*directory, id));
  return Db::check(path + "/" + backup.name, env);
}

Status delete_backup(Env& env, const std::string& path, uint64_t id) {
  FIRN_TRY_ASSIGN(const auto directory, env.open_directory(path, false));
  FIRN_TRY(find_backups(*directory).status());
  FIRN_TRY_ASSIGN(const auto lock, directory->lock(kLockName));
  FIRN_TRY_ASSIGN(const BackupInfo backup, find_backup(*directory, id));
  {
    // From here on it is none, whatever happens (COPY-1).
    FIRN_TRY_ASSIGN(const auto doomed, directory->open_directory(backup.name, false));
    FIRN_TRY(doomed->open_file(kIncompleteName, OpenMode::kCreate).status());
    FIRN_TRY(doomed->sync());
  }
  return remove_database(*directory, backup.name);
}

}  // namespace firn
