// InspectedDirectory: the directory of a database, its parts, and its manifest, opened for looking only.
// Threading: one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "db/json_text.h"
#include "env/env.h"
#include "lsm/manifest.h"

namespace firn {

struct InspectedDirectory {
  // Codes as inspect().
  static Result<InspectedDirectory> open(const std::string& path, Env& env);

  std::unique_ptr<Directory> root;
  std::unique_ptr<Directory> manifest;
  std::unique_ptr<Directory> wal;     // nullptr: missing
  std::unique_ptr<Directory> tables;  // nullptr: missing
  ManifestState state;
};

// "error": {"code", "message", "file", "offset"}
void write_error(JsonText* json, const Status& status);

}  // namespace firn
