// The lock of a directory: an open-file-description lock (F_OFD_SETLK) on a file, which two openings of one process exclude each other
// by as well as two processes. The file tells who holds it: process id and command.
//
// A forked child shares its parent's open file descriptions, so that its copy alone would keep the lock after the parent has died.
//   ENV-5  A child of fork() holds no descriptor of its parent's locks: a handler closes them before fork() returns in the child.
// Threading: any thread may acquire and release; forking at any time is safe.
#pragma once

#include <memory>
#include <string>

#include "env/env.h"

namespace firn {

// Locks the file `name` of the open directory `directory`, creating it when missing. kLocked at once when it is held.
Result<std::unique_ptr<FileLock>> acquire_file_lock(int directory, const std::string& name, const std::string& path);

}  // namespace firn
