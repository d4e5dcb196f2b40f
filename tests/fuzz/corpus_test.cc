// Every fuzz target with its committed corpus, and with what a seeded mutator makes of it: what a machine without clang can do, in the flags of every build. A crash names the
// target by the test that runs; FIRN_SEED (printed) repeats the mutations. The share is a second or so a target; FIRN_DEEP=1 takes twenty times as many mutations.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "crashfs/effort.h"
#include "fuzz/fuzz_target.h"

namespace firn {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMutations = 150;  // of each file
constexpr size_t kDeepFactor = 20;

std::map<std::string, std::string> corpus_of(const std::string& target) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(fs::path(FIRN_SOURCE_DIR) / "tests/fuzz/corpus" / target)) {
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return files;
}

std::string mutated(std::string bytes, const std::map<std::string, std::string>& others, std::mt19937_64& random) {
  for (uint64_t left = 1 + random() % 4; left > 0; left--) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 6) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8);
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.insert(at, 1 + random() % 8, static_cast<char>(random()));
        break;
      case 3:
        bytes.erase(at, 1 + random() % 8);
        break;
      case 4: {  // a number that is a limit somewhere
        const uint64_t limit = (uint64_t{1} << random() % 64) - random() % 2;
        const size_t width = size_t{1} << random() % 4;
        for (size_t i = 0; i < width && at + i < bytes.size(); i++) bytes[at + i] = static_cast<char>(limit >> 8 * i);
        break;
      }
      default: {
        const std::string& other = std::next(others.begin(), static_cast<std::ptrdiff_t>(random() % others.size()))->second;
        if (!other.empty()) bytes.insert(at, other.substr(random() % other.size(), random() % 64));
      }
    }
  }
  return bytes;
}

void run(FuzzFunction function, const std::string& bytes) {
  run_fuzz_target(function, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

class FuzzCorpusTest : public testing::TestWithParam<FuzzTarget> {};

TEST_P(FuzzCorpusTest, is_survived_and_so_is_what_a_mutator_makes_of_it) {
  const FuzzTarget target = GetParam();
  const auto files = corpus_of(target.name);
  ASSERT_FALSE(files.empty());
  for (const auto& [name, bytes] : files) run(target.function, bytes);
  run(target.function, "");

  const Effort effort = test_effort();
  const size_t mutations = effort.is_deep ? kMutations * kDeepFactor : std::max<size_t>(kMutations / effort.slowness, 1);
  std::printf("FIRN_SEED=%llu: %zu files, %zu mutations of each\n", static_cast<unsigned long long>(effort.seed), files.size(), mutations);
  std::fflush(stdout);
  std::mt19937_64 random(effort.seed);
  for (const auto& [name, bytes] : files) {
    for (size_t i = 0; i < mutations; i++) run(target.function, mutated(bytes, files, random));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpusTest, testing::ValuesIn(fuzz_targets()),
                         [](const auto& target) { return std::string(target.param.name); });

TEST(FuzzCorpus, belongs_to_targets_and_is_small) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(FIRN_SOURCE_DIR) / "tests/fuzz/corpus")) {
    const std::string name = entry.path().filename().string();
    const auto& targets = fuzz_targets();
    EXPECT_TRUE(name == "canary" ||
                std::any_of(targets.begin(), targets.end(), [&](const FuzzTarget& target) { return target.name == name; }))
        << name;
    for (const auto& file : fs::directory_iterator(entry.path())) bytes += fs::file_size(file.path());
  }
  EXPECT_LT(bytes, 300u << 10);
}

void take_too_much(FuzzInput&) { std::string(size_t{17} << 20, 'x').swap(*std::make_unique<std::string>()); }
void take_enough(FuzzInput&) { std::string(size_t{15} << 20, 'x').swap(*std::make_unique<std::string>()); }

TEST(FuzzTargetTest, ends_when_more_memory_was_taken_than_an_input_may_cost) {
  run(take_enough, "");
  EXPECT_DEATH(run(take_too_much, ""), "P12: 0 bytes of input took");
  run(take_too_much, std::string(size_t{17} << 14, 'x'));
}

}  // namespace
}  // namespace firn
