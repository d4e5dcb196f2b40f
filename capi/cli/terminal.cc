#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace firn::cli {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool can_redraw_stderr() {
  if (!is_terminal(STDERR_FILENO)) return false;
  const char* terminal = std::getenv("TERM");
  return terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
}

bool wants_color_on_stderr() {
  const char* no_color = std::getenv("NO_COLOR");
  return can_redraw_stderr() && (no_color == nullptr || *no_color == '\0');
}

unsigned stderr_column_count() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string error_prefix() {
  const std::string clear_line = can_redraw_stderr() ? "\r\033[K" : "";
  return clear_line + (wants_color_on_stderr() ? "\033[31mfirn:\033[0m " : "firn: ");
}

}  // namespace firn::cli
