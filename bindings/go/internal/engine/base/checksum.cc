#include "base/checksum.h"

#if defined(FIRN_HAVE_LIBDEFLATE)
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

namespace firn {

uint32_t crc32(uint32_t seed, Slice data) {
  if (data.empty()) return seed;  // both libraries answer 0 for a null pointer, whatever the seed
#if defined(FIRN_HAVE_LIBDEFLATE)
  return libdeflate_crc32(seed, data.data(), data.size());
#else
  return static_cast<uint32_t>(crc32_z(seed, data.data(), data.size()));
#endif
}

uint32_t crc32_seed(uint64_t owner, uint64_t place) {
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
