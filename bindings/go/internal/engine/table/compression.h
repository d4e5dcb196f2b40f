// Compression of chunks: LZ4 and Zstandard, each when the build has its library. A chunk is compressed on its own.
// Threading: a Compressor has one user at a time; decompress() may be called from any thread.
#pragma once

#include "base/slice.h"
#include "table/table.h"

namespace firn {

class Compressor {
 public:
  explicit Compressor(Compression compression);  // built in, or kNone
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Writes fewer than from.size() bytes to `to`, which has room for from.size(), and returns how many; 0 when they would not be fewer
  // (the chunk is then stored as it is).
  size_t compress(Slice from, uint8_t* to);

 private:
  const Compression compression_;
  void* context_ = nullptr;  // of zstd
};

// Writes exactly `bytes` bytes to `to`, never more. kCorrupt: not a compressed form of so many bytes. kNoMemory.
Code decompress(Compression compression, Slice from, uint8_t* to, size_t bytes);

}  // namespace firn
