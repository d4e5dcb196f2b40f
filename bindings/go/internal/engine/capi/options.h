// firn_options: DbOptions behind a handle.
// Threading: one thread at a time; a call waits for another one, which is short.
#pragma once

#include "base/status.h"
#include "db/db_options.h"
#include "firn.h"

namespace firn {

// What the handle holds; NULL: the defaults.
Code read_options(const firn_options* handle, DbOptions* options);

}  // namespace firn
