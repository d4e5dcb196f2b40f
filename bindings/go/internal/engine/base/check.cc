#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace firn {

void check_failed(const char* invariant, const char* condition, const char* file, int line) {
  std::fprintf(stderr, "firn: invariant %s does not hold: %s (%s:%d)\n", invariant, condition, file, line);
  std::abort();
}

}  // namespace firn
