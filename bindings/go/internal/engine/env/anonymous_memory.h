// Anonymous memory from the operating system: zero-filled pages that appear on first touch. For images of log segments that are
// not mapped, for hash tables of memtables, for table bodies that are not mapped and for files in memory.
// Threading: a value with one owner.
#pragma once

#include <cstddef>
#include <cstdint>

namespace firn {

class AnonymousMemory {
 public:
  AnonymousMemory() = default;
  // Reserves `bytes` of address space. Check data(): nullptr when the system gave none.
  // huge_pages: asks for huge pages, and lies where they can (large memory that is accessed anywhere).
  AnonymousMemory(size_t bytes, bool huge_pages);
  ~AnonymousMemory();
  AnonymousMemory(AnonymousMemory&& other) noexcept;
  AnonymousMemory& operator=(AnonymousMemory&& other) noexcept;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  // Makes the pages of the range present now; best effort.
  void populate(size_t offset, size_t bytes) const;
  // Gives the pages of [begin, end) back, both at a page's beginning: they are zero again.
  void release(size_t begin, size_t end) const;

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace firn
