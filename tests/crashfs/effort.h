// How much of a test is done: a share seeded by the commit, or everything (FIRN_DEEP=1). Under sanitizers a tenth of the share, also in a deep run: what they find they find
// in the code that runs, not in how often it does.
// Threading: pure functions.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace firn {

struct Effort {
  bool is_deep = false;
  uint64_t seed = 1;
  uint64_t slowness = 1;
  // One of so many is done; everything in a deep run.
  uint64_t share(uint64_t one_of) const { return is_deep ? 1 : one_of * slowness; }
  // The same, with a share of a deep run too.
  uint64_t share(uint64_t one_of, uint64_t deep_one_of) const { return is_deep ? deep_one_of : one_of * slowness; }
  // So many are done, or so many in a deep run. The same under sanitizers as in a share.
  uint64_t count(uint64_t of_share, uint64_t of_deep) const { return is_deep ? of_deep : of_share; }
};

inline Effort test_effort() {
  Effort effort;
  const char* deep = std::getenv("FIRN_DEEP");
  const char* seed = std::getenv("FIRN_SEED");
  effort.is_deep = deep != nullptr && *deep == '1';
  if (seed != nullptr) effort.seed = std::strtoull(seed, nullptr, 10);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  effort.slowness = 10;
  effort.is_deep = false;
#endif
  return effort;
}

// The command that repeats the test that goes on, with the seed and the effort that it has now; `variables`: what else it needs, in front ("": nothing).
inline std::string replay_command(const std::string& variables = "") {
  std::string program(4096, '\0');
  const ssize_t length = readlink("/proc/self/exe", program.data(), program.size());
  program.resize(length < 0 ? 0 : static_cast<size_t>(length));
  const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
  const Effort effort = test_effort();
  return std::string("replay: ") + (effort.is_deep ? "FIRN_DEEP=1 " : "") + "FIRN_SEED=" + std::to_string(effort.seed) + " " +
         (variables.empty() ? "" : variables + " ") + program +
         (test == nullptr ? "" : " --gtest_filter='" + std::string(test->test_suite_name()) + "." + test->name() + "'");
}

}  // namespace firn
