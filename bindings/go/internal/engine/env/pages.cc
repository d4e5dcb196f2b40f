#include "env/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace firn {

size_t page_bytes() {
  static const size_t bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

Status make_pages_writable(uint8_t* data, size_t offset, size_t bytes, const std::string& path) {
  if (bytes == 0) return {};
  const size_t first = offset & ~(page_bytes() - 1);
  const size_t length = offset + bytes - first;
  while (::madvise(data + first, length, MADV_POPULATE_WRITE) != 0) {
    switch (errno) {
      case EINTR:
        continue;  // the pages that are present already stay so
      case EINVAL:
        populate_by_touching(data + first, length);
        return {};
      default:  // EFAULT, EHWPOISON: where a store would have raised SIGBUS
        return Status::from_errno(errno, "cannot make pages of the mapping writable", path, offset);
    }
  }
  return {};
}

void populate_by_touching(uint8_t* from, size_t bytes) {
  for (size_t at = 0; at < bytes; at += page_bytes()) {
    // A compare-exchange, because compilers turn a fetch_or with 0 into a load, and a load does not make a page writable.
    uint8_t value = __atomic_load_n(from + at, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(from + at, &value, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
  }
}

}  // namespace firn
