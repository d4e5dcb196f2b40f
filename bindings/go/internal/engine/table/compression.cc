#include "table/compression.h"

#if defined(FIRN_HAVE_LZ4)
#include <lz4.h>
#endif
#if defined(FIRN_HAVE_ZSTD)
#include <zstd.h>
#endif

namespace firn {
namespace {

#if defined(FIRN_HAVE_LZ4)
size_t lz4_compress(Slice from, uint8_t* to) {
  const int bytes = LZ4_compress_default(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(to),
                                         static_cast<int>(from.size()), static_cast<int>(from.size()) - 1);
  return bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

Code lz4_decompress(Slice from, uint8_t* to, size_t bytes) {
  const int got = LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(to),
                                      static_cast<int>(from.size()), static_cast<int>(bytes));
  return got >= 0 && static_cast<size_t>(got) == bytes ? Code::kOk : Code::kCorrupt;
}
#endif

#if defined(FIRN_HAVE_ZSTD)
constexpr int kZstdLevel = 1;

size_t zstd_compress(void* context, Slice from, uint8_t* to) {
  if (context == nullptr) return 0;  // no memory for it: the chunk is stored as it is
  const size_t bytes = ZSTD_compressCCtx(static_cast<ZSTD_CCtx*>(context), to, from.size() - 1, from.data(), from.size(), kZstdLevel);
  return ZSTD_isError(bytes) ? 0 : bytes;
}

Code zstd_decompress(Slice from, uint8_t* to, size_t bytes) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  if (context == nullptr) return Code::kNoMemory;
  const size_t got = ZSTD_decompressDCtx(context, to, bytes, from.data(), from.size());
  ZSTD_freeDCtx(context);
  return !ZSTD_isError(got) && got == bytes ? Code::kOk : Code::kCorrupt;
}
#endif

}  // namespace

bool compression_is_built_in(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return true;
    case Compression::kLz4:
#if defined(FIRN_HAVE_LZ4)
      return true;
#else
      return false;
#endif
    case Compression::kZstd:
#if defined(FIRN_HAVE_ZSTD)
      return true;
#else
      return false;
#endif
  }
  return false;
}

Compressor::Compressor(Compression compression) : compression_(compression) {
#if defined(FIRN_HAVE_ZSTD)
  if (compression_ == Compression::kZstd) context_ = ZSTD_createCCtx();
#endif
}

Compressor::~Compressor() {
#if defined(FIRN_HAVE_ZSTD)
  ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(context_));
#endif
}

size_t Compressor::compress([[maybe_unused]] Slice from, [[maybe_unused]] uint8_t* to) {
#if defined(FIRN_HAVE_LZ4)
  if (compression_ == Compression::kLz4) return lz4_compress(from, to);
#endif
#if defined(FIRN_HAVE_ZSTD)
  if (compression_ == Compression::kZstd) return zstd_compress(context_, from, to);
#endif
  return 0;
}

Code decompress(Compression compression, [[maybe_unused]] Slice from, [[maybe_unused]] uint8_t* to, [[maybe_unused]] size_t bytes) {
#if defined(FIRN_HAVE_LZ4)
  if (compression == Compression::kLz4) return lz4_decompress(from, to, bytes);
#endif
#if defined(FIRN_HAVE_ZSTD)
  if (compression == Compression::kZstd) return zstd_decompress(from, to, bytes);
#endif
  static_cast<void>(compression);
  return Code::kUnsupported;
}

}  // namespace firn
