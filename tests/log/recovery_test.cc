// Recovery of a log: the clean end, the torn tail, and rot, which are told apart by what the marks say was durable.
#include "log/recovery.h"

#include "log/log_fixture.h"

namespace firn {
namespace {

class RecoveryTest : public LogTest {
 protected:
  static uint64_t header_of(uint64_t payload_offset) { return payload_offset - kRecordHeaderBytes; }
  // The bytes from `from` to the last one that is not zero.
  static uint64_t content_bytes(const std::string& file, uint64_t from) {
    const size_t last = file.find_last_not_of('\0');
    return last == std::string::npos || last < from ? 0 : last + 1 - from;
  }
};

TEST_P(RecoveryTest, ALogThatEndsInOrderGivesEverythingAndDropsNothing) {
  LogPosition end = 0;
  {
    const auto log = new_log();
    activate(*log, 4096);
    append(*log, "one");
    append(*log, "two");
    activate(*log, 8192);
    append(*log, "three");
    end = log->end();
  }
  const auto found = recover({1, 2});
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ((std::vector<std::string>{"one", "two", "three"}), records_);
  EXPECT_EQ(end, found->end);
  EXPECT_EQ(3u, found->next_id);
  EXPECT_EQ(4096u + 8192u, found->next_base);
  EXPECT_EQ(3u, found->record_count);
  EXPECT_EQ(11u, found->record_payload_bytes);
  EXPECT_EQ(0u, found->dropped_bytes);
  EXPECT_EQ("", found->dropped_file);
  ASSERT_EQ(2u, found->segments.size());
  EXPECT_EQ(2u, found->segments[1]->id());
}

TEST_P(RecoveryTest, NoSegmentsAreAnEmptyLog) {
  const auto found = recover({});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(0u, found->end);
  EXPECT_EQ(1u, found->next_id);
  EXPECT_TRUE(found->segments.empty());
}

TEST_P(RecoveryTest, APreparedSegmentThatWasNeverUsedEndsTheLog) {
  {
    const auto log = new_log();
    activate(*log);
    append(*log, "one");
    ASSERT_TRUE(log->prepare(4096).ok());
  }
  const auto found = recover({1, 2});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((std::vector<std::string>{"one"}), records_);
  EXPECT_EQ(1u, found->segments.size());
  EXPECT_EQ(0u, found->dropped_bytes);
  EXPECT_EQ(3u, found->next_id) << "its id is not used again";
}

TEST_P(RecoveryTest, ATailTornAtAnyByteOfTheLastRecordKeepsThePrefix) {
  uint64_t last = 0;
  {
    const auto log = new_log();
    activate(*log, 4096);
    append(*log, "one");
    append(*log, "two");
    last = header_of(append(*log, "the last record"));
  }
  const std::string whole = read_file(1);
  const uint64_t payload_end = last + kRecordHeaderBytes + 15;
  for (uint64_t cut = last; cut < payload_end; cut++) {
    overwrite(1, cut, std::string(payload_end - cut, '\0'));
    const auto found = recover({1});
    ASSERT_TRUE(found.ok()) << cut << " " << found.status().message();
    EXPECT_EQ((std::vector<std::string>{"one", "two"}), records_) << cut;
    EXPECT_EQ(last, found->end) << cut;
    const uint64_t dropped = content_bytes(whole.substr(0, cut), last);
    EXPECT_EQ(dropped, found->dropped_bytes) << cut;
    EXPECT_EQ(dropped > 0 ? last : 0, found->dropped_offset) << cut;
    EXPECT_EQ(dropped > 0, found->dropped_file.ends_with(segment_name(1))) << cut;
    overwrite(1, last, whole.substr(last, 32));
  }
  ASSERT_TRUE(recover({1}).ok());
  EXPECT_EQ(3u, records_.size());
}

TEST_P(RecoveryTest, AChangedByteAnywhereInTheLastRecordKeepsThePrefix) {
  uint64_t last = 0;
  {
    const auto log = new_log();
    activate(*log, 4096);
    append(*log, "one");
    last = header_of(append(*log, "the last record"));
  }
  for (uint64_t at = last; at < last + kRecordHeaderBytes + 15; at++) {
    flip(1, at, 0x80);
    const auto found = recover({1});
    ASSERT_TRUE(found.ok()) << at;
    EXPECT_EQ((std::vector<std::string>{"one"}), records_) << at;
    EXPECT_EQ(kRecordHeaderBytes + 15, found->dropped_bytes) << at;
    flip(1, at, 0x80);
  }
}

TEST_P(RecoveryTest, ValidRecordsBehindAGapThatWasNeverDurableAreCutWithIt) {
  uint64_t gap = 0;
  {
    const auto log = new_log();
    activate(*log);
    append(*log, "one");
    gap = header_of(append(*log, "two"));
    append(*log, "three");
  }
  flip(1, gap + kRecordHeaderBytes);
  const auto found = recover({1});
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ((std::vector<std::string>{"one"}), records_);
  EXPECT_EQ(gap, found->dropped_offset);
  EXPECT_EQ(content_bytes(read_file(1), gap), found->dropped_bytes);
}

TEST_P(RecoveryTest, TheSameGapBelowADurableMarkBehindItIsRot) {
  uint64_t gap = 0;
  {
    const auto log = new_log();
    activate(*log);
    append(*log, "one");
    gap = header_of(append(*log, "two"));
    append(*log, "three");
    ASSERT_TRUE(log->sync().ok());
    append(*log, "four");  // with a mark before it
  }
  // A damaged length that swallows the mark does not hide it.
  for (const uint64_t at : {gap, gap + 4, gap + 5, gap + 6, gap + kRecordHeaderBytes}) {
    flip(1, at);
    const auto found = recover({1});
    ASSERT_EQ(Code::kCorrupt, code_of(found)) << at;
    EXPECT_TRUE(detail_file(found.status()).ends_with(segment_name(1)));
    EXPECT_EQ(gap, detail_offset(found.status()));
    flip(1, at);
  }
}

TEST_P(RecoveryTest, ADamagedMarkCutsTheLogButNotWhatAnotherMarkCovers) {
  uint64_t mark = 0;
  {
    const auto log = new_log();
    activate(*log);
    append(*log, "one");
    ASSERT_TRUE(log->sync().ok());
    mark = log->active_offset();
    append(*log, "two");
  }
  flip(1, mark + 12);
  auto found = recover({1});
  ASSERT_TRUE(found.ok()) << "nothing behind the first record was durable";
  EXPECT_EQ((std::vector<std::string>{"one"}), records_);
  EXPECT_EQ(mark, found->dropped_offset);
  flip(1, mark + 12);
  flip(1, kSegmentHeaderBytes);  // the opening mark, below the bound that the other one names
  EXPECT_EQ(Code::kCorrupt, code_of(recover({1})));
}

TEST_P(RecoveryTest, RotInAnOlderSegmentIsProvenByAMarkOfALaterOne) {
  uint64_t gap = 0;
  {
    const auto log = new_log();
    activate(*log);
    gap = header_of(append(*log, "one"));
    ASSERT_TRUE(log->sync().ok());
    activate(*log);
    append(*log, "two");
  }
  flip(1, gap + 4);
  const auto found = recover({1, 2});
  ASSERT_EQ(Code::kCorrupt, code_of(found));
  EXPECT_TRUE(detail_file(found.status()).ends_with(segment_name(1)));
  EXPECT_EQ(gap, detail_offset(found.status()));
}

TEST_P(RecoveryTest, ACutDropsTheLaterSegmentsWithIt) {
  uint64_t gap = 0;
  {
    const auto log = new_log();
    activate(*log);
    append(*log, "one");
    gap = header_of(append(*log, "two"));
    activate(*log);
    append(*log, "three");
    activate(*log);
    append(*log, "four");
  }
  flip(1, gap + 9);
  const auto found = recover({1, 2, 3});
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ((std::vector<std::string>{"one"}), records_);
  EXPECT_EQ(1u, found->segments.size());
  EXPECT_EQ(gap, found->dropped_offset);
  EXPECT_TRUE(found->dropped_file.ends_with(segment_name(1)));
  EXPECT_EQ(content_bytes(read_file(1), gap) + content_bytes(read_file(2), kSegmentHeaderBytes) +
                content_bytes(read_file(3), kSegmentHeaderBytes),
            found->dropped_bytes);
  EXPECT_EQ(4u, found->next_id) << "positions and ids of what was dropped are not used again";
}

TEST_P(RecoveryTest, ASegmentWhoseOpeningMarkDoesNotFollowIsDropped) {
  LogPosition end = 0;
  {
    const auto log = new_log();
    activate(*log);
    append(*log, "one");
    end = log->end();
    activate(*log);
    append(*log, "two");
  }
  flip(2, kSegmentHeaderBytes + 4);
  const auto found = recover({1, 2});
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ((std::vector<std::string>{"one"}), records_);
  EXPECT_EQ(end, found->end);
  EXPECT_EQ(content_bytes(read_file(2), kSegmentHeaderBytes), found->dropped_bytes);
}

TEST_P(RecoveryTest, ASegmentThatIsNotNamedInBetweenBreaksTheLog) {
  {
    const auto log = new_log();
    for (const char* text : {"one", "two", "three"}) {
      activate(*log);
      append(*log, text);
    }
  }
  ASSERT_TRUE(recover({1, 3}).ok());
  EXPECT_EQ((std::vector<std::string>{"one"}), records_);
}

TEST_P(RecoveryTest, AMissingSegmentIsCorruptAndNamed) {
  {
    const auto log = new_log();
    activate(*log);
    append(*log, "one");
  }
  const auto found = recover({1, 2});
  ASSERT_EQ(Code::kCorrupt, code_of(found));
  EXPECT_TRUE(detail_file(found.status()).ends_with(segment_name(2)));
  EXPECT_TRUE(records_.empty()) << "everything is judged before anything is handed out";
}

TEST_P(RecoveryTest, WhatTheVisitorSaysEndsTheRecovery) {
  {
    const auto log = new_log();
    activate(*log);
    append(*log, "one");
    append(*log, "two");
  }
  int calls = 0;
  const auto directory = open_directory();
  const auto found = recover_log(*directory, kTestLogId, {1}, io(), [&](const auto&, uint64_t, Slice) {
    calls++;
    return Status(Code::kTooLarge);
  });
  EXPECT_EQ(Code::kTooLarge, code_of(found));
  EXPECT_EQ(1, calls);
}

TEST_P(RecoveryTest, ItWritesNothing) {
  {
    const auto log = new_log();
    activate(*log, 4096);
    append(*log, "one");
    append(*log, "two");
  }
  flip(1, kSegmentHeaderBytes + kMarkBytes + 16 + 9);
  const std::string before = read_file(1);
  ASSERT_TRUE(recover({1}).ok());
  EXPECT_EQ(before, read_file(1));
  EXPECT_EQ((std::vector<std::string>{segment_name(1)}), *open_directory()->list());
}

INSTANTIATE_TEST_SUITE_P(All, RecoveryTest, testing::ValuesIn(kLogCases), log_case_name);

}  // namespace
}  // namespace firn
