// An Env whose files live in memory (memfd) and vanish with it: the file system of ":memory:". Clock and randomness are the system's.
// A file takes one descriptor as long as its name or an opening of it lives. Files and directories that are open when the Env is
// destroyed stay usable. Syncs do nothing, a lock excludes within the process.
#pragma once

#include <memory>

#include "env/env.h"

namespace firn {

std::unique_ptr<Env> new_memory_env();

}  // namespace firn
