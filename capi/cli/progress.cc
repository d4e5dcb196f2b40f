#include "progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "output.h"
#include "terminal.h"

namespace firn::cli {
namespace {

constexpr std::chrono::milliseconds kDrawInterval{100};
constexpr size_t kBarColumnsMax = 30;
constexpr size_t kBarColumnsMin = 6;

std::string clock_text(double seconds) {
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  char text[64];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%llu:%02u:%02u", static_cast<unsigned long long>(whole / 3600),
                  static_cast<unsigned>(whole / 60 % 60), static_cast<unsigned>(whole % 60));
  } else {
    std::snprintf(text, sizeof text, "%u:%02u", static_cast<unsigned>(whole / 60), static_cast<unsigned>(whole % 60));
  }
  return text;
}

}  // namespace

Progress::Progress(const char* verb, uint64_t input_bytes_total, bool enabled, const char* unit)
    : verb_(verb),
      unit_(unit),
      input_bytes_total_(input_bytes_total),
      enabled_(enabled && can_redraw_stderr()),
      has_color_(wants_color_on_stderr()) {}

double Progress::elapsed_seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

void Progress::update(uint64_t entry_count, uint64_t input_bytes) {
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + kDrawInterval;
  const std::string line = "\r" + text_of(entry_count, input_bytes) + "\033[K";
  std::fwrite(line.data(), 1, line.size(), stderr);
  is_drawn_ = true;
}

void Progress::clear() {
  if (is_drawn_) std::fputs("\r\033[K", stderr);
  is_drawn_ = false;
}

std::string Progress::text_of(uint64_t entry_count, uint64_t input_bytes) const {
  const double seconds = std::max(elapsed_seconds(), 0.001);
  const double bytes_per_second = static_cast<double>(input_bytes) / seconds;
  std::string figures = grouped(entry_count) + " " + unit_ + "  " + readable_bytes(static_cast<double>(input_bytes)) + "  " +
                        grouped(static_cast<uint64_t>(static_cast<double>(entry_count) / seconds)) + "/s  " +
                        readable_bytes(bytes_per_second) + "/s";
  std::string head = verb_;
  const size_t columns = stderr_column_count();
  if (input_bytes_total_ > 0) {
    const double share = std::min(1.0, static_cast<double>(input_bytes) / static_cast<double>(input_bytes_total_));
    if (input_bytes > 0) {
      const double bytes_left = (1.0 - share) * static_cast<double>(input_bytes_total_);
      figures += "  ETA " + clock_text(bytes_left / bytes_per_second);
    }
    char percent[16];
    std::snprintf(percent, sizeof percent, " %3.0f%%", share * 100);
    head += percent;
    const size_t used = head.size() + figures.size() + 6;
    const size_t bar_columns = columns > used ? std::min(columns - used, kBarColumnsMax) : 0;
    if (bar_columns >= kBarColumnsMin) {
      const auto filled = static_cast<size_t>(share * static_cast<double>(bar_columns));
      const std::string bar = std::string(filled, '#') + std::string(bar_columns - filled, '.');
      head += has_color_ ? " [\033[32m" + bar + "\033[0m]" : " [" + bar + "]";
      return head + "  " + figures;
    }
  }
  return (head + "  " + figures).substr(0, columns > 1 ? columns - 1 : 1);
}

}  // namespace firn::cli
