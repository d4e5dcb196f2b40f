#include "base/checksum.h"

#if defined(FIRN_HAVE_LIBDEFLATE)
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

#include <cstring>

#include "base/checksum_pclmul.h"
#include "base/coding.h"
#include "base/fast_path.h"

namespace firn {

uint32_t crc32(uint32_t seed, Slice data) {
  if (data.empty()) return seed;  // both libraries answer 0 for a null pointer, whatever the seed
#if defined(FIRN_HAVE_LIBDEFLATE)
  return libdeflate_crc32(seed, data.data(), data.size());
#else
  return static_cast<uint32_t>(crc32_z(seed, data.data(), data.size()));
#endif
}

uint32_t crc32_copy(uint32_t seed, uint32_t first, uint64_t second, uint64_t third, uint64_t fourth, Slice data, uint8_t* to) {
#if defined(__x86_64__)
  if (pclmul::is_there() && FIRN_FAST_PATH("a checksum is made while copying")) [[likely]] {
    constexpr size_t kShortBytesMax = 1024;  // a longer copy goes to the library, whose lanes are wider
    if (data.size() <= kShortBytesMax) return pclmul::crc32_copy(seed, first, second, third, fourth, data, to);
    const uint32_t crc_of_head = pclmul::crc32_copy(seed, first, second, third, fourth, Slice(), to);
    std::memcpy(to, data.data(), data.size());
    return crc32(crc_of_head, Slice(to, data.size()));
  }
#endif
  uint8_t head[28];
  store(head, first);
  store(head + 4, second);
  store(head + 12, third);
  store(head + 20, fourth);
  if (!data.empty()) std::memcpy(to, data.data(), data.size());
  return crc32(crc32(seed, Slice(head, sizeof head)), Slice(to, data.size()));
}

}  // namespace firn
