// Result<T>: a value, or the status that says why there is none.
// Threading: a value type.
#pragma once

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/status.h"

namespace firn {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                                                 // NOLINT
  Result(Status status) : status_(std::move(status)) { FIRN_DCHECK(!status_.ok(), "BASE-1"); }  // NOLINT
  Result(Code code) : Result(Status(code)) {}                                                   // NOLINT

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() { return *value_; }
  const T& value() const { return *value_; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace firn

#define FIRN_CONCAT_INNER(a, b) a##b
#define FIRN_CONCAT(a, b) FIRN_CONCAT_INNER(a, b)
// FIRN_TRY_ASSIGN(auto file, env.open(...)): declares the variable, or leaves the function with the status.
#define FIRN_TRY_ASSIGN(declaration, expression)              \
  auto FIRN_CONCAT(firn_result_, __LINE__) = (expression);    \
  if (!FIRN_CONCAT(firn_result_, __LINE__).ok()) [[unlikely]] \
    return FIRN_CONCAT(firn_result_, __LINE__).status();      \
  declaration = std::move(FIRN_CONCAT(firn_result_, __LINE__).value())
