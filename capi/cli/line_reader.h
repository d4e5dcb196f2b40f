// LineReader: standard input, or a file, line by line.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace firn::cli {

class LineReader {
 public:
  LineReader();                                  // standard input
  explicit LineReader(const std::string& path);  // throws Failure when it cannot be opened
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its newline, valid until the next call; the last line needs none. false at the end or when interrupted.
  // Throws Failure when reading fails.
  bool next(std::string_view& line);
  uint64_t line_number() const { return line_number_; }  // of the line that next gave, from 1
  uint64_t input_bytes() const { return input_bytes_; }
  uint64_t input_bytes_total() const { return input_bytes_total_; }  // 0: not a regular file
  // Throws the Failure "line 12: message".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  void measure();

  std::string name_;
  std::FILE* file_;
  char* line_ = nullptr;  // getline's
  size_t line_capacity_ = 0;
  uint64_t line_number_ = 0;
  uint64_t input_bytes_ = 0;
  uint64_t input_bytes_total_ = 0;
};

}  // namespace firn::cli
