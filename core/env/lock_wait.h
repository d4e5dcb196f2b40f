// Waiting for a lock that another opening holds.
// Threading: no state.
#pragma once

#include "env/env.h"

namespace firn {

// As Directory::lock, tried again until the time is up.
Result<std::unique_ptr<FileLock>> wait_for_lock(Env& env, Directory& directory, std::string_view name, uint64_t timeout_ms);

}  // namespace firn
