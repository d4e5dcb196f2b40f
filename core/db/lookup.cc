#include "db/lookup.h"

#include <algorithm>

#include "base/hash.h"
#include "lsm/read_view.h"

namespace firn {
namespace {

// So many keys are under way at once: enough to fill the processor's line buffers, few enough that the first line is still there when it is wanted.
constexpr size_t kGroupCount = 16;

}  // namespace

void look_up(const ReadView& view, Seq seq, uint64_t hash_seed, Lookup* lookups, size_t count, uint64_t* hashes) {
  const NamespaceCatalog& catalog = *view.catalog();
  InternalKey keys[kGroupCount];
  for (size_t from = 0; from < count; from += kGroupCount) {
    const size_t n = std::min(kGroupCount, count - from);
    Lookup* const group = lookups + from;
    uint64_t* const hash = hashes + from;
    for (size_t i = 0; i < n; i++) {
      keys[i] = {catalog.prefix_of(group[i].ns, seq), group[i].key};
      hash[i] = hash_key(hash_seed, keys[i]);
      view.prefetch(keys[i], hash[i]);
    }
    for (size_t i = 0; i < n; i++) view.prefetch_entry(keys[i], hash[i]);
    for (size_t i = 0; i < n; i++) {
      if (keys[i].prefix == kSystemPrefix) {
        group[i].code = Code::kInvalid;
        continue;
      }
      group[i].code = view.find(keys[i], hash[i], seq, &group[i].entry).code();
      if (group[i].code == Code::kOk && group[i].entry.kind == EntryKind::kDelete) group[i].code = Code::kNotFound;
    }
  }
}

}  // namespace firn
