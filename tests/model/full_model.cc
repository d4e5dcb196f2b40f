#include "model/full_model.h"

#include <firn.h>

#include <algorithm>
#include <cstring>

namespace firn_model {

const Item* State::find(uint32_t ns, const Bytes& key) const {
  const auto space = spaces.find(ns);
  if (space == spaces.end()) return nullptr;
  const auto at = space->second.find(key);
  return at == space->second.end() ? nullptr : &at->second;
}

// ---- Batches

int32_t add_to(const Bytes* counter, int64_t delta, int64_t* sum) {
  int64_t value = 0;
  if (counter != nullptr) {
    if (counter->size() != sizeof value) return FIRN_TYPE_MISMATCH;
    std::memcpy(&value, counter->data(), sizeof value);
  }
  return __builtin_add_overflow(value, delta, sum) ? FIRN_OVERFLOW : FIRN_OK;
}

namespace {

int32_t apply_one(const Operation& op, Target* target) {
  switch (op.kind) {
    case FIRN_OP_PUT:
      target->put(op.ns, op.key, op.value, op.argument > 0);
      return FIRN_OK;
    case FIRN_OP_DELETE:
      target->erase(op.ns, op.key);
      return FIRN_OK;
    case FIRN_OP_DELETE_RANGE:
      for (const Bytes& key : target->keys(op.ns, op.key, op.value.empty() ? std::nullopt : std::optional(op.value))) {
        target->erase(op.ns, key);
      }
      return FIRN_OK;
    case FIRN_OP_ADD: {
      const auto item = target->find(op.ns, op.key);
      int64_t delta = 0, sum = 0;
      std::memcpy(&delta, op.value.data(), sizeof delta);
      const int32_t code = add_to(item ? item->value.get() : nullptr, delta, &sum);
      if (code == FIRN_OK) target->put(op.ns, op.key, Bytes(reinterpret_cast<const char*>(&sum), sizeof sum), item && item->expires);
      return code;
    }
    case FIRN_OP_PUT_KEEP_TTL: {
      const auto item = target->find(op.ns, op.key);
      target->put(op.ns, op.key, op.value, item && item->expires);
      return FIRN_OK;
    }
    default:
      return FIRN_OK;
  }
}

}  // namespace

int32_t run_batch(const std::vector<Operation>& batch, Target* target) {
  for (const Operation& op : batch) {
    if (op.kind != FIRN_OP_EXPECT_VERSION) continue;
    const auto item = target->find(op.ns, op.key);
    const bool is_met = op.argument == 0 ? !item : item && item->version == static_cast<uint64_t>(op.argument);
    if (!is_met) return FIRN_CONFLICT;
  }
  for (const Operation& op : batch) {
    if (const int32_t code = apply_one(op, target); code != FIRN_OK) return code;
  }
  return FIRN_OK;
}

std::optional<Item> StateTarget::find(uint32_t ns, const Bytes& key) {
  const Item* item = state_->find(ns, key);
  return item == nullptr ? std::nullopt : std::optional(*item);
}
void StateTarget::put(uint32_t ns, const Bytes& key, Bytes value, bool expires) {
  state_->spaces[ns][key] = {std::make_shared<const Bytes>(std::move(value)), ++*last_id_, 0, 0, expires};
}
void StateTarget::erase(uint32_t ns, const Bytes& key) { state_->spaces[ns].erase(key); }
std::vector<Bytes> StateTarget::keys(uint32_t ns, const Bytes& lower, const std::optional<Bytes>& upper) {
  std::vector<Bytes> found;
  const Keys& all = state_->spaces[ns];
  for (auto at = all.lower_bound(lower); at != all.end() && (!upper || at->first < *upper); ++at) found.push_back(at->first);
  return found;
}

// ---- Scans

bool glob_matches(const char* pattern, const char* pattern_end, const char* key, const char* key_end) {
  if (pattern == pattern_end) return key == key_end;
  if (*pattern == '*') {
    return glob_matches(pattern + 1, pattern_end, key, key_end) || (key != key_end && glob_matches(pattern, pattern_end, key + 1, key_end));
  }
  if (key == key_end) return false;
  if (*pattern == '[') {  // of plain bytes only
    const char* const close = std::find(pattern, pattern_end, ']');
    return std::find(pattern + 1, close, *key) != close && glob_matches(close + 1, pattern_end, key + 1, key_end);
  }
  return (*pattern == '?' || *pattern == *key) && glob_matches(pattern + 1, pattern_end, key + 1, key_end);
}

namespace {

Bytes literal_prefix(const Bytes& glob) { return glob.substr(0, glob.find_first_of("*?[")); }

std::optional<Bytes> end_of_prefix(Bytes prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace

Bytes Window::first() const {
  Bytes all = lower.value_or("");
  if (prefix) all = std::max(all, *prefix);
  if (glob) all = std::max(all, literal_prefix(*glob));
  return all;
}

std::optional<Bytes> Window::end() const {
  std::optional<Bytes> least = upper;
  const auto narrow = [&](const std::optional<Bytes>& bound) {
    if (bound && (!least || *bound < *least)) least = bound;
  };
  if (prefix) narrow(end_of_prefix(*prefix));
  if (glob) narrow(end_of_prefix(literal_prefix(*glob)));
  return least;
}

bool Window::contains(const Bytes& key) const {
  const auto bound = end();
  if (key < first() || (bound && key >= *bound)) return false;
  return !glob || glob_matches(glob->data(), glob->data() + glob->size(), key.data(), key.data() + key.size());
}

std::vector<std::pair<Bytes, Item>> Window::select(const Keys& keys) const {
  std::vector<std::pair<Bytes, Item>> found;
  for (const auto& [key, item] : keys) {
    if (contains(key)) found.emplace_back(key, item);
  }
  if (reverse) std::reverse(found.begin(), found.end());
  if (limit != 0 && found.size() > limit) found.resize(limit);
  return found;
}

// ---- Transactions

bool ModelTransaction::has_written_to(uint32_t ns) const {
  const auto at = own_.lower_bound({ns, Bytes()});
  return at != own_.end() && at->first.first == ns;
}

std::optional<Item> ModelTransaction::find(uint32_t ns, const Bytes& key) {
  if (const auto own = own_.find({ns, key}); own != own_.end()) return own->second;
  read_.insert({ns, key});
  const Item* item = snapshot_.find(ns, key);
  return item == nullptr ? std::nullopt : std::optional(*item);
}
void ModelTransaction::put(uint32_t ns, const Bytes& key, Bytes value, bool expires) {
  own_[{ns, key}] = Item{std::make_shared<const Bytes>(std::move(value)), 0, 0, 0, expires};
}
void ModelTransaction::erase(uint32_t ns, const Bytes& key) { own_[{ns, key}] = std::nullopt; }

Keys ModelTransaction::merged(uint32_t ns) const {
  const auto space = snapshot_.spaces.find(ns);
  Keys all = space == snapshot_.spaces.end() ? Keys() : space->second;
  for (auto at = own_.lower_bound({ns, Bytes()}); at != own_.end() && at->first.first == ns; ++at) {
    if (at->second)
      all[at->first.second] = *at->second;
    else
      all.erase(at->first.second);
  }
  return all;
}

std::set<Bytes> ModelTransaction::own_keys(uint32_t ns) const {
  std::set<Bytes> keys;
  for (auto at = own_.lower_bound({ns, Bytes()}); at != own_.end() && at->first.first == ns; ++at) keys.insert(at->first.second);
  return keys;
}

std::vector<Bytes> ModelTransaction::keys(uint32_t ns, const Bytes& lower, const std::optional<Bytes>& upper) {
  std::vector<Bytes> found;
  for (const auto& [key, item] : merged(ns)) {
    if (key >= lower && (!upper || key < *upper)) found.push_back(key);
  }
  ranges_.push_back({ns, lower, upper, own_keys(ns), true});
  return found;
}

std::vector<std::pair<Bytes, Item>> ModelTransaction::scan(const Window& window) {
  auto found = window.select(merged(window.ns));
  RangeRead range{window.ns, window.first(), window.end(), own_keys(window.ns), !window.glob.has_value()};
  if (window.limit != 0 && found.size() == window.limit) {
    if (window.reverse)
      range.lower = found.back().first;
    else
      range.upper = found.back().first + '\0';
  }
  if (window.glob) {
    for (const auto& [key, item] : found) {
      if (range.own.count(key) == 0) read_.insert({window.ns, key});
    }
  }
  ranges_.push_back(std::move(range));
  return found;
}

int32_t ModelTransaction::apply_batch(const std::vector<Operation>& batch) {
  const auto before = own_;
  const int32_t code = run_batch(batch, this);
  if (code != FIRN_OK) own_ = before;
  return code;
}

bool ModelTransaction::conflicts_with(const State& now) const {
  const auto id_of = [](const Item* item) { return item == nullptr ? 0 : item->id; };
  for (const auto& [ns, key] : read_) {
    if (now.spaces.count(ns) == 0 || id_of(snapshot_.find(ns, key)) != id_of(now.find(ns, key))) return true;
  }
  for (const RangeRead& range : ranges_) {
    const auto then = snapshot_.spaces.find(range.ns);
    const auto present = now.spaces.find(range.ns);
    if (then == snapshot_.spaces.end()) continue;
    if (present == now.spaces.end()) return true;
    for (const auto& [key, item] : then->second) {
      if (range.keys_are_read && range.contains(key) && id_of(now.find(range.ns, key)) != item.id) return true;
    }
    for (const auto& [key, item] : present->second) {
      if (is_serializable_ && range.contains(key) && then->second.count(key) == 0) return true;
    }
  }
  return false;
}

bool ModelTransaction::has_written_to_dropped(const State& now) const {
  return std::any_of(own_.begin(), own_.end(), [&](const auto& write) { return now.spaces.count(write.first.first) == 0; });
}

void ModelTransaction::commit_to(Target* target) const {
  for (const auto& [where, item] : own_) {
    if (item)
      target->put(where.first, where.second, *item->value, item->expires);
    else
      target->erase(where.first, where.second);
  }
}

}  // namespace firn_model
