// Duration: "1500ms", "10s", "5m", "2h", "7d" as milliseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace firn::cli {

// Throws Failure when the text is not a whole number above 0 with one of the units, or leaves the range.
int64_t duration_ms_of(std::string_view text);
// The largest two units: "2h 5m", "1.500s".
std::string readable_duration(int64_t ms);

}  // namespace firn::cli
