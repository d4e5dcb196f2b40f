#include "db/lookup.h"

#include <array>

#include "base/hash.h"
#include "lsm/read_view.h"

namespace firn {
namespace {

// A key is looked up so many keys after its first lines were asked for, and the entries that those lines name are asked for so many keys after them: far
// enough for the memory to answer, near enough for the lines to be there still.
constexpr size_t kLineAheadCount = 16;
constexpr size_t kEntryAheadCount = 8;

}  // namespace

void look_up(const ReadView& view, Seq seq, uint64_t hash_seed, Lookup* lookups, size_t count, uint64_t* hashes) {
  struct UnderWay {
    InternalKey key;
    ReadView::Probe probe;
  };
  std::array<UnderWay, kLineAheadCount> ring;
  for (size_t at = 0; at < count + kLineAheadCount; at++) {
    UnderWay& place = ring[at % kLineAheadCount];
    if (const size_t i = at - kLineAheadCount; at >= kLineAheadCount) {
      Lookup& lookup = lookups[i];
      const bool is_known = place.key.prefix != kSystemPrefix;
      lookup.code = is_known ? view.find(place.key, hashes[i], seq, &place.probe, &lookup.entry).code() : Code::kInvalid;
      if (lookup.code == Code::kOk && lookup.entry.kind == EntryKind::kDelete) lookup.code = Code::kNotFound;
    }
    if (const size_t i = at - kEntryAheadCount; i < count) view.prefetch_entry(hashes[i], ring[i % kLineAheadCount].probe);
    if (at < count) {
      place.key = {view.catalog()->prefix_of(lookups[at].ns, seq), lookups[at].key};
      hashes[at] = hash_key(hash_seed, place.key);
      view.prefetch(place.key, hashes[at], &place.probe);
    }
  }
}

void count_lookups(DbStats::Calls::Line& calls, const Lookup* lookups, size_t count) {
  calls.add(DbStats::kGets, count);
  for (size_t i = 0; i < count; i++) count_answer(calls, lookups[i].code, lookups[i].entry);
}

}  // namespace firn
