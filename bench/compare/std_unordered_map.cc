#include <unordered_map>

#include "compare/std_maps.h"

namespace bench {
namespace {

struct TransparentHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using Map = std::unordered_map<std::string, std::string, TransparentHash, std::equal_to<>>;

const bool registered =
    register_engine({.name = "std_unordered_map",
                     .rank = 80,
                     .ordered = false,
                     .persistent = false,
                     .counters = true,
                     .version = "libstdc++",
                     .settings = "a limit: no disk; reserve(keys), one shared_mutex",
                     .open = [](const Setup& setup) { return std::make_unique<MapEngine<Map, std::shared_mutex>>(setup); }});

const bool registered_single =
    register_engine({.name = "std_unordered_map_single",
                     .rank = 82,
                     .ordered = false,
                     .persistent = false,
                     .threads = false,
                     .counters = true,
                     .version = "libstdc++",
                     .settings = "a limit for firn_single: no disk; reserve(keys), no lock, values copied out",
                     .open = [](const Setup& setup) { return std::make_unique<MapEngine<Map, NoMutex>>(setup); }});

}  // namespace
}  // namespace bench
