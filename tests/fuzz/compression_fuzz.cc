// Any bytes as a compressed chunk: exactly the bytes that were asked for are written, or it is corrupt; and what was compressed comes back.
#include <memory>

#include "fuzz/fuzz_target.h"
#include "table/compression.h"

using namespace firn;

FIRN_FUZZ_TARGET(compression)(FuzzInput& input) {
  const Compression compression = input.byte() % 2 == 0 ? Compression::kLz4 : Compression::kZstd;
  if (!compression_is_built_in(compression)) return;
  const size_t bytes = input.u16();
  const std::string packed = input.rest();
  if (bytes == 0 || packed.empty()) return;
  const auto unpacked = std::make_unique<uint8_t[]>(bytes);
  (void)decompress(compression, Slice(packed), unpacked.get(), bytes);
  const auto again = std::make_unique<uint8_t[]>(packed.size());
  const size_t packed_bytes = Compressor(compression).compress(Slice(packed), again.get());
  if (packed_bytes == 0) return;
  std::string back(packed.size(), '\0');
  FIRN_DEMAND(decompress(compression, Slice(again.get(), packed_bytes), reinterpret_cast<uint8_t*>(back.data()), back.size()) == Code::kOk);
  FIRN_DEMAND(back == packed);
}
