// The key hash is on disk: its values are known answers, those of the xxHash project for XXH3 among them.
#include "base/hash.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace firn {
namespace {

// The input of xxHash's own sanity check.
std::vector<uint8_t> sanity_input(size_t count) {
  std::vector<uint8_t> bytes(count);
  uint64_t generator = 2654435761u;
  for (uint8_t& byte : bytes) {
    byte = static_cast<uint8_t>(generator >> 56);
    generator *= 11400714785074694797ull;
  }
  return bytes;
}

uint64_t hash_of(uint64_t seed, Prefix prefix, Slice user) { return hash_key(seed, InternalKey{prefix, user}); }

TEST(HashKey, IsXxh3WithKnownAnswersForEveryClassOfLengths) {
  struct Answer {
    size_t length;
    uint64_t seed;
    uint64_t hash;
  };
  constexpr uint64_t kSeed = 0x9e3779b185ebca8dull;
  constexpr std::array<Answer, 20> kAnswers = {
      {{0, 0, 0x2d06800538d394c2ull},       {0, kSeed, 0xa8a6b918b2f0364aull},   {1, 0, 0xc44bdff4074eecdbull},
       {1, kSeed, 0x032be332dd766ef8ull},   {6, 0, 0x27b56a84cd2d7325ull},       {6, kSeed, 0x84589c116ab59ab9ull},
       {12, 0, 0xa713daf0dfbb77e7ull},      {12, kSeed, 0xe7303e1b2336de0eull},  {24, 0, 0xa3fe70bf9d3510ebull},
       {24, kSeed, 0x850e80fc35bdd690ull},  {48, 0, 0x397da259ecba1f11ull},      {48, kSeed, 0xadc2cbaa44acc616ull},
       {80, 0, 0xbcdefbbb2c47c90aull},      {80, kSeed, 0xc6dd0cb699532e73ull},  {195, 0, 0xcd94217ee362ec3aull},
       {195, kSeed, 0xba68003d370cb3d9ull}, {403, 0, 0xcdeb804d65c6dea4ull},     {403, kSeed, 0x6259f6ecfd6443fdull},
       {2048, 0, 0xdd59e2c3a5f038e0ull},    {2048, kSeed, 0x66f81670669ababcull}}};
  const std::vector<uint8_t> input = sanity_input(4096);
  for (const Answer& answer : kAnswers) {
    EXPECT_EQ(hash_of(answer.seed, 0, Slice(input.data(), answer.length)), answer.hash) << answer.length << " bytes";
  }
}

TEST(HashKey, ThePrefixChangesTheHashAndItsWayIsPartOfTheFormat) {
  const Slice user(std::string_view("key"));
  EXPECT_EQ(hash_of(7, 1, user), 0xca031d4f8654d051ull);
  EXPECT_EQ(hash_of(7, 0xffffffff, user), 0x26618011f9606c72ull);
  EXPECT_NE(hash_of(7, 1, user), hash_of(7, 2, user));
}

TEST(HashKey, TheSeedOfADatabaseChangesEveryHash) {
  const Slice user(std::string_view("key"));
  EXPECT_NE(hash_of(1, 3, user), hash_of(2, 3, user));
}

TEST(HashKey, AnEmptyKeyHashesAlsoFromANullPointer) { EXPECT_EQ(hash_of(5, 9, Slice()), hash_of(5, 9, Slice(std::string_view("")))); }

}  // namespace
}  // namespace firn
