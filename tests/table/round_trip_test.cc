// What goes into a builder comes out of the table, for every shape of keys and values, every compression and both ways of reading.
#include "table/table_model.h"

namespace firn {
namespace {

ModelValue put(std::string value, uint64_t seq = 1) { return {std::move(value), seq, EntryKind::kPut, kNeverExpires}; }

std::string numbered(size_t i) {
  char text[32];
  std::snprintf(text, sizeof text, "key%013zu", i);
  return text;
}

TEST(TableRoundTrip, OneEntry) { expect_round_trip({{{1, "k"}, put("v")}}); }

TEST(TableRoundTrip, OneEntryWithEmptyKeyAndEmptyValue) { expect_round_trip({{{1, ""}, put("")}}); }

TEST(TableRoundTrip, ThousandsOfShortKeys) {
  Model model;
  for (size_t i = 0; i < 5000; ++i) model[{3, numbered(i)}] = put(std::string(100, static_cast<char>('a' + i % 26)), 1 + i);
  expect_round_trip(model);
}

TEST(TableRoundTrip, RunsOfZerosAndOnes) {
  Model model;
  for (size_t n = 0; n < 70; ++n) {
    model[{1, std::string(n, '\0')}] = put(std::to_string(n));
    model[{1, std::string(n, '\xff')}] = put(std::to_string(n));
    model[{1, std::string(8, 'p') + std::string(n, '\0')}] = put("zeros behind a head");
  }
  expect_round_trip(model);
}

TEST(TableRoundTrip, ManyGroupsWithEqualHeads) {
  Model model;
  for (size_t i = 0; i < 600; ++i) model[{1, "a" + std::string(40, 'x') + numbered(i)}] = put("v");
  model[{1, ""}] = put("makes the common prefix short");
  model[{1, "b"}] = put("last");
  expect_round_trip(model);
}

TEST(TableRoundTrip, PrefixesThatShareLeadingBytes) {
  Model model;
  for (Prefix prefix : {0u, 1u, 0x100u, 0x101u, 0x10000u, 0x1000000u, 0xffffffffu}) {
    for (size_t i = 0; i < 40; ++i) model[{prefix, numbered(i)}] = put("v" + std::to_string(prefix));
  }
  expect_round_trip(model);
}

TEST(TableRoundTrip, ManyNamespacesOfOneKey) {
  Model model;
  for (Prefix prefix = 1; prefix < 1500; ++prefix) model[{prefix * 3, "same key"}] = put(std::to_string(prefix));
  expect_round_trip(model);
}

TEST(TableRoundTrip, LongestKeys) {
  Model model;
  for (char c = 'a'; c < 'f'; ++c) {
    model[{1, std::string(kKeyBytesMax, c)}] = put("long");
    model[{1, std::string(kKeyBytesMax - 1, 'c') + c}] = put("differs in the last byte");
  }
  expect_round_trip(model);
}

TEST(TableRoundTrip, ValuesLargerThanTheBuffers) {
  Model model;
  std::mt19937_64 random(1);
  for (size_t bytes : {size_t{1} << 20, (size_t{1} << 20) - 20, (size_t{16} << 20) + 5}) {
    std::string value(bytes, '\0');
    for (size_t i = 0; i < bytes; i += 8) value[i] = static_cast<char>(random());
    model[{1, "before " + std::to_string(bytes)}] = put("small");
    model[{1, "large " + std::to_string(bytes)}] = put(value);
  }
  model[{1, "zzz"}] = put("last");
  expect_round_trip(model);
}

TEST(TableRoundTrip, EverySequenceWidth) {
  for (int bits = 0; bits < 63; ++bits) {
    const uint64_t upper = uint64_t{1} << bits;
    expect_round_trip({{{1, "a"}, put("first", 1)}, {{1, "b"}, put("second", upper)}, {{1, "c"}, put("third", (upper + 1) / 2)}});
  }
}

TEST(TableRoundTrip, TombstonesAndExpiries) {
  Model model;
  for (size_t i = 0; i < 300; ++i) {
    ModelValue value = put("v", 5 + i);
    value.kind = static_cast<EntryKind>(i % 3);
    if (value.kind == EntryKind::kDelete) value.value.clear();
    if (value.kind == EntryKind::kPutExpiring) value.expiry_ms = i % 2 == 0 ? -5 : int64_t{1} << 60;
    model[{1, numbered(i)}] = value;
  }
  expect_round_trip(model);
  auto table = open_bytes(build_table(model), TableIo::kMmap);
  ASSERT_TRUE(table.ok());
  const TableProperties& properties = (*table)->properties();
  EXPECT_EQ(properties.tombstone_count, 100u);
  EXPECT_EQ(properties.expiring_count, 100u);
  EXPECT_EQ(properties.key_value_bytes, 300 * 16u + 200);
  EXPECT_EQ(properties.seq_min, Seq{5});
  EXPECT_EQ(properties.seq_max, Seq{304});
  EXPECT_EQ(properties.smallest_user, numbered(0));
  EXPECT_EQ(properties.largest_user, numbered(299));
}

TEST(TableRoundTrip, RandomModels) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    expect_round_trip(random_model(seed, 1 + seed * 3));
  }
}

TEST(TableRoundTrip, SectionsEndAtChunkBoundaries) {
  for (size_t bytes = 3900; bytes < 4200; ++bytes) {
    expect_round_trip({{{1, "k"}, put(std::string(bytes, 'v'))}, {{1, "l"}, put("w")}});
  }
}

TEST(TableRoundTrip, MillionEntriesFitTheSpaceGoal) {
  Model model;
  std::mt19937_64 random(7);
  const size_t count = 100000;  // the overheads are per entry: the ratio is that of a million
  for (size_t i = 0; i < count; ++i) model[{1, numbered(i)}] = put(std::string(100, static_cast<char>(random())), 1 + i * 10);
  const std::string bytes = build_table(model);
  EXPECT_LE(static_cast<double>(bytes.size()), 1.11 * 116 * static_cast<double>(count));
}

}  // namespace
}  // namespace firn
