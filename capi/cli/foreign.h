// What `import` reads and `export` writes: entries with the name of their namespace, out of and into the directory of another engine. RocksDB's column
// families and LMDB's named databases are namespaces; LevelDB has one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace firn::cli {

struct ForeignEntry {
  std::string_view ns;  // empty: the default one
  std::string_view key;
  std::string_view value;
  int64_t expiry_ms = 0;  // Unix time; 0: never
};

class ForeignSource {
 public:
  virtual ~ForeignSource() = default;
  // The next entry, valid until the next call; false at the end. Throws Failure.
  virtual bool next(ForeignEntry& entry) = 0;
};

class ForeignTarget {
 public:
  virtual ~ForeignTarget() = default;
  // Entries come namespace by namespace, in the order of their keys. Throws Failure.
  virtual void put(const ForeignEntry& entry) = 0;
  virtual void finish() = 0;
};

struct ForeignEngine {
  const char* name;
  // nullptr: the library was not there when this firn was built.
  std::unique_ptr<ForeignSource> (*open_source)(const std::string& path);
  std::unique_ptr<ForeignTarget> (*open_target)(const std::string& path);
};

const std::vector<ForeignEngine>& foreign_engines();
// Throws Failure: unknown, or (FIRN_UNSUPPORTED) not built in.
const ForeignEngine& foreign_engine(std::string_view name);
// Which engine a directory belongs to, by the names of its files; empty: none of them.
std::string foreign_engine_of(const std::string& path);

// Lines of standard input as `dump` prints them.
std::unique_ptr<ForeignSource> open_dump_source();

std::unique_ptr<ForeignSource> open_leveldb_source(const std::string& path);
std::unique_ptr<ForeignTarget> open_leveldb_target(const std::string& path);
std::unique_ptr<ForeignSource> open_rocksdb_source(const std::string& path);
std::unique_ptr<ForeignTarget> open_rocksdb_target(const std::string& path);
std::unique_ptr<ForeignSource> open_lmdb_source(const std::string& path);
std::unique_ptr<ForeignTarget> open_lmdb_target(const std::string& path);

}  // namespace firn::cli
