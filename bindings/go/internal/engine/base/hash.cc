#include "base/hash.h"

#define XXH_INLINE_ALL
#include "base/xxhash.h"

namespace firn {

uint64_t hash_key(uint64_t seed, const InternalKey& key) {
  // The prefix goes into the seed: the user's bytes are hashed where they lie, without a copy.
  return XXH3_64bits_withSeed(key.user.data(), key.user.size(), seed ^ (uint64_t{key.prefix} * 0x9e3779b97f4a7c15ull));
}

}  // namespace firn
