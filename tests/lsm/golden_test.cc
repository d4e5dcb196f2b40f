// The bytes of core/lsm/FORMAT.md's worked examples are what the engine writes, and what it reads.
#include <gtest/gtest.h>

#include "log/worked_example.h"
#include "lsm/log_entry.h"
#include "lsm/manifest_state.h"
#include "lsm/namespace_catalog.h"

namespace firn {
namespace {

std::string manifest_record() {
  ManifestState state;
  state.db_id = 0x0123456789abcdef;
  state.hash_seed = 0x1111111111111111;
  state.wal_id = 0x2222222222222222;
  state.closed_clean = true;
  state.seq_floor = {1000};
  state.next_table_id = 6;
  state.next_run_id = 3;
  state.wal_next_id = 9;
  state.wal_next_base = 0x40000;
  state.wal_start = 8;
  state.wal_segments = {8};
  state.tables = {{2, 5, 4096}};
  return state.snapshot().bytes();
}

// A commit with three operations, of which the last overwrites the first; the payload lies at offset 168 of its segment.
std::string log_payload() {
  std::string bytes(256, '\0');
  auto* at = reinterpret_cast<uint8_t*>(bytes.data());
  const auto* const begin = at;
  Entry entry;
  entry.seq = {1001};
  entry.key = {1, Slice("apple")};
  entry.value = Slice("red");
  at += encode_log_entry(at, entry, 0);
  entry.key = {2, Slice("plum")};
  entry.value = Slice("blue");
  entry.kind = EntryKind::kPutExpiring;
  entry.expiry_ms = 1700000000000;
  at += encode_log_entry(at, entry, 0);
  entry.key = {1, Slice("apple")};
  entry.value = Slice();
  entry.kind = EntryKind::kDelete;
  entry.expiry_ms = kNeverExpires;
  at += encode_log_entry(at, entry, 168);
  bytes.resize(static_cast<size_t>(at - begin));
  return bytes;
}

TEST(LsmGolden, ASnapshotIsTheWorkedExample) {
  EXPECT_EQ(hex_rows(worked_example("lsm", "### A manifest record")), hex_rows(manifest_record()));
}

TEST(LsmGolden, TheWorkedExampleOfASnapshotIsRead) {
  ManifestState state;
  const std::string example = worked_example("lsm", "### A manifest record");
  ASSERT_TRUE(state.apply(Slice(std::string_view(example)), "", 0).ok());
  EXPECT_EQ(manifest_record(), state.snapshot().bytes());
  EXPECT_EQ(4096u, state.tables.at(0).file_bytes);
}

TEST(LsmGolden, ACommitIsTheWorkedExample) { EXPECT_EQ(hex_rows(worked_example("lsm", "### A commit")), hex_rows(log_payload())); }

TEST(LsmGolden, TheWorkedExampleOfACommitIsRead) {
  const std::string example = worked_example("lsm", "### A commit");
  ASSERT_EQ(3u, count_log_entries(Slice(std::string_view(example))));
  const auto* at = reinterpret_cast<const uint8_t*>(example.data());
  EXPECT_EQ("red", decode_log_entry(at).value.to_string());
  at += 32;
  const Entry second = decode_log_entry(at);
  EXPECT_EQ(1700000000000, second.expiry_ms);
  EXPECT_EQ(2u, second.key.prefix);
  EXPECT_EQ("blue", second.value.to_string());
  at += 40;
  EXPECT_EQ(EntryKind::kDelete, decode_log_entry(at).kind);
  EXPECT_EQ(168u, log_entry_previous(at));
}

TEST(LsmGolden, TheCatalogsEntriesAreThoseOfTheTable) {
  const NamespaceCatalog catalog{};
  const auto created = catalog.create("users", {5});
  ASSERT_EQ(2u, created.entries.size());
  EXPECT_EQ("nusers", created.entries[0].first);
  EXPECT_EQ(std::string("\1\0\0\0\2\0\0\0", 8), created.entries[0].second);
  EXPECT_EQ("c", created.entries[1].first);
  EXPECT_EQ(std::string("\2\0\0\0\3\0\0\0", 8), created.entries[1].second);
  const auto cleared = catalog.clear(0, {5}, {});
  EXPECT_EQ(std::string("p\1\0\0\0", 5), cleared.entries[0].first);
  EXPECT_EQ(std::string("\0\0\0\0\5\0\0\0\0\0\0\0", 12), cleared.entries[0].second);
  EXPECT_EQ("d", cleared.entries[1].first);
  EXPECT_EQ(std::string("\2\0\0\0", 4), cleared.entries[1].second);
}

}  // namespace
}  // namespace firn
