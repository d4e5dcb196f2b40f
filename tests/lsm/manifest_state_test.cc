// The manifest's fields: what edits make of a state, and bytes that say what cannot be.
#include "lsm/manifest_state.h"

#include <gtest/gtest.h>

#include "base/coding.h"

namespace firn {
namespace {

using Ids = std::vector<uint64_t>;

Status apply(ManifestState& state, const ManifestEdit& edit) { return state.apply(Slice(std::string_view(edit.bytes())), "file", 136); }
Code apply_bytes(ManifestState& state, const std::string& bytes) { return state.apply(Slice(std::string_view(bytes)), "file", 136).code(); }

std::string field(uint8_t tag, std::initializer_list<uint64_t> values) {
  std::string bytes(1, static_cast<char>(tag));
  for (const uint64_t value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

ManifestState a_state() {
  ManifestState state;
  ManifestEdit edit;
  edit.set_identity(1, 2, 3);
  edit.set_open({1000});
  edit.set_next_ids(20, 10);
  edit.set_wal_next(9, 4096);
  for (const uint64_t id : {5U, 6U, 8U}) edit.add_wal_segment(id);
  edit.set_wal_start(5);
  edit.add_table({7, 15, 4096});
  edit.add_table({7, 16, 8192});
  EXPECT_TRUE(apply(state, edit).ok());
  return state;
}

TEST(ManifestState, EditsDoWhatTheySay) {
  ManifestState state = a_state();
  EXPECT_EQ(1u, state.db_id);
  EXPECT_EQ(2u, state.hash_seed);
  EXPECT_EQ(3u, state.wal_id);
  EXPECT_FALSE(state.closed_clean);
  EXPECT_EQ(Seq{1000}, state.seq_floor);
  EXPECT_EQ(20u, state.next_table_id);
  EXPECT_EQ(10u, state.next_run_id);
  EXPECT_EQ(9u, state.wal_next_id);
  EXPECT_EQ(4096u, state.wal_next_base);
  EXPECT_EQ((Ids{5, 6, 8}), state.wal_segments);
  ASSERT_EQ(2u, state.tables.size());
  EXPECT_EQ(16u, state.tables[1].table_id);
  EXPECT_EQ(8192u, state.tables[1].file_bytes);
  ManifestEdit edit;
  edit.remove_table(15);
  edit.drop_wal_segment(8);
  edit.set_wal_start(6);
  edit.set_closed_clean({2000});
  ASSERT_TRUE(apply(state, edit).ok());
  EXPECT_EQ(1u, state.tables.size());
  EXPECT_EQ((Ids{6}), state.wal_segments);
  EXPECT_TRUE(state.closed_clean);
  EXPECT_EQ(Seq{2000}, state.seq_floor);
}

TEST(ManifestState, SegmentsAreRetainedUntilTheyAreForgotten) {
  ManifestState state = a_state();
  ManifestEdit edit;
  edit.retain_segment({3, {10}, {20}, 5000, 77});
  edit.retain_segment({4, {21}, {30}, 6000, 78});
  ASSERT_TRUE(apply(state, edit).ok());
  ManifestState again;
  ASSERT_TRUE(apply(again, state.snapshot()).ok());
  ASSERT_EQ(2u, again.retained.size());
  EXPECT_EQ(4u, again.retained[1].id);
  EXPECT_EQ(Seq{21}, again.retained[1].seq_min);
  EXPECT_EQ(Seq{30}, again.retained[1].seq_max);
  EXPECT_EQ(6000u, again.retained[1].end);
  EXPECT_EQ(78, again.retained[1].flushed_ms);
  ManifestEdit forget;
  forget.forget_segments(4);
  ASSERT_TRUE(apply(again, forget).ok());
  ASSERT_EQ(1u, again.retained.size());
  EXPECT_EQ(Code::kCorrupt, apply_bytes(again, field(11, {4, 31, 40, 1, 1}))) << "ids ascend";
  EXPECT_EQ(Code::kCorrupt, apply_bytes(again, field(11, {5, 41, 40, 1, 1}))) << "seq_min above seq_max";
}

// Of two jobs that end together the one that asked for the next ids first may record last.
TEST(ManifestState, AnIdThatWasUsedIsNeverTheNextOneAgain) {
  ManifestState state = a_state();
  ManifestEdit newer;
  newer.add_table({10, 25, 4096});
  newer.set_next_ids(26, 11);
  ManifestEdit older;
  older.set_next_ids(25, 10);
  ASSERT_TRUE(apply(state, newer).ok());
  ASSERT_TRUE(apply(state, older).ok());
  EXPECT_EQ(26u, state.next_table_id);
  EXPECT_EQ(11u, state.next_run_id);
}

TEST(ManifestState, ASnapshotMakesTheSameStateAgain) {
  const ManifestState state = a_state();
  ManifestState again;
  ASSERT_TRUE(apply(again, state.snapshot()).ok());
  EXPECT_EQ(state.snapshot().bytes(), again.snapshot().bytes());
  EXPECT_EQ(state.wal_segments, again.wal_segments);
  EXPECT_EQ(state.tables.size(), again.tables.size());
}

TEST(ManifestState, EveryCutOfARecordInsideAFieldIsCorrupt) {
  const std::string whole = a_state().snapshot().bytes();
  size_t valid_count = 0;
  for (size_t length = 0; length <= whole.size(); length++) {
    ManifestState state;
    if (apply_bytes(state, whole.substr(0, length)) == Code::kOk) valid_count++;
  }
  EXPECT_EQ(1u + 10u, valid_count) << "only the cuts between its ten fields";
}

TEST(ManifestState, UnknownTagsAreCorrupt) {
  for (int tag = 0; tag < 256; tag++) {
    if (tag >= 1 && tag <= 10) continue;
    ManifestState state;
    EXPECT_EQ(Code::kCorrupt, apply_bytes(state, field(static_cast<uint8_t>(tag), {1, 2, 3}))) << tag;
  }
}

TEST(ManifestState, WhatCannotBeIsCorrupt) {
  const std::pair<const char*, std::string> records[] = {
      {"a number above the highest", field(2, {kSeqMax.value + 1})},
      {"the same of an open database", field(3, {UINT64_MAX})},
      {"a table that is not there", field(5, {99})},
      {"a segment that does not ascend", field(6, {8})},
      {"a dropped segment that is not there", field(10, {7})},
  };
  for (const auto& [what, bytes] : records) {
    ManifestState state = a_state();
    const Status status = state.apply(Slice(std::string_view(bytes)), "the file", 136);
    EXPECT_EQ(Code::kCorrupt, status.code()) << what;
    ASSERT_NE(nullptr, status.detail());
    EXPECT_STREQ("the file", status.detail()->file);
    EXPECT_EQ(136u, status.detail()->offset);
  }
}

}  // namespace
}  // namespace firn
