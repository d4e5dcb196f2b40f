// What the earlier systems took, as shared/seeds.md tells it: the bases of all ratios.
#pragma once

#include <string_view>

namespace bench {

// performance.md, section 4: each row at least three times as fast as its re-measured figure.
inline constexpr double kAsked = 3;

// seeds.md, 5.4: what a seed spent on formatting a key in the timed loop.
inline constexpr double kFormattingNs = 70;

// Times in ns an operation; 0: seeds.md has none.
struct Figure {
  const char* row;
  double published_ns;
  double remeasured_ns;
  double base_ns;             // what Firn is compared with; 0: nothing that would be valid
  const char* base;           // which figure that is
  double checksummed_ns = 0;  // re-measured with a checksum, where the others are without: has to be beaten too
  const char* note = "";
  double syncs = 0;  // of one operation, where syncs and not times are compared: times of syncs hold for one machine only
};

// Null when the row has no figure.
const Figure* find_figure(std::string_view row);

}  // namespace bench
