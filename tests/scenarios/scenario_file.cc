#include "scenarios/scenario_file.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>

namespace firn_test {
namespace {

constexpr size_t kRunBytesMin = 16;  // shorter runs of equal bytes are written byte by byte

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) words.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

bool read_number(std::string_view text, int base, size_t* number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *number, base);
  return code == std::errc() && end == text.data() + text.size();
}

// The command of one line; nothing when a word is malformed.
std::optional<Command> read_command(std::string_view line) {
  const std::vector<std::string> words = split_words(line);
  if (words.empty()) return std::nullopt;
  Command command;
  command.name = words[0];
  for (size_t i = 1; i < words.size(); i++) {
    const size_t equals = words[i].find('=');
    const bool is_named = equals != std::string::npos;
    const auto bytes = decode_word(std::string_view(words[i]).substr(is_named ? equals + 1 : 0));
    if (!bytes) return std::nullopt;
    if (is_named)
      command.named[words[i].substr(0, equals)] = *bytes;
    else
      command.words.push_back(*bytes);
  }
  return command;
}

bool begins_with(const std::string& line, std::string_view start) { return line.compare(0, start.size(), start) == 0; }

// Reads the block that begins at lines[*at]; false: malformed, *at is where.
bool read_block(const std::vector<std::string>& lines, size_t* at, Block* block) {
  block->line = static_cast<int>(*at) + 1;
  for (; *at < lines.size() && lines[*at] != "----"; ++*at) {
    const bool belongs = begins_with(lines[*at], "  ");
    auto command = read_command(lines[*at]);
    if (!command || (belongs && block->commands.empty())) return false;
    if (belongs)
      block->commands.back().lines.push_back(std::move(*command));
    else
      block->commands.push_back(std::move(*command));
  }
  if (*at == lines.size()) return false;  // no answer
  block->answer_begin = ++*at;
  for (; *at < lines.size() && !lines[*at].empty(); ++*at) block->expected.push_back(lines[*at]);
  block->answer_end = *at;
  return true;
}

}  // namespace

std::optional<std::string> decode_word(std::string_view word) {
  if (word == "\"\"") return std::string();
  std::string bytes;
  for (size_t at = 0; at < word.size(); at++) {
    if (word[at] != '\\') {
      bytes += word[at];
      continue;
    }
    const char kind = at + 1 < word.size() ? word[at + 1] : '\0';
    size_t number = 0;
    if (kind == '\\') {
      bytes += '\\';
      at += 1;
    } else if (kind == 'x' && at + 4 <= word.size() && read_number(word.substr(at + 2, 2), 16, &number)) {
      bytes += static_cast<char>(number);
      at += 3;
    } else if (kind == '*' && !bytes.empty()) {
      const size_t end = word.find(';', at);
      if (end == std::string_view::npos || !read_number(word.substr(at + 2, end - at - 2), 10, &number) || number == 0) return std::nullopt;
      bytes.append(number - 1, bytes.back());
      at = end;
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

std::string encode_word(std::string_view bytes) {
  if (bytes.empty()) return "\"\"";
  std::string word;
  for (size_t at = 0; at < bytes.size();) {
    const char byte = bytes[at];
    size_t end = at;
    while (end < bytes.size() && bytes[end] == byte) end++;
    const bool is_run = end - at >= kRunBytesMin;
    if (byte == '\\') {
      word += "\\\\";
    } else if (byte > ' ' && byte < '\x7f' && byte != '"' && byte != '=' && byte != '#') {
      word += byte;
    } else {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
      word += hex;
    }
    if (is_run) word += "\\*" + std::to_string(end - at) + ";";
    at = is_run ? end : at + 1;
  }
  return word;
}

const std::string& Command::word(size_t i) const {
  static const std::string none;
  return i < words.size() ? words[i] : none;
}

const std::string* Command::find(const std::string& argument) const {
  const auto at = named.find(argument);
  return at == named.end() ? nullptr : &at->second;
}

ScenarioFile ScenarioFile::read(const std::string& path) {
  ScenarioFile file;
  file.path = path;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) file.lines.push_back(line);
  if (file.lines.empty()) file.error = "cannot be read, or is empty";
  for (size_t at = 0; at < file.lines.size() && file.error.empty(); at++) {
    const std::string& line = file.lines[at];
    if (line.empty() || line[0] == '#') continue;
    if (begins_with(line, "@modes ")) {
      file.modes = split_words(line.substr(7));
    } else if (begins_with(line, "@options ")) {
      file.option_sets.push_back(split_words(line.substr(9)));
    } else if (Block block; read_block(file.lines, &at, &block)) {
      file.blocks.push_back(std::move(block));
    } else {
      file.error = "line " + std::to_string(at + 1) + " is malformed, or its block has no ----";
    }
  }
  if (file.modes.empty()) file.modes = {"directory", "memory", "single_threaded"};
  if (file.option_sets.empty()) file.option_sets.emplace_back();
  return file;
}

}  // namespace firn_test
