// The list of the engines that were built in.
#include "compare/engine.h"

#include <algorithm>

namespace bench {
namespace {

std::vector<EngineInfo>& registry() {
  static std::vector<EngineInfo> list;
  return list;
}

}  // namespace

bool register_engine(EngineInfo info) {
  auto& list = registry();
  const auto place = std::upper_bound(list.begin(), list.end(), info, [](const auto& a, const auto& b) { return a.rank < b.rank; });
  list.insert(place, std::move(info));
  return true;
}

const std::vector<EngineInfo>& engines() { return registry(); }

const EngineInfo* find_engine(std::string_view name) {
  for (const auto& info : registry())
    if (info.name == name) return &info;
  return nullptr;
}

}  // namespace bench
