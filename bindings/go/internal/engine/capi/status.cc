#include "base/status.h"

#include "boundary.h"

namespace firn {
namespace {

struct CodeInfo {
  int32_t code;
  const char* name;
  const char* text;
  bool is_retryable;
};

constexpr CodeInfo kCodes[] = {
    {FIRN_OK, "FIRN_OK", "It worked.", false},
    {FIRN_NOT_FOUND, "FIRN_NOT_FOUND", "The key, the namespace or the database is not there.", false},
    {FIRN_EXISTS, "FIRN_EXISTS", "It is there already.", false},
    {FIRN_CONFLICT, "FIRN_CONFLICT", "What was read has changed since: run the transaction again.", true},
    {FIRN_INVALID, "FIRN_INVALID", "An argument is outside its domain; nothing has changed.", false},
    {FIRN_TOO_LARGE, "FIRN_TOO_LARGE", "Over a limit; nothing has changed.", false},
    {FIRN_TYPE_MISMATCH, "FIRN_TYPE_MISMATCH", "A counter operation on a value that is not 8 bytes.", false},
    {FIRN_CLOSED, "FIRN_CLOSED", "The handle, or the database that it came from, was closed.", false},
    {FIRN_MISUSE, "FIRN_MISUSE", "Not a handle of this type, or a call out of order.", false},
    {FIRN_LOCKED, "FIRN_LOCKED", "Another opening owns the database.", true},
    {FIRN_READ_ONLY, "FIRN_READ_ONLY", "The database was opened, or has become, read-only.", false},
    {FIRN_NO_SPACE, "FIRN_NO_SPACE", "The disk is full; what was acknowledged is safe.", false},
    {FIRN_IO, "FIRN_IO", "The operating system reported an error.", false},
    {FIRN_CORRUPT, "FIRN_CORRUPT", "Bytes on disk do not verify.", false},
    {FIRN_NO_MEMORY, "FIRN_NO_MEMORY", "An allocation failed; nothing has changed.", false},
    {FIRN_UNSUPPORTED, "FIRN_UNSUPPORTED", "This build or this version cannot do it.", false},
    {FIRN_TIMEOUT, "FIRN_TIMEOUT", "The time given ran out.", true},
    {FIRN_CANCELLED, "FIRN_CANCELLED", "The wait was woken on purpose.", true},
    {FIRN_FORKED, "FIRN_FORKED", "The handle belongs to the parent process: open the database again in the child.", false},
    {FIRN_NO_EXPIRY, "FIRN_NO_EXPIRY", "The key is there and never expires.", false},
    {FIRN_WOULD_BLOCK, "FIRN_WOULD_BLOCK", "The call would have waited, and FIRN_NO_BLOCK forbids that.", true},
    {FIRN_INDETERMINATE, "FIRN_INDETERMINATE", "The write may or may not survive; the database is now read-only.", false},
    {FIRN_NOT_A_DATABASE, "FIRN_NOT_A_DATABASE", "The path holds something else; nothing was touched.", false},
    {FIRN_NEWER_FORMAT, "FIRN_NEWER_FORMAT", "Written by a newer Firn: open it with that version.", false},
    {FIRN_OVERFLOW, "FIRN_OVERFLOW", "A counter would leave the range of int64_t; nothing has changed.", false},
    {FIRN_INTERNAL, "FIRN_INTERNAL", "A defect of Firn: please report it.", false},
};
constexpr CodeInfo kUnknown = {0, "FIRN_UNKNOWN", "A code that this version does not know.", false};

constexpr const CodeInfo& find_code(int32_t code) {
  for (const CodeInfo& info : kCodes) {
    if (info.code == code) return info;
  }
  return kUnknown;
}

static_assert(to_c(Code::kOk) == FIRN_OK && to_c(Code::kNotFound) == FIRN_NOT_FOUND && to_c(Code::kExists) == FIRN_EXISTS &&
              to_c(Code::kConflict) == FIRN_CONFLICT && to_c(Code::kInvalid) == FIRN_INVALID && to_c(Code::kTooLarge) == FIRN_TOO_LARGE &&
              to_c(Code::kTypeMismatch) == FIRN_TYPE_MISMATCH && to_c(Code::kClosed) == FIRN_CLOSED && to_c(Code::kMisuse) == FIRN_MISUSE &&
              to_c(Code::kLocked) == FIRN_LOCKED && to_c(Code::kReadOnly) == FIRN_READ_ONLY && to_c(Code::kNoSpace) == FIRN_NO_SPACE &&
              to_c(Code::kIo) == FIRN_IO && to_c(Code::kCorrupt) == FIRN_CORRUPT && to_c(Code::kNoMemory) == FIRN_NO_MEMORY &&
              to_c(Code::kUnsupported) == FIRN_UNSUPPORTED && to_c(Code::kTimeout) == FIRN_TIMEOUT &&
              to_c(Code::kCancelled) == FIRN_CANCELLED && to_c(Code::kForked) == FIRN_FORKED && to_c(Code::kNoExpiry) == FIRN_NO_EXPIRY &&
              to_c(Code::kWouldBlock) == FIRN_WOULD_BLOCK && to_c(Code::kIndeterminate) == FIRN_INDETERMINATE &&
              to_c(Code::kNotADatabase) == FIRN_NOT_A_DATABASE && to_c(Code::kNewerFormat) == FIRN_NEWER_FORMAT &&
              to_c(Code::kOverflow) == FIRN_OVERFLOW && to_c(Code::kInternal) == FIRN_INTERNAL);

}  // namespace
}  // namespace firn

const char* firn_status_name(int32_t code) { return firn::find_code(code).name; }
const char* firn_status_text(int32_t code) { return firn::find_code(code).text; }
int32_t firn_status_is_retryable(int32_t code) { return firn::find_code(code).is_retryable ? 1 : 0; }
