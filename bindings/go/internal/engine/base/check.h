// Checks of invariants. FIRN_CHECK is always on and cheap; FIRN_DCHECK is on in debug and sanitizer builds.
// The id names the invariant in a file's head and in ARCHITECTURE.md. Bytes from disk or from a caller never
// reach a check: they become kCorrupt or kInvalid.
#pragma once

namespace firn {
[[noreturn]] void check_failed(const char* invariant, const char* condition, const char* file, int line);
}  // namespace firn

#define FIRN_CHECK(condition, invariant)                               \
  do {                                                                 \
    if (!(condition)) [[unlikely]]                                     \
      ::firn::check_failed(invariant, #condition, __FILE__, __LINE__); \
  } while (0)

#if defined(FIRN_DEBUG_CHECKS)
#define FIRN_DCHECK(condition, invariant) FIRN_CHECK(condition, invariant)
#else
#define FIRN_DCHECK(condition, invariant) \
  do {                                    \
  } while (0)
#endif
