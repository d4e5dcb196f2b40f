// What every fuzz target is made of: FIRN_FUZZ_TARGET(name)(FuzzInput& input) { ... }, one a file <name>_fuzz.cc. Built for libFuzzer (FIRN_LIBFUZZER) it is the program's
// entry; else it is registered, and corpus_test.cc replays the committed corpus through it.
//
// What a target demands of the engine: it does not crash, and (P12) it never holds more than 64 bytes for each byte of input and 16 MiB. A target traps when it finds
// more that is wrong.
// Threading: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace firn {

// The input as a source of small numbers and pieces of bytes. What is not there is zero.
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : data_(data), size_(size), read_bytes_(size) {}

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  uint8_t byte();
  uint16_t u16();
  uint32_t u32();
  // Up to `max` bytes: their number is a byte, or two if max is above 255.
  std::string piece(size_t max);
  std::string rest();

  // The engine is given so many bytes besides the input itself.
  void also_reads(size_t bytes) { read_bytes_ += bytes; }
  size_t read_bytes() const { return read_bytes_; }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t read_bytes_;
};

using FuzzFunction = void (*)(FuzzInput&);

struct FuzzTarget {
  const char* name;
  FuzzFunction function;
};
// All that are linked.
std::vector<FuzzTarget>& fuzz_targets();
struct FuzzTargetRegistration {
  FuzzTargetRegistration(const char* name, FuzzFunction function) { fuzz_targets().push_back({name, function}); }
};

// One input through one target, under the bound on memory.
void run_fuzz_target(FuzzFunction function, const uint8_t* data, size_t size);

// What a target knows must hold. Ends the process, with the line, when it does not.
#define FIRN_DEMAND(condition) \
  if (!(condition)) ::firn::fuzz_demand_failed(#condition, __FILE__, __LINE__)
[[noreturn]] void fuzz_demand_failed(const char* condition, const char* file, int line);

}  // namespace firn

#ifdef FIRN_LIBFUZZER
#define FIRN_FUZZ_TARGET(target)                                            \
  static void fuzz_##target(firn::FuzzInput& input);                        \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);  \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    firn::run_fuzz_target(fuzz_##target, data, size);                       \
    return 0;                                                               \
  }                                                                         \
  static void fuzz_##target
#else
#define FIRN_FUZZ_TARGET(target)                                                              \
  static void fuzz_##target(firn::FuzzInput& input);                                          \
  static const firn::FuzzTargetRegistration registration_of_##target(#target, fuzz_##target); \
  static void fuzz_##target
#endif
