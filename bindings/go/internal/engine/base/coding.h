// Little-endian integers and varints in bytes. Reads never pass the end that they are given.
// Varints: 7 bits a byte, least significant first, the top bit says that more follow (as in LevelDB and Protocol Buffers).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace firn {

inline constexpr size_t kCacheLineBytes = 64;

static_assert(std::endian::native == std::endian::little, "Firn's formats are little-endian; so must the machine be");

template <typename T>
inline T load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
inline void store(uint8_t* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

inline uint32_t load_u32(const uint8_t* from) { return load<uint32_t>(from); }
inline uint64_t load_u64(const uint8_t* from) { return load<uint64_t>(from); }

// The low `width` (0..8) bytes of an integer.
inline uint64_t load_width(const uint8_t* from, size_t width) {
  uint64_t value = 0;
  std::memcpy(&value, from, width);
  return value;
}
inline void store_width(uint8_t* to, uint64_t value, size_t width) { std::memcpy(to, &value, width); }
inline size_t width_of(uint64_t value) { return (static_cast<size_t>(std::bit_width(value)) + 7) / 8; }

inline constexpr size_t kVarint32BytesMax = 5;

inline size_t varint32_bytes(uint32_t value) {
  return value < 1u << 7 ? 1 : value < 1u << 14 ? 2 : value < 1u << 21 ? 3 : value < 1u << 28 ? 4 : 5;
}

// Returns the byte behind the last written one.
inline uint8_t* put_varint32(uint8_t* to, uint32_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<uint8_t>(value);
  return to;
}

// Returns the byte behind the varint; nullptr when it does not end before `end`, is longer than five bytes or overflows.
inline const uint8_t* get_varint32(const uint8_t* from, const uint8_t* end, uint32_t* value) {
  if (from < end && *from < 0x80) {
    *value = *from;
    return from + 1;
  }
  uint64_t result = 0;
  for (unsigned shift = 0; shift <= 28 && from < end; shift += 7) {
    const uint8_t byte = *from++;
    result |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (result > UINT32_MAX) return nullptr;
      *value = static_cast<uint32_t>(result);
      return from;
    }
  }
  return nullptr;
}

inline constexpr uint64_t round_up(uint64_t value, uint64_t step) { return (value + step - 1) / step * step; }

}  // namespace firn
