// DiskImage: what a disk holds at one moment: directories, and files by path. Images share the contents that they have in common, so a crash image
// costs what differs in it.
// Threading: values; contents are never changed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace firn {

uint64_t hash_bytes(std::string_view bytes, uint64_t seed = 0);

// Immutable bytes of a file, with their hash.
struct Content {
  explicit Content(std::string content) : bytes(std::move(content)), hash(hash_bytes(bytes)) {}
  const std::string bytes;
  const uint64_t hash;
};
using ContentRef = std::shared_ptr<const Content>;

struct DiskImage {
  std::set<std::string> directories;  // "/db", "/db/wal"; the root is always there
  std::map<std::string, ContentRef> files;

  uint64_t hash() const;
  // One line a file: path, length, hash. For messages.
  std::string listing() const;
};

}  // namespace firn
