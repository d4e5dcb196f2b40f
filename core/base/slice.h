// Slice: a borrowed run of bytes. It owns nothing; the bytes outlive it by the caller's care.
// Threading: a value type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace firn {

class Slice {
 public:
  constexpr Slice() = default;
  constexpr Slice(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  explicit Slice(std::string_view text) : data_(reinterpret_cast<const uint8_t*>(text.data())), size_(text.size()) {}

  constexpr const uint8_t* data() const { return data_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const uint8_t* begin() const { return data_; }
  constexpr const uint8_t* end() const { return data_ + size_; }
  constexpr uint8_t operator[](size_t i) const { return data_[i]; }

  Slice first(size_t n) const { return {data_, std::min(n, size_)}; }
  Slice without_first(size_t n) const { return n >= size_ ? Slice(end(), 0) : Slice(data_ + n, size_ - n); }

  std::string to_string() const { return {reinterpret_cast<const char*>(data_), size_}; }

  // Bytewise order, the only order that Firn knows: < 0, 0 or > 0.
  int compare(Slice other) const {
    const size_t shared = std::min(size_, other.size_);
    // Most keys are short and differ early: two words without a call.
    size_t equal = 0;
    for (; equal < 16 && equal + 8 <= shared; equal += 8) {
      const uint64_t a = word_at(equal);
      const uint64_t b = other.word_at(equal);
      if (a != b) return a < b ? -1 : 1;
    }
    const int order = shared == equal ? 0 : std::memcmp(data_ + equal, other.data_ + equal, shared - equal);
    if (order != 0) return order;
    return size_ < other.size_ ? -1 : (size_ > other.size_ ? 1 : 0);
  }
  bool starts_with(Slice prefix) const {
    return size_ >= prefix.size_ && (prefix.size_ == 0 || std::memcmp(data_, prefix.data_, prefix.size_) == 0);
  }

  friend bool operator==(Slice a, Slice b) {
    if (a.size_ != b.size_) return false;
    // Most keys have 8 to 16 bytes: two words, which may overlap, without a call.
    if (a.size_ - 8 <= 8) return ((a.word_at(0) ^ b.word_at(0)) | (a.word_at(a.size_ - 8) ^ b.word_at(a.size_ - 8))) == 0;
    return a.size_ == 0 || std::memcmp(a.data_, b.data_, a.size_) == 0;
  }
  friend bool operator<(Slice a, Slice b) { return a.compare(b) < 0; }

 private:
  uint64_t word_at(size_t offset) const {
    uint64_t word;
    std::memcpy(&word, data_ + offset, sizeof word);
    return __builtin_bswap64(word);
  }

  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace firn
