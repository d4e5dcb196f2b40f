#include "crashfs/database_reading.h"

#include <algorithm>

#include "base/coding.h"
#include "crashfs/damage_subject.h"

namespace firn {
namespace {

template <typename Begin, typename Move>
Status scan(Iterator& iterator, std::vector<std::pair<std::string, std::string>>* found, Begin begin, Move move) {
  for (begin(iterator); iterator.valid(); move(iterator)) {
    const Entry& entry = iterator.entry();
    found->emplace_back(
        entry.key.user.to_string(),
        shown(std::string_view(reinterpret_cast<const char*>(entry.value.data()), entry.value.size()), entry.seq.value, entry.expiry_ms));
  }
  return iterator.status();
}

void read_space(Db& db, uint32_t ns, DatabaseReading::Space* space) {
  const Snapshot snapshot = db.snapshot();
  auto iterator = db.new_iterator(snapshot, ns);
  if (iterator.ok()) {
    space->forwards_status = scan(
        **iterator, &space->forwards, [](Iterator& it) { it.seek_to_first(); }, [](Iterator& it) { it.next(); });
    iterator = db.new_iterator(snapshot, ns);  // an error is sticky
  }
  if (iterator.ok())
    space->backwards_status = scan(
        **iterator, &space->backwards, [](Iterator& it) { it.seek_to_last(); }, [](Iterator& it) { it.prev(); });
  else
    space->forwards_status = space->backwards_status = iterator.status();
  static std::string buffer(64 << 10, '\0');  // one for all: making it would cost more than the opening
  for (int i = 0; i < kDamagedKeyCount; i++) {
    const std::string key = "key" + std::to_string(i);
    Seq version;
    int64_t expiry_ms = 0;
    const auto bytes = db.get_entry(ns, Slice(key), reinterpret_cast<uint8_t*>(buffer.data()), buffer.size(), &version, &expiry_ms);
    if (bytes.ok() && *bytes > buffer.size())
      space->gets.emplace_back(Status(), "a length of " + std::to_string(*bytes));
    else
      space->gets.emplace_back(bytes.status(),
                               bytes.ok() ? shown(std::string_view(buffer).substr(0, *bytes), version.value, expiry_ms) : "");
  }
}

constexpr size_t kChangeHeaderBytes = 32;  // u64 version, u32 op, u32 ns, u32 key_len, u32 val_len, i64 expiry_ms

Status read_feed(Db& db, DatabaseReading* reading) {
  static std::vector<uint8_t> out(64 << 10);
  Seq from = db.changes_bounds().first;
  reading->feed_first = from.value;
  for (;;) {
    size_t needed = 0;
    FIRN_TRY_ASSIGN(const size_t bytes, db.changes(from, false, out.data(), out.size(), &needed));
    if (bytes == 0) return {};
    reading->feed.append(reinterpret_cast<const char*>(out.data()), bytes);
    for (size_t at = 0; at < bytes;) {
      from = {load_u64(out.data() + at) + 1};
      at += kChangeHeaderBytes + load_u32(out.data() + at + 16) + load_u32(out.data() + at + 20);
    }
  }
}

// How much of a feed tells of commits up to `version`.
size_t feed_bytes_until(const std::string& feed, uint64_t version) {
  size_t at = 0;
  while (at < feed.size()) {
    const auto* const change = reinterpret_cast<const uint8_t*>(feed.data()) + at;
    if (load_u64(change) > version) break;
    at += kChangeHeaderBytes + load_u32(change + 16) + load_u32(change + 20);
  }
  return at;
}

}  // namespace

std::string shown(std::string_view value, uint64_t version, int64_t expiry_ms) {
  return std::string(value) + "@" + std::to_string(version) + "/" + std::to_string(expiry_ms);
}

void read_database(Db& db, DatabaseReading* reading) {
  reading->dropped_bytes = db.recovery().bytes_dropped;
  reading->names = db.ns_list();
  for (uint32_t ns = 0; ns < kDamagedSpaceCount; ns++) {
    const bool is_there =
        ns == 0 || std::any_of(reading->names.begin(), reading->names.end(), [ns](const auto& name) { return name.first == ns; });
    if (is_there) read_space(db, ns, &reading->spaces[ns]);
  }
  reading->feed_status = read_feed(db, reading);
}

Status append_change(Db& db, uint64_t version, std::string* changes) {
  std::vector<uint8_t> out(64 << 10);
  size_t needed = 0;
  FIRN_TRY_ASSIGN(const size_t bytes, db.changes({version}, false, out.data(), out.size(), &needed));
  changes->append(reinterpret_cast<const char*>(out.data()), bytes);
  return {};
}

std::string difference(const DatabaseReading& found, const DatabaseState& state, const DatabaseReading& whole,
                       const std::string& all_changes, Noticed* notice) {
  const auto noticed = [notice](const Status& status) {
    notice->refused = notice->refused || !status.ok();
    return status.ok() || is_refusal(status);
  };
  if (found.names != state.names) return "the namespaces";
  for (size_t ns = 0; ns < kDamagedSpaceCount; ns++) {
    const DatabaseReading::Space& space = found.spaces[ns];
    const Entries& wanted = state.spaces[ns];
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; };
    if (!noticed(space.forwards_status) || !noticed(space.backwards_status)) return "a scan ends with another code";
    if (space.forwards.size() > wanted.size() || (space.forwards_status.ok() && space.forwards.size() != wanted.size()))
      return "a scan's length";
    if (space.backwards.size() > wanted.size() || (space.backwards_status.ok() && space.backwards.size() != wanted.size()))
      return "a reverse scan's length";
    if (!std::equal(space.forwards.begin(), space.forwards.end(), wanted.begin(), same)) return "a scan";
    if (!std::equal(space.backwards.begin(), space.backwards.end(), wanted.rbegin(), same)) return "a reverse scan";
    for (size_t i = 0; i < space.gets.size(); i++) {
      const std::string key = "key" + std::to_string(i);
      const auto& [status, value] = space.gets[i];
      const auto at = wanted.find(key);
      if (status.is(Code::kNotFound) ? at != wanted.end() : !noticed(status)) return "the absence, or the code, of " + key;
      if (status.ok() && (at == wanted.end() || at->second != value)) return "the value of " + key;
    }
  }
  notice->shorter_feed = found.feed_first > whole.feed_first;
  if (!noticed(found.feed_status)) return "the change feed ends with another code";
  const size_t from = feed_bytes_until(all_changes, found.feed_first == 0 ? 0 : found.feed_first - 1);
  const size_t until = std::max(from, feed_bytes_until(all_changes, state.version));
  const std::string_view feed = std::string_view(all_changes).substr(from, until - from);
  if (found.feed_status.ok() ? found.feed != feed : !feed.starts_with(found.feed)) return "the change feed";
  return "";
}

}  // namespace firn
