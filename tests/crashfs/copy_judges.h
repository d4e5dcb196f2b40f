// Copies of databases, backups of them and what has to hold of one, for the tests that crash and fail what makes them.
// Threading: one thread.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "db/backup.h"
#include "db/db.h"
#include "db/options.h"
#include "env/thread_mark.h"

namespace firn {

inline constexpr const char* kDatabase = "/disk/db";
inline constexpr const char* kBackups = "/disk/backups";

using Contents = std::map<std::string, std::string>;

inline std::string describe(const Status& status) {
  std::string text = "code " + std::to_string(static_cast<int>(status.code())) + " " + std::string(status.message());
  if (status.detail() != nullptr) text += std::string(" ") + status.detail()->file;
  return text;
}

inline Result<std::unique_ptr<Db>> open_database(Env& env, const std::string& path, bool read_only) {
  DbOptions options;
  EXPECT_EQ(Code::kOk, parse_options(&options, "memtable_bytes=4KiB,durability=sync,single_threaded=true"));
  options.read_only = read_only;
  return Db::open(path, options, env);
}

inline Result<Contents> contents_of(Db& db) {
  const ThreadMark mark;
  const Snapshot snapshot = db.snapshot();
  FIRN_TRY_ASSIGN(const auto iterator, db.new_iterator(snapshot, 0));
  Contents contents;
  for (iterator->seek_to_first(); iterator->valid(); iterator->next())
    contents[iterator->entry().key.user.to_string()] = iterator->entry().value.to_string();
  FIRN_TRY(iterator->status());
  return contents;
}

inline Result<uint64_t> back_up(Db& db) {
  const ThreadMark mark;
  FIRN_TRY_ASSIGN(auto job, db.begin_backup(kBackups));
  for (bool more = true; more;) {
    FIRN_TRY_ASSIGN(more, job->step(1 << 12));
  }
  return job->finish();
}

inline Status restore(Env& env, uint64_t id, const std::string& to) {
  FIRN_TRY_ASSIGN(auto job, BackupJob::begin_restore(env, kBackups, id, to));
  for (bool more = true; more;) {
    FIRN_TRY_ASSIGN(more, job->step(1 << 12));
  }
  return job->finish().status();
}

// A directory that was being made.
inline std::string judge_copy(Env& env, const std::string& path, const Contents& wanted, bool has_to_be_there) {
  const auto copy = open_database(env, path, true);
  if (copy.status().is(Code::kNotFound) || copy.status().is(Code::kNotADatabase))
    return has_to_be_there ? path + " was acknowledged and is no database: " + describe(copy.status()) : "";
  if (!copy.ok()) return path + " is neither whole nor refused: " + describe(copy.status());
  const auto found = contents_of(**copy);
  if (!found.ok()) return path + " cannot be read: " + describe(found.status());
  if (*found != wanted) return path + " is another state";
  const Status status = Db::check(path, env);
  return status.ok() ? "" : "the check of " + path + " finds: " + describe(status);
}

inline std::string judge_backup(Env& env, uint64_t id, const Contents& wanted) {
  const auto list = list_backups(env, kBackups);
  if (!list.ok()) return "the backups cannot be listed: " + describe(list.status());
  for (const BackupInfo& backup : *list) {
    if (backup.id == id) return judge_copy(env, std::string(kBackups) + "/" + backup.name, wanted, true);
  }
  return "backup " + std::to_string(id) + " is not there";
}

// `known`: what each backup that there ever was holds; `has_to_be_there`, `may_not_be_there`: by number.
inline std::string judge_backups(Env& env, const std::map<uint64_t, Contents>& known, const std::set<uint64_t>& has_to_be_there,
                                 const std::set<uint64_t>& may_not_be_there) {
  const auto list = list_backups(env, kBackups);
  if (list.status().is(Code::kNotFound)) return has_to_be_there.empty() ? "" : "the directory of the backups is gone";
  if (!list.ok()) return "the backups cannot be listed: " + describe(list.status());
  for (const BackupInfo& backup : *list) {
    if (!known.contains(backup.id) || may_not_be_there.contains(backup.id)) return "a backup that should not be there: " + backup.name;
    if (std::string problem = judge_backup(env, backup.id, known.at(backup.id)); !problem.empty()) return problem;
  }
  for (const uint64_t id : has_to_be_there) {
    if (std::string problem = judge_backup(env, id, known.at(id)); !problem.empty()) return problem;
  }
  return "";
}

}  // namespace firn
