// Failure: why a command stopped. The command line throws it where something goes wrong and catches it once, in main.cc, where it becomes
// one line on standard error and an exit status. The table of exit statuses is here and nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "firn.h"

namespace firn::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitNotFound = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitLocked = 3;
inline constexpr int kExitCorrupt = 4;
inline constexpr int kExitIo = 5;
inline constexpr int kExitDefect = 70;
inline constexpr int kExitInterrupted = 130;

// Text for --help: every status and the codes behind it.
extern const char kExitStatusText[];

struct Failure {
  int32_t code = FIRN_INTERNAL;
  std::string message;
  std::string file;  // empty: not about a file
  uint64_t offset = 0;
  bool has_offset = false;
};

// The reader of standard output has gone (`firn scan | head`): stop in order and without a complaint.
struct OutputClosed {};

// Of a call that failed with `code` and left details in `error`.
Failure failure_of(int32_t code, const firn_error& error);
// The command cannot be carried out as it was written; `code` FIRN_INVALID.
Failure usage_failure(std::string message);
// An operating system call on `file` failed with `os_errno`.
Failure system_failure(std::string_view action, std::string_view file, int os_errno);

int exit_status_of(int32_t code);

// "firn: <message> (FIRN_CODE) file offset" or, with `json`, {"error":{"code","status","message","file","offset"}}, on standard error.
void print_failure(const Failure& failure, bool json);
// "firn: <message>" on standard error: something that did not stop the command.
void print_note(std::string_view message);

}  // namespace firn::cli
