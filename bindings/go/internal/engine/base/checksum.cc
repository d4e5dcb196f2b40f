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

}  // namespace firn
