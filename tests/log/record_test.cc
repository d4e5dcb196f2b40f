// The framing of one record: what verifies and what never does.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "log/record.h"

namespace firn {
namespace {

constexpr uint64_t kGeneration = 0x0123456789abcdef;
constexpr uint64_t kOffset = 128;

std::vector<uint8_t> image_with(std::string_view payload, RecordKind kind = RecordKind::kData) {
  std::vector<uint8_t> image(4096, 0);
  std::memcpy(image.data() + kOffset + kRecordHeaderBytes, payload.data(), payload.size());
  seal_record(image.data(), kOffset, kGeneration, kind, payload.size());
  return image;
}

TEST(Record, ReadsBackAsItWasSealed) {
  for (const size_t bytes : {0U, 1U, 7U, 8U, 9U, 1000U}) {
    const std::string payload(bytes, 'p');
    const auto image = image_with(payload);
    RecordView record;
    ASSERT_TRUE(read_record(image.data(), kOffset, image.size(), kGeneration, &record)) << bytes;
    EXPECT_EQ(RecordKind::kData, record.kind);
    EXPECT_EQ(payload, record.payload.to_string());
  }
}

TEST(Record, TakesAMultipleOfEightBytes) {
  EXPECT_EQ(8u, record_bytes(0));
  EXPECT_EQ(16u, record_bytes(1));
  EXPECT_EQ(16u, record_bytes(8));
  EXPECT_EQ(24u, record_bytes(9));
  EXPECT_EQ(kMarkBytes, record_bytes(kMarkPayloadBytes));
}

TEST(Record, AChangedBitAnywhereDoesNotVerify) {
  auto image = image_with("a payload of some bytes");
  RecordView record;
  for (uint64_t at = kOffset; at < kOffset + kRecordHeaderBytes + 23; at++) {
    for (int bit = 0; bit < 8; bit++) {
      image[at] = static_cast<uint8_t>(image[at] ^ 1 << bit);
      EXPECT_FALSE(read_record(image.data(), kOffset, image.size(), kGeneration, &record)) << at << " " << bit;
      image[at] = static_cast<uint8_t>(image[at] ^ 1 << bit);
    }
  }
  EXPECT_TRUE(read_record(image.data(), kOffset, image.size(), kGeneration, &record));
}

TEST(Record, TheChecksumIsBoundToTheGeneration) {
  const auto image = image_with("payload");
  RecordView record;
  EXPECT_FALSE(read_record(image.data(), kOffset, image.size(), kGeneration + 1, &record));
}

TEST(Record, TheChecksumIsBoundToTheOffset) {
  auto image = image_with("payload");
  std::memcpy(image.data() + 1024, image.data() + kOffset, 64);
  RecordView record;
  EXPECT_FALSE(read_record(image.data(), 1024, image.size(), kGeneration, &record));
}

TEST(Record, ZerosAreNoRecord) {
  const std::vector<uint8_t> image(4096, 0);
  RecordView record;
  EXPECT_FALSE(read_record(image.data(), kOffset, image.size(), kGeneration, &record));
}

TEST(Record, ALengthBeyondTheLimitIsNotFollowed) {
  const auto image = image_with("payload");
  RecordView record;
  EXPECT_TRUE(read_record(image.data(), kOffset, kOffset + 15, kGeneration, &record));
  EXPECT_FALSE(read_record(image.data(), kOffset, kOffset + 14, kGeneration, &record));
  EXPECT_FALSE(read_record(image.data(), kOffset, kOffset + 7, kGeneration, &record));
  EXPECT_FALSE(read_record(image.data(), kOffset, 4, kGeneration, &record));
  EXPECT_FALSE(read_record(image.data(), UINT64_MAX - 3, image.size(), kGeneration, &record));
}

TEST(Record, AMarkOfAnotherLengthIsNone) {
  const auto image = image_with("not 24 bytes", RecordKind::kMark);
  RecordView record;
  EXPECT_FALSE(read_record(image.data(), kOffset, image.size(), kGeneration, &record));
}

TEST(Record, AMarkReadsBackAsItWasEncoded) {
  std::string payload(kMarkPayloadBytes, '\0');
  encode_mark(reinterpret_cast<uint8_t*>(payload.data()), {mark_tag(kGeneration), 11, 22});
  const auto image = image_with(payload, RecordKind::kMark);
  RecordView record;
  ASSERT_TRUE(read_record(image.data(), kOffset, image.size(), kGeneration, &record));
  const Mark mark = decode_mark(record.payload);
  EXPECT_EQ(RecordKind::kMark, record.kind);
  EXPECT_EQ(mark_tag(kGeneration), mark.tag);
  EXPECT_EQ(11u, mark.durable);
  EXPECT_EQ(22u, mark.previous_end);
}

TEST(Record, TagsOfGenerationsDiffer) {
  EXPECT_NE(mark_tag(1), mark_tag(3));
  EXPECT_NE(0u, mark_tag(0x4b52414d4e524946ull));
}

}  // namespace
}  // namespace firn
