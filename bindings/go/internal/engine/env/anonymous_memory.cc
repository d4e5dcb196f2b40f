#include "env/anonymous_memory.h"

#include <sys/mman.h>

#include <utility>

namespace firn {

namespace {
constexpr size_t kHugePageBytes = size_t{2} << 20;
}

AnonymousMemory::AnonymousMemory(size_t bytes, bool huge_pages) {
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return;
  data_ = static_cast<uint8_t*>(at);
  size_ = bytes;
  if (huge_pages && bytes >= kHugePageBytes) ::madvise(at, bytes, MADV_HUGEPAGE);
}

AnonymousMemory::~AnonymousMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

AnonymousMemory::AnonymousMemory(AnonymousMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

AnonymousMemory& AnonymousMemory::operator=(AnonymousMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void AnonymousMemory::populate(size_t offset, size_t bytes) const {
#ifdef MADV_POPULATE_WRITE
  ::madvise(data_ + offset, bytes, MADV_POPULATE_WRITE);
#else
  (void)offset;
  (void)bytes;
#endif
}

}  // namespace firn
