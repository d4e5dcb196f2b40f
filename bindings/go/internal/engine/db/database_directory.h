// DatabaseDirectory: a database's directory in the making, for copies and for what salvage brings back.
//
//   COPY-1  The directory holds a file INCOMPLETE, durable before anything else is in it, and removed last, when everything else is durable. Every opening refuses such a
//           directory: so one that was cut short is never taken for a database.
//
// Threading: one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "env/env.h"
#include "lsm/manifest_state.h"

namespace firn {

inline constexpr std::string_view kIncompleteName = "INCOMPLETE";

// A directory by its parent and its name.
struct PlaceInParent {
  std::unique_ptr<Directory> parent;
  std::string name;
};
// kNotFound: there is no parent. kExists: the name is taken. kInvalid: the path does not end with a name.
Result<PlaceInParent> find_new_place(Env& env, const std::string& path);
// Removes a directory with all that a closed database consists of. What else lies in it stays, and makes it fail.
Status remove_database(Directory& parent, const std::string& name);

class DatabaseDirectory {
 public:
  // Makes the directory `name` in `parent`, which outlives this. kExists.
  static Result<std::unique_ptr<DatabaseDirectory>> make(Env& env, Directory& parent, const std::string& name);
  ~DatabaseDirectory();  // removes what was made, unless finish() has succeeded

  Directory& tables() { return *tables_; }
  // `state` names the tables that are there, each synced. Durable, and a database, when it returns.
  Status finish(const ManifestState& state);

 private:
  DatabaseDirectory(Env& env, Directory& parent, std::string name) : env_(env), parent_(parent), name_(std::move(name)) {}

  Env& env_;
  Directory& parent_;
  const std::string name_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Directory> tables_;
  bool is_being_marked_ = false;  // the directory may be there, the marker too
  bool is_finished_ = false;
};

}  // namespace firn
