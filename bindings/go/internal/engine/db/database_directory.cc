#include "db/database_directory.h"

#include <algorithm>

#include "db/jobs.h"
#include "lsm/manifest.h"

namespace firn {
namespace {

Status remove_all_files(Directory& directory) {
  FIRN_TRY_ASSIGN(const auto names, directory.list());
  for (const std::string& name : names) FIRN_TRY(directory.remove(name));
  return {};
}

// A directory that holds nothing yet, or the marker only.
Status remove_bare(Directory& parent, const std::string& name) {
  {
    FIRN_TRY_ASSIGN(const auto directory, parent.open_directory(name, false));
    FIRN_TRY_ASSIGN(const auto names, directory->list());
    if (!names.empty() && (names.size() > 1 || names[0] != kIncompleteName)) return {};
    if (!names.empty()) FIRN_TRY(directory->remove(kIncompleteName));
  }
  return parent.remove(name);
}

}  // namespace

Result<PlaceInParent> find_new_place(Env& env, const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  const size_t slash = end == std::string::npos ? std::string::npos : path.rfind('/', end);
  PlaceInParent place;
  place.name = end == std::string::npos ? "" : path.substr(slash + 1, end - slash);  // npos + 1 is 0
  if (place.name.empty() || place.name == "." || place.name == "..") {
    return Status(Code::kInvalid, "the path does not end with the name of a new directory", path);
  }
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  auto opened = env.open_directory(parent, false);
  if (opened.status().is(Code::kNotFound)) return Status(Code::kNotFound, "the parent directory does not exist: make it first", parent);
  if (!opened.ok()) return opened.status();
  place.parent = std::move(*opened);
  FIRN_TRY_ASSIGN(const auto names, place.parent->list());
  if (std::find(names.begin(), names.end(), place.name) != names.end()) {
    return Status(Code::kExists, "there is something at this path already: choose another one, nothing was touched", path);
  }
  return place;
}

Status remove_database(Directory& parent, const std::string& name) {
  FIRN_TRY_ASSIGN(const auto directory, parent.open_directory(name, false));
  FIRN_TRY_ASSIGN(const auto names, directory->list());
  bool is_marked = false;
  for (const std::string& entry : names) {
    if (entry == kIncompleteName) {
      is_marked = true;
      continue;
    }
    if (auto below = directory->open_directory(entry, false); below.ok()) FIRN_TRY(remove_all_files(**below));
    FIRN_TRY(directory->remove(entry));
  }
  // The marker goes last, when nothing else can come back (COPY-1): power loss may undo any removal, and a manifest without its tables and without the marker would
  // pass for a whole database.
  if (is_marked) {
    FIRN_TRY(directory->sync());
    FIRN_TRY(directory->remove(kIncompleteName));
  }
  FIRN_TRY(parent.remove(name));
  return parent.sync();
}

Result<std::unique_ptr<DatabaseDirectory>> DatabaseDirectory::make(Env& env, Directory& parent, const std::string& name) {
  std::unique_ptr<DatabaseDirectory> made(new DatabaseDirectory(env, parent, name));
  made->is_being_marked_ = true;
  Result<std::unique_ptr<Directory>> opened = parent.open_directory(name, true);
  made->is_being_marked_ = opened.ok();
  FIRN_TRY_ASSIGN(auto directory, std::move(opened));
  // Of two that make the same directory one wins here, and the other must not remove it.
  const Status status = directory->open_file(kIncompleteName, OpenMode::kCreate).status();
  made->is_being_marked_ = false;
  if (!status.ok()) {
    if (!status.is(Code::kExists)) (void)parent.remove(name).ok();  // it is empty
    return status;
  }
  made->directory_ = std::move(directory);
  FIRN_TRY(made->directory_->sync());
  FIRN_TRY(parent.sync());
  FIRN_TRY(made->directory_->open_directory("wal", true).status());
  FIRN_TRY_ASSIGN(made->tables_, made->directory_->open_directory("tables", true));
  return made;
}

// What stays, for want of memory too, is refused by every opening.
DatabaseDirectory::~DatabaseDirectory() {
  tables_.reset();
  // Memory has run out in one of two calls, which may have been made all the same.
  if (is_being_marked_) (void)run_guarded([this] { return remove_bare(parent_, name_); }).ok();
  if (is_finished_ || directory_ == nullptr) return;
  directory_.reset();
  (void)run_guarded([this] { return remove_database(parent_, name_); }).ok();
}

Status DatabaseDirectory::finish(const ManifestState& state) {
  FIRN_TRY(tables_->sync());
  {
    FIRN_TRY_ASSIGN(auto manifest, directory_->open_directory("manifest", true));
    FIRN_TRY(Manifest::start(std::move(manifest), state, SegmentIo::kPwrite, env_).status());
  }
  FIRN_TRY(directory_->sync());
  FIRN_TRY(directory_->remove(kIncompleteName));
  // A failure from here on leaves a whole database, or one that is refused; it is removed all the same.
  FIRN_TRY(directory_->sync());
  is_finished_ = true;
  return {};
}

}  // namespace firn
