#include "allocation/failing_new.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace firn_allocation {
namespace {

std::atomic<int64_t> g_live_count{0};
thread_local int64_t t_left = -1;  // < 0: never
thread_local bool t_is_sticky = false;
thread_local bool t_has_failed = false;
thread_local bool t_is_on = false;

bool is_to_fail() {
  if (!t_is_on) return false;
  if (t_has_failed && t_is_sticky) return true;
  if (t_left < 0) return false;
  if (t_left-- > 0) return false;
  t_has_failed = true;
  return true;
}

}  // namespace

void fail_after(int64_t after, bool is_sticky) {
  t_left = after;
  t_is_sticky = is_sticky;
  t_has_failed = false;
}
void never_fail() {
  t_left = -1;
  t_is_sticky = false;
}
bool has_failed() { return t_has_failed; }
int64_t live_count() { return g_live_count.load(); }
void count_here(bool is_on) { t_is_on = is_on; }

void* allocate(size_t bytes, size_t alignment) noexcept {
  if (is_to_fail()) return nullptr;
  void* memory =
      alignment == 0 ? std::malloc(bytes == 0 ? 1 : bytes) : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory != nullptr) g_live_count.fetch_add(1);
  return memory;
}
void release(void* memory) noexcept {
  if (memory == nullptr) return;
  g_live_count.fetch_sub(1);
  std::free(memory);
}
void* allocate_or_throw(size_t bytes, size_t alignment) {
  void* memory = allocate(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace firn_allocation

using firn_allocation::allocate;
using firn_allocation::allocate_or_throw;
using firn_allocation::release;

void* operator new(size_t bytes) { return allocate_or_throw(bytes, 0); }
void* operator new[](size_t bytes) { return allocate_or_throw(bytes, 0); }
void* operator new(size_t bytes, std::align_val_t alignment) { return allocate_or_throw(bytes, static_cast<size_t>(alignment)); }
void* operator new[](size_t bytes, std::align_val_t alignment) { return allocate_or_throw(bytes, static_cast<size_t>(alignment)); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new(size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, size_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept { release(memory); }
