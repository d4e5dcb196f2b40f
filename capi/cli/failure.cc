#include "failure.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "encoding.h"
#include "json_writer.h"
#include "terminal.h"

namespace firn::cli {

const char kExitStatusText[] =
    "Exit status:\n"
    "  0    done\n"
    "  1    not found: the key, the namespace or the database (FIRN_NOT_FOUND); compare: a difference\n"
    "  2    usage: bad arguments or input, over a limit, not a database, a newer format, not supported\n"
    "       (FIRN_INVALID, TOO_LARGE, EXISTS, TYPE_MISMATCH, OVERFLOW, NO_EXPIRY, NOT_A_DATABASE, NEWER_FORMAT, UNSUPPORTED)\n"
    "  3    locked by another process, or busy: try again (FIRN_LOCKED, CONFLICT, TIMEOUT, CANCELLED, WOULD_BLOCK)\n"
    "  4    corrupt: bytes on disk do not verify (FIRN_CORRUPT)\n"
    "  5    I/O error, disk full, read-only, no memory (FIRN_IO, NO_SPACE, READ_ONLY, INDETERMINATE, NO_MEMORY)\n"
    "  70   a defect of firn: please report it (FIRN_INTERNAL, MISUSE, CLOSED, FORKED)\n"
    "  130  interrupted (long commands); what was acknowledged is kept";

Failure failure_of(int32_t code, const firn_error& error) {
  Failure failure;
  failure.code = code;
  failure.message = error.message[0] != '\0' ? error.message : firn_status_text(code);
  failure.file = error.file;
  failure.offset = error.offset;
  failure.has_offset = !failure.file.empty() && (code == FIRN_CORRUPT || error.offset != 0);
  if (error.os_errno != 0 && error.message[0] == '\0') failure.message += std::string(": ") + std::strerror(error.os_errno);
  return failure;
}

Failure usage_failure(std::string message) {
  Failure failure;
  failure.code = FIRN_INVALID;
  failure.message = std::move(message);
  return failure;
}

Failure system_failure(std::string_view action, std::string_view file, int os_errno) {
  Failure failure;
  failure.code = os_errno == ENOSPC || os_errno == EDQUOT ? FIRN_NO_SPACE : os_errno == ENOENT ? FIRN_NOT_FOUND : FIRN_IO;
  failure.message = std::string(action) + ": " + std::strerror(os_errno);
  failure.file = file;
  return failure;
}

int exit_status_of(int32_t code) {
  switch (code) {
    case FIRN_OK:
      return kExitOk;
    case FIRN_NOT_FOUND:
      return kExitNotFound;
    case FIRN_INVALID:
    case FIRN_TOO_LARGE:
    case FIRN_EXISTS:
    case FIRN_TYPE_MISMATCH:
    case FIRN_OVERFLOW:
    case FIRN_NO_EXPIRY:
    case FIRN_NOT_A_DATABASE:
    case FIRN_NEWER_FORMAT:
    case FIRN_UNSUPPORTED:
      return kExitUsage;
    case FIRN_LOCKED:
    case FIRN_CONFLICT:
    case FIRN_TIMEOUT:
    case FIRN_CANCELLED:
    case FIRN_WOULD_BLOCK:
      return kExitLocked;
    case FIRN_CORRUPT:
      return kExitCorrupt;
    case FIRN_IO:
    case FIRN_NO_SPACE:
    case FIRN_READ_ONLY:
    case FIRN_INDETERMINATE:
    case FIRN_NO_MEMORY:
      return kExitIo;
    default:
      return kExitDefect;
  }
}

void print_failure(const Failure& failure, bool json) {
  std::string line;
  if (json) {
    std::string details;
    JsonObject error(details);
    error.text("code", firn_status_name(failure.code)).integer("status", failure.code).bytes("message", failure.message, false);
    if (!failure.file.empty()) error.bytes("file", failure.file, false);
    if (failure.has_offset) error.number("offset", failure.offset);
    error.end();
    JsonObject(line).raw("error", details).end();
  } else {
    line = error_prefix();
    append_printable(line, failure.message);
    line += std::string(" (") + firn_status_name(failure.code) + ")";
    if (!failure.file.empty()) {
      line += ' ';
      append_printable(line, failure.file);
    }
    if (failure.has_offset) line += ' ' + std::to_string(failure.offset);
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void print_note(std::string_view message) {
  std::string line = error_prefix();
  append_printable(line, message);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace firn::cli
