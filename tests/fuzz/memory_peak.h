// MemoryPeak: how much more memory than at its beginning was held at once by operator new. (Address space that is reserved and not touched does not count.)
// Threading: one at a time; counts all threads.
#pragma once

#include <cstddef>

namespace firn {

class MemoryPeak {
 public:
  MemoryPeak();
  size_t bytes() const;

 private:
  size_t before_bytes_;
};

}  // namespace firn
