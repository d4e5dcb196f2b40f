// Arguments: checks of lengths, pointers and flags, made before one byte is read, and structs that grow (struct_size).
// Threading: no state.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/internal_key.h"
#include "base/status.h"
#include "db/operation.h"
#include "firn.h"

namespace firn {

// NULL with a length is kInvalid, whatever the length.
inline Code check_bytes(const void* bytes, size_t size, size_t size_max) {
  if (bytes == nullptr && size != 0) return Code::kInvalid;
  return size > size_max ? Code::kTooLarge : Code::kOk;
}

inline Code check_key(const uint8_t* key, size_t key_len) {
  if (key_len - 1 < kKeyBytesMax && key != nullptr) [[likely]]
    return Code::kOk;
  if (key == nullptr || key_len == 0) return Code::kInvalid;
  return Code::kTooLarge;
}

inline Code check_value(const uint8_t* value, size_t value_len) { return check_bytes(value, value_len, kValueBytesMax); }

inline Code check_buffer(const void* buffer, size_t cap) { return buffer == nullptr && cap != 0 ? Code::kInvalid : Code::kOk; }

inline Code check_flags(uint32_t flags, uint32_t known) { return (flags & ~known) == 0 ? Code::kOk : Code::kInvalid; }

// The flags that every write takes; a write may know others besides.
inline constexpr uint32_t kWriteFlags = FIRN_SYNC | FIRN_NO_BLOCK | FIRN_NO_SYNC;

inline Code check_write_flags(uint32_t flags, uint32_t others = 0) {
  constexpr uint32_t kContradiction = FIRN_SYNC | FIRN_NO_SYNC;
  return (flags & kContradiction) == kContradiction ? Code::kInvalid : check_flags(flags, kWriteFlags | others);
}

inline WriteFlags write_flags(uint32_t flags) {
  return {.sync = (flags & FIRN_SYNC) != 0, .no_block = (flags & FIRN_NO_BLOCK) != 0, .no_sync = (flags & FIRN_NO_SYNC) != 0};
}

// Fills the caller's struct, which begins with struct_size and may be older, hence shorter, than `from`: not more than whole
// `unit`s of its bytes are written, and struct_size stays as it is.
template <typename Struct>
void copy_out(Struct* to, const Struct& from, size_t unit) {
  const size_t size = std::min<size_t>(to->struct_size, sizeof(Struct)) / unit * unit;
  if (size <= sizeof to->struct_size) return;
  std::memcpy(reinterpret_cast<uint8_t*>(to) + sizeof to->struct_size, reinterpret_cast<const uint8_t*>(&from) + sizeof to->struct_size,
              size - sizeof to->struct_size);
}

inline constexpr size_t kStructBytesMax = 4096;  // a larger struct_size is garbage

// Reads the caller's struct, which begins with struct_size: an older, shorter one is filled up with what *to holds. Its members take 8 bytes each from
// `size_min` on. kInvalid: struct_size is no such size; kUnsupported: bytes that this version does not know are not zero.
template <typename Struct>
Code copy_in(const Struct* from, Struct* to, size_t size_min) {
  const size_t size = from->struct_size;
  if (size < size_min || size > kStructBytesMax || size % sizeof(uint64_t) != 0) return Code::kInvalid;
  std::memcpy(to, from, std::min(size, sizeof *to));
  const auto* bytes = reinterpret_cast<const uint8_t*>(from);
  const bool has_unknown = std::any_of(bytes + std::min(size, sizeof *to), bytes + size, [](uint8_t byte) { return byte != 0; });
  return has_unknown ? Code::kUnsupported : Code::kOk;
}

}  // namespace firn
