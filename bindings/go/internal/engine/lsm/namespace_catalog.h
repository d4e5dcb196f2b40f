// NamespaceCatalog: which physical prefix the keys of a namespace have, immutable. Clearing or dropping a namespace gives it another prefix, or none, so it costs
// O(1); what lies under prefixes that no namespace has any more is garbage for compaction. Prefixes and ids are never used twice.
//
// The catalog is stored in the database itself, under the system prefix, and changed by ordinary commits:
//   "c"           -> u32 next id, u32 next prefix
//   "d"           -> u32 prefix of the default namespace (missing: kDefaultPrefix)
//   "n" + name    -> u32 id, u32 prefix
//   "p" + prefix  -> u32 id, u64 seq: which namespace had the prefix until it was cleared or dropped by commit seq; while the change feed reads so far back, or the commit is
//                   not durable (JOB-4)
// Threading: immutable once shared.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/internal_key.h"
#include "base/iterator.h"
#include "base/result.h"
#include "lsm/namespace_places.h"

namespace firn {

inline constexpr Prefix kDefaultPrefix = 1;

class NamespaceCatalog {
 public:
  NamespaceCatalog() { set_place(0, kDefaultPrefix); }

  // Reads it from the entries under the system prefix. kCorrupt: an entry is not well formed.
  static Result<std::shared_ptr<const NamespaceCatalog>> load(Iterator& system_entries);

  // The prefix of namespace `id` for a reader at `seq`; kSystemPrefix when the id is not known there.
  Prefix prefix_of(uint32_t id, Seq seq) const {
    const NamespacePlace& place = places_.find(id);
    return seq >= place.since ? place.prefix : place.earlier_prefix;
  }
  bool is_live(Prefix prefix) const;
  // Whether power loss may make it live again: a namespace had it until a commit above `durable`, which may be lost. What lies under it has to stay so long.
  bool may_be_live(Prefix prefix, Seq durable) const;
  bool are_live(Prefix from, Prefix to) const;  // all of [from, to]
  const std::map<std::string, uint32_t>& names() const { return names_; }
  // The namespace that has or had the prefix; nullopt: none that is remembered.
  std::optional<uint32_t> id_of(Prefix prefix) const;

  // Ids and prefixes are not used twice, and a catalog with more of them than it may have made would not be read again: whether there is one more prefix, and one more of both.
  bool has_prefixes() const;
  bool has_room() const;

  // A change: the entries to commit, and the catalog after them.
  struct Change {
    std::vector<std::pair<std::string, std::optional<std::string>>> entries;  // system key -> value, nullopt: deleted
    std::shared_ptr<NamespaceCatalog> next;
    uint32_t id = 0;
  };
  // Nobody reads changes below `oldest` any more: prefixes that were given up before are forgotten.
  Change create(const std::string& name, Seq at) const;  // needs has_room()
  Change clear(uint32_t id, Seq at, Seq oldest) const;   // needs has_prefixes()
  Change drop(uint32_t id, Seq at, Seq oldest) const;
  // Gives each of the prefixes, which nobody has, to a new namespace "salvaged-<prefix>", while there is room; but UINT32_MAX, which is never given out.
  Change adopt(const std::vector<Prefix>& prefixes) const;
  // What can stand of entries that load() refuses, because some are missing: no two names share an id or a prefix, and what is given out next is above all of them.
  // kIo, kCorrupt: of the iterator.
  static Result<Change> repair(Iterator& system_entries);

 private:
  struct Former {
    uint32_t id = 0;
    Seq until;
  };
  void set_place(uint32_t id, Prefix prefix) {
    places_.set({.id = id, .prefix = prefix, .since = {}, .earlier_prefix = prefix});
  }  // as long as anyone remembers
  Change start_change() const;
  void give_up(Change* change, uint32_t id, Seq at, Seq oldest) const;
  void move(Change* change, uint32_t id, Prefix prefix, Seq at) const;
  std::string name_of(uint32_t id) const;

  NamespacePlaces places_;
  std::map<std::string, uint32_t> names_;
  std::map<Prefix, Former> former_;
  uint32_t next_id_ = 1;
  Prefix next_prefix_ = kDefaultPrefix + 1;
};

using NamespaceCatalogRef = std::shared_ptr<const NamespaceCatalog>;

}  // namespace firn
