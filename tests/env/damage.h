// What an untrue disk makes of bytes.
// Threading: no state.
#pragma once

#include <string>

#include "base/slice.h"

namespace firn {

inline std::string with_first_bit_flipped(Slice bytes) {
  std::string damaged = bytes.to_string();
  damaged.at(0) ^= 1;
  return damaged;
}

}  // namespace firn
