// The checksum of all formats: equal to zlib's crc32 whichever library computes it.
#include "base/checksum.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <unordered_set>
#include <vector>

#include "base/fast_paths.h"

namespace firn {
namespace {

std::vector<uint8_t> random_bytes(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

uint32_t reference(uint32_t seed, Slice data) {
  return data.empty() ? seed : static_cast<uint32_t>(::crc32_z(seed, data.data(), data.size()));
}

TEST(Crc32, TheCheckValueOfThePolynomialIsKnown) { EXPECT_EQ(crc32(0, Slice(std::string_view("123456789"))), 0xcbf43926u); }

TEST(Crc32, EqualsZlibForEveryLengthAndSeed) {
  const std::vector<uint8_t> bytes = random_bytes(5000, 1);
  std::mt19937 random(2);
  for (size_t length = 0; length <= 4200; ++length) {
    const Slice data(bytes.data() + random() % 64, length);
    for (const uint32_t seed : {uint32_t{0}, uint32_t{1}, UINT32_MAX, static_cast<uint32_t>(random())}) {
      ASSERT_EQ(crc32(seed, data), reference(seed, data)) << length << " bytes from seed " << seed;
    }
  }
}

TEST(Crc32, EqualsZlibForLongBuffers) {
  const std::vector<uint8_t> bytes = random_bytes(size_t{9} << 20, 3);
  for (const size_t length : {size_t{65535}, size_t{65536}, size_t{65537}, size_t{1} << 20, bytes.size() - 7}) {
    const Slice data(bytes.data() + 7, length);
    EXPECT_EQ(crc32(0x12345678, data), reference(0x12345678, data)) << length;
  }
}

TEST(Crc32, NoBytesKeepTheSeedAlsoFromANullPointer) {
  for (const uint32_t seed : {uint32_t{0}, uint32_t{7}, UINT32_MAX}) {
    EXPECT_EQ(crc32(seed, Slice()), seed);
    EXPECT_EQ(crc32(seed, Slice(std::string_view(""))), seed);
  }
}

TEST(Crc32, PiecesGiveTheSameAsTheWhole) {
  const std::vector<uint8_t> bytes = random_bytes(3000, 4);
  const Slice whole(bytes.data(), bytes.size());
  for (size_t cut = 0; cut <= whole.size(); cut += 37) {
    ASSERT_EQ(crc32(crc32(5, whole.first(cut)), whole.without_first(cut)), crc32(5, whole)) << cut;
  }
}

TEST(Crc32, AnyFlippedBitChangesIt) {
  std::vector<uint8_t> bytes = random_bytes(257, 5);
  const uint32_t before = crc32(9, Slice(bytes.data(), bytes.size()));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    ASSERT_NE(crc32(9, Slice(bytes.data(), bytes.size())), before) << bit;
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
  }
}

// The way of short records: a head in registers, and a copy that is checksummed as it is made; and the other way, of processors without carry-less multiplication.
TEST(Crc32Copy, EqualsZlibOverHeadAndBytesForEveryLength) {
  const firn_test::FastPathsLeftOut left_out(64, 8);
  const std::vector<uint8_t> bytes = random_bytes(5000, 6);
  std::mt19937_64 random(7);
  for (size_t length = 0; length <= 4200; ++length) {
    const auto seed = static_cast<uint32_t>(random());
    const auto first = static_cast<uint32_t>(random());
    const uint64_t rest[3] = {random(), random(), random()};
    const Slice data(bytes.data() + random() % 64, length);
    uint8_t head[28];
    std::memcpy(head, &first, sizeof first);
    std::memcpy(head + 4, rest, sizeof rest);
    constexpr uint8_t kUntouched = 0xee;
    std::vector<uint8_t> copy(length + 96, kUntouched);
    const size_t offset = 16 + random() % 64;
    const uint32_t crc = crc32_copy(seed, first, rest[0], rest[1], rest[2], data, copy.data() + offset);
    ASSERT_EQ(crc, reference(reference(seed, Slice(head, sizeof head)), data)) << length << " bytes";
    ASSERT_TRUE(std::equal(data.begin(), data.end(), copy.begin() + static_cast<std::ptrdiff_t>(offset))) << length << " bytes";
    ASSERT_EQ(std::count(copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(offset), kUntouched),
              static_cast<std::ptrdiff_t>(offset));
    ASSERT_EQ(copy[offset + length], kUntouched) << length << " bytes";
  }
}

TEST(Crc32Seed, EqualBytesInAnotherPlaceHaveAnotherChecksum) {
  const Slice data(std::string_view("the same bytes"));
  std::unordered_set<uint32_t> checksums;
  for (uint64_t place = 0; place < 1000; ++place) checksums.insert(crc32(crc32_seed(42, place * 8), data));
  for (uint64_t owner = 1000; owner < 2000; ++owner) checksums.insert(crc32(crc32_seed(owner, 0), data));
  EXPECT_EQ(checksums.size(), 2000u);
}

TEST(Crc32Seed, IsPartOfTheFormatsAndNeverChanges) {
  EXPECT_EQ(crc32_seed(0, 0), 0u);
  EXPECT_EQ(crc32_seed(1, 0), 0x34c2cb2cu);
  EXPECT_EQ(crc32_seed(0, 1), 0xa4ab2eeau);
  EXPECT_EQ(crc32_seed(0x0123456789abcdefull, 65536), 0x3a683840u);
}

}  // namespace
}  // namespace firn
