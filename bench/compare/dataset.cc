#include "compare/dataset.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace bench {
namespace {

constexpr uint64_t kScatterDomain = uint64_t{1} << 40;

constexpr size_t kTimeKeyBytes = 12;
constexpr uint64_t kTimeFirst = 1700000000000000;  // a day of 2023, in us
constexpr uint64_t kTimeStep = 512;

constexpr std::array<char, 200> digit_pairs() {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
constexpr auto kDigitPairs = digit_pairs();

// `number` as `size` decimal digits, with zeros in front.
void write_digits(uint64_t number, char* to, size_t size) {
  size_t place = size;
  while (place >= 2 && number != 0) {
    place -= 2;
    std::memcpy(to + place, &kDigitPairs[2 * (number % 100)], 2);
    number /= 100;
  }
  if (number != 0 && place == 1) to[--place] = static_cast<char>('0' + number % 10);
  std::memset(to, '0', place);
}

}  // namespace

const char* key_kind_name(KeyKind kind) {
  switch (kind) {
    case KeyKind::kDecimal:
      return "decimal";
    case KeyKind::kBinary:
      return "binary";
    case KeyKind::kUrl:
      return "url";
    case KeyKind::kTime:
      return "time";
  }
  return "";
}

Permutation::Permutation(uint64_t count, uint64_t seed) : count_(std::max<uint64_t>(count, 1)) {
  const unsigned bits = std::max(2u, static_cast<unsigned>(std::bit_width(count_ - 1)));
  right_bits_ = bits - bits / 2;
  left_mask_ = (uint64_t{1} << (bits / 2)) - 1;
  right_mask_ = (uint64_t{1} << right_bits_) - 1;
  for (auto& key : keys_) key = mix64(seed += 0x9e3779b97f4a7c15ULL);
}

Keys::Keys(KeyKind kind, size_t key_bytes, bool scattered, uint64_t count)
    : kind_(kind), key_bytes_(kind == KeyKind::kTime ? kTimeKeyBytes : key_bytes), scattered_(scattered), scatter_(kScatterDomain, 40) {
  if (kind == KeyKind::kUrl) urls_.emplace(2 * (scattered ? kScatterDomain : count));
}

size_t Keys::format(uint64_t number, char* to) const {
  switch (kind_) {
    case KeyKind::kBinary: {
      const uint64_t big_endian = __builtin_bswap64(number);
      std::memset(to, 0, key_bytes_ - 8);
      std::memcpy(to + key_bytes_ - 8, &big_endian, 8);
      return key_bytes_;
    }
    case KeyKind::kUrl: {
      const size_t prefix_bytes = urls_->make_prefix(number, to);
      write_digits(number, to + prefix_bytes, UrlKeys::kDigits);
      return prefix_bytes + UrlKeys::kDigits;
    }
    case KeyKind::kTime: {
      const uint64_t draw = mix64(number);
      const uint64_t time = __builtin_bswap64(kTimeFirst + number * kTimeStep + draw % kTimeStep);
      const uint32_t source = __builtin_bswap32(static_cast<uint32_t>(draw >> 58));
      std::memcpy(to, &time, 8);
      std::memcpy(to + 8, &source, 4);
      return key_bytes_;
    }
    case KeyKind::kDecimal:
      break;
  }
  write_digits(number, to, key_bytes_);
  return key_bytes_;
}

uint64_t Keys::index_of(std::string_view key) const {
  const size_t size_least = urls_ ? UrlKeys::kDigits : key_bytes_;
  if (scattered_ || key.size() < size_least) return ~uint64_t{0};
  uint64_t number = 0;
  if (kind_ == KeyKind::kBinary) {
    std::memcpy(&number, key.data() + key.size() - 8, 8);
    number = __builtin_bswap64(number);
  } else if (kind_ == KeyKind::kTime) {
    std::memcpy(&number, key.data(), 8);
    number = (__builtin_bswap64(number) - kTimeFirst) / kTimeStep;
  } else {
    for (const char digit : key.substr(key.size() - size_least)) number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  std::string expected(room(), '\0');
  expected.resize(format(number, expected.data()));
  return number % 2 == 0 && key == expected ? number / 2 : ~uint64_t{0};
}

uint64_t Keys::total_bytes(uint64_t count) const {
  if (!urls_) return count * key_bytes_;
  char key[UrlKeys::kBytesMax];
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < count; ++i) bytes += make(i, key);
  return bytes;
}

Values::Values(std::vector<uint32_t> sizes)
    : sizes_(std::move(sizes)), size_max_(*std::max_element(sizes_.begin(), sizes_.end())), pool_(kPlaces + size_max_) {
  uint64_t state = 301;
  for (auto& byte : pool_) byte = static_cast<char>(mix64(state += 0x9e3779b97f4a7c15ULL));
}

size_t Values::mean_bytes() const { return std::accumulate(sizes_.begin(), sizes_.end(), size_t{0}) / sizes_.size(); }

}  // namespace bench
