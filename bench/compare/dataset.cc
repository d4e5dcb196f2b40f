#include "compare/dataset.h"

#include <algorithm>
#include <array>

namespace bench {
namespace {

constexpr uint64_t kScatterDomain = uint64_t{1} << 40;

constexpr std::array<char, 200> digit_pairs() {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
constexpr auto kDigitPairs = digit_pairs();

}  // namespace

Permutation::Permutation(uint64_t count, uint64_t seed) : count_(std::max<uint64_t>(count, 1)) {
  const unsigned bits = std::max(2u, static_cast<unsigned>(std::bit_width(count_ - 1)));
  right_bits_ = bits - bits / 2;
  left_mask_ = (uint64_t{1} << (bits / 2)) - 1;
  right_mask_ = (uint64_t{1} << right_bits_) - 1;
  for (auto& key : keys_) key = mix64(seed += 0x9e3779b97f4a7c15ULL);
}

Keys::Keys(KeyKind kind, size_t key_bytes, bool scattered)
    : kind_(kind), key_bytes_(key_bytes), scattered_(scattered), scatter_(kScatterDomain, 40) {}

void Keys::format(uint64_t number, char* to) const {
  if (kind_ == KeyKind::kBinary) {
    const uint64_t big_endian = __builtin_bswap64(number);
    std::memset(to, 0, key_bytes_ - 8);
    std::memcpy(to + key_bytes_ - 8, &big_endian, 8);
    return;
  }
  size_t place = key_bytes_;
  while (place >= 2 && number != 0) {
    place -= 2;
    std::memcpy(to + place, &kDigitPairs[2 * (number % 100)], 2);
    number /= 100;
  }
  if (number != 0 && place == 1) to[--place] = static_cast<char>('0' + number % 10);
  std::memset(to, '0', place);
}

uint64_t Keys::index_of(std::string_view key) const {
  if (scattered_ || key.size() != key_bytes_) return ~uint64_t{0};
  uint64_t number = 0;
  if (kind_ == KeyKind::kBinary) {
    std::memcpy(&number, key.data() + key_bytes_ - 8, 8);
    number = __builtin_bswap64(number);
  } else {
    for (const char digit : key) number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  return number % 2 == 0 ? number / 2 : ~uint64_t{0};
}

Values::Values(size_t value_bytes) : value_bytes_(value_bytes), pool_(kPlaces + value_bytes) {
  uint64_t state = 301;
  for (auto& byte : pool_) byte = static_cast<char>(mix64(state += 0x9e3779b97f4a7c15ULL));
}

}  // namespace bench
