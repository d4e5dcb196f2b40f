// Checkpoints and backups of an open database: the part of DbImpl that hands out its state.
#include "db/backup.h"
#include "db/db_impl.h"
#include "env/thread_mark.h"

namespace firn {

CopySource DbImpl::copy_source() {
  CopySource source;
  source.snapshot = core_.views->snapshot(core_.visible, 0);
  source.db_id = core_.db_id;
  source.hash_seed = core_.hash_seed;
  source.compression = core_.options.compression;
  return source;
}

Status DbImpl::checkpoint(const std::string& path) {
  FIRN_TRY_ASSIGN(PlaceInParent place, find_new_place(*core_.outer_env, path));
  FIRN_TRY_ASSIGN(const auto tables, core_.directory->open_directory("tables", false));  // its own: refresh() may replace the other
  CopySource source = copy_source();
  const ThreadPark park;  // the snapshot keeps what is copied; other views may go meanwhile
  FIRN_TRY_ASSIGN(const auto copy,
                  DatabaseCopy::begin(std::move(source), {tables.get(), true}, *core_.outer_env, *place.parent, std::move(place.name)));
  FIRN_TRY(copy->step(UINT64_MAX).status());
  return copy->finish();
}

Result<std::unique_ptr<BackupJob>> DbImpl::begin_backup(const std::string& path) {
  return BackupJob::begin(copy_source(), *core_.outer_env, path);
}

}  // namespace firn
