#include "env/anonymous_memory.h"

#include <sys/mman.h>

#include <utility>

#include "base/coding.h"
#include "env/pages.h"

namespace firn {

AnonymousMemory::AnonymousMemory(size_t bytes, bool huge_pages) {
  const bool is_huge = huge_pages && bytes >= kHugePageBytes;
  const size_t reserved = is_huge ? bytes + kHugePageBytes : bytes;  // many kernels put it anywhere
  void* at = ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return;
  data_ = static_cast<uint8_t*>(at);
  size_ = bytes;
  if (!is_huge) return;
  const size_t before = (kHugePageBytes - reinterpret_cast<uintptr_t>(at) % kHugePageBytes) % kHugePageBytes;
  const size_t end = before + round_up(bytes, page_bytes());
  if (before > 0) ::munmap(at, before);
  ::munmap(data_ + end, reserved - end);
  data_ += before;
  ::madvise(data_, bytes, MADV_HUGEPAGE);
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

void AnonymousMemory::release(size_t begin, size_t end) const {
  if (begin < end) ::madvise(data_ + begin, end - begin, MADV_DONTNEED);
}

void AnonymousMemory::populate(size_t offset, size_t bytes) const { (void)make_pages_writable(data_, offset, bytes, {}).ok(); }

}  // namespace firn
