// Output: standard output, buffered. Nothing is lost silently: a write that fails throws Failure, a closed pipe OutputClosed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace firn::cli {

class Output {
 public:
  void write(std::string_view bytes);
  void line(std::string_view text);
  void flush();

 private:
  std::string buffer_;
};

// Writes all of it to the descriptor; false with errno set.
bool write_fully(int fd, std::string_view bytes);

// 12345678 -> "12,345,678"
std::string grouped(uint64_t value);
// 1536 -> "1.5 KiB"
std::string readable_bytes(double bytes);

}  // namespace firn::cli
