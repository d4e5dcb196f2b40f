// An Env whose files live in memory (memfd) and vanish with it: the file system of ":memory:". Clock and randomness are the system's.
#pragma once

#include <memory>

#include "env/env.h"

namespace firn {

std::unique_ptr<Env> new_memory_env();

}  // namespace firn
