// Keys that look like URLs: scheme, host, three path segments, 13 digits. Numbers below `domain` become 40 to 119 bytes, in the numbers' order.
//
// 256 hosts share the domain as a zipfian law says (the largest has 14 % of the keys, most have less than 0.2 %), in alphabetical order; below a host
// sections, topics and titles follow each other alphabetically as well. So neighbours share all but the last digits, and any two keys of a host most of a line.
// A key is copied together from parts in the L1 cache: no division, no loop over characters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class UrlKeys {
 public:
  static constexpr size_t kBytesMax = 119;
  static constexpr size_t kDigits = 13;
  explicit UrlKeys(uint64_t domain);
  // Writes all but the last kDigits bytes to `to`, which has kBytesMax, and may write behind them; returns their count. Numbers from the domain's end on are the last host's last title's.
  size_t make_prefix(uint64_t number, char* to) const {
    const unsigned __int128 scaled = static_cast<unsigned __int128>(number) * scale_;
    const uint64_t place = (scaled >> 64) != 0 ? ~uint64_t{0} : static_cast<uint64_t>(scaled);
    const Host& host = hosts_[host_of_slot_[place >> (64 - kSlotBits)]];
    const auto within = static_cast<uint64_t>((static_cast<unsigned __int128>(place - host.first) * host.scale) >> 32);  // of 2^64
    char* end = append(host.text, to);
    end = append(sections_[within >> 59], end);
    end = append(topics_[(within >> 54) & 31], end);
    end = append(titles_[(within >> 49) & 31], end);
    return static_cast<size_t>(end - to);
  }

 private:
  static constexpr size_t kPartRoom = 48;
  static constexpr unsigned kSlotBits = 11;
  struct Part {
    char bytes[kPartRoom - 1];
    uint8_t size;
  };
  struct Host {
    Part text;
    uint64_t first;  // in 2^-64 of the domain
    uint64_t scale;  // 2^32 over its share of the domain
  };
  static Part part(const std::string& text);
  static char* append(const Part& part, char* to) {
    std::memcpy(to, part.bytes, kPartRoom - 1);
    return to + part.size;
  }
  static std::array<Part, 32> sorted_parts(std::vector<std::string> words);
  uint64_t scale_;  // 2^64 over the domain
  std::array<uint8_t, 1 << kSlotBits> host_of_slot_;
  std::vector<Host> hosts_;
  std::array<Part, 32> sections_, topics_, titles_;
};

}  // namespace bench
