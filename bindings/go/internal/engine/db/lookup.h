// Lookup: a key that is looked up together with others, so that their cache misses overlap.
// Threading: look_up() any thread; the view is pinned by the caller.
#pragma once

#include "base/internal_key.h"
#include "base/status.h"

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

}  // namespace firn
