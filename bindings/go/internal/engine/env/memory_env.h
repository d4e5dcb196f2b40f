// An Env whose files live in memory (memory_file.h) and vanish with it: the file system of ":memory:". Clock and randomness are the system's.
// Files, mappings and directories that are open when the Env is destroyed stay usable. Syncs do nothing, a lock excludes within the process.
#pragma once

#include <memory>

#include "env/env.h"

namespace firn {

std::unique_ptr<Env> new_memory_env();

}  // namespace firn
