// The key hash: XXH3 (xxhash.h, BSD 2-clause, kept as it came), seeded per database so that hostile keys cannot pile up in
// one bucket. Computed once an operation; memtable and tables use different bits of it. It is on disk (hash indexes of tables).
#pragma once

#include <cstdint>

#include "base/internal_key.h"

namespace firn {

uint64_t hash_key(uint64_t seed, const InternalKey& key);

}  // namespace firn
