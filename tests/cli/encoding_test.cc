#include "encoding.h"

#include <gtest/gtest.h>

#include "json_writer.h"
#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

TEST(Encoding, EveryByteValueSurvivesHexBase64AndTsv) {
  const std::string bytes = all_bytes();
  std::string hex, base64, tsv, from_hex, from_base64, from_tsv;
  append_hex(hex, bytes);
  append_base64(base64, bytes);
  append_tsv(tsv, bytes);
  EXPECT_TRUE(append_from_hex(from_hex, hex));
  EXPECT_TRUE(append_from_base64(from_base64, base64));
  EXPECT_TRUE(append_from_tsv(from_tsv, tsv));
  EXPECT_EQ(from_hex, bytes);
  EXPECT_EQ(from_base64, bytes);
  EXPECT_EQ(from_tsv, bytes);
  EXPECT_EQ(tsv.find_first_of("\t\n\r"), std::string::npos);
}

TEST(Encoding, Base64AgreesWithTheVectorsOfRfc4648AndTakesNothingElse) {
  const char* const vectors[][2] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    std::string encoded, decoded;
    append_base64(encoded, bytes);
    EXPECT_EQ(encoded, text);
    EXPECT_TRUE(append_from_base64(decoded, text));
    EXPECT_EQ(decoded, bytes);
  }
  for (const char* const wrong : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=Zg=", "Z===", "Zg==Zg==", "Zm 9", "Zm9-"}) {
    std::string decoded;
    EXPECT_FALSE(append_from_base64(decoded, wrong)) << wrong;
  }
}

TEST(Encoding, HexAndTsvRefuseWhatIsNotTheirs) {
  std::string to;
  for (const char* const wrong : {"0", "0g", "0x00", " 00"}) EXPECT_FALSE(append_from_hex(to, wrong)) << wrong;
  for (const char* const wrong : {"\\", "\\q", "\\x", "\\x1", "\\x1g", "a\\"}) EXPECT_FALSE(append_from_tsv(to, wrong)) << wrong;
  to.clear();
  EXPECT_TRUE(append_from_hex(to, "aBcD"));
  EXPECT_EQ(to, "\xab\xcd");
}

TEST(Encoding, Utf8IsWhatTheStandardSaysAndNoMore) {
  for (const char* const right :
       {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(right)) << hex_of(right);
  }
  for (const char* const wrong : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                  "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(wrong)) << hex_of(wrong);
  }
}

TEST(Encoding, PrintableTextHoldsNoControlByteAndIsUtf8) {
  std::string text;
  append_printable(text, all_bytes() + "\xc3\xa4");
  EXPECT_TRUE(is_utf8(text));
  for (const char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  EXPECT_TRUE(text.ends_with("\\xff\xc3\xa4"));
}

TEST(Encoding, JsonNamesSayHowTheBytesAreWritten) {
  std::string json;
  JsonObject(json).bytes("a", "\xc3\xa4\"\n", false).bytes("b", "\xff", false).bytes("c", "k", true).bytes("d", "", false).end();
  EXPECT_EQ(json, "{\"a\":\"\xc3\xa4\\\"\\n\",\"b_base64\":\"/w==\",\"c_hex\":\"6b\",\"d\":\"\"}");
}

}  // namespace
}  // namespace firn::cli
