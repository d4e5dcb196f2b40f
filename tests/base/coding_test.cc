// Varints and fixed-width integers: what is written is read back, and what is malformed is refused without reading past the end.
#include "base/coding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace firn {
namespace {

std::vector<uint32_t> interesting_values() {
  std::vector<uint32_t> values;
  for (unsigned bit = 0; bit < 32; ++bit) {
    const uint32_t power = uint32_t{1} << bit;
    values.insert(values.end(), {power - 1, power, power + 1});
  }
  values.push_back(UINT32_MAX);
  std::mt19937 random(1);
  for (int i = 0; i < 10000; ++i) values.push_back(static_cast<uint32_t>(random() >> (random() % 32)));
  return values;
}

// The bytes lie at the end of their own allocation, so that AddressSanitizer sees a read past them.
const uint8_t* decode(const std::vector<uint8_t>& bytes, uint32_t* value) {
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  const uint8_t* after = get_varint32(exact.data(), exact.data() + exact.size(), value);
  return after == nullptr ? nullptr : bytes.data() + (after - exact.data());
}

TEST(Varint32, EveryValueIsReadBackFromTheBytesThatItsLengthAnnounces) {
  for (const uint32_t value : interesting_values()) {
    std::vector<uint8_t> bytes(kVarint32BytesMax, 0xee);
    const uint8_t* end = put_varint32(bytes.data(), value);
    bytes.resize(static_cast<size_t>(end - bytes.data()));
    ASSERT_EQ(bytes.size(), varint32_bytes(value)) << value;
    uint32_t read = ~value;
    ASSERT_EQ(decode(bytes, &read), bytes.data() + bytes.size()) << value;
    ASSERT_EQ(read, value);
  }
}

TEST(Varint32, TheEncodingIsSevenBitsAByteLeastSignificantFirst) {
  uint8_t bytes[kVarint32BytesMax];
  ASSERT_EQ(put_varint32(bytes, 300), bytes + 2);
  EXPECT_EQ(bytes[0], 0xac);
  EXPECT_EQ(bytes[1], 0x02);
}

TEST(Varint32, NoTruncatedPrefixIsAccepted) {
  for (const uint32_t value : interesting_values()) {
    std::vector<uint8_t> bytes(kVarint32BytesMax);
    bytes.resize(static_cast<size_t>(put_varint32(bytes.data(), value) - bytes.data()));
    while (!bytes.empty()) {
      bytes.pop_back();
      uint32_t read = 0;
      ASSERT_EQ(decode(bytes, &read), nullptr) << value << " cut to " << bytes.size() << " bytes";
    }
  }
}

TEST(Varint32, ReadingStopsAtItsEndAndLeavesWhatFollows) {
  const std::vector<uint8_t> bytes = {0xff, 0x01, 0x80, 0x80};
  uint32_t read = 0;
  EXPECT_EQ(decode(bytes, &read), bytes.data() + 2);
  EXPECT_EQ(read, 255u);
}

TEST(Varint32, AValueAbove32BitsIsRefused) {
  uint32_t read = 0;
  EXPECT_NE(decode({0xff, 0xff, 0xff, 0xff, 0x0f}, &read), nullptr);
  EXPECT_EQ(read, UINT32_MAX);
  EXPECT_EQ(decode({0xff, 0xff, 0xff, 0xff, 0x1f}, &read), nullptr);
  EXPECT_EQ(decode({0x80, 0x80, 0x80, 0x80, 0x10}, &read), nullptr);
}

TEST(Varint32, ASixthByteIsRefused) {
  uint32_t read = 0;
  EXPECT_EQ(decode({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, &read), nullptr);
  EXPECT_EQ(decode({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, &read), nullptr);
}

TEST(Varint32, RandomBytesNeverReadPastTheirEnd) {
  std::mt19937 random(2);
  for (int i = 0; i < 100000; ++i) {
    std::vector<uint8_t> bytes(random() % 8);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() | (random() % 2 ? 0x80 : 0));
    uint32_t read = 0;
    const uint8_t* after = decode(bytes, &read);
    if (after == nullptr) continue;
    ASSERT_LE(after, bytes.data() + bytes.size());
    ASSERT_GT(after, bytes.data());
  }
}

TEST(FixedWidth, IntegersAreLittleEndianAndNeedNoAlignment) {
  uint8_t bytes[12] = {};
  store<uint32_t>(bytes + 1, 0x04030201u);
  EXPECT_EQ(bytes[1], 1);
  EXPECT_EQ(bytes[4], 4);
  EXPECT_EQ(load_u32(bytes + 1), 0x04030201u);
  store<uint64_t>(bytes + 3, 0x0807060504030201ull);
  EXPECT_EQ(bytes[3], 1);
  EXPECT_EQ(bytes[10], 8);
  EXPECT_EQ(load_u64(bytes + 3), 0x0807060504030201ull);
}

TEST(FixedWidth, AWidthHoldsExactlyTheValuesThatNeedIt) {
  EXPECT_EQ(width_of(0), 0u);
  for (size_t width = 1; width <= 8; ++width) {
    const uint64_t most = width == 8 ? UINT64_MAX : (uint64_t{1} << (8 * width)) - 1;
    EXPECT_EQ(width_of(most), width);
    EXPECT_EQ(width_of(width == 8 ? most : most + 1), std::min<size_t>(width + 1, 8));
    uint8_t bytes[10];
    std::memset(bytes, 0xee, sizeof bytes);
    store_width(bytes + 1, most, width);
    EXPECT_EQ(load_width(bytes + 1, width), most);
    EXPECT_EQ(bytes[0], 0xee);
    EXPECT_EQ(bytes[1 + width], 0xee);
  }
}

TEST(RoundUp, GoesToTheNextMultipleAndStaysOnOne) {
  EXPECT_EQ(round_up(0, 8), 0u);
  EXPECT_EQ(round_up(1, 8), 8u);
  EXPECT_EQ(round_up(8, 8), 8u);
  EXPECT_EQ(round_up(4097, 4096), 8192u);
}

}  // namespace
}  // namespace firn
