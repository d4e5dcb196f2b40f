// PinSlot: the slot of a pin, from its reservation on; given back unless it was published.
// Threading: lives on the stack of the call.
#pragma once

#include <new>

#include "db/db.h"
#include "handle.h"

namespace firn {

struct PinBody {
  Snapshot snapshot;  // keeps what the pin points at
};

class PinSlot {
 public:
  PinSlot() : slot_(reserve_handle()) {
    if (slot_ != nullptr) new (slot_->body) PinBody();
  }
  ~PinSlot() {
    if (slot_ == nullptr) return;
    slot_->body_as<PinBody>()->~PinBody();
    unreserve_handle(slot_);
  }
  PinSlot(const PinSlot&) = delete;
  PinSlot& operator=(const PinSlot&) = delete;

  bool ok() const { return slot_ != nullptr; }
  Snapshot* snapshot() const { return &slot_->body_as<PinBody>()->snapshot; }
  void* publish() {
    HandleSlot* slot = slot_;
    slot_ = nullptr;
    return publish_handle(slot, HandleType::kPin);
  }

 private:
  HandleSlot* slot_;
};

}  // namespace firn
