// Sorts items by their 64-bit head: least significant digit first, one byte a pass (Knuth, The Art of Computer Programming 3, 5.2.5), passing over bytes in
// which all heads agree. Small inputs are sorted by comparison. Equal heads keep no particular order.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace firn {

template <typename Item>
void radix_sort_by_head(std::vector<Item>* items) {
  constexpr size_t kSmallCount = 512;
  constexpr size_t kDigitCount = 256;
  if (items->size() <= kSmallCount) {
    std::sort(items->begin(), items->end(), [](const Item& a, const Item& b) { return a.head < b.head; });
    return;
  }
  std::array<std::array<size_t, kDigitCount>, 8> counts{};
  for (const Item& item : *items) {
    for (size_t byte = 0; byte < 8; byte++) counts[byte][item.head >> (8 * byte) & 0xff]++;
  }
  std::vector<Item> other(items->size());
  for (size_t byte = 0; byte < 8; byte++) {
    auto& count = counts[byte];
    if (count[items->front().head >> (8 * byte) & 0xff] == items->size()) continue;
    size_t before = 0;
    for (size_t& n : count) {
      const size_t own = n;
      n = before;
      before += own;
    }
    for (const Item& item : *items) other[count[item.head >> (8 * byte) & 0xff]++] = item;
    items->swap(other);
  }
}

}  // namespace firn
