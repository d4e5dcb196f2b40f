// EntryBuffer: room for entries that costs nothing to make: what was not written is not initialized.
// Threading: one thread at a time.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

#include "base/internal_key.h"

namespace firn {

template <size_t kCount>
class EntryBuffer {
 public:
  Entry* data() { return std::launder(reinterpret_cast<Entry*>(room_)); }
  const Entry& operator[](size_t index) const { return std::launder(reinterpret_cast<const Entry*>(room_))[index]; }

 private:
  static_assert(std::is_trivially_copyable_v<Entry> && std::is_trivially_destructible_v<Entry>);

  alignas(Entry) std::byte room_[kCount * sizeof(Entry)];
};

}  // namespace firn
