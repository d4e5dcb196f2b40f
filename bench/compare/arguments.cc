#include "compare/arguments.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace bench {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');)
    if (!word.empty()) words.push_back(word);
  return words;
}

void Usage::complain(const std::string& what) const {
  std::fprintf(stderr, "%s: %s\n%s", program_, what.c_str(), text_);
  std::exit(2);
}

double Usage::number(const char* name, const char* text, double low, double high) const {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= low && value <= high)) complain(std::string(name) + ": not a number in range: " + text);
  return value;
}

}  // namespace bench
