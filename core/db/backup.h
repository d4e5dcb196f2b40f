// Backups: a directory of databases, one a backup, named backup-<number>-<time>. A table that the newest earlier backup has too is linked there. Every backup is whole by
// itself, so verifying is checking it, deleting is removing it, restoring is copying it; and what a crash leaves of one says so (COPY-1).
//
// Threading: a BackupJob one thread at a time; the functions from any thread. The LOCK of the directory keeps jobs and deletions apart.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "db/database_copy.h"

namespace firn {

struct BackupInfo {
  uint64_t id = 0;
  int64_t time_ms = 0;  // Unix time of its beginning
  std::string name;     // of its directory
};

// A backup, or a restoration, that goes on.
class BackupJob {
 public:
  // kNotADatabase: the directory holds something else. kLocked.
  static Result<std::unique_ptr<BackupJob>> begin(CopySource source, Env& env, const std::string& path);
  // kNotFound: no such backup.
  static Result<std::unique_ptr<BackupJob>> begin_restore(Env& env, const std::string& path, uint64_t id, const std::string& to);

  // As those of DatabaseCopy. An error is sticky.
  Result<bool> step(uint64_t bytes_max);
  // There can be no further step: finish() has this error, unless there was one before, or everything is there.
  void fail(Code code) {
    if (error_.ok() && !is_complete_) error_ = code;
  }
  // The number of the backup. kCancelled: not everything was there; what was made is removed. Or the error of step().
  Result<uint64_t> finish();
  const CopyProgress& progress() const { return copy_->progress(); }
  Seq seq() const { return copy_->seq(); }

 private:
  BackupJob() = default;

  // Destroyed in the reverse order: the copy first, the lock last.
  std::unique_ptr<Directory> directory_;  // of backups
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Db> restored_;         // the backup that is restored
  std::unique_ptr<Directory> previous_;  // tables of the backup before
  std::unique_ptr<Directory> parent_;    // of the directory that is made
  uint64_t id_ = 0;
  bool is_complete_ = false;
  Status error_;
  std::unique_ptr<DatabaseCopy> copy_;
};

// Whole ones, by number. kNotFound, kNotADatabase.
Result<std::vector<BackupInfo>> list_backups(Env& env, const std::string& path);
// What its manifest says: the version, the bytes and the number of its tables.
struct BackupContent {
  Seq version;
  uint64_t bytes = 0;
  uint64_t table_count = 0;
};
Result<BackupContent> backup_content(Env& env, const std::string& path, const BackupInfo& backup);
Status verify_backup(Env& env, const std::string& path, uint64_t id);
Status delete_backup(Env& env, const std::string& path, uint64_t id);

}  // namespace firn
