// What lies in the slot of a pin's handle.
// Threading: a value with one owner.
#pragma once

#include "db/db.h"

namespace firn {

struct PinBody {
  Snapshot snapshot;  // keeps what the pin points at
};

}  // namespace firn
