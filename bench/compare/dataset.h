// Keys and values as functions of an index, so that every answer can be verified without a second store.
//
// A key is the number 2 * index (2 * index + 1 is never stored: a miss between two hits): `key_bytes` long, as zero-padded decimal digits or, with
// KeyKind::kBinary, big-endian with leading zeros; with KeyKind::kUrl as a URL of another length each (url_keys.h); with KeyKind::kTime
// 12 bytes: microseconds since 1970, big-endian, and one of 64 sources. Keys sort as their numbers do.
// `scattered` keys hash the index first, as YCSB does, so that growth is random, too.
// A value begins with a header of 8 bytes (a hash of index and generation, the generation in its low byte), then bytes of a random
// pool from a place that the header gives; so is its length, where lengths differ. Whoever has index and value can say whether they belong together.
// The pool stays in the L1 cache; key order comes from a Feistel permutation, not from a shuffled array that would fill the L2 cache.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/url_keys.h"

namespace bench {

inline uint64_t mix64(uint64_t x) {
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
  return x ^ (x >> 32);
}

// A bijection of [0, count), chosen by the seed.
class Permutation {
 public:
  Permutation(uint64_t count, uint64_t seed);
  uint64_t operator()(uint64_t index) const {
    do index = rounds(index);
    while (index >= count_);
    return index;
  }

 private:
  uint64_t rounds(uint64_t x) const {
    uint64_t left = x >> right_bits_, right = x & right_mask_;
    for (int i = 0; i < 4; i += 2) {
      left ^= (((right + keys_[i]) * 0x9e3779b97f4a7c15ULL) >> 29) & left_mask_;
      right ^= (((left + keys_[i + 1]) * 0xc2b2ae3d27d4eb4fULL) >> 29) & right_mask_;
    }
    return left << right_bits_ | right;
  }
  uint64_t count_;
  unsigned right_bits_;
  uint64_t left_mask_, right_mask_;
  uint64_t keys_[4];
};

enum class KeyKind { kDecimal, kBinary, kUrl, kTime };
const char* key_kind_name(KeyKind kind);

class Keys {
 public:
  // `count`: the indexes below it are spread over all hosts of kUrl; `key_bytes`: of kDecimal and kBinary.
  Keys(KeyKind kind, size_t key_bytes, bool scattered, uint64_t count);
  // What make() may write to, at most; a key is shorter with kUrl.
  size_t room() const { return urls_ ? UrlKeys::kBytesMax : key_bytes_; }
  bool scattered() const { return scattered_; }
  // Writes the key of `index` to `to`, which has room(), and returns its length.
  size_t make(uint64_t index, char* to) const { return format(number(index) * 2, to); }
  // A key that is never stored, next to the one of `index`.
  size_t make_missing(uint64_t index, char* to) const { return format(number(index) * 2 + 1, to); }
  // Of the keys of indexes [0, count), all together.
  uint64_t total_bytes(uint64_t count) const;
  // The index of a stored key; ~0 when it is not one, or when keys are scattered.
  uint64_t index_of(std::string_view key) const;
  // The last 8 bytes as a number: what sums of keys are made of.
  static uint64_t tail(const char* key, size_t size) {
    uint64_t word = 0;
    if (size >= 8) std::memcpy(&word, key + size - 8, 8);
    return word;
  }

 private:
  uint64_t number(uint64_t index) const { return scattered_ ? scatter_(index) : index; }
  size_t format(uint64_t number, char* to) const;
  KeyKind kind_;
  size_t key_bytes_;
  bool scattered_;
  Permutation scatter_;
  std::optional<UrlKeys> urls_;
};

class Values {
 public:
  static constexpr size_t kValueBytesMin = 16;
  // A power of two of lengths, each as likely as the other.
  explicit Values(std::vector<uint32_t> sizes);
  size_t room() const { return size_max_; }
  size_t mean_bytes() const;
  static uint64_t header(uint64_t index, uint8_t generation) { return (mix64(index * 257 + generation + 1) << 8) | generation; }
  // Writes the value to `to`, which has room(), and returns its length.
  size_t make(uint64_t index, uint8_t generation, char* to) const {
    const uint64_t head = header(index, generation);
    const size_t size = size_of(head);
    std::memcpy(to, &head, 8);
    std::memcpy(to + 8, body(head), size - 8);
    return size;
  }
  // Length, header and the last 8 bytes: touches the first and the last line, as a user of the value would. Any generation.
  bool matches(uint64_t index, const char* data, size_t size) const {
    if (size < kValueBytesMin) return false;
    uint64_t head = 0;
    std::memcpy(&head, data, 8);
    return head == header(index, static_cast<uint8_t>(head)) && size == size_of(head) &&
           std::memcmp(data + size - 8, body(head) + size - 16, 8) == 0;
  }
  // Every byte.
  bool matches_fully(uint64_t index, const char* data, size_t size) const {
    if (!matches(index, data, size)) return false;
    uint64_t head = 0;
    std::memcpy(&head, data, 8);
    return std::memcmp(data + 8, body(head), size - 8) == 0;
  }

 private:
  static constexpr size_t kPlaces = 4096;
  const char* body(uint64_t head) const { return pool_.data() + ((head >> 8) % kPlaces); }
  size_t size_of(uint64_t head) const { return sizes_[(head >> 40) & (sizes_.size() - 1)]; }
  std::vector<uint32_t> sizes_;
  size_t size_max_;
  std::vector<char> pool_;
};

}  // namespace bench
