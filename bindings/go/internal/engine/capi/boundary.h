// The boundary: the only place that catches exceptions. Core neither throws nor catches; what can come up is bad_alloc from a container.
// A function of the C API is one guarded() around its body.
// Threading: no state.
#pragma once

#include <new>

#include "base/status.h"
#include "firn.h"

namespace firn {

constexpr int32_t to_c(Code code) { return static_cast<int32_t>(code); }

// What `body` returns, or `on_exception(code)`.
template <typename Body, typename OnException>
auto guarded(Body&& body, OnException&& on_exception) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return on_exception(Code::kNoMemory);
  } catch (...) {
    return on_exception(Code::kInternal);
  }
}

// For bodies that return int32_t or int64_t: the code.
template <typename Body>
auto guarded(Body&& body) noexcept -> decltype(body()) {
  return guarded(body, [](Code code) { return decltype(body())(to_c(code)); });
}

}  // namespace firn
