#include "foreign.h"

#include <filesystem>

#include "failure.h"

namespace firn::cli {
namespace {

std::string names_of_engines() {
  std::string names;
  for (const ForeignEngine& engine : foreign_engines()) names += (names.empty() ? "" : ", ") + std::string(engine.name);
  return names;
}

}  // namespace

const std::vector<ForeignEngine>& foreign_engines() {
  static const std::vector<ForeignEngine> engines = {
#if defined(FIRN_CLI_LEVELDB)
    {"leveldb", open_leveldb_source, open_leveldb_target},
#else
    {"leveldb", nullptr, nullptr},
#endif
#if defined(FIRN_CLI_ROCKSDB)
    {"rocksdb", open_rocksdb_source, open_rocksdb_target},
#else
    {"rocksdb", nullptr, nullptr},
#endif
#if defined(FIRN_CLI_LMDB)
    {"lmdb", open_lmdb_source, open_lmdb_target},
#else
    {"lmdb", nullptr, nullptr},
#endif
  };
  return engines;
}

const ForeignEngine& foreign_engine(std::string_view name) {
  for (const ForeignEngine& engine : foreign_engines()) {
    if (name != engine.name) continue;
    if (engine.open_source != nullptr) return engine;
    throw Failure{FIRN_UNSUPPORTED,
                  "this firn was built without " + std::string(name) + ": install its development package and build again (CMake option " +
                      "FIRN_CLI_WITH_" +
                      (name == "leveldb"   ? "LEVELDB"
                       : name == "rocksdb" ? "ROCKSDB"
                                           : "LMDB") +
                      "=ON)",
                  {}};
  }
  throw usage_failure("'" + std::string(name) + "' is none of " + names_of_engines());
}

std::string foreign_engine_of(const std::string& path) {
  std::error_code error;
  bool has_current = false;
  bool has_options = false;
  for (const auto& file : std::filesystem::directory_iterator(path, error)) {
    const std::string name = file.path().filename().string();
    if (name == "data.mdb") return "lmdb";
    has_current |= name == "CURRENT";
    has_options |= name.starts_with("OPTIONS-");
  }
  if (!has_current) return {};
  return has_options ? "rocksdb" : "leveldb";
}

}  // namespace firn::cli
