// What standard input, output and error are connected to, and whether colour is wanted there.
#pragma once

#include <string>

namespace firn::cli {

bool is_terminal(int fd);
// Standard error is a terminal that can redraw a line.
bool can_redraw_stderr();
// can_redraw_stderr, and NO_COLOR is unset or empty (https://no-color.org).
bool wants_color_on_stderr();
// Columns of the terminal on standard error; 80 when unknown.
unsigned stderr_column_count();
// "firn: ", in red where colour is wanted; on a terminal it first clears the line, which may hold a progress bar.
std::string error_prefix();

}  // namespace firn::cli
