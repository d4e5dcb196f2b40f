// NamespacePlaces: where the keys of each namespace are, by the namespace's id. Ids are given out one after the other and those of dropped namespaces are not used again, so they
// may be anywhere below the catalog's limit, and how high they go says nothing about how many there are: memory goes by the number of namespaces, not by the ids (P12).
//
// A hash table by the low bits of the id, with as many slots as places or more: dense ids never collide, so a look-up is one compare. What collides is chained behind the slots; as ids
// have 24 bits, a chain over n slots has at most 2^24 / n places, whatever a damaged catalog says.
// Threading: const functions from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/internal_key.h"

namespace firn {

// Where a namespace's keys are: for readers at `since` and later, and for older ones. kSystemPrefix: there are none.
struct NamespacePlace {
  uint32_t id = UINT32_MAX;  // of no namespace
  Prefix prefix = kSystemPrefix;
  Seq since;
  Prefix earlier_prefix = kSystemPrefix;
  uint32_t next = 0;  // of NamespacePlaces: the index of the next place in the chain; 0: none
};

class NamespacePlaces {
 public:
  // One with no prefix if there is none with that id.
  const NamespacePlace& find(uint32_t id) const {
    const NamespacePlace* place = &places_[id & slot_mask_];
    while (place->id != id) [[unlikely]] {
        if (place->next == 0) return kNowhere;
        place = &places_[place->next];
      }
    return *place;
  }
  // In the place of the one with the same id, or beside the others.
  void set(const NamespacePlace& place);

  uint32_t count() const { return count_; }
  // Every place, and some that are of no namespace and have no prefix.
  const std::vector<NamespacePlace>& all() const { return places_; }

 private:
  static const NamespacePlace kNowhere;

  void grow();
  void insert(NamespacePlace place);

  std::vector<NamespacePlace> places_ = std::vector<NamespacePlace>(1);  // the slots, then what is chained
  uint32_t slot_mask_ = 0;
  uint32_t count_ = 0;
};

}  // namespace firn
