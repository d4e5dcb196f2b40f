#include "duration.h"

#include <charconv>
#include <cstdio>

#include "failure.h"

namespace firn::cli {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

}  // namespace

int64_t duration_ms_of(std::string_view text) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view name = text.substr(static_cast<size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    int64_t ms = 0;
    if (error == std::errc() && name == unit.name && count > 0 && !__builtin_mul_overflow(count, unit.ms, &ms)) return ms;
  }
  throw usage_failure("'" + std::string(text) + "' is not a time: a whole number and one of ms, s, m, h, d");
}

std::string readable_duration(int64_t ms) {
  char text[64];
  if (ms < 60'000) {
    std::snprintf(text, sizeof text, "%lld.%03llds", static_cast<long long>(ms / 1000), static_cast<long long>(ms % 1000));
  } else if (ms < 3'600'000) {
    std::snprintf(text, sizeof text, "%lldm %llds", static_cast<long long>(ms / 60'000), static_cast<long long>(ms / 1000 % 60));
  } else if (ms < 86'400'000) {
    std::snprintf(text, sizeof text, "%lldh %lldm", static_cast<long long>(ms / 3'600'000), static_cast<long long>(ms / 60'000 % 60));
  } else {
    std::snprintf(text, sizeof text, "%lldd %lldh", static_cast<long long>(ms / 86'400'000), static_cast<long long>(ms / 3'600'000 % 24));
  }
  return text;
}

}  // namespace firn::cli
