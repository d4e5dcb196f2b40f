// Words of a command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bench {

std::vector<std::string> split(const std::string& text);  // at commas
// The whole text as a number in [low, high].
std::optional<double> parse_number(const char* text, double low, double high);

}  // namespace bench
