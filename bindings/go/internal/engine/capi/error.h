// firn_error: details of a failure in the caller's struct.
// Threading: pure functions.
#pragma once

#include "base/status.h"
#include "firn.h"

namespace firn {

// Writes the status into *error (nullable), not more than its struct_size bytes; text that is cut ends with a NUL.
void report(firn_error* error, const Status& status);

}  // namespace firn
