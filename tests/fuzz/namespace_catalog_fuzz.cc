// Any entries under the system prefix are loaded as the catalog of namespaces. What is taken can be used and changed, and what a change commits is loaded again to the same
// catalog; ids as high as they may be cost no more memory than the names.
#include <map>

#include "fuzz/fuzz_target.h"
#include "lsm/namespace_catalog.h"

namespace {

using namespace firn;

using Entries = std::map<std::string, std::string>;

class SystemEntries final : public Iterator {
 public:
  explicit SystemEntries(const Entries& entries) : entries_(entries) {}

  void seek_to_first() override { show(entries_.begin()); }
  void seek_to_last() override { show(entries_.empty() ? entries_.end() : std::prev(entries_.end())); }
  void seek(const InternalKey& key) override { show(entries_.lower_bound(key.user.to_string())); }
  void next() override { show(std::next(at_)); }
  void prev() override { show(at_ == entries_.begin() ? entries_.end() : std::prev(at_)); }

 private:
  void show(Entries::const_iterator at) {
    at_ = at;
    valid_ = at != entries_.end();
    if (!valid_) return;
    own_.key = {kSystemPrefix, Slice(std::string_view(at->first))};
    own_.value = Slice(std::string_view(at->second));
    entry_ = &own_;
  }

  const Entries& entries_;
  Entries::const_iterator at_;
  Entry own_;
};

void commit(const NamespaceCatalog::Change& change, Entries* entries) {
  for (const auto& [key, value] : change.entries) {
    if (value)
      (*entries)[key] = *value;
    else
      entries->erase(key);
  }
}

// The entries have become those of `catalog`.
void demand_loads_as(const NamespaceCatalog& catalog, const Entries& entries) {
  SystemEntries iterator(entries);
  const auto loaded = NamespaceCatalog::load(iterator);
  FIRN_DEMAND(loaded.ok());
  FIRN_DEMAND((*loaded)->names() == catalog.names());
  FIRN_DEMAND((*loaded)->prefix_of(0, kSeqMax) == catalog.prefix_of(0, kSeqMax));
  for (const auto& [name, id] : catalog.names()) FIRN_DEMAND((*loaded)->prefix_of(id, kSeqMax) == catalog.prefix_of(id, kSeqMax));
}

void look(const NamespaceCatalog& catalog) {
  for (const auto& [name, id] : catalog.names()) {
    const Prefix prefix = catalog.prefix_of(id, kSeqMax);
    FIRN_DEMAND(prefix != kSystemPrefix && catalog.is_live(prefix));
    FIRN_DEMAND(catalog.id_of(prefix).has_value());
    if (id < UINT32_MAX) (void)catalog.prefix_of(id + 1, kSeqMax);
  }
  FIRN_DEMAND(catalog.prefix_of(UINT32_MAX, kSeqMax) == kSystemPrefix);
  (void)catalog.are_live(0, UINT32_MAX);
}

}  // namespace

FIRN_FUZZ_TARGET(namespace_catalog)(FuzzInput& input) {
  const uint8_t action = input.byte();
  Entries entries;
  while (!input.empty()) {
    std::string key = input.piece(32);
    entries[std::move(key)] = input.piece(16);
  }
  SystemEntries iterator(entries);
  const auto loaded = NamespaceCatalog::load(iterator);
  if (!loaded.ok()) return;
  const NamespaceCatalog& catalog = **loaded;
  look(catalog);
  const uint32_t id = catalog.names().empty() ? 0 : catalog.names().begin()->second;
  NamespaceCatalog::Change change;
  if (action % 4 == 0 && catalog.has_room() && catalog.names().count("new") == 0)
    change = catalog.create("new", {7});
  else if (action % 4 == 1 && catalog.has_prefixes())
    change = catalog.clear(id, {7}, {3});
  else if (action % 4 == 2 && id != 0)
    change = catalog.drop(id, {7}, {3});
  else if (!catalog.is_live(9))
    change = catalog.adopt({9, UINT32_MAX});
  else
    return;
  commit(change, &entries);
  look(*change.next);
  demand_loads_as(*change.next, entries);
}
