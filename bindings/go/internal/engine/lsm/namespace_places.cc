#include "lsm/namespace_places.h"

#include <utility>

namespace firn {

const NamespacePlace NamespacePlaces::kNowhere;

void NamespacePlaces::set(const NamespacePlace& place) {
  const NamespacePlace& known = find(place.id);
  if (known.id == place.id) {
    NamespacePlace& changed = places_[static_cast<size_t>(&known - places_.data())];
    const uint32_t next = changed.next;
    changed = place;
    changed.next = next;
    return;
  }
  if (count_ > slot_mask_) grow();
  insert(place);
}

void NamespacePlaces::grow() {
  const uint32_t slot_count = 2 * (slot_mask_ + 1);
  const std::vector<NamespacePlace> old = std::exchange(places_, std::vector<NamespacePlace>(slot_count));
  slot_mask_ = slot_count - 1;
  count_ = 0;
  for (const NamespacePlace& place : old) {
    if (place.id != NamespacePlace().id) insert(place);
  }
}

void NamespacePlaces::insert(NamespacePlace place) {
  const size_t slot = place.id & slot_mask_;
  count_++;
  if (places_[slot].id == NamespacePlace().id) {
    place.next = 0;
    places_[slot] = place;
    return;
  }
  place.next = std::exchange(places_[slot].next, static_cast<uint32_t>(places_.size()));
  places_.push_back(place);
}

}  // namespace firn
