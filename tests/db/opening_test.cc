// Opening: what is found, what is refused, what is tidied up, and how sequence numbers go on.
#include <set>

#include "db/db_fixture.h"
#include "log/record.h"
#include "log/segment.h"
#include "lsm/version.h"

namespace firn {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kUncleanStep = uint64_t{1} << 32;

class OpeningTest : public DbTest {
 protected:
  void expect_usable(const std::string& at) {
    auto db = open_at(at);
    ASSERT_TRUE(db.ok()) << db.status().message();
    ASSERT_TRUE(write(**db, {put_of("key", "value")}).ok());
    EXPECT_EQ("value", get(**db, "key"));
    EXPECT_TRUE(close_only(**db).ok());
  }
};

TEST_F(OpeningTest, LeftoverFilesGoAndFilesThatAreNotOursStay) {
  open();
  put("key", "value");
  ASSERT_TRUE(flush().ok());
  close();
  write_whole(path() + "/tables/" + table_name(0xff), "a table that was never finished");
  write_whole(path() + "/tables/" + table_name(0xfe), "");
  write_whole(path() + "/wal/" + segment_name(99), "a segment that was never named");
  write_whole(path() + "/tables/notes.txt", "mine");
  write_whole(path() + "/wal/notes.txt", "mine");
  open();
  EXPECT_EQ("value", get("key"));
  const auto tables = names(path() + "/tables");
  EXPECT_EQ(2u, tables.size());
  EXPECT_EQ("notes.txt", tables.back());
  EXPECT_FALSE(fs::exists(path() + "/wal/" + segment_name(99)));
  EXPECT_TRUE(fs::exists(path() + "/wal/notes.txt"));
}

TEST_F(OpeningTest, ATableOfAnotherDatabaseIsRefusedAndNotDeleted) {
  const std::string other = disk_.path() + "/other";
  {
    auto db = open_at(other);
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE(write(**db, {put_of("foreign", "data")}).ok());
    ASSERT_TRUE(close_only(**db).ok());
  }
  open();
  close();
  const std::string foreign = path() + "/tables/" + table_name(0xabc);
  fs::copy(other + "/tables/" + names(other + "/tables").at(0), foreign);
  const auto db = open_at(path());
  ASSERT_FALSE(db.ok());
  EXPECT_EQ(Code::kCorrupt, db.status().code());
  EXPECT_EQ(foreign, file_of(db.status()));
  EXPECT_TRUE(fs::exists(foreign));
}

TEST_F(OpeningTest, ADirectoryOfSomethingElseIsNotTouched) {
  fs::create_directory(path());
  write_whole(path() + "/letter.txt", "dear");
  const auto db = open_at(path());
  ASSERT_FALSE(db.ok());
  EXPECT_EQ(Code::kNotADatabase, db.status().code());
  EXPECT_EQ((std::vector<std::string>{"letter.txt"}), names(path()));
  write_whole(disk_.path() + "/file", "a file");
  EXPECT_EQ(Code::kNotADatabase, open_at(disk_.path() + "/file").status().code());
  EXPECT_EQ("a file", read_whole(disk_.path() + "/file"));
}

TEST_F(OpeningTest, ACreationThatWasCutShortAtAnyStageStartsOver) {
  open();
  const std::string made = copy_as_killed("made");  // manifest and first segment, nothing else
  close();
  const std::string manifest = made + "/manifest/" + segment_name(1);
  const std::string wal = made + "/wal/" + segment_name(1);
  ASSERT_TRUE(fs::exists(manifest));
  ASSERT_TRUE(fs::exists(wal));
  expect_usable(made);
  (void)open_at(disk_.path() + "/fresh").ok();  // for the bytes of a manifest of one segment
  const std::string whole = read_whole(disk_.path() + "/fresh/manifest/" + segment_name(1));
  ASSERT_FALSE(whole.empty());
  const std::string stage = disk_.path() + "/stage";
  const auto make = [&](int directories) {
    fs::remove_all(stage);
    fs::create_directory(stage);
    const char* const parts[] = {"LOCK", "manifest", "wal", "tables"};
    for (int i = 0; i < directories; i++) {
      if (i == 0)
        write_whole(stage + "/LOCK", "");
      else
        fs::create_directory(stage + "/" + parts[i]);
    }
  };
  for (int directories = 0; directories <= 4; directories++) {
    make(directories);
    SCOPED_TRACE(directories);
    expect_usable(stage);
  }
  const uint64_t snapshot = kSegmentHeaderBytes + kMarkBytes;
  for (const uint64_t kept : {uint64_t{0}, uint64_t{10}, uint64_t{64}, kSegmentHeaderBytes, snapshot, snapshot + 30}) {
    for (const bool is_allocated : {true, false}) {
      make(4);
      write_whole(stage + "/manifest/" + segment_name(1),
                  whole.substr(0, kept) + std::string(is_allocated ? whole.size() - kept : 0, '\0'));
      SCOPED_TRACE(kept);
      expect_usable(stage);
    }
  }
}

TEST_F(OpeningTest, AManifestThatCannotBeReadBesideDataIsNeverStartedOver) {
  open();
  put("key", "value");
  close();
  for (const std::string& name : names(path() + "/manifest")) write_whole(path() + "/manifest/" + name, "rubbish");
  const auto before = names(path() + "/tables");
  const auto damaged = open_at(path());
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(Code::kCorrupt, damaged.status().code());
  fs::remove_all(path() + "/manifest");
  EXPECT_FALSE(open_at(path()).ok());
  fs::create_directory(path() + "/manifest");
  EXPECT_EQ(Code::kCorrupt, open_at(path()).status().code());
  EXPECT_EQ(before, names(path() + "/tables"));
}

TEST_F(OpeningTest, AMissingTableIsNamed) {
  open();
  put("key", "value");
  close();
  const std::string table = path() + "/tables/" + names(path() + "/tables").at(0);
  fs::remove(table);
  const auto db = open_at(path());
  ASSERT_FALSE(db.ok());
  EXPECT_EQ(Code::kCorrupt, db.status().code());
  EXPECT_EQ(table, file_of(db.status()));
}

TEST_F(OpeningTest, ATableOfAnotherLengthIsCorrupt) {
  open();
  put("key", "value");
  close();
  const std::string table = path() + "/tables/" + names(path() + "/tables").at(0);
  write_whole(table, read_whole(table) + std::string(4096, '\0'));
  EXPECT_EQ(Code::kCorrupt, open_at(path()).status().code());
}

TEST_F(OpeningTest, AMissingLogSegmentIsNamed) {
  open();
  put("key", "value");
  const std::string copy = copy_as_killed();
  const std::string segment = copy + "/wal/" + names(copy + "/wal").at(0);
  fs::remove(segment);
  const auto db = open_at(copy);
  ASSERT_FALSE(db.ok());
  EXPECT_EQ(Code::kCorrupt, db.status().code());
  EXPECT_EQ(segment, file_of(db.status()));
}

TEST_F(OpeningTest, VersionsGoOnAfterACleanCloseAndJumpAfterAnUncleanOne) {
  open();
  const Seq first = put("key", "1");
  const Seq second = put("key", "2");
  EXPECT_EQ(first.value + 1, second.value);
  reopen();
  EXPECT_TRUE(db_->recovery().clean);
  EXPECT_EQ(second.value + 1, put("key", "3").value);
  std::string killed = copy_as_killed();
  for (uint64_t n = 1; n <= 2; n++) {
    auto db = open_at(killed, "single_threaded=true");  // nothing goes on while it is copied
    ASSERT_TRUE(db.ok());
    EXPECT_FALSE((*db)->recovery().clean);
    const auto seq = write(**db, {put_of("key", "4")});
    ASSERT_TRUE(seq.ok());
    EXPECT_EQ(n * kUncleanStep, seq->value);
    const std::string again = disk_.path() + "/again" + std::to_string(n);
    fs::copy(killed, again, fs::copy_options::recursive);
    EXPECT_TRUE(close_only(**db).ok());
    killed = again;
  }
}

TEST_F(OpeningTest, VersionsOfCommitsThatWereAllLostAreNotGivenAgain) {
  open();
  put("key", "1");
  std::string killed = copy_as_killed();
  std::set<uint64_t> given;
  for (int round = 0; round < 3; round++) {
    auto db = open_at(killed, "single_threaded=true");
    ASSERT_TRUE(db.ok());
    {
      const ThreadMark mark;
      ASSERT_TRUE((*db)->flush().ok());
    }
    const std::string lost = disk_.path() + "/lost" + std::to_string(round);
    fs::copy(killed, lost, fs::copy_options::recursive);  // what power loss leaves of it
    const auto seq = write(**db, {put_of("key", "2")});
    ASSERT_TRUE(seq.ok());
    EXPECT_TRUE(given.insert(seq->value).second) << "version " << seq->value << " was given before";
    EXPECT_TRUE(close_only(**db).ok());
    killed = lost;
  }
}

// Killed and opened again and again, and nobody wrote: who reads the changes at their end waits for ever only if he wants to.
TEST_F(OpeningTest, AReaderOfChangesIsAnsweredHoweverOftenNothingCameBetweenTwoKills) {
  open();
  put("key", "value");
  std::string killed = copy_as_killed();
  for (int round = 0; round < 3; round++) {
    auto db = open_at(killed, "single_threaded=true,changes_retention_bytes=1MiB");
    ASSERT_TRUE(db.ok());
    const ThreadMark mark;
    uint8_t changes[1000];
    size_t needed = 0;
    const auto all = (*db)->changes({1}, false, changes, sizeof changes, &needed);
    ASSERT_TRUE(all.ok());
    EXPECT_GT(*all, 0u);
    for (const Seq end : {Seq{2}, (*db)->changes_bounds().second}) {
      const auto none = (*db)->changes(end, false, changes, sizeof changes, &needed);
      ASSERT_TRUE(none.ok());
      EXPECT_EQ(0u, *none);
    }
    const std::string again = disk_.path() + "/again" + std::to_string(round);
    fs::copy(killed, again, fs::copy_options::recursive);
    EXPECT_TRUE((*db)->close().ok());
    killed = again;
  }
}

TEST_F(OpeningTest, ARecoveryReportsWhatWasReplayedAndWhatWasCut) {
  open();
  for (int i = 0; i < 10; i++) put("key" + std::to_string(i), "value");
  const std::string killed = copy_as_killed();
  const std::string segment = killed + "/wal/" + names(killed + "/wal").at(0);
  std::string bytes = read_whole(segment);
  const size_t last = bytes.find_last_not_of('\0');
  bytes[last] = static_cast<char>(bytes[last] ^ 1);
  write_whole(segment, bytes);
  auto db = open_at(killed);
  ASSERT_TRUE(db.ok());
  const RecoveryReport& report = (*db)->recovery();
  EXPECT_FALSE(report.clean);
  EXPECT_EQ(9u, report.records_replayed);
  EXPECT_GT(report.bytes_dropped, 0u);
  EXPECT_EQ(segment, report.dropped_file);
  EXPECT_LT(report.dropped_offset, last);
  EXPECT_EQ("value", get(**db, "key8"));
  EXPECT_EQ("none", get(**db, "key9"));
  EXPECT_TRUE(close_only(**db).ok());
}

TEST_F(OpeningTest, AReaderOfChangesWhoHasAllOfThemGoesOnAfterAKill) {
  open();
  for (int i = 0; i < 10; i++) put("key" + std::to_string(i), "value");
  const Seq next = db_->changes_bounds().second;
  const std::string killed = copy_as_killed();
  auto db = open_at(killed);
  ASSERT_TRUE(db.ok());
  const ThreadMark mark;
  ASSERT_TRUE((*db)->flush().ok());  // without retention nothing is kept of what was recovered
  uint8_t changes[1000];
  size_t needed = 0;
  const auto read = [&](Seq from) { return (*db)->changes(from, false, changes, sizeof changes, &needed); };
  EXPECT_EQ(Code::kNotFound, read({next.value - 1}).status().code()) << "a reader who misses one is told so";
  const auto none = read(next);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(0u, *none);
  ASSERT_TRUE(write(**db, {put_of("new", "value")}).ok());
  const auto one = read(next);
  ASSERT_TRUE(one.ok());
  EXPECT_GT(*one, 0u);
  EXPECT_TRUE((*db)->close().ok());
}

TEST_F(OpeningTest, ACrashDuringRecoveryLosesNothing) {
  open();
  for (int i = 0; i < 50; i++) put("key" + std::to_string(i), "value");
  std::string killed = copy_as_killed();
  for (int round = 0; round < 4; round++) {
    auto db = open_at(killed, "single_threaded=true");  // what was found stays in the log
    ASSERT_TRUE(db.ok()) << round << db.status().message();
    const std::string again = disk_.path() + "/again" + std::to_string(round);
    ASSERT_TRUE(write(**db, {put_of("round" + std::to_string(round), "value")}).ok());
    fs::copy(killed, again, fs::copy_options::recursive);
    for (int i = 0; i < 50; i++) EXPECT_EQ("value", get(**db, "key" + std::to_string(i)));
    for (int i = 0; i <= round; i++) EXPECT_EQ("value", get(**db, "round" + std::to_string(i)));
    EXPECT_TRUE(close_only(**db).ok());
    killed = again;
  }
}

TEST_F(OpeningTest, AReadOnlyOpeningChangesNothingAndSeesTheLog) {
  open();
  put("key", "value");
  const std::string killed = copy_as_killed();
  const auto before = names(killed + "/manifest");
  auto db = open_at(killed, "read_only=true");
  ASSERT_TRUE(db.ok()) << db.status().message();
  EXPECT_EQ("value", get(**db, "key"));
  EXPECT_EQ(Code::kReadOnly, write(**db, {put_of("key", "other")}).status().code());
  EXPECT_TRUE(close_only(**db).ok());
  EXPECT_EQ(before, names(killed + "/manifest"));
  EXPECT_EQ(names(path() + "/wal"), names(killed + "/wal"));
}

}  // namespace
}  // namespace firn
