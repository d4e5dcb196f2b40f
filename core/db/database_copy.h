// DatabaseCopy: makes a directory that holds a snapshot of a database as a database of its own: its tables, linked or copied, and its memtables as tables. What
// checkpoints, backups and restores consist of.
//
//   COPY-1  The directory holds a file INCOMPLETE, durable before anything else is in it, and removed last, when everything else is durable. Every opening refuses such a
//           directory: so a copy that was cut short is never taken for a database.
//
// A copy has the identity of its source, because tables are bound to it: their checksums would have to be made anew otherwise.
// Threading: one thread at a time. It may outlive the database that it copies.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "db/db.h"
#include "env/env.h"
#include "lsm/merge_job.h"

namespace firn {

inline constexpr std::string_view kIncompleteName = "INCOMPLETE";

// A directory by its parent's path and its name.
struct PlaceInParent {
  std::unique_ptr<Directory> parent;
  std::string name;
};
// kNotFound: there is no parent. kExists: the name is taken. kInvalid: the path does not end with a name.
Result<PlaceInParent> find_new_place(Env& env, const std::string& path);
// Removes a directory with all that such a copy consists of. What else lies in it stays, and makes it fail.
Status remove_database(Directory& parent, const std::string& name);

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
  // Makes the directory `name` in `parent`; both, and `links.tables`, outlive the copy. kExists.
  static Result<std::unique_ptr<DatabaseCopy>> begin(CopySource source, LinkSource links, Env& env, Directory& parent, std::string name);
  ~DatabaseCopy();  // removes what was made, unless finish() has succeeded

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

  DatabaseCopy(CopySource source, LinkSource links, Env& env, Directory& parent, std::string name);
  Status make_directories();
  Status start_memtables();
  Result<bool> link_table(const TableHandle& table);
  Result<bool> ends_alike(const TableHandle& table) const;
  Status copy_some(const TableHandle& table, uint64_t* budget);
  Status step_tables(uint64_t* budget);
  Status step_memtables(uint64_t* budget);
  Status write_manifest();

  CopySource source_;
  LinkSource links_;
  Env& env_;
  Directory& parent_;
  const std::string name_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Directory> tables_;
  std::vector<Item> items_;
  size_t item_ = 0;             // the one that is being copied
  std::unique_ptr<File> file_;  // its copy
  uint64_t offset_ = 0;
  uint64_t next_table_id_ = 1;
  uint64_t next_run_id_ = 1;
  std::unique_ptr<MergeJob> memtables_;  // nullptr: they have no entries
  CopyProgress progress_;
  bool is_finished_ = false;
};

}  // namespace firn
