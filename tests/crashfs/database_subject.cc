#include "crashfs/database_subject.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>

#include "base/coding.h"
#include "crashfs/crash_fs.h"
#include "db/change_feed.h"
#include "db/db.h"
#include "db/options.h"
#include "db/transaction.h"
#include "env/thread_mark.h"
#include "lsm/manifest.h"

namespace firn {
namespace {

constexpr const char* kPath = "/db";
constexpr const char* kSpace = "side";
constexpr size_t kKeyCount = 5;
constexpr int64_t kPauseMs = 1000;
constexpr size_t kBigBytes = 9000;  // more than the smallest segment

std::string key_of(size_t place) { return "k" + std::to_string(place % kKeyCount); }
std::string value_of(size_t place, size_t bytes) {
  std::string value = std::to_string(place) + ":";
  while (value.size() < bytes) value += static_cast<char>('a' + (place * 31 + value.size() * 7) % 26);
  return value;
}
bool goes_aside(size_t place, const ModelState& state) { return place % 3 == 1 && state.spaces.contains(kSpace); }
std::string counter_text(int64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

class DatabaseSubject final : public Subject {
 public:
  explicit DatabaseSubject(const DatabaseScript& script) : script_(script) {
    EXPECT_EQ(Code::kOk, parse_options(&options_, script.options + ",single_threaded=true"));
  }
  ~DatabaseSubject() override { drop(); }

  Status open(Env& env) override {
    FIRN_TRY_ASSIGN(db_, Db::open(kPath, options_, env));
    return {};
  }
  bool is_open() const override { return db_ != nullptr; }
  Status close() override {
    const ThreadMark mark;
    Status status = db_->close();
    db_.reset();
    return status;
  }
  void drop() override { db_.reset(); }
  Status act(size_t i, const ModelState& before, Env& env) override;
  Result<ModelState> read() override;
  Status read_history() override;
  Status probe() override { return put(0, "probe", "durable", {.sync = true}); }
  std::optional<Status> resume() override {
    const ThreadMark mark;
    return db_->resume();
  }
  Status check(Env& env) override { return Db::check(kPath, env); }
  std::string orphans(Env& env) override;

 private:
  Status put(uint32_t ns, const std::string& key, const std::string& value, WriteFlags flags = {}) {
    const Operation operation = make_put(ns, Slice(key), Slice(value), kNeverExpires);
    return db_->write(&operation, 1, flags).status();
  }
  // The id of the namespace "side"; of the default one where it is not there.
  Result<uint32_t> side(const ModelState& before) {
    return before.spaces.contains(kSpace) ? db_->ns_open(Slice(std::string_view(kSpace)), true) : Result<uint32_t>(0u);
  }
  Status put_somewhere(size_t place, const ModelState& before, WriteFlags flags);
  Status write_batch(size_t place, const ModelState& before);
  Status change_namespace(const ModelState& before);
  Status transact(size_t place, const ModelState& before);
  Status swap_if(size_t place, const ModelState& before);
  Status delete_range(size_t place);

  const DatabaseScript& script_;
  DbOptions options_;
  std::unique_ptr<Db> db_;
};

Status DatabaseSubject::put_somewhere(size_t place, const ModelState& before, WriteFlags flags) {
  uint32_t ns = 0;
  if (goes_aside(place, before)) {
    FIRN_TRY_ASSIGN(ns, side(before));
  }
  return put(ns, key_of(place), value_of(place, script_.value_bytes), flags);
}

Status DatabaseSubject::write_batch(size_t place, const ModelState& before) {
  FIRN_TRY_ASSIGN(const uint32_t ns, side(before));
  const std::string keys[] = {key_of(place), key_of(place + 1), "b" + key_of(place)};
  const std::string values[] = {value_of(place, script_.value_bytes), value_of(place + 1, script_.value_bytes / 2)};
  Operation remove;
  remove.kind = EntryKind::kDelete;
  remove.ns = ns;
  remove.key = Slice(keys[2]);
  Operation operations[] = {make_put(0, Slice(keys[0]), Slice(values[0]), kNeverExpires),
                            make_put(0, Slice(keys[1]), Slice(values[1]), kNeverExpires), remove};
  if (place % 2 == 0) operations[2] = make_put(ns, Slice(keys[2]), Slice(values[1]), kNeverExpires);
  return db_->write(operations, 3, {}).status();
}

Status DatabaseSubject::change_namespace(const ModelState& before) {
  if (before.spaces.contains(kSpace)) {
    FIRN_TRY_ASSIGN(const uint32_t ns, db_->ns_open(Slice(std::string_view(kSpace)), true));
    return db_->ns_drop(ns);
  }
  return db_->ns_open(Slice(std::string_view(kSpace)), false).status();
}

Status DatabaseSubject::transact(size_t place, const ModelState& before) {
  FIRN_TRY_ASSIGN(const uint32_t ns, side(before));
  auto transaction = db_->begin({.serializable = true});
  Entry entry;
  const std::string key = key_of(place + 2);
  if (Status status = transaction->find(0, Slice(key), &entry); !status.ok() && !status.is(Code::kNotFound)) return status;
  const std::string value = value_of(place, script_.value_bytes / 2);
  FIRN_TRY(transaction->set(make_put(0, Slice(key), Slice(value), kNeverExpires)));
  const std::string other = "t" + key_of(place);
  FIRN_TRY(transaction->set(make_put(ns, Slice(other), Slice(value), kNeverExpires)));
  return db_->commit(*transaction, {}).status();
}

Status DatabaseSubject::swap_if(size_t place, const ModelState& before) {
  const std::string key = key_of(place);
  const std::string wanted = value_of(place, script_.value_bytes);
  const auto& entries = before.spaces.at("");
  const auto at = entries.find(key);
  if (at == entries.end()) {
    return db_->put_if(make_put(0, Slice(key), Slice(wanted), kNeverExpires), PutCondition{PutCondition::Kind::kAbsent, {}, false}, {})
        .status();
  }
  FIRN_TRY_ASSIGN(const bool swapped, db_->compare_swap(0, Slice(key), Slice(at->second), Slice(wanted), kNeverExpires));
  return swapped ? Status() : Status(Code::kConflict);
}

Status DatabaseSubject::delete_range(size_t place) {
  const std::string lower = key_of(place);
  const std::string upper = lower + "~";
  Command command;
  command.kind = Command::Kind::kDeleteRange;
  command.key = Slice(lower);
  command.value = Slice(upper);
  uint64_t deleted = 0;
  return db_->run(&command, 1, {}, &deleted).status();
}

Status DatabaseSubject::act(size_t i, const ModelState& before, Env& env) {
  const ThreadMark mark;
  const size_t place = i + script_.act_offset;
  switch (script_.acts[i]) {
    case Act::kPut:
    case Act::kPutSync:
    case Act::kPutNoSync:
      return put_somewhere(place, before, {.sync = script_.acts[i] == Act::kPutSync, .no_sync = script_.acts[i] == Act::kPutNoSync});
    case Act::kBigPut:
      return put(0, key_of(place), value_of(place, kBigBytes));
    case Act::kDelete: {
      const std::string key = key_of(place + 4);
      Operation operation;
      operation.kind = EntryKind::kDelete;
      operation.key = Slice(key);
      return db_->write(&operation, 1, {}).status();
    }
    case Act::kBatch:
      return write_batch(place, before);
    case Act::kAdd:
      return db_->add(0, Slice(std::string_view("counter")), 1).status();
    case Act::kCompareSwap:
      return swap_if(place, before);
    case Act::kTransaction:
      return transact(place, before);
    case Act::kDeleteRange:
      return delete_range(place);
    case Act::kFlush:
      return db_->flush();
    case Act::kCompact:
      return db_->compact();
    case Act::kNamespace:
      return change_namespace(before);
    case Act::kClear:
      return db_->ns_clear(0);
    case Act::kSync:
      return db_->sync();
    case Act::kPause:
      dynamic_cast<CrashFs&>(env).advance(kPauseMs);
      return db_->run_jobs(1).status();
    case Act::kReopen:
      FIRN_TRY(close());
      return open(env);
  }
  return Code::kInternal;
}

Result<ModelState> DatabaseSubject::read() {
  const ThreadMark mark;
  ModelState state;
  const Snapshot snapshot = db_->snapshot();
  auto namespaces = db_->ns_list();
  namespaces.emplace_back(0, "");
  for (const auto& [id, name] : namespaces) {
    auto& entries = state.spaces[name];
    FIRN_TRY_ASSIGN(const auto iterator, db_->new_iterator(snapshot, id));
    for (iterator->seek_to_first(); iterator->valid(); iterator->next()) {
      const Entry& entry = iterator->entry();
      const std::string key = entry.key.user.to_string();
      entries[key] = entry.value.to_string();
      // The point read agrees with the scan.
      std::string value(entry.value.size(), '\0');
      FIRN_TRY_ASSIGN(const size_t length, db_->get(id, Slice(key), reinterpret_cast<uint8_t*>(value.data()), value.size()));
      if (length != value.size() || value != entries[key])
        return Status(Code::kInternal, "a point read answers differently from a scan", key);
    }
    FIRN_TRY(iterator->status());
  }
  return state;
}

// The change feed, from its first version to its end: what it tells last of a key of the default namespace is what is there.
Status DatabaseSubject::read_history() {
  constexpr size_t kHeaderBytes = 32;  // u64 version, u32 op, u32 ns, u32 key_len, u32 val_len, i64 expiry_ms
  constexpr uint32_t kPutOp = 1;
  if (!options_.retains_changes()) return {};
  const ThreadMark mark;
  std::map<std::string, std::optional<std::string>> told;
  std::vector<uint8_t> out(64 << 10);
  Seq from = db_->changes_bounds().first;
  for (;;) {
    size_t needed = 0;
    FIRN_TRY_ASSIGN(const size_t bytes, db_->changes(from, false, out.data(), out.size(), &needed));
    if (bytes == 0) break;
    for (size_t at = 0; at < bytes;) {
      const uint8_t* const change = out.data() + at;
      const Seq version{load_u64(change)};
      const uint32_t op = load_u32(change + 8);
      const std::string key(reinterpret_cast<const char*>(change) + kHeaderBytes, load_u32(change + 16));
      const std::string value(reinterpret_cast<const char*>(change) + kHeaderBytes + key.size(), load_u32(change + 20));
      at += kHeaderBytes + key.size() + value.size();
      if (version.value + 1 < from.value) return Status(Code::kInternal, "the change feed goes back");
      from = {version.value + 1};
      if (load_u32(change + 12) != 0) continue;
      if (op == kChangeNsClear) {
        for (auto& [known, known_value] : told) known_value = std::nullopt;
      } else {
        told[key] = op == kPutOp ? std::optional(value) : std::nullopt;
      }
    }
  }
  for (const auto& [key, value] : told) {
    std::string there(value ? value->size() : 0, '\0');
    const auto length = db_->get(0, Slice(key), reinterpret_cast<uint8_t*>(there.data()), there.size());
    if (length.ok() != value.has_value() || (value && (*length != value->size() || there != *value)))
      return Status(Code::kInternal, "the change feed tells something else than what is there", key);
  }
  return {};
}

// After a close in order there is no log, one manifest segment, and exactly the tables that it names.
std::string DatabaseSubject::orphans(Env& env) {
  const auto names_in = [&](const char* directory) { return *(*env.open_directory(std::string(kPath) + directory, false))->list(); };
  const auto manifest = Manifest::read(**env.open_directory(std::string(kPath) + "/manifest", false));
  if (!manifest.ok()) return "the manifest cannot be read";
  if (!options_.retains_changes() && !names_in("/wal").empty()) return "wal/" + names_in("/wal")[0];
  if (names_in("/manifest").size() != 1) return "manifest/" + names_in("/manifest")[0];
  if (names_in("/tables").size() != manifest->tables.size()) return "tables/: " + std::to_string(names_in("/tables").size()) + " files";
  return "";
}

}  // namespace

const char* name_of(Act act) {
  constexpr const char* kNames[] = {"put",         "put_sync",     "delete",  "batch",   "add",        "compare_swap",
                                    "transaction", "delete_range", "flush",   "compact", "namespace",  "reopen",
                                    "clear",       "sync",         "big_put", "pause",   "put_no_sync"};
  return kNames[static_cast<size_t>(act)];
}

DatabaseScript::DatabaseScript(std::string script_name, std::string script_options, size_t script_value_bytes, std::vector<Act> script_acts)
    : options(std::move(script_options)), value_bytes(script_value_bytes), acts(std::move(script_acts)) {
  name = std::move(script_name);
  start_state.spaces[""];
}

ModelState DatabaseScript::apply(size_t i, const ModelState& before) const {
  ModelState state = before;
  auto& entries = state.spaces[""];
  const size_t place = i + act_offset;
  auto& aside = state.spaces.contains(kSpace) ? state.spaces[kSpace] : entries;
  switch (acts[i]) {
    case Act::kPut:
    case Act::kPutSync:
    case Act::kPutNoSync:
      (goes_aside(place, before) ? aside : entries)[key_of(place)] = value_of(place, value_bytes);
      break;
    case Act::kCompareSwap:
      entries[key_of(place)] = value_of(place, value_bytes);
      break;
    case Act::kBigPut:
      entries[key_of(place)] = value_of(place, kBigBytes);
      break;
    case Act::kDelete:
      entries.erase(key_of(place + 4));
      break;
    case Act::kBatch:
      entries[key_of(place)] = value_of(place, value_bytes);
      entries[key_of(place + 1)] = value_of(place + 1, value_bytes / 2);
      if (place % 2 == 0)
        aside["b" + key_of(place)] = value_of(place + 1, value_bytes / 2);
      else
        aside.erase("b" + key_of(place));
      break;
    case Act::kAdd: {
      int64_t value = 0;
      if (const auto at = entries.find("counter"); at != entries.end()) std::memcpy(&value, at->second.data(), sizeof value);
      entries["counter"] = counter_text(value + 1);
      break;
    }
    case Act::kTransaction:
      entries[key_of(place + 2)] = aside["t" + key_of(place)] = value_of(place, value_bytes / 2);
      break;
    case Act::kDeleteRange:
      entries.erase(entries.lower_bound(key_of(place)), entries.lower_bound(key_of(place) + "~"));
      break;
    case Act::kNamespace:
      if (state.spaces.erase(kSpace) == 0) state.spaces[kSpace];
      break;
    case Act::kClear:
      entries.clear();
      break;
    case Act::kFlush:
    case Act::kCompact:
    case Act::kReopen:
    case Act::kSync:
    case Act::kPause:
      break;
  }
  return state;
}

ModelState DatabaseScript::apply_probe(const ModelState& before) const {
  ModelState state = before;
  state.spaces[""]["probe"] = "durable";
  return state;
}

bool DatabaseScript::is_durable(size_t i) const {
  switch (acts[i]) {
    case Act::kPutSync:
    case Act::kSync:
    case Act::kFlush:
    case Act::kCompact:
    case Act::kReopen:
      return true;
    case Act::kPause:
      return options.find("durability=interval") != std::string::npos;
    case Act::kPutNoSync:
      return false;
    default:
      return options.find("durability=sync") != std::string::npos;
  }
}

uint64_t DatabaseScript::every_count() const {
  DbOptions parsed;
  EXPECT_EQ(Code::kOk, parse_options(&parsed, options));
  return parsed.durability == Durability::kEvery ? parsed.durability_every_count : 0;
}

size_t DatabaseScript::floor_after(size_t i) const {
  if (is_durable(i)) return i + 1;
  const uint64_t lost_max = every_count();
  if (lost_max == 0) return 0;
  // The last N commits may be lost. A range that holds nothing is deleted without a commit.
  uint64_t lost = 0;
  size_t floor = i + 1;
  while (floor > 0 && !is_durable(floor - 1)) {
    lost += acts[floor - 1] == Act::kDeleteRange ? 0 : 1;
    if (lost > lost_max) break;
    floor--;
  }
  return floor;
}

bool DatabaseScript::process_death_keeps_all() const { return options.find("durability=none") == std::string::npos; }

std::unique_ptr<Subject> DatabaseScript::make_subject() const { return std::make_unique<DatabaseSubject>(*this); }

}  // namespace firn
