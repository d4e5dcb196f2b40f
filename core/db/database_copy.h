// DatabaseCopy: makes a directory that holds a snapshot of a database as a database of its own: its tables, linked or copied, and its memtables as tables. What
// checkpoints, backups and restores consist of.
//
// A copy has the identity of its source, because tables are bound to it: their checksums would have to be made anew otherwise.
// Threading: one thread at a time. It may outlive the database that it copies.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "db/database_directory.h"
#include "db/db.h"
#include "env/env.h"
#include "lsm/merge_job.h"

namespace firn {

struct CopySource {
  Snapshot snapshot;
  uint64_t db_id = 0;
  uint64_t hash_seed = 0;
  Compression compression = Compression::kNone;
};

// Where tables may be linked from instead of being copied.
struct LinkSource {
  Directory* tables = nullptr;  // nullptr: nowhere
  bool is_same = false;         // its names are those of the source; else a table is linked only when it ends alike
};

struct CopyProgress {
  uint64_t bytes_total = 0;
  uint64_t bytes_done = 0;
  uint64_t bytes_linked = 0;
  uint64_t tables_total = 0;
  uint64_t tables_done = 0;
};

class DatabaseCopy {
 public:
  // Makes the directory `name` in `parent`; it goes with the copy unless finish() succeeds. Both, and `links.tables`, outlive the copy. kExists.
  static Result<std::unique_ptr<DatabaseCopy>> begin(CopySource source, LinkSource links, Env& env, Directory& parent, std::string name);

  // Works on about `bytes_max` bytes. false: everything is there. After an error only the destructor may be called.
  Result<bool> step(uint64_t bytes_max);
  // Durable, and a database, when it returns. After step() has returned false.
  Status finish();
  const CopyProgress& progress() const { return progress_; }
  Seq seq() const { return source_.snapshot.seq(); }

 private:
  struct Item {
    uint64_t run_id;
    TableRef table;
  };

  DatabaseCopy(CopySource source, LinkSource links, Env& env);
  Status start_memtables();
  Result<bool> link_table(const TableHandle& table);
  Result<bool> ends_alike(const TableHandle& table) const;
  Status copy_some(const TableHandle& table, uint64_t* budget);
  Status step_tables(uint64_t* budget);
  Status step_memtables(uint64_t* budget);

  CopySource source_;
  LinkSource links_;
  Env& env_;
  std::unique_ptr<DatabaseDirectory> directory_;
  std::vector<Item> items_;
  size_t item_ = 0;             // the one that is being copied
  std::unique_ptr<File> file_;  // its copy
  uint64_t offset_ = 0;
  uint64_t next_table_id_ = 1;
  uint64_t next_run_id_ = 1;
  std::unique_ptr<MergeJob> memtables_;  // nullptr: they have no entries
  CopyProgress progress_;
};

}  // namespace firn
