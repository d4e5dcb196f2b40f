// firn_recovery_info: what opening found, in the caller's struct.
// Threading: pure functions.
#pragma once

#include "db/db.h"
#include "firn.h"

namespace firn {

// Not more than info->struct_size bytes; a path that is cut ends with a NUL.
void fill_recovery(const RecoveryReport& found, firn_recovery_info* info);

}  // namespace firn
