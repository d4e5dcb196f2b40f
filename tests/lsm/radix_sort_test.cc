// The radix sort against the standard library's.
#include "lsm/radix_sort.h"

#include <gtest/gtest.h>

#include <random>

namespace firn {
namespace {

struct Item {
  uint64_t head = 0;
  uint64_t payload = 0;
  auto operator<=>(const Item&) const = default;
};

void expect_sorted(std::vector<Item> items) {
  std::vector<Item> expected = items;
  std::sort(expected.begin(), expected.end());
  radix_sort_by_head(&items);
  EXPECT_TRUE(std::is_sorted(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.head < b.head; }));
  std::sort(items.begin(), items.end());
  EXPECT_EQ(expected, items) << "nothing is lost";
}

TEST(RadixSort, SortsAnyNumberOfItemsWhateverBytesTheirHeadsDifferIn) {
  std::mt19937_64 random(1);
  for (const uint64_t mask : {UINT64_MAX, uint64_t{0}, uint64_t{0xff}, uint64_t{0xff} << 56, uint64_t{0xff00ff}, uint64_t{3} << 31}) {
    for (const size_t count : {0U, 1U, 2U, 100U, 512U, 513U, 5000U}) {
      std::vector<Item> items;
      for (size_t i = 0; i < count; i++) items.push_back({(random() & mask) | (~mask & 0x5555555555555555), i});
      expect_sorted(std::move(items));
    }
  }
}

TEST(RadixSort, HeadsAreComparedAsUnsignedNumbers) {
  std::vector<Item> items;
  for (uint64_t i = 0; i < 600; i++) items.push_back({(i % 2) << 63 | i, i});
  expect_sorted(std::move(items));
}

}  // namespace
}  // namespace firn
