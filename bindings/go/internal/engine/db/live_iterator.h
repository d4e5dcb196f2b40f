// LiveIterator: the keys of one namespace as a user sees them: without tombstones and expired entries, within the namespace's prefix. Seeks take keys with
// that prefix. `hash_seed` is the database's; what is sought and what advance() passes is counted in `calls`.
// Threading: one thread at a time.
#pragma once

#include <memory>

#include "base/iterator.h"
#include "db/db_stats.h"

namespace firn {

std::unique_ptr<Iterator> new_live_iterator(std::unique_ptr<Iterator> all, Prefix prefix, int64_t now_ms, uint64_t hash_seed,
                                            DbStats::Calls& calls);

}  // namespace firn
