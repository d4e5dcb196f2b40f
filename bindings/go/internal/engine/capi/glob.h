// Glob: a compiled pattern over key bytes. '*' any run of bytes ('/' too), '?' one byte, '[a-z09]' one byte of a class, '\' takes the next
// byte as it is, also in a class. A class is not empty and does not begin with '^' or '!' (kept for a negation that may come).
// Threading: immutable after compile.
#pragma once

#include <bitset>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/slice.h"

namespace firn {

class Glob {
 public:
  // kInvalid: a class or an escape that does not end, an empty or negated class, a range that runs backwards.
  static Result<Glob> compile(Slice pattern);

  bool matches(Slice key) const;
  // What every match begins with.
  const std::string& literal_prefix() const { return literal_prefix_; }

 private:
  enum class Kind : uint8_t { kByte, kAnyByte, kAnyRun, kClass };
  struct Token {
    Kind kind;
    uint8_t byte = 0;          // kByte
    uint32_t class_index = 0;  // kClass
  };
  using ByteSet = std::bitset<256>;

  static bool compile_class(Slice pattern, size_t* at, ByteSet* set);
  bool accepts(const Token& token, uint8_t byte) const;

  std::vector<Token> tokens_;
  std::vector<ByteSet> classes_;
  std::string literal_prefix_;
};

}  // namespace firn
