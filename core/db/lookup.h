// Lookup: a key that is looked up together with others, so that their cache misses overlap.
// Threading: look_up() any thread; the view is pinned by the caller.
#pragma once

#include "base/internal_key.h"
#include "base/status.h"
#include "db/db_stats.h"

namespace firn {

class ReadView;

struct Lookup {
  uint32_t ns = 0;
  Slice key;
  Code code = Code::kOk;  // out: kOk, kNotFound, kInvalid (namespace), ...
  Entry entry;            // out: valid as long as the view
};

// Fills in code and entry of each, and the hashes of the keys. An expired entry is an entry; tombstones are kNotFound.
void look_up(const ReadView& view, Seq seq, uint64_t hash_seed, Lookup* lookups, size_t count, uint64_t* hashes);

// Counts a look-up that has ended, but for itself (kGets).
inline void count_answer(DbStats::Calls::Line& calls, Code code, const Entry& entry) {
  if (code == Code::kOk) [[likely]] {
    calls.add(DbStats::kGetBytes, entry.value.size());
  } else if (code == Code::kNotFound) {
    calls.add(DbStats::kGetMisses, 1);
  }
}
void count_lookups(DbStats::Calls::Line& calls, const Lookup* lookups, size_t count);

}  // namespace firn
