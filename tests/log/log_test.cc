// Appending to a log: where records and marks go, what is durable when, and what a failure does.
#include "log/log.h"

#include <atomic>
#include <thread>

#include "log/failing_directory.h"
#include "log/log_fixture.h"

namespace firn {
namespace {

class AppendTest : public LogTest {
 protected:
  std::unique_ptr<Log> new_failing_log() {
    return std::make_unique<Log>(std::make_unique<FailingDirectory>(open_directory(), faults_), kTestLogId, io(), env());
  }

  // The marks of a segment, in order.
  static std::vector<Mark> marks(const Segment& segment) {
    std::vector<Mark> found;
    RecordView record;
    for (uint64_t at = kSegmentHeaderBytes; read_record(segment.image(), at, segment.capacity(), segment.header().generation, &record);
         at += record_bytes(record.payload.size())) {
      if (record.kind == RecordKind::kMark) found.push_back(decode_mark(record.payload));
    }
    return found;
  }

  std::shared_ptr<Faults> faults_ = std::make_shared<Faults>();
};

TEST_P(AppendTest, ASegmentOpensWithAMarkAndRecordsFollowInOrder) {
  const auto log = new_log();
  activate(*log);
  EXPECT_EQ(kSegmentHeaderBytes + kMarkBytes, log->active_offset());
  EXPECT_EQ(kSegmentHeaderBytes + kMarkBytes + kRecordHeaderBytes, append(*log, "first"));
  EXPECT_EQ(kSegmentHeaderBytes + kMarkBytes + 16 + kRecordHeaderBytes, append(*log, "second"));
  EXPECT_EQ(log->active()->base() + log->active_offset(), log->end());
  RecordView record;
  ASSERT_TRUE(read_record(log->active()->image(), kSegmentHeaderBytes + kMarkBytes, log->active()->capacity(),
                          log->active()->header().generation, &record));
  EXPECT_EQ("first", record.payload.to_string());
}

TEST_P(AppendTest, IdsAndBasesOfSegmentsAscendAndPositionsContinue) {
  const auto log = new_log();
  log->continue_at(5, 12288, 1000);
  activate(*log, 1);
  EXPECT_EQ(5u, log->active()->id());
  EXPECT_EQ(12288u, log->active()->base());
  EXPECT_EQ(4096u, log->active()->capacity());
  EXPECT_EQ(1000u, marks(*log->active())[0].previous_end);
  append(*log, "record");
  const LogPosition end = log->end();
  activate(*log, 5000);
  EXPECT_EQ(6u, log->active()->id());
  EXPECT_EQ(12288u + 4096u, log->active()->base());
  EXPECT_EQ(8192u, log->active()->capacity());
  EXPECT_EQ(end, marks(*log->active())[0].previous_end);
}

TEST_P(AppendTest, AMarkFollowsWhenever64KiBWereWritten) {
  const auto log = new_log();
  activate(*log, 512 << 10);
  const std::string payload(1000, 'p');
  for (int i = 0; i < 200; i++) append(*log, payload);
  EXPECT_EQ(1u + 200u * 1008u / (64u << 10), marks(*log->active()).size());
}

TEST_P(AppendTest, AMarkFollowsWhenTheDurableBoundHasMoved) {
  const auto log = new_log();
  activate(*log);
  append(*log, "one");
  append(*log, "two");
  EXPECT_EQ(1u, marks(*log->active()).size());
  const auto durable = log->sync();
  ASSERT_TRUE(durable.ok());
  EXPECT_EQ(log->end(), *durable);
  append(*log, "three");
  append(*log, "four");
  const auto found = marks(*log->active());
  ASSERT_EQ(2u, found.size());
  EXPECT_EQ(0u, found[0].durable);
  EXPECT_EQ(*durable, found[1].durable);
  EXPECT_EQ(mark_tag(log->active()->header().generation), found[1].tag);
}

TEST_P(AppendTest, ARecordFitsUpToTheLastByte) {
  const auto log = new_log();
  EXPECT_FALSE(log->fits(0));
  activate(*log, 4096);
  const uint64_t most = 4096 - kSegmentHeaderBytes - 2 * kMarkBytes - kRecordHeaderBytes;
  EXPECT_TRUE(log->fits(most));
  EXPECT_FALSE(log->fits(most + 1));
  ASSERT_TRUE(log->sync().ok());  // a mark is due: the reserve for it is used
  append(*log, std::string(most, 'x'));
  EXPECT_EQ(4096u, log->active_offset());
  EXPECT_FALSE(log->fits(0));
}

TEST_P(AppendTest, RecordsOfNoBytesAndOfManyMiBAreTakenAlike) {
  const auto log = new_log();
  const std::string large(5 << 20, 'L');
  activate(*log, 6 << 20);
  append(*log, "");
  append(*log, large);
  append(*log, "");
  const auto recovered = recover({1});
  ASSERT_TRUE(recovered.ok()) << recovered.status().message();
  EXPECT_EQ((std::vector<std::string>{"", large, ""}), records_);
  EXPECT_EQ(log->end(), recovered->end);
  EXPECT_EQ(large.size(), recovered->record_payload_bytes);
}

TEST_P(AppendTest, AnOversizedSegmentIsRefused) {
  const auto log = new_log();
  EXPECT_EQ(Code::kTooLarge, code_of(log->prepare(kSegmentBytesMax + 1)));
  EXPECT_TRUE(open_directory()->list()->empty());
}

TEST_P(AppendTest, ASyncCoversSealedSegmentsOnceAndTheActiveOneAgain) {
  const auto log = new_failing_log();
  activate(*log);
  append(*log, "sealed");
  activate(*log);
  append(*log, "active");
  const int before = faults_->sync_count;
  ASSERT_TRUE(log->sync().ok());
  EXPECT_EQ(before + 2, faults_->sync_count);
  EXPECT_EQ(log->end(), log->durable());
  ASSERT_TRUE(log->sync().ok());
  EXPECT_EQ(before + 2, faults_->sync_count) << "there was nothing to sync";
  append(*log, "more");
  ASSERT_TRUE(log->sync().ok());
  EXPECT_EQ(before + 3, faults_->sync_count);
}

TEST_P(AppendTest, AFailedSyncIsRememberedAndMovesNoBound) {
  const auto log = new_failing_log();
  activate(*log);
  append(*log, "record");
  EXPECT_FALSE(log->failed());
  faults_->fail_sync = true;
  EXPECT_EQ(Code::kIo, code_of(log->sync()));
  EXPECT_TRUE(log->failed());
  EXPECT_EQ(0u, log->durable());
}

TEST_P(AppendTest, AFailedWriteIsRememberedAndMovesNoEnd) {
  if (io() == SegmentIo::kMmap) GTEST_SKIP() << "a store into a mapping does not fail";
  const auto log = new_failing_log();
  activate(*log);
  const LogPosition end = log->end();
  faults_->fail_write = true;
  uint64_t offset = 0;
  ASSERT_TRUE(log->reserve(3, &offset).ok());
  EXPECT_EQ(Code::kIo, code_of(log->append(3)));
  EXPECT_TRUE(log->failed());
  EXPECT_EQ(end, log->end());
}

TEST_P(AppendTest, StoresGoToPagesThatAreMadePresentBefore) {
  const auto log = new_failing_log();
  activate(*log, 512 << 10);
  const std::string payload(3000, 'x');
  while (log->fits(payload.size())) {
    append(*log, payload);
    ASSERT_LE(log->active_offset(), log->active()->present_until());
  }
}

TEST_P(AppendTest, APageThatCannotBeMadePresentFailsBeforeAByteIsStored) {
  if (io() == SegmentIo::kPwrite) GTEST_SKIP() << "there is no mapping whose pages could fail";
  const auto log = new_failing_log();
  activate(*log, 512 << 10);
  append(*log, "first");
  const LogPosition end = log->end();
  faults_->fail_populate = true;
  uint64_t offset = 0;
  EXPECT_EQ(Code::kIo, code_of(log->make_present(200 << 10)));
  EXPECT_EQ(Code::kIo, code_of(log->reserve(200 << 10, &offset)));
  EXPECT_FALSE(log->failed()) << "nothing was stored: the log goes on";
  EXPECT_EQ(end, log->end());
  faults_->fail_populate = false;
  append(*log, std::string(200 << 10, 'x'));
  EXPECT_LT(end, log->end());
}

TEST_P(AppendTest, ASegmentIsActivatedWithoutFurtherPages) {
  const auto log = new_failing_log();
  activate(*log, 512 << 10);
  for (int i = 0; i < 100; i++) append(*log, std::string(4000, 'x'));
  EXPECT_GT(log->ahead().step, 4096u) << "what follows would ask for more than a page";
  auto next = log->prepare(512 << 10);
  ASSERT_TRUE(next.ok());
  faults_->fail_populate = true;
  EXPECT_TRUE(log->activate(std::move(*next)).ok()) << "its first page is there";
}

TEST_P(AppendTest, PagesAreSmallWhereSyncsFollowEachOtherClosely) {
  const auto log = new_log();
  activate(*log, 2 << 20);
  EXPECT_EQ(4096u, log->ahead().step);
  for (int i = 0; i < 100; i++) {
    append(*log, std::string(4000, 'x'));
    ASSERT_TRUE(log->sync().ok());
    ASSERT_EQ(4096u, log->ahead().step);
  }
  for (int i = 0; i < 100; i++) append(*log, std::string(4000, 'x'));
  EXPECT_EQ(256u << 10, log->ahead().step);
  activate(*log, 2 << 20);
  EXPECT_EQ(4096u, log->ahead().step) << "the unused rest of a segment counts for nothing";
}

TEST_P(AppendTest, ASegmentWhoseNameIsNotDurableIsTakenBack) {
  const auto log = new_failing_log();
  faults_->fail_directory_sync = true;
  EXPECT_EQ(Code::kIo, code_of(log->prepare(4096)));
  EXPECT_TRUE(open_directory()->list()->empty());
  faults_->fail_directory_sync = false;
  activate(*log);
  EXPECT_EQ(2u, log->active()->id()) << "a number is spent by the attempt: the file may be there";
}

TEST_P(AppendTest, ASegmentWhoseHeaderIsNotDurableIsTakenBack) {
  const auto log = new_failing_log();
  faults_->fail_sync = true;
  EXPECT_EQ(Code::kIo, code_of(log->prepare(4096)));
  EXPECT_TRUE(open_directory()->list()->empty());
}

TEST_P(AppendTest, RemovingTakesOlderSegmentsOnlyAndLeavesOtherFilesAlone) {
  const auto log = new_log();
  for (int i = 0; i < 3; i++) activate(*log);
  ASSERT_TRUE(open_directory()->open_file("notes.txt", OpenMode::kCreate).ok());
  ASSERT_TRUE(log->remove_before(3).ok());
  EXPECT_EQ((std::vector<std::string>{segment_name(3), "notes.txt"}), *open_directory()->list());
  append(*log, "goes on");
  EXPECT_TRUE(log->sync().ok());
}

TEST_P(AppendTest, ASyncOfWhatIsSealedLeavesTheActiveSegmentAlone) {
  const auto log = new_failing_log();
  for (const char* record : {"one", "two", "three"}) {
    activate(*log);
    append(*log, record);
  }
  const LogPosition sealed = log->sealed_end();
  const int syncs_before = faults_->sync_count;
  EXPECT_EQ(sealed, log->sync(sealed).value());
  EXPECT_EQ(sealed, log->durable()) << "the end of what is sealed, not where the active segment begins: recovery may find nothing there";
  EXPECT_EQ(2, faults_->sync_count - syncs_before);
  EXPECT_EQ(sealed, log->sync(sealed - 1).value()) << "it is durable already";
  EXPECT_EQ(2, faults_->sync_count - syncs_before);
  EXPECT_EQ(log->end(), log->sync(sealed + 1).value());
  EXPECT_EQ(3, faults_->sync_count - syncs_before);
}

TEST_P(AppendTest, SyncsBesideAWriterWhoRollsSegmentsMissNothing) {
  const auto log = new_log();
  activate(*log, 4096);
  std::atomic<bool> is_done{false};
  std::thread syncer([&] {
    LogPosition before = 0;
    while (!is_done) {
      const LogPosition end = log->end();
      const auto durable = log->sync();
      EXPECT_TRUE(durable.ok());
      EXPECT_GE(*durable, end);
      EXPECT_GE(*durable, before);
      before = *durable;
    }
  });
  std::vector<std::string> written;
  for (int i = 0; i < 600; i++) {
    written.push_back("record " + std::to_string(i) + std::string(100, '.'));
    if (!log->fits(written.back().size())) activate(*log, 4096);
    append(*log, written.back());
  }
  is_done = true;
  syncer.join();
  ASSERT_TRUE(log->sync().ok());
  EXPECT_EQ(log->end(), log->durable());
  std::vector<uint64_t> ids;
  for (uint64_t id = 1; id <= log->active()->id(); id++) ids.push_back(id);
  ASSERT_TRUE(recover(ids).ok());
  EXPECT_EQ(written, records_);
}

INSTANTIATE_TEST_SUITE_P(All, AppendTest, testing::ValuesIn(kLogCases), log_case_name);

}  // namespace
}  // namespace firn
