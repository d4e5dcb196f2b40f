#include "db/inspected_directory.h"

#include <algorithm>

namespace firn {
namespace {

Result<std::unique_ptr<Directory>> open_if_there(Directory& root, std::string_view name) {
  auto directory = root.open_directory(name, false);
  if (directory.status().is(Code::kNotFound)) return std::unique_ptr<Directory>();
  return directory;
}

}  // namespace

Result<InspectedDirectory> InspectedDirectory::open(const std::string& path, Env& env) {
  InspectedDirectory directory;
  FIRN_TRY_ASSIGN(directory.root, env.open_directory(path, false));
  FIRN_TRY_ASSIGN(directory.manifest, open_if_there(*directory.root, "manifest"));
  if (directory.manifest == nullptr) {
    FIRN_TRY_ASSIGN(const auto names, directory.root->list());
    if (names.empty()) return Status(Code::kNotFound, "there is no database here", path);
    return Status(Code::kNotADatabase, "there is no manifest here", path);
  }
  FIRN_TRY_ASSIGN(directory.wal, open_if_there(*directory.root, "wal"));
  FIRN_TRY_ASSIGN(directory.tables, open_if_there(*directory.root, "tables"));
  FIRN_TRY_ASSIGN(directory.state, Manifest::read(*directory.manifest));
  return directory;
}

void write_error(JsonText* json, const Status& status) {
  json->begin_object("error");
  json->integer("code", static_cast<int32_t>(status.code()));
  json->text("message", status.message());
  if (status.detail() != nullptr && status.detail()->file[0] != '\0') {
    json->text("file", status.detail()->file);
    json->number("offset", status.detail()->offset);
  }
  json->end_object();
}

}  // namespace firn
