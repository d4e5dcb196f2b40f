// CRC-32 with zlib's polynomial (ISO 3309), the only checksum of Firn's formats. zlib is the reference; libdeflate computes
// the same value 5 to 15 times faster and is used when CMake finds it (FIRN_HAVE_LIBDEFLATE). A test proves both equal.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"

namespace firn {

// CRC-32 of `data`, going on from `seed` (0 for a new one), as zlib's crc32().
uint32_t crc32(uint32_t seed, Slice data);

// Copies `data` to `to` and returns the CRC-32 of a head of four integers, as they would lie in memory, followed by the copy: the quickest way for a short
// record (see checksum_pclmul.h). The ranges do not overlap.
uint32_t crc32_copy(uint32_t seed, uint32_t first, uint64_t second, uint64_t third, uint64_t fourth, Slice data, uint8_t* to);

// A seed that binds a checksum to a place: the register of a CRC is a bijection of its start value, so equal bytes under
// different seeds never have equal checksums, and two places collide with probability 2^-32.
inline uint32_t crc32_seed(uint64_t owner, uint64_t place) {
  // A full-period mix (the finisher of MurmurHash3, public domain); linear folding would let neighbours cancel.
  uint64_t x = owner ^ (place * 0x9e3779b97f4a7c15ull);
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ull;
  x ^= x >> 33;
  return static_cast<uint32_t>(x);
}

}  // namespace firn
