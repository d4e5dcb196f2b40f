// Progress: one line on standard error while a long command runs: a bar, entries, bytes, rate and time left. Drawn only on a terminal and at
// most ten times a second, so that update may be called for every entry.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace firn::cli {

class Progress {
 public:
  // input_bytes_total 0: unknown, so neither a bar nor a time left.
  Progress(const char* verb, uint64_t input_bytes_total, bool enabled, const char* unit = "entries");
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(uint64_t entry_count, uint64_t input_bytes);
  void set_total(uint64_t input_bytes_total) { input_bytes_total_ = input_bytes_total; }  // when it is known later, or grows
  void clear();                                                                           // removes the line
  double elapsed_seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::string text_of(uint64_t entry_count, uint64_t input_bytes) const;

  const char* verb_;
  const char* unit_;
  uint64_t input_bytes_total_;
  bool enabled_;
  bool has_color_;
  bool is_drawn_ = false;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point next_draw_ = begin_;
};

}  // namespace firn::cli
