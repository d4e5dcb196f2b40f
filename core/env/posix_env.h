// The production Env: Linux system calls. Every descriptor is O_CLOEXEC and above 2, every name is opened relative to its directory
// with O_NOFOLLOW; files are made with mode 0600, directories with 0700.
#pragma once

#include "env/env.h"

namespace firn {

Env& posix_env();  // one for the process, never destroyed

}  // namespace firn
