// JsonFigures: the library's JSON by path, for those commands that print it as a table.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace firn::cli {

class JsonFigures {
 public:
  // Throws Failure (FIRN_INTERNAL) when it is not JSON.
  explicit JsonFigures(const std::string& json);

  bool has(std::string_view path) const;
  const std::string& text(std::string_view path) const;  // empty: it is not there
  uint64_t number(std::string_view path) const;          // 0: it is not there, or not a number
  size_t element_count(const std::string& array) const;

 private:
  std::map<std::string, std::string, std::less<>> members_;
};

// Calls `ask(buf, cap)`, a function of firn.h that gives text, until the text fits. Returns the text, or the negative code in *code.
template <typename Ask>
std::string text_of(const Ask& ask, int64_t* code) {
  std::string text;
  *code = ask(static_cast<char*>(nullptr), size_t{0});
  // Figures grow while they are asked for.
  while (*code >= 0 && static_cast<size_t>(*code) >= text.size()) {
    text.resize(static_cast<size_t>(*code) + 64);
    *code = ask(text.data(), text.size());
  }
  if (*code >= 0) text.resize(static_cast<size_t>(*code));
  return text;
}

}  // namespace firn::cli
