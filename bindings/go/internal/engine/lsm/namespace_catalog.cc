#include "lsm/namespace_catalog.h"

#include <algorithm>

#include "base/coding.h"

namespace firn {
namespace {

constexpr uint32_t kIdMax = 1u << 24;  // see NamespacePlaces

std::string encode(std::initializer_list<uint32_t> values) {
  std::string bytes;
  for (const uint32_t value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

}  // namespace

Result<NamespaceCatalogRef> NamespaceCatalog::load(Iterator& system_entries) {
  auto catalog = std::make_shared<NamespaceCatalog>();
  const Status malformed(Code::kCorrupt, "an entry of the namespace catalog is not well formed");
  std::vector<std::pair<uint32_t, Prefix>> named;
  Prefix of_default = kDefaultPrefix;
  system_entries.seek({kSystemPrefix, Slice()});
  for (; system_entries.valid() && system_entries.entry().key.prefix == kSystemPrefix; system_entries.next()) {
    const Entry& entry = system_entries.entry();
    if (entry.kind == EntryKind::kDelete) continue;
    const Slice key = entry.key.user;
    const auto value = [&entry](size_t i) { return load_u32(entry.value.data() + 4 * i); };
    if (key == Slice("d") && entry.value.size() == 4) {
      of_default = value(0);
    } else if (key == Slice("c") && entry.value.size() == 8 && value(0) > 0 && value(0) <= kIdMax) {
      catalog->next_id_ = value(0);
      catalog->next_prefix_ = value(1);
    } else if (key.size() > 1 && key[0] == 'n' && entry.value.size() == 8) {
      catalog->names_[key.without_first(1).to_string()] = value(0);
      named.emplace_back(value(0), value(1));
    } else if (key.size() == 5 && key[0] == 'p' && entry.value.size() == 12) {
      catalog->former_[load_u32(key.data() + 1)] = {value(0), {load_u64(entry.value.data() + 4)}};
    } else {
      return malformed;
    }
  }
  if (!system_entries.status().ok()) return system_entries.status();
  const auto was_given_out = [&catalog](Prefix prefix) { return prefix != kSystemPrefix && prefix < catalog->next_prefix_; };
  std::vector<Prefix> prefixes{of_default};
  for (const auto& [id, prefix] : named) prefixes.push_back(prefix);
  std::sort(prefixes.begin(), prefixes.end());
  if (std::adjacent_find(prefixes.begin(), prefixes.end()) != prefixes.end())
    return malformed;  // keys of one that is dropped would be lost to the other
  if (!was_given_out(of_default)) return malformed;
  catalog->set_place(0, of_default);
  for (const auto& [id, prefix] : named) {
    if (id >= catalog->next_id_ || !was_given_out(prefix) || catalog->prefix_of(id, kSeqMax) != kSystemPrefix) return malformed;
    catalog->set_place(id, prefix);
  }
  return NamespaceCatalogRef(std::move(catalog));
}

bool NamespaceCatalog::is_live(Prefix prefix) const { return are_live(prefix, prefix); }

// What is forgotten of former prefixes was given up by commits that are in tables, so durable.
bool NamespaceCatalog::may_be_live(Prefix prefix, Seq durable) const {
  if (is_live(prefix)) return true;
  const auto former = former_.find(prefix);
  return former != former_.end() && former->second.until > durable;
}

bool NamespaceCatalog::are_live(Prefix from, Prefix to) const {
  const auto in_range = [from, to](const NamespacePlace& place) {
    return place.prefix != kSystemPrefix && place.prefix >= from && place.prefix <= to;
  };
  const auto& places = places_.all();
  const auto live_count = static_cast<uint64_t>(std::count_if(places.begin(), places.end(), in_range)) + (from == kSystemPrefix ? 1 : 0);
  return live_count == uint64_t{to} - from + 1;
}

std::optional<uint32_t> NamespaceCatalog::id_of(Prefix prefix) const {
  const auto& places = places_.all();
  const auto has = [prefix](const NamespacePlace& place) { return prefix != kSystemPrefix && place.prefix == prefix; };
  if (const auto at = std::find_if(places.begin(), places.end(), has); at != places.end()) return at->id;
  const auto former = former_.find(prefix);
  return former != former_.end() ? std::optional(former->second.id) : std::nullopt;
}

// The prefix that the namespace has so far becomes a former one.
void NamespaceCatalog::give_up(Change* change, uint32_t id, Seq at, Seq oldest) const {
  constexpr int kForgottenMax = 4;  // at a time: more than are added, and O(1)
  const auto key_of = [](Prefix prefix) { return "p" + encode({prefix}); };
  std::map<Prefix, Former>& former = change->next->former_;
  for (int i = 0; i < kForgottenMax && !former.empty() && former.begin()->second.until < oldest; i++) {
    change->entries.emplace_back(key_of(former.begin()->first), std::nullopt);
    former.erase(former.begin());
  }
  const Prefix prefix = prefix_of(id, kSeqMax);
  former[prefix] = {id, at};
  change->entries.emplace_back(key_of(prefix), encode({id, static_cast<uint32_t>(at.value), static_cast<uint32_t>(at.value >> 32)}));
}

NamespaceCatalog::Change NamespaceCatalog::start_change() const {
  Change change;
  change.next = std::make_shared<NamespaceCatalog>(*this);
  return change;
}

void NamespaceCatalog::move(Change* change, uint32_t id, Prefix prefix, Seq at) const {
  NamespaceCatalog& next = *change->next;
  next.places_.set({.id = id, .prefix = prefix, .since = at, .earlier_prefix = prefix_of(id, kSeqMax)});
  change->id = id;
  change->entries.emplace_back("c", encode({next.next_id_, next.next_prefix_}));
}

bool NamespaceCatalog::has_prefixes() const { return next_prefix_ < UINT32_MAX; }

bool NamespaceCatalog::has_room() const { return next_id_ < kIdMax && has_prefixes(); }

NamespaceCatalog::Change NamespaceCatalog::create(const std::string& name, Seq at) const {
  Change change = start_change();
  const uint32_t id = change.next->next_id_++;
  const Prefix prefix = change.next->next_prefix_++;
  change.next->names_[name] = id;
  change.entries.emplace_back("n" + name, encode({id, prefix}));
  move(&change, id, prefix, at);
  return change;
}

NamespaceCatalog::Change NamespaceCatalog::clear(uint32_t id, Seq at, Seq oldest) const {
  Change change = start_change();
  give_up(&change, id, at, oldest);
  const Prefix prefix = change.next->next_prefix_++;
  if (id == 0)
    change.entries.emplace_back("d", encode({prefix}));
  else
    change.entries.emplace_back("n" + name_of(id), encode({id, prefix}));
  move(&change, id, prefix, at);
  return change;
}

NamespaceCatalog::Change NamespaceCatalog::drop(uint32_t id, Seq at, Seq oldest) const {
  Change change = start_change();
  give_up(&change, id, at, oldest);
  const std::string name = name_of(id);
  change.next->names_.erase(name);
  change.entries.emplace_back("n" + name, std::nullopt);
  move(&change, id, kSystemPrefix, at);
  return change;
}

NamespaceCatalog::Change NamespaceCatalog::adopt(const std::vector<Prefix>& prefixes) const {
  Change change = start_change();
  NamespaceCatalog& next = *change.next;
  for (const Prefix prefix : prefixes) {
    if (prefix == UINT32_MAX || !next.has_room()) continue;
    std::string name = "salvaged-" + std::to_string(prefix);
    while (next.names_.count(name) != 0) name += "+";
    const uint32_t id = next.next_id_++;
    next.next_prefix_ = std::max(next.next_prefix_, prefix + 1);
    next.names_[name] = id;
    next.set_place(id, prefix);
    change.entries.emplace_back("n" + name, encode({id, prefix}));
  }
  change.entries.emplace_back("c", encode({next.next_id_, next.next_prefix_}));
  return change;
}

Result<NamespaceCatalog::Change> NamespaceCatalog::repair(Iterator& system_entries) {
  Change change;
  change.next = std::make_shared<NamespaceCatalog>();
  NamespaceCatalog& next = *change.next;
  Prefix of_default = kDefaultPrefix;
  const auto give_out = [&next](Prefix prefix) { next.next_prefix_ = std::max(next.next_prefix_, prefix + 1); };
  const auto take = [&](uint32_t id, Prefix prefix) {
    if (prefix == kSystemPrefix || prefix == UINT32_MAX || prefix == of_default || next.id_of(prefix)) return false;
    if (id == 0 || id >= kIdMax || next.prefix_of(id, kSeqMax) != kSystemPrefix) return false;
    next.next_id_ = std::max(next.next_id_, id + 1);
    next.set_place(id, prefix);
    give_out(prefix);
    return true;
  };
  system_entries.seek({kSystemPrefix, Slice()});  // in their order: "c", "d", "n...", "p..."
  for (; system_entries.valid() && system_entries.entry().key.prefix == kSystemPrefix; system_entries.next()) {
    const Entry& entry = system_entries.entry();
    if (entry.kind == EntryKind::kDelete) continue;
    const Slice key = entry.key.user;
    const auto value = [&entry](size_t i) { return load_u32(entry.value.data() + 4 * i); };
    bool stands = false;
    if (key == Slice("c") && entry.value.size() == 8 && value(0) > 0 && value(0) <= kIdMax) {
      next.next_id_ = value(0);
      next.next_prefix_ = std::max(next.next_prefix_, value(1));
      stands = true;
    } else if (key == Slice("d") && entry.value.size() == 4 && value(0) != kSystemPrefix && value(0) != UINT32_MAX) {
      of_default = value(0);
      stands = true;
    } else if (key.size() > 1 && key[0] == 'n' && entry.value.size() == 8 && take(value(0), value(1))) {
      next.names_[key.without_first(1).to_string()] = value(0);
      stands = true;
    }
    if (!stands) change.entries.emplace_back(key.to_string(), std::nullopt);
  }
  if (!system_entries.status().ok()) return system_entries.status();
  give_out(of_default);
  next.set_place(0, of_default);
  change.entries.emplace_back("c", encode({next.next_id_, next.next_prefix_}));
  return change;
}

std::string NamespaceCatalog::name_of(uint32_t id) const {
  const auto at = std::find_if(names_.begin(), names_.end(), [id](const auto& name) { return name.second == id; });
  return at == names_.end() ? std::string() : at->first;
}

}  // namespace firn
