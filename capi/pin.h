// Pins: what lies in the slot of a pin's handle, and the pin of many keys.
// Threading: no state.
#pragma once

#include <vector>

#include "boundary.h"
#include "db/db.h"
#include "firn.h"
#include "handle.h"
#include "packed.h"

namespace firn {

struct PinBody {
  Snapshot snapshot;  // keeps what the pin points at
};

// firn_multi_pin and its like. look_up(lookups, handle) fills the lookups in, and publishes the handle of what keeps the answers: Result<void*>. *pin was zeroed.
template <typename LookUp>
int64_t pin_requests(const uint8_t* keys, size_t len, firn_answer* answers, size_t max, firn_pin_t* pin, const LookUp& look_up) {
  if (pin == nullptr) return FIRN_INVALID;
  std::vector<Lookup> lookups;
  const Code code = read_requests(keys, len, answers, max, &lookups);
  if (code != Code::kOk) return to_c(code);
  if (lookups.empty() || lookups.size() > max) return static_cast<int64_t>(lookups.size());
  ReservedHandle handle;
  if (!handle.ok()) return FIRN_NO_MEMORY;
  const Result<void*> owner = look_up(lookups, handle);
  if (!owner.ok()) return to_c(owner.status().code());
  place_answers(lookups, answers);
  pin->owner = *owner;
  return static_cast<int64_t>(lookups.size());
}

}  // namespace firn
