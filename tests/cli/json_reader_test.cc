#include "json_reader.h"

#include <gtest/gtest.h>

#include "json_writer.h"

namespace firn::cli {
namespace {

std::vector<JsonMember> read(std::string_view text, unsigned depth_max = 8) {
  std::vector<JsonMember> members;
  JsonReader reader(text, depth_max);
  EXPECT_TRUE(reader.read_object(members)) << text << ": " << reader.error() << " at " << reader.offset();
  return members;
}

bool is_refused(std::string_view text, unsigned depth_max = 8) {
  std::vector<JsonMember> members;
  return !JsonReader(text, depth_max).read_object(members);
}

TEST(JsonReader, ReadsEveryKindOfValueAndNamesNestedOnesByTheirPath) {
  const auto members =
      read(" {\"a\" : \"x\" , \"n\":-1.5e+3,\"t\":true,\"f\":false,\"z\":null,\"o\":{\"p\":[1,{\"q\":2}],\"e\":{},\"l\":[]}} \n");
  std::string all;
  for (const JsonMember& member : members) all += member.path + "=" + member.text + ";";
  EXPECT_EQ(all, "a=x;n=-1.5e+3;t=true;f=false;z=null;o.p.0=1;o.p.1.q=2;o.e={};o.l=[];");
}

TEST(JsonReader, DecodesEveryEscape) {
  const auto members = read(R"({"k":"\"\\\/\b\f\n\r\t\u0000\u00e4\u20AC\ud83d\ude00"})");
  EXPECT_EQ(members[0].text, std::string("\"\\/\b\f\n\r\t\0", 9) + "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(JsonReader, ReadsBackWhatTheWriterWritesForEveryAsciiByte) {
  std::string bytes;
  for (int i = 0; i < 128; ++i) bytes += static_cast<char>(i);
  std::string json;
  JsonObject(json).text("k", bytes).end();
  EXPECT_EQ(read(json)[0].text, bytes);
}

TEST(JsonReader, RefusesWhatRfc8259DoesNotAllow) {
  for (const char* const wrong : {"",
                                  "[]",
                                  "1",
                                  "{",
                                  "{}x",
                                  "{} {}",
                                  "{\"a\"}",
                                  "{\"a\":}",
                                  "{\"a\":1,}",
                                  "{,}",
                                  "{a:1}",
                                  "{'a':1}",
                                  "{\"a\":01}",
                                  "{\"a\":+1}",
                                  "{\"a\":1.}",
                                  "{\"a\":.5}",
                                  "{\"a\":1e}",
                                  "{\"a\":-}",
                                  "{\"a\":tru}",
                                  "{\"a\":True}",
                                  "{\"a\":NaN}",
                                  "{\"a\":\"\n\"}",
                                  "{\"a\":\"\\q\"}",
                                  "{\"a\":\"\\u12\"}",
                                  "{\"a\":\"\\u12g4\"}",
                                  "{\"a\":\"x}",
                                  "{\"a\":\"\\ud800\"}",
                                  "{\"a\":\"\\ude00\"}",
                                  "{\"a\":\"\\ud800\\u0041\"}",
                                  "{\"a\":\"\xff\"}",
                                  "{\"a\":\"\xed\xa0\x80\"}",
                                  "{\"a\":[1,]}",
                                  "{\"a\":[1 2]}",
                                  "{\"a\":1 \"b\":2}",
                                  "{\"a\":1}}",
                                  "{\"a\":1//c\n}",
                                  "\xef\xbb\xbf{}"}) {
    EXPECT_TRUE(is_refused(wrong)) << wrong;
  }
}

TEST(JsonReader, RefusesANameTwiceInOneObjectButNotInTwo) {
  EXPECT_TRUE(is_refused("{\"a\":1,\"\\u0061\":2}"));
  EXPECT_EQ(read("{\"a\":1,\"b\":{\"a\":2}}").size(), 2u);
}

TEST(JsonReader, BoundsTheDepthAndSoTheStack) {
  EXPECT_TRUE(is_refused("{\"a\":{}}", 1));
  EXPECT_FALSE(is_refused("{\"a\":{}}", 2));
  EXPECT_TRUE(is_refused("{\"a\":" + std::string(100000, '[')));
}

TEST(JsonReader, NoPrefixOfAnObjectIsAnObject) {
  const std::string whole = R"({"key":"a\u00e4","value":[1.5e3,true,{"x":null}]})";
  EXPECT_FALSE(is_refused(whole));
  for (size_t length = 0; length < whole.size(); ++length) EXPECT_TRUE(is_refused(whole.substr(0, length))) << length;
}

}  // namespace
}  // namespace firn::cli
