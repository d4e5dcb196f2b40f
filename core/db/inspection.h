// Inspection: what lies in the directory of a database, as JSON, for people who want to understand or repair it. Reads files and judges none: a part that does not
// verify is told in its place, with the file and the offset, and the rest goes on. Takes no lock, opens nothing for writing, works beside a writer (whose jobs may
// remove a file between two reads: then that is told) and on a database that does not open.
// Threading: pure functions.
#pragma once

#include <string>

#include "base/result.h"
#include "env/env.h"

namespace firn {

enum class InspectionPart : uint32_t {
  kManifest = 1,  // what the database consists of, and the files that lie there
  kTables = 2,    // the runs, newest first, and the footer of every table
  kLog = 3,       // the segments of the write-ahead log, walked record by record
};

// kNotFound, kNotADatabase, kIo, kNoMemory; kCorrupt when there is no manifest that can be read.
Result<std::string> inspect(const std::string& path, InspectionPart part, Env& env);

// Where the versions of a key of the namespace `ns_name` (empty: the default one) lie, newest first: in which segment of the log, in which table of which run. Reads
// the log as an opening does, so it fails where an opening fails. kNotFound also: no such namespace.
Result<std::string> explain_key(const std::string& path, Slice ns_name, Slice key, Env& env);

}  // namespace firn
