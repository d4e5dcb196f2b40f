#include <map>

#include "compare/std_maps.h"

namespace bench {
namespace {

using Map = std::map<std::string, std::string, std::less<>>;

const bool registered =
    register_engine({.name = "std_map",
                     .rank = 81,
                     .persistent = false,
                     .counters = true,
                     .version = "libstdc++",
                     .settings = "a limit: no disk; one shared_mutex",
                     .open = [](const Setup& setup) { return std::make_unique<MapEngine<Map, std::shared_mutex>>(setup); }});

}  // namespace
}  // namespace bench
