// The manifest on disk: edits survive, a torn last one is dropped, a damaged one is refused, an unfinished newest segment does not count.
#include "lsm/manifest.h"

#include "log/failing_directory.h"
#include "log/log_fixture.h"

namespace firn {
namespace {

class ManifestTest : public LogTest {
 protected:
  static ManifestState first_state() {
    ManifestState state;
    state.db_id = 1;
    state.hash_seed = 2;
    state.wal_id = 3;
    return state;
  }
  std::unique_ptr<Manifest> start(const ManifestState& state) {
    auto manifest = Manifest::start(open_directory(), state, io(), env());
    EXPECT_TRUE(manifest.ok()) << manifest.status().message();
    return std::move(*manifest);
  }
  Result<ManifestState> read() { return Manifest::read(*open_directory()); }

  static ManifestEdit edit_of_table(uint64_t id) {
    ManifestEdit edit;
    edit.add_table({1, id, 0x1111111111111111});  // ends in no zeros, so that every cut is one
    return edit;
  }
  std::vector<std::string> names() { return *open_directory()->list(); }
};

TEST_P(ManifestTest, AnEmptyDirectoryHasNone) { EXPECT_EQ(Code::kNotFound, code_of(read())); }

TEST_P(ManifestTest, EditsAreReadBack) {
  {
    const auto manifest = start(first_state());
    for (uint64_t id = 1; id <= 5; id++) ASSERT_TRUE(manifest->apply(edit_of_table(id)).ok());
    EXPECT_EQ(5u, manifest->state().tables.size());
  }
  const auto state = read();
  ASSERT_TRUE(state.ok()) << state.status().message();
  EXPECT_EQ(1u, state->db_id);
  EXPECT_EQ(5u, state->tables.size());
}

TEST_P(ManifestTest, AnEditThatCannotBeChangesNothing) {
  const auto manifest = start(first_state());
  ManifestEdit edit = edit_of_table(1);
  edit.remove_table(77);
  EXPECT_EQ(Code::kCorrupt, manifest->apply(edit).code());
  EXPECT_TRUE(manifest->state().tables.empty());
  EXPECT_TRUE(manifest->apply(edit_of_table(1)).ok());
  EXPECT_EQ(1u, read()->tables.size());
}

TEST_P(ManifestTest, AnOpeningContinuesInANewSegmentAndRemovesTheOldOne) {
  start(first_state());
  EXPECT_EQ((std::vector<std::string>{segment_name(1)}), names());
  start(*read());
  EXPECT_EQ((std::vector<std::string>{segment_name(2)}), names());
  EXPECT_TRUE(read().ok());
}

TEST_P(ManifestTest, AFullSegmentRollsOverWithTheEditInItsSnapshot) {
  const auto manifest = start(first_state());
  uint64_t id = 0;
  while (names() == std::vector<std::string>{segment_name(1)}) {
    id++;
    ASSERT_TRUE(manifest->apply(edit_of_table(id)).ok());
    if (id > 1) {
      ManifestEdit edit;
      edit.remove_table(id - 1);
      ASSERT_TRUE(manifest->apply(edit).ok());
    }
    ASSERT_LT(id, 10000u);
  }
  EXPECT_EQ((std::vector<std::string>{segment_name(2)}), names());
  const auto state = read();
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(manifest->state().snapshot().bytes(), state->snapshot().bytes());
}

TEST_P(ManifestTest, ASnapshotLargerThanASegmentGetsASegmentOfItsSize) {
  ManifestState state = first_state();
  for (uint64_t id = 1; id <= 10000; id++) state.tables.push_back({1, id, 4096});
  start(state);
  EXPECT_EQ(10000u, read()->tables.size());
}

// Where the edits of a manifest lie: each is a record, and a mark that covers it follows.
struct Layout {
  std::vector<uint64_t> data;
  std::vector<uint64_t> marks;
};
Layout layout_of(const std::string& file) {
  Layout layout;
  const auto* image = reinterpret_cast<const uint8_t*>(file.data());
  RecordView record;
  for (uint64_t at = kSegmentHeaderBytes; read_record(image, at, file.size(), load_u64(image + 24), &record);
       at += record_bytes(record.payload.size())) {
    (record.kind == RecordKind::kData ? layout.data : layout.marks).push_back(at);
  }
  return layout;
}

TEST_P(ManifestTest, ATornLastEditIsDropped) {
  {
    const auto manifest = start(first_state());
    ASSERT_TRUE(manifest->apply(edit_of_table(1)).ok());
    ASSERT_TRUE(manifest->apply(edit_of_table(2)).ok());
  }
  const std::string whole = read_file(1);
  const uint64_t last = layout_of(whole).data.back();
  for (uint64_t cut = last; cut < last + 33; cut++) {
    overwrite(1, cut, std::string(last + 200 - cut, '\0'));  // the mark behind it never got written
    const auto state = read();
    ASSERT_TRUE(state.ok()) << cut << " " << state.status().message();
    EXPECT_EQ(1u, state->tables.size()) << cut;
    overwrite(1, last, whole.substr(last, 200));
  }
  EXPECT_EQ(2u, read()->tables.size());
}

TEST_P(ManifestTest, DamageToAnEditThatWasAppliedIsCorruptAlsoToTheLast) {
  {
    const auto manifest = start(first_state());
    ASSERT_TRUE(manifest->apply(edit_of_table(1)).ok());
    ASSERT_TRUE(manifest->apply(edit_of_table(2)).ok());
  }
  const Layout layout = layout_of(read_file(1));
  ASSERT_EQ(3u, layout.data.size());
  for (const uint64_t record : layout.data) {
    for (uint64_t at = record; at < record + 33; at++) {
      flip(1, at);
      const auto state = read();
      ASSERT_EQ(Code::kCorrupt, code_of(state)) << at;
      EXPECT_TRUE(detail_file(state.status()).ends_with(segment_name(1)));
      EXPECT_EQ(record, detail_offset(state.status()));
      flip(1, at);
    }
  }
}

TEST_P(ManifestTest, ANewestSegmentWithoutItsSnapshotDoesNotCount) {
  {
    const auto manifest = start(first_state());
    ASSERT_TRUE(manifest->apply(edit_of_table(1)).ok());
  }
  const std::string older = read_file(1);
  start(*read());
  const std::string newest = read_file(2);
  replace_file(1, older);
  ASSERT_TRUE(read().ok());
  const uint64_t snapshot = layout_of(newest).data[0];
  // Cut short after the file was made, after its header, its mark, half of its snapshot.
  for (const uint64_t kept : {uint64_t{0}, uint64_t{64}, kSegmentHeaderBytes, kSegmentHeaderBytes + kMarkBytes, snapshot + 20}) {
    replace_file(2, newest.substr(0, kept) + std::string(newest.size() - kept, '\0'));
    const auto state = read();
    ASSERT_TRUE(state.ok()) << kept << " " << state.status().message();
    EXPECT_EQ(1u, state->tables.size());
  }
  replace_file(2, "");
  EXPECT_TRUE(read().ok());
}

TEST_P(ManifestTest, AFirstSegmentWithoutItsSnapshotIsNone) {
  start(first_state());
  const std::string whole = read_file(1);
  const uint64_t snapshot = layout_of(whole).data[0];
  overwrite(1, snapshot, std::string(400, '\0'));
  EXPECT_EQ(Code::kNotFound, code_of(read()));
}

TEST_P(ManifestTest, AfterAFailedWriteItTakesNoMoreEdits) {
  const auto faults = std::make_shared<Faults>();
  auto manifest = Manifest::start(std::make_unique<FailingDirectory>(open_directory(), faults), first_state(), io(), env());
  ASSERT_TRUE(manifest.ok());
  ASSERT_TRUE((*manifest)->apply(edit_of_table(1)).ok());
  faults->fail_sync = true;
  EXPECT_EQ(Code::kIo, (*manifest)->apply(edit_of_table(2)).code());
  faults->fail_sync = false;
  EXPECT_EQ(Code::kReadOnly, (*manifest)->apply(edit_of_table(3)).code());
  const auto state = read();
  ASSERT_TRUE(state.ok());
  EXPECT_GE(state->tables.size(), 1u);
  EXPECT_LE(state->tables.size(), 2u) << "either state";
}

INSTANTIATE_TEST_SUITE_P(All, ManifestTest, testing::ValuesIn(kLogCases), log_case_name);

}  // namespace
}  // namespace firn
