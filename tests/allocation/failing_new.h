// The k-th operator new of this thread fails, once or from then on. Counts what is allocated and not freed.
// Threading: the plan is the calling thread's; the count of live allocations is the process's.
#pragma once

#include <cstdint>

namespace firn_allocation {

// From here on `after` allocations of this thread succeed, and the next one fails (all later ones too, when sticky).
void fail_after(int64_t after, bool is_sticky);
void never_fail();
bool has_failed();  // since fail_after
int64_t live_count();
void count_here(bool is_on);

// Only what is allocated in here fails: calls of the engine, not the test's own work.
template <typename Work>
auto failing(const Work& work) {
  count_here(true);
  auto result = work();
  count_here(false);
  return result;
}

}  // namespace firn_allocation
