// Words of a command line.
#pragma once

#include <string>
#include <vector>

namespace bench {

std::vector<std::string> split(const std::string& text);  // at commas

// What a program says of itself when an argument is wrong.
class Usage {
 public:
  constexpr Usage(const char* program, const char* text) : program_(program), text_(text) {}
  // Ends the process with code 2.
  [[noreturn]] void complain(const std::string& what) const;
  // The whole text as a number in [low, high]; complains of the argument `name` when it is none.
  double number(const char* name, const char* text, double low, double high) const;

 private:
  const char* program_;
  const char* text_;
};

}  // namespace bench
