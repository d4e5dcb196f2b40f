#include "base/newer_format.h"

#include <algorithm>
#include <cstdio>

namespace firn {

Status newer_format(std::string_view what, uint32_t version, uint32_t version_max, std::string_view file, uint64_t offset) {
  char text[256];
  const int n =
      std::snprintf(text, sizeof text, "%.*s has version %u of its format, and this Firn reads versions up to %u: open it with a newer one",
                    static_cast<int>(what.size()), what.data(), version, version_max);
  return {Code::kNewerFormat, std::string_view(text, std::min(static_cast<size_t>(n), sizeof text - 1)), file, offset};
}

}  // namespace firn
