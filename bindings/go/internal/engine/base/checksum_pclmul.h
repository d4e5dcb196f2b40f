// CRC-32 of a small head in registers and the bytes that follow it, copied in the same pass, with carry-less multiplication, for x86-64.
//
// Where a head is stored and its checksum taken from memory right after, each load of a block waits until the stores that it straddles have left the
// processor's store buffer: half of what an append of 64 bytes did. Here the head never comes from memory, and the bytes come from where they were before.
//
// The message is a polynomial over GF(2), bit-reflected. A block of 16 bytes is moved `d` bits ahead by two multiplications, with x^(d+32) and x^(d-32)
// modulo the polynomial, and added to the one that lies there (Gopal et al., Intel 2009). Zeros in front of a message change nothing once the start value was added to its first
// four bytes. A test proves the result equal to zlib's.
//
// Threading: pure functions.
#pragma once

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "base/slice.h"

namespace firn::pclmul {

// Whether the processor has what the functions below use. (Not by __builtin_cpu_supports, which asks libgcc: some linkers of bindings go without it.)
inline bool is_there() {
  static const bool has_both = [] {
    unsigned int eax = 0;
    unsigned int ebx = 0;
    unsigned int ecx = 0;
    unsigned int edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_PCLMUL) != 0 && (ecx & bit_SSE4_1) != 0;
  }();
  return has_both;
}

__attribute__((target("pclmul,sse4.1"))) inline __m128i block_at(const uint8_t* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// The block, moved ahead by a distance, and the block that lies there.
struct Distance {
  int64_t low;
  int64_t high;
};
inline constexpr Distance kBlock = {0x1751997d0, 0x0ccaa009e};
inline constexpr Distance kFourBlocks = {0x154442bd4, 0x1c6e41596};
__attribute__((target("pclmul,sse4.1"))) inline __m128i fold(__m128i block, __m128i there, Distance distance = kBlock) {
  const __m128i constants = _mm_set_epi64x(distance.high, distance.low);
  const __m128i low = _mm_clmulepi64_si128(block, constants, 0x00);
  const __m128i high = _mm_clmulepi64_si128(block, constants, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, there), high);
}

__attribute__((target("pclmul,sse4.1"))) inline __m128i copy_block(const uint8_t* from, uint8_t* to) {
  const __m128i block = block_at(from);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
  return block;
}

// 128 bits to 96, to 64, and Barrett's reduction of those.
__attribute__((target("pclmul,sse4.1"))) inline uint32_t reduce(__m128i block) {
  const __m128i low_half = _mm_set_epi64x(0, 0xffffffff);
  const __m128i constants = _mm_set_epi64x(0x0ccaa009e, 0x163cd6124);  // x^96, x^64
  const __m128i barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641);    // the quotient x^64 / polynomial, the polynomial
  block = _mm_xor_si128(_mm_srli_si128(block, 8), _mm_clmulepi64_si128(block, constants, 0x10));
  block = _mm_xor_si128(_mm_srli_si128(block, 4), _mm_clmulepi64_si128(_mm_and_si128(block, low_half), constants, 0x00));
  const __m128i quotient = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(block, low_half), barrett, 0x10), low_half);
  return ~static_cast<uint32_t>(_mm_extract_epi32(_mm_xor_si128(block, _mm_clmulepi64_si128(quotient, barrett, 0x00)), 1));
}

// As crc32_copy() of base/checksum.h. Needs is_there(). Each byte is read once, but for those that the last two blocks share: these are read and stored again
// before their checksum is taken. So what is checksummed is what was copied, also when another thread wrongly changes `data` meanwhile.
__attribute__((target("pclmul,sse4.1"))) inline uint32_t crc32_copy(uint32_t seed, uint32_t first, uint64_t second, uint64_t third,
                                                                    uint64_t fourth, Slice data, uint8_t* to) {
  // A window into it moves the bytes of a block towards its end (before 16), or its beginning.
  alignas(16) static constexpr uint8_t kMoves[48] = {128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,  //
                                                     0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,  13,  14,  15,   //
                                                     128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128};
  const uint64_t started = uint64_t{first ^ ~seed} << 32;
  __m128i block = fold(_mm_set_epi64x(static_cast<int64_t>(second), static_cast<int64_t>(started)),
                       _mm_set_epi64x(static_cast<int64_t>(fourth), static_cast<int64_t>(third)));
  const uint8_t* at = data.data();
  const size_t odd_bytes = data.size() % 16;
  __m128i odd = _mm_setzero_si128();  // the odd bytes at its end
  if (odd_bytes != 0 && data.size() >= 16) {
    const __m128i last = copy_block(at + data.size() - 16, to + data.size() - 16);
    odd = _mm_and_si128(last, _mm_cmplt_epi8(block_at(kMoves + 16 + odd_bytes), _mm_setzero_si128()));
  } else if (odd_bytes != 0) {
    uint8_t bytes[16] = {};
    std::memcpy(bytes + 16 - odd_bytes, at, odd_bytes);
    std::memcpy(to, bytes + 16 - odd_bytes, odd_bytes);
    odd = block_at(bytes);
  }
  const uint8_t* const end = at + (data.size() - odd_bytes);
  if (end - at >= 128) {  // four lanes, because a multiplication takes its time
    __m128i lane1 = copy_block(at + 16, to + 16);
    __m128i lane2 = copy_block(at + 32, to + 32);
    __m128i lane3 = copy_block(at + 48, to + 48);
    block = fold(block, copy_block(at, to));
    for (at += 64, to += 64; end - at >= 64; at += 64, to += 64) {
      block = fold(block, copy_block(at, to), kFourBlocks);
      lane1 = fold(lane1, copy_block(at + 16, to + 16), kFourBlocks);
      lane2 = fold(lane2, copy_block(at + 32, to + 32), kFourBlocks);
      lane3 = fold(lane3, copy_block(at + 48, to + 48), kFourBlocks);
    }
    block = fold(fold(fold(block, lane1), lane2), lane3);
  }
  for (; at != end; at += 16, to += 16) block = fold(block, copy_block(at, to));
  if (odd_bytes != 0) {
    // The last 16 bytes of the message are the last ones of `block`, then the odd ones; what of `block` lies in front of them goes ahead.
    const __m128i in_front = _mm_shuffle_epi8(block, block_at(kMoves + odd_bytes));
    block = fold(in_front, _mm_or_si128(_mm_shuffle_epi8(block, block_at(kMoves + 16 + odd_bytes)), odd));
  }
  return reduce(block);
}

}  // namespace firn::pclmul

#endif
