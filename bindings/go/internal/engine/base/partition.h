// A search of an ascending sequence without branches.
// Threading: stateless.
#pragma once

#include <cstdint>

namespace firn {

// The number of the `count` ascending values that `is_below` holds for. The compiler makes a conditional move of the choice, so that a
// search costs no mispredicted branch.
template <typename At, typename IsBelow>
uint32_t partition(uint32_t count, At at, IsBelow is_below) {
  uint32_t begin = 0;
  while (count > 1) {
    const uint32_t half = count / 2;
    begin = is_below(at(begin + half - 1)) ? begin + half : begin;
    count -= half;
  }
  return count == 1 && is_below(at(begin)) ? begin + 1 : begin;
}

}  // namespace firn
