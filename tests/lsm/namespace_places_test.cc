// The places of namespaces by id: found whatever the ids are, at the cost of as many as there are.
#include "lsm/namespace_places.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace firn {
namespace {

constexpr uint32_t kIdMax = 1u << 24;

NamespacePlace at(uint32_t id, Prefix prefix) { return {.id = id, .prefix = prefix, .since = {prefix}, .earlier_prefix = 0}; }

TEST(NamespacePlacesTest, ThereIsNoPrefixWhereThereAreNone) {
  const NamespacePlaces places;
  EXPECT_EQ(kSystemPrefix, places.find(0).prefix);
  EXPECT_EQ(kSystemPrefix, places.find(UINT32_MAX).prefix);
  EXPECT_EQ(0u, places.count());
}

TEST(NamespacePlacesTest, APlaceIsFoundAfterOthersWereAddedAndChanged) {
  std::mt19937_64 random(7);
  std::map<uint32_t, Prefix> expected;
  NamespacePlaces places;
  for (uint32_t i = 1; i <= 600; i++) {
    const uint32_t id = i % 3 == 0 ? static_cast<uint32_t>(random() % kIdMax) : i % 3 == 1 ? i : static_cast<uint32_t>(random() % 64) << 18;
    places.set(at(id, i));
    expected[id] = i;
  }
  ASSERT_EQ(expected.size(), places.count());
  for (const auto& [id, prefix] : expected) {
    EXPECT_EQ(id, places.find(id).id);
    EXPECT_EQ(prefix, places.find(id).prefix) << id;
    EXPECT_EQ(prefix, places.find(id).since.value) << id;
    EXPECT_EQ(expected.count(id + 1) != 0, places.find(id + 1).prefix != kSystemPrefix) << id;
  }
  std::map<uint32_t, Prefix> all;
  for (const NamespacePlace& place : places.all()) {
    if (place.prefix == kSystemPrefix) continue;
    EXPECT_TRUE(all.emplace(place.id, place.prefix).second) << place.id;
  }
  EXPECT_EQ(expected, all);
}

TEST(NamespacePlacesTest, HighIdsCostNoMoreThanLowOnes) {
  NamespacePlaces low;
  NamespacePlaces high;
  for (uint32_t i = 0; i < 100; i++) {
    low.set(at(i, i + 1));
    high.set(at(kIdMax - 1 - i * 4096, i + 1));
  }
  EXPECT_EQ(128u, low.all().size());
  EXPECT_LE(high.all().size(), 128u + 100u);
}

}  // namespace
}  // namespace firn
