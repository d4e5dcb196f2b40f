// Globs: a table of cases, and every short pattern against a slow matcher.
#include "capi/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using firn::Glob;
using firn::Slice;

bool matches(std::string_view pattern, std::string_view key) {
  auto glob = Glob::compile(Slice(pattern));
  EXPECT_TRUE(glob.ok()) << pattern;
  return glob.ok() && glob->matches(Slice(key));
}

TEST(Glob, matches_what_the_header_says) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "a/b/c"));
  EXPECT_TRUE(matches("user:*:name", "user:1/2:name"));
  EXPECT_FALSE(matches("user:*:name", "user:1:nam"));
  EXPECT_TRUE(matches("?", "\xff"));
  EXPECT_FALSE(matches("?", ""));
  EXPECT_FALSE(matches("?", "ab"));
  EXPECT_TRUE(matches("[a-c]x", "bx"));
  EXPECT_FALSE(matches("[a-c]x", "dx"));
  EXPECT_TRUE(matches("[ac-]", "-"));
  EXPECT_TRUE(matches("[0-9a-f]", "e"));
  EXPECT_TRUE(matches("[\\]]", "]"));
  EXPECT_TRUE(matches("[\\^a]", "^"));
  EXPECT_TRUE(matches("a\\*b", "a*b"));
  EXPECT_FALSE(matches("a\\*b", "axb"));
  EXPECT_TRUE(matches("a]b", "a]b"));
  EXPECT_TRUE(matches(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_TRUE(matches("*a*b*c*", "xxaxxbxxcxx"));
  EXPECT_TRUE(matches("*ab", "aab"));
  EXPECT_FALSE(matches("a*", "ba"));
}

TEST(Glob, malformed_patterns_are_invalid) {
  for (const char* bad : {"[", "[a", "[]", "[^a]", "[!a]", "[z-a]", "[xz-a]", "\\", "a\\", "[a\\", "[a-"}) {
    EXPECT_FALSE(Glob::compile(Slice(std::string_view(bad))).ok()) << bad;
  }
}

TEST(Glob, the_literal_prefix_is_what_every_match_begins_with) {
  const auto prefix = [](std::string_view pattern) { return Glob::compile(Slice(pattern))->literal_prefix(); };
  EXPECT_EQ(prefix("user:*"), "user:");
  EXPECT_EQ(prefix("a\\*b?c"), "a*b");
  EXPECT_EQ(prefix("*a"), "");
  EXPECT_EQ(prefix("[a]b"), "");
  EXPECT_EQ(prefix("abc"), "abc");
}

bool slow(std::string_view pattern, std::string_view key) {
  if (pattern.empty()) return key.empty();
  if (pattern[0] == '*') return slow(pattern.substr(1), key) || (!key.empty() && slow(pattern, key.substr(1)));
  return !key.empty() && (pattern[0] == '?' || pattern[0] == key[0]) && slow(pattern.substr(1), key.substr(1));
}

std::string word(std::string_view alphabet, size_t number, size_t length) {
  std::string text;
  for (size_t i = 0; i < length; ++i, number /= alphabet.size()) text += alphabet[number % alphabet.size()];
  return text;
}

TEST(Glob, agrees_with_a_slow_matcher_on_every_short_pattern_and_key) {
  for (size_t pattern_length = 0; pattern_length <= 5; ++pattern_length) {
    for (size_t p = 0; p < (size_t{1} << (2 * pattern_length)); ++p) {
      const std::string pattern = word("ab*?", p, pattern_length);
      const auto glob = Glob::compile(Slice(std::string_view(pattern)));
      for (size_t key_length = 0; key_length <= 5; ++key_length) {
        for (size_t k = 0; k < (size_t{1} << key_length); ++k) {
          const std::string key = word("ab", k, key_length);
          ASSERT_EQ(glob.value().matches(Slice(std::string_view(key))), slow(pattern, key)) << pattern << " " << key;
        }
      }
    }
  }
}

}  // namespace
