// A scenario file in memory, and how its words stand for bytes. README.md is the format.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firn_test {

// "a\x00b", "a\*3;" and "\"\"" as bytes; nothing when the word is malformed.
std::optional<std::string> decode_word(std::string_view word);
// The one way in which an answer writes bytes.
std::string encode_word(std::string_view bytes);

// One command line, and the lines that belong to it.
struct Command {
  std::string name;
  std::vector<std::string> words;            // positional, decoded
  std::map<std::string, std::string> named;  // decoded
  std::vector<Command> lines;

  const std::string& word(size_t i) const;  // the empty string when there is none
  const std::string* find(const std::string& argument) const;
  bool is_set(const std::string& flag) const { return find(flag) != nullptr; }
};

struct Block {
  int line = 0;  // of its first command
  std::vector<Command> commands;
  std::vector<std::string> expected;
  // For rewriting: the lines of the commands, and where the answer is: [answer_begin, answer_end) of ScenarioFile::lines.
  size_t answer_begin = 0;
  size_t answer_end = 0;
};

struct ScenarioFile {
  std::string path;
  std::vector<std::string> lines;
  std::vector<std::string> modes;
  std::vector<std::vector<std::string>> option_sets;  // of "name=value"
  std::vector<Block> blocks;
  std::string error;  // empty: the file is well formed

  static ScenarioFile read(const std::string& path);
};

}  // namespace firn_test
