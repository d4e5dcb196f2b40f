// What an opening says of a file whose format is newer than this library: which file, its version, and the newest one that can be read.
// Threading: pure functions.
#pragma once

#include "base/status.h"

namespace firn {

// kNewerFormat. `what` is the kind of file; the version lies at `offset` in it.
Status newer_format(std::string_view what, uint32_t version, uint32_t version_max, std::string_view file, uint64_t offset);

}  // namespace firn
