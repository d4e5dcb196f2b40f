// Runs every *.txt of this folder and of log/ (FIRN_SCENARIOS: of another) in each of its modes and with each of its sets of options, as one test each.
// FIRN_SCENARIO_REWRITE=1 replaces the expected answers by those that were given.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "scenarios/database_session.h"
#include "scenarios/log_session.h"

namespace {

using namespace firn_test;

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void rewrite(const ScenarioFile& file, const std::vector<std::vector<std::string>>& answers) {
  std::ofstream out(file.path);
  size_t at = 0;
  for (size_t i = 0; i < file.blocks.size(); i++) {
    while (at < file.blocks[i].answer_begin) out << file.lines[at++] << "\n";
    out << joined(answers[i]);
    at = file.blocks[i].answer_end;
  }
  while (at < file.lines.size()) out << file.lines[at++] << "\n";
}

class ScenarioTest : public testing::Test {
 public:
  ScenarioTest(std::string path, std::string mode, size_t option_set) : path_(std::move(path)), mode_(std::move(mode)), set_(option_set) {}

  void TestBody() override {
    const ScenarioFile file = ScenarioFile::read(path_);
    ASSERT_EQ("", file.error) << path_;
    const std::vector<std::string>& options = file.option_sets[set_];
    std::unique_ptr<Session> session;
    if (mode_ == "log") {
      session = std::make_unique<LogSession>(options);
    } else {
      session = std::make_unique<DatabaseSession>(mode_, options);
    }
    run(file, session.get());
  }

 private:
  void run(const ScenarioFile& file, Session* session) const {
    if (!session->are_options_supported()) GTEST_SKIP() << "this build lacks an option of " << joined(file.option_sets[set_]);
    ASSERT_EQ(std::vector<std::string>{"ok"}, session->run({"open", {}, {}, {}}));
    const bool is_rewriting = std::getenv("FIRN_SCENARIO_REWRITE") != nullptr;
    std::vector<std::vector<std::string>> answers;
    for (const Block& block : file.blocks) {
      answers.emplace_back();
      for (const Command& command : block.commands) {
        for (std::string& line : session->run(command)) answers.back().push_back(std::move(line));
      }
      if (!is_rewriting) {
        EXPECT_EQ(joined(block.expected), joined(answers.back())) << file.path << ":" << block.line;
      }
    }
    if (is_rewriting) rewrite(file, answers);
  }

  std::string path_;
  std::string mode_;
  size_t set_;
};

void register_scenarios() {
  const char* given = std::getenv("FIRN_SCENARIOS");
  const std::filesystem::path folder =
      given != nullptr ? std::filesystem::path(given) : std::filesystem::path(FIRN_SOURCE_DIR "/tests/scenarios");
  std::vector<std::string> paths;
  for (const std::filesystem::path& place : {folder, folder / "log"}) {
    if (!std::filesystem::is_directory(place)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(place)) {
      if (entry.path().extension() == ".txt") paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const ScenarioFile file = ScenarioFile::read(path);
    for (const std::string& mode : file.modes) {
      for (size_t set = 0; set < file.option_sets.size(); set++) {
        const std::string name = std::filesystem::path(path).stem().string() + "_" + mode + "_" + std::to_string(set);
        testing::RegisterTest("Scenario", name.c_str(), nullptr, nullptr, path.c_str(), 1,
                              [=]() -> testing::Test* { return new ScenarioTest(path, mode, set); });
      }
    }
  }
}

[[maybe_unused]] const bool kIsRegistered = (register_scenarios(), true);

TEST(ScenarioFile, words_are_read_and_written) {
  for (const char* word : {"a", "\"\"", "\\x00", "\\\\", "a\\*16;", "\\xff\\*70000;b", "\\x22\\x20\\x3d\\x23", "ab:c/d"}) {
    const auto bytes = decode_word(word);
    ASSERT_TRUE(bytes.has_value()) << word;
    EXPECT_EQ(word, encode_word(*bytes));
  }
  EXPECT_EQ("aaab", decode_word("a\\*3;b"));
  for (const char* word : {"\\", "\\x", "\\x1", "\\xzz", "\\*3;", "a\\*;", "a\\*3", "a\\*0;", "\\q"})
    EXPECT_FALSE(decode_word(word)) << word;
}

TEST(ScenarioFile, there_are_scenarios) {
  EXPECT_TRUE(kIsRegistered);
  EXPECT_GE(testing::UnitTest::GetInstance()->total_test_count(), 40);
}

}  // namespace
