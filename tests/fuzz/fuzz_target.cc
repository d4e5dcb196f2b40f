#include "fuzz/fuzz_target.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/coding.h"
#include "fuzz/memory_peak.h"

namespace firn {
namespace {

constexpr size_t kBytesPerInputByte = 64;
constexpr size_t kBytesAnyway = size_t{16} << 20;

}  // namespace

uint8_t FuzzInput::byte() {
  if (size_ == 0) return 0;
  size_--;
  return *data_++;
}

uint16_t FuzzInput::u16() {
  const unsigned low = byte();
  return static_cast<uint16_t>(low | unsigned{byte()} << 8);
}

uint32_t FuzzInput::u32() {
  const uint32_t low = u16();
  return low | uint32_t{u16()} << 16;
}

std::string FuzzInput::piece(size_t max) {
  const size_t wanted = max > 255 ? u16() : byte();
  const size_t bytes = std::min(size_, wanted % (max + 1));
  std::string text(reinterpret_cast<const char*>(data_), bytes);
  data_ += bytes;
  size_ -= bytes;
  return text;
}

std::string FuzzInput::rest() {
  std::string text(reinterpret_cast<const char*>(data_), size_);
  data_ += size_;
  size_ = 0;
  return text;
}

std::vector<FuzzTarget>& fuzz_targets() {
  static std::vector<FuzzTarget> targets;
  return targets;
}

void run_fuzz_target(FuzzFunction function, const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const MemoryPeak peak;
  function(input);
  if (peak.bytes() <= kBytesPerInputByte * input.read_bytes() + kBytesAnyway) return;
  std::fprintf(stderr, "P12: %zu bytes of input took %zu bytes of memory\n", input.read_bytes(), peak.bytes());
  FIRN_DEMAND(false);
}

void fuzz_demand_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: a fuzz target demands: %s\n", file, line, condition);
  std::abort();
}

}  // namespace firn
