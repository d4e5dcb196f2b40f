// The production Env: Linux system calls. Every descriptor is O_CLOEXEC and above 2, every name is opened relative to its directory
// with O_NOFOLLOW; files are made with mode 0600, directories with 0700, whatever the umask is.
//   ENV-4  The clocks and the system's generator of random numbers do not fail.
#pragma once

#include "env/env.h"

namespace firn {

Env& posix_env();  // one for the process, never destroyed

}  // namespace firn
