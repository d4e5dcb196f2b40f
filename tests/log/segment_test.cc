// The segment file: its header in two copies, what is refused, and its image.
#include <thread>
#include <vector>

#include "log/log_fixture.h"

namespace firn {
namespace {

constexpr SegmentHeader kHeader{kTestLogId, 0x6e6, 7, 40960, 8192};

class SegmentTest : public LogTest {
 protected:
  void create() {
    auto segment = Segment::create(*open_directory(), kHeader, io());
    ASSERT_TRUE(segment.ok()) << segment.status().message();
    std::memcpy((*segment)->image() + 256, "content", 7);
    const Status status = (*segment)->write_out(256, 7);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  Result<std::shared_ptr<Segment>> open(uint64_t id = kHeader.id, uint64_t log_id = kTestLogId) {
    return Segment::open(*open_directory(), id, log_id, io());
  }
};

TEST_P(SegmentTest, IsFoundWithTheHeaderAndTheBytesThatItWasGiven) {
  create();
  const auto segment = open();
  ASSERT_TRUE(segment.ok()) << segment.status().message();
  const SegmentHeader& header = (*segment)->header();
  EXPECT_EQ(kHeader.log_id, header.log_id);
  EXPECT_EQ(kHeader.generation, header.generation);
  EXPECT_EQ(kHeader.id, header.id);
  EXPECT_EQ(kHeader.base, header.base);
  EXPECT_EQ(kHeader.capacity, header.capacity);
  EXPECT_EQ(0, std::memcmp((*segment)->image() + 256, "content", 7));
  EXPECT_EQ(kHeader.capacity, read_file(kHeader.id).size());
}

TEST_P(SegmentTest, EitherCopyOfTheHeaderAloneIsEnough) {
  create();
  for (uint64_t at = 0; at < kSegmentHeaderBytes; at++) {
    flip(kHeader.id, at);
    EXPECT_TRUE(open().ok()) << "byte " << at;
    flip(kHeader.id, at);
  }
}

TEST_P(SegmentTest, TwoDamagedCopiesAreCorrupt) {
  create();
  for (uint64_t at = 0; at < kSegmentHeaderBytes / 2; at++) {
    if (at >= 8 && at < 12) continue;  // the version: see below
    flip(kHeader.id, at);
    flip(kHeader.id, kSegmentHeaderBytes / 2 + 63 - at);
    const auto segment = open();
    EXPECT_EQ(Code::kCorrupt, code_of(segment)) << at;
    EXPECT_TRUE(detail_file(segment.status()).ends_with(segment_name(kHeader.id)));
    flip(kHeader.id, at);
    flip(kHeader.id, kSegmentHeaderBytes / 2 + 63 - at);
  }
}

TEST_P(SegmentTest, ANewerFormatIsNamedAsSuch) {
  create();
  overwrite(kHeader.id, 8, std::string("\2\0\0\0", 4));
  overwrite(kHeader.id, 72, std::string("\2\0\0\0", 4));
  EXPECT_EQ(Code::kNewerFormat, code_of(open()));
}

TEST_P(SegmentTest, ASegmentOfAnotherLogIsCorrupt) {
  create();
  EXPECT_EQ(Code::kCorrupt, code_of(open(kHeader.id, kTestLogId + 1)));
}

TEST_P(SegmentTest, ASegmentUnderAnotherNameIsCorrupt) {
  create();
  replace_file(8, read_file(kHeader.id));
  EXPECT_EQ(Code::kCorrupt, code_of(open(8)));
}

TEST_P(SegmentTest, AnotherLengthThanTheHeaderNamesIsCorrupt) {
  create();
  const std::string bytes = read_file(kHeader.id);
  for (const size_t length : {size_t{0}, size_t{127}, size_t{128}, bytes.size() - 1}) {
    replace_file(kHeader.id, bytes.substr(0, length));
    EXPECT_EQ(Code::kCorrupt, code_of(open())) << length;
  }
  replace_file(kHeader.id, bytes + "x");
  EXPECT_EQ(Code::kCorrupt, code_of(open()));
}

TEST_P(SegmentTest, AMissingSegmentIsNotFound) { EXPECT_EQ(Code::kNotFound, code_of(open())); }

TEST_P(SegmentTest, CreatingOneThatExistsLeavesItAlone) {
  create();
  const std::string before = read_file(kHeader.id);
  EXPECT_EQ(Code::kExists, code_of(Segment::create(*open_directory(), kHeader, io())));
  EXPECT_EQ(before, read_file(kHeader.id));
}

TEST_P(SegmentTest, PagesAreMadePresentALittleAtATime) {
  SegmentHeader header = kHeader;
  header.capacity = 2 << 20;
  auto segment = Segment::create(*open_directory(), header, io());
  ASSERT_TRUE(segment.ok());
  const auto calls_until = [&](uint64_t offset, uint64_t step) {
    for (int calls = 1;; calls++) {
      const auto more = (*segment)->prefault(offset, step);
      EXPECT_TRUE(more.ok()) << more.status().message();
      if (!more.ok() || !*more) return calls;
    }
  };
  const bool is_mapped = io() == SegmentIo::kMmap;
  EXPECT_EQ(is_mapped ? 4 : 1, calls_until(960 << 10, 64 << 10));
  EXPECT_EQ(uint64_t{is_mapped ? 960u : 2048u} << 10, (*segment)->present_until());
  EXPECT_EQ(is_mapped ? 2 : 1, calls_until(1025 << 10, 512 << 10)) << "whole steps";
  EXPECT_EQ(uint64_t{is_mapped ? 1536u : 2048u} << 10, (*segment)->present_until());
  calls_until(UINT64_MAX, 4096);
  EXPECT_EQ(header.capacity, (*segment)->present_until());
  EXPECT_FALSE(*(*segment)->prefault(UINT64_MAX - 8192, 4096));
}

// Pages may be made by writing zeros: a writer who goes right up to where they are present loses nothing to those who make them.
TEST_P(SegmentTest, WhatIsStoredBelowPresentUntilStays) {
  if (io() == SegmentIo::kMmap && !open_directory()->open_file("probe", OpenMode::kCreate).value()->stores_in_place()) {
    GTEST_SKIP() << "NEITHER ext4, XFS NOR tmpfs HERE: no segment is mapped";
  }
  SegmentHeader header = kHeader;
  header.capacity = 8 << 20;
  for (uint64_t round = 0; round < 5; round++) {
    header.id = 100 + round;
    auto created = Segment::create(*open_directory(), header, io());
    ASSERT_TRUE(created.ok());
    Segment& segment = **created;
    std::vector<std::thread> keepers;
    for (int i = 0; i < 2; i++) {
      keepers.emplace_back([&segment, step = uint64_t{4096} << 3 * i] {
        for (;;) {
          const auto more = segment.prefault(UINT64_MAX - 8192, step);
          if (!more.ok() || !*more) break;
        }
      });
    }
    uint64_t at = kSegmentHeaderBytes;
    while (at < header.capacity) {
      const uint64_t end = segment.present_until();
      for (; at < end; at++) segment.image()[at] = static_cast<uint8_t>(at % 251 + 1);
    }
    for (std::thread& keeper : keepers) keeper.join();
    ASSERT_TRUE(segment.write_out(kSegmentHeaderBytes, header.capacity - kSegmentHeaderBytes).ok());
    for (at = kSegmentHeaderBytes; at < header.capacity; at++) ASSERT_EQ(at % 251 + 1, segment.image()[at]) << at;
  }
}

TEST_P(SegmentTest, ATailThatWasReleasedReadsAsZerosAndKeepsTheLength) {
  create();
  {
    SegmentHeader header = kHeader;
    header.id = 8;
    header.capacity = 64 << 10;
    auto segment = Segment::create(*open_directory(), header, io());
    ASSERT_TRUE(segment.ok());
    (*segment)->release_tail(4096);
  }
  const auto segment = open(8);
  ASSERT_TRUE(segment.ok()) << segment.status().message();
  EXPECT_EQ(uint64_t{64} << 10, (*segment)->capacity());
}

INSTANTIATE_TEST_SUITE_P(All, SegmentTest, testing::ValuesIn(kLogCases), log_case_name);

TEST(SegmentName, IsReadBackAndNothingElseIsOne) {
  for (const uint64_t id : {uint64_t{0}, uint64_t{1}, uint64_t{1234567890123}, UINT64_MAX}) {
    uint64_t read = 1;
    EXPECT_TRUE(parse_segment_name(segment_name(id), &read));
    EXPECT_EQ(id, read);
  }
  uint64_t ignored = 0;
  for (const char* name : {"", "1.log", "00000000000000000001.txt", "0000000000000000000x.log", "00000000000000000001.log~",
                           "99999999999999999999.log", "-0000000000000000001.log"}) {
    EXPECT_FALSE(parse_segment_name(name, &ignored)) << name;
  }
}

}  // namespace
}  // namespace firn
