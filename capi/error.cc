#include "error.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "args.h"
#include "boundary.h"

namespace firn {
namespace {

// A struct that ends within a text ends with a NUL.
void terminate(firn_error* error, size_t text_offset, size_t text_bytes) {
  const size_t size = error->struct_size;
  if (size > text_offset && size < text_offset + text_bytes) reinterpret_cast<char*>(error)[size - 1] = '\0';
}

}  // namespace

void report(firn_error* error, const Status& status) {
  if (error == nullptr) return;
  if (status.ok() && error->struct_size >= sizeof *error) [[likely]] {  // nothing to tell: 800 bytes need not be written
    error->code = FIRN_OK;
    error->os_errno = 0;
    error->offset = 0;
    error->file[0] = '\0';
    error->message[0] = '\0';
    return;
  }
  firn_error filled = {};
  filled.code = to_c(status.code());
  if (const Status::Detail* detail = status.detail()) {
    filled.os_errno = detail->os_errno;
    filled.offset = detail->offset;
    std::memcpy(filled.file, detail->file, sizeof filled.file);
    std::memcpy(filled.message, detail->message, sizeof filled.message);
  } else if (!status.ok()) {
    const char* text = firn_status_text(filled.code);
    std::memcpy(filled.message, text, std::min(std::strlen(text), sizeof filled.message - 1));
  }
  copy_out(error, filled, 1);
  terminate(error, offsetof(firn_error, file), sizeof filled.file);
  terminate(error, offsetof(firn_error, message), sizeof filled.message);
}

}  // namespace firn
