#include "crashfs/disk_image.h"

#define XXH_INLINE_ALL
#include "core/base/xxhash.h"

namespace firn {

uint64_t hash_bytes(std::string_view bytes, uint64_t seed) { return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed); }

uint64_t DiskImage::hash() const {
  uint64_t hash = 0;
  for (const std::string& directory : directories) hash = hash_bytes(directory, hash + 1);
  for (const auto& [path, content] : files) hash = hash_bytes(path, hash ^ content->hash);
  return hash;
}

std::string DiskImage::listing() const {
  std::string text;
  for (const std::string& directory : directories) text += directory + "/\n";
  for (const auto& [path, content] : files) {
    text += path + " " + std::to_string(content->bytes.size()) + " bytes, " + std::to_string(content->hash) + "\n";
  }
  return text;
}

}  // namespace firn
