// Slice and the internal key: bytewise order, prefixes, cutting.
#include "base/slice.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/internal_key.h"

namespace firn {
namespace {

Slice text(std::string_view view) { return Slice(view); }

TEST(Slice, TheOrderIsBytewiseAndUnsigned) {
  using std::string_literals::operator""s;
  const std::vector<std::string> sorted = {""s, "\0"s, "\0\0"s, "a"s, "a\0"s, "aa"s, "b"s, "\x7f"s, "\x80"s, "\xff"s, "\xff\xff"s};
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t j = 0; j < sorted.size(); ++j) {
      const int order = text(sorted[i]).compare(text(sorted[j]));
      EXPECT_EQ(order < 0, i < j) << i << ' ' << j;
      EXPECT_EQ(order > 0, i > j) << i << ' ' << j;
      EXPECT_EQ(text(sorted[i]) == text(sorted[j]), i == j) << i << ' ' << j;
      EXPECT_EQ(text(sorted[i]) < text(sorted[j]), i < j) << i << ' ' << j;
    }
  }
}

TEST(Slice, EqualOnesAreEqualInEveryByteAtEveryLength) {
  for (size_t length = 0; length <= 40; ++length) {
    const std::string one(length, 'x');
    std::string other = one;
    EXPECT_EQ(text(one), text(other)) << length;
    EXPECT_NE(text(one), text(other + 'x')) << length;
    for (size_t i = 0; i < length; ++i) {
      other[i] = 'y';
      EXPECT_NE(text(one), text(other)) << length << ' ' << i;
      other[i] = 'x';
    }
  }
}

TEST(Slice, ADefaultOneIsEmptyAndEqualsTheEmptyString) {
  EXPECT_TRUE(Slice().empty());
  EXPECT_EQ(Slice(), text(""));
  EXPECT_EQ(Slice().compare(text("")), 0);
  EXPECT_LT(Slice().compare(text("a")), 0);
  EXPECT_EQ(Slice().to_string(), "");
}

TEST(Slice, APrefixIsFoundAndTheEmptyOneAlways) {
  EXPECT_TRUE(text("abc").starts_with(text("ab")));
  EXPECT_TRUE(text("abc").starts_with(text("abc")));
  EXPECT_TRUE(text("abc").starts_with(Slice()));
  EXPECT_TRUE(Slice().starts_with(Slice()));
  EXPECT_FALSE(text("abc").starts_with(text("abcd")));
  EXPECT_FALSE(text("abc").starts_with(text("b")));
}

TEST(Slice, CuttingStaysInsideItsBytes) {
  EXPECT_EQ(text("abcd").first(2), text("ab"));
  EXPECT_EQ(text("abcd").first(9), text("abcd"));
  EXPECT_EQ(text("abcd").without_first(3), text("d"));
  EXPECT_EQ(text("abcd").without_first(4), text(""));
  EXPECT_EQ(text("abcd").without_first(9), text(""));
}

TEST(InternalKey, ThePrefixDecidesBeforeTheUsersBytes) {
  const InternalKey low{1, text("zzz")};
  const InternalKey high{2, text("a")};
  EXPECT_LT(low.compare(high), 0);
  EXPECT_GT(high.compare(low), 0);
  EXPECT_LT((InternalKey{2, text("a")}.compare(InternalKey{2, text("b")})), 0);
  EXPECT_EQ((InternalKey{2, text("a")}), high);
  EXPECT_FALSE((InternalKey{3, text("a")}) == high);
}

TEST(InternalKey, PrefixesAreOrderedAsNumbersNotAsLittleEndianBytes) {
  EXPECT_LT((InternalKey{0xff, Slice()}.compare(InternalKey{0x100, Slice()})), 0);
}

TEST(Entry, IsLiveUntilItsExpiryAndATombstoneNever) {
  Entry entry;
  EXPECT_TRUE(entry.is_live(INT64_MAX));
  entry.kind = EntryKind::kPutExpiring;
  entry.expiry_ms = 1000;
  EXPECT_TRUE(entry.is_live(999));
  EXPECT_TRUE(entry.is_live(1000));
  EXPECT_FALSE(entry.is_live(1001));
  entry.kind = EntryKind::kDelete;
  EXPECT_FALSE(entry.is_live(0));
}

}  // namespace
}  // namespace firn
