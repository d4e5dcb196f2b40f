// explain_key: the log is indexed as an opening does it, the tables are asked as a read does it; but every place answers, not only the first.
#include "base/hash.h"
#include "db/inspected_directory.h"
#include "db/inspection.h"
#include "lsm/log_entry.h"
#include "lsm/log_replay.h"
#include "lsm/read_view.h"

namespace firn {
namespace {

constexpr size_t kVersionCountMax = 1000;  // of one key in one memtable: more are counted, not told

Result<std::vector<std::shared_ptr<Memtable>>> index_log(const InspectedDirectory& directory) {
  LogReplay replay(directory.state.hash_seed);
  if (directory.wal == nullptr) return replay.take_memtables();
  FIRN_TRY(replay.recover(*directory.wal, directory.state.wal_id, directory.state.wal_segments, SegmentIo::kPwrite).status());
  return replay.take_memtables();
}

Result<VersionRef> open_tables(const InspectedDirectory& directory) {
  std::vector<std::pair<uint64_t, TableRef>> tables;
  for (const TableRecord& record : directory.state.tables) {
    if (directory.tables == nullptr) return Status::corrupt("the directory of tables is missing", directory.root->path(), 0);
    FIRN_TRY_ASSIGN(TableRef table, open_table(*directory.tables, {directory.state.db_id, record.table_id}, TableIo::kPread));
    tables.emplace_back(record.run_id, std::move(table));
  }
  return apply_changes(Version(), {}, tables);
}

Result<uint32_t> find_namespace(const NamespaceCatalog& catalog, Slice name) {
  if (name.empty()) return 0u;
  const auto found = catalog.names().find(std::string(reinterpret_cast<const char*>(name.data()), name.size()));
  if (found == catalog.names().end()) return Status(Code::kNotFound, "there is no such namespace");
  return found->second;
}

void write_entry(JsonText* json, const Entry& entry) {
  json->number("version", entry.seq.value);
  json->text("kind", entry.kind == EntryKind::kDelete ? "delete" : "put");
  json->number("value_bytes", entry.value.size());
  if (entry.kind == EntryKind::kPutExpiring) json->integer("expiry_ms", entry.expiry_ms);
}

class Explainer {
 public:
  Explainer(const InternalKey& key, uint64_t hash, int64_t now_ms) : key_(key), hash_(hash), now_ms_(now_ms) {}

  void ask(const Memtable& memtable) {
    Seq seq = kSeqMax;
    Entry entry;
    for (; told_count_ < kVersionCountMax && memtable.find(key_, hash_, seq, &entry); seq = {entry.seq.value - 1}) {
      const Segment& segment = *memtable.segment();
      json_.begin_object();
      json_.text("in", "log");
      json_.number("segment", segment.id());
      json_.text("file", "wal/" + segment_name(segment.id()));
      const bool expires = entry.kind == EntryKind::kPutExpiring;
      json_.number("offset",
                   static_cast<uint64_t>(entry.key.user.data() - segment.image()) - kLogEntryHeaderBytes - (expires ? sizeof(int64_t) : 0));
      note(entry);
      json_.end_object();
      told_count_++;
    }
  }

  Status ask(const Run& run) {
    for (const TableRef& table : run.tables) {
      const TableProperties& properties = table->table->properties();
      if (key_.compare(properties.smallest()) < 0 || key_.compare(properties.largest()) > 0) continue;
      asked_count_++;
      Entry entry;
      const Status status = table->table->find(key_, hash_, &entry);
      if (status.is(Code::kNotFound)) continue;
      FIRN_TRY(status);
      json_.begin_object();
      json_.text("in", "table");
      json_.number("run", run.id);
      json_.number("table", table->id);
      json_.text("file", "tables/" + table_name(table->id));
      note(entry);
      json_.end_object();
    }
    return {};
  }

  JsonText& json() { return json_; }
  const char* answer() const { return answer_; }
  uint64_t asked_count() const { return asked_count_; }

 private:
  // The newest version is what a reader gets.
  void note(const Entry& entry) {
    write_entry(&json_, entry);
    if (is_first_) answer_ = entry.is_live(now_ms_) ? "found" : entry.kind == EntryKind::kDelete ? "deleted" : "expired";
    is_first_ = false;
  }

  const InternalKey key_;
  const uint64_t hash_;
  const int64_t now_ms_;
  JsonText json_;
  const char* answer_ = "absent";
  bool is_first_ = true;
  size_t told_count_ = 0;
  uint64_t asked_count_ = 0;
};

}  // namespace

Result<std::string> explain_key(const std::string& path, Slice ns_name, Slice key, Env& env) {
  FIRN_TRY_ASSIGN(const InspectedDirectory directory, InspectedDirectory::open(path, env));
  FIRN_TRY_ASSIGN(auto memtables, index_log(directory));
  FIRN_TRY_ASSIGN(auto version, open_tables(directory));
  const ReadView view(nullptr, std::move(memtables), std::move(version), std::make_shared<NamespaceCatalog>());
  FIRN_TRY_ASSIGN(const auto all, view.new_iterator(kSeqMax));
  FIRN_TRY_ASSIGN(const auto catalog, NamespaceCatalog::load(*all));
  FIRN_TRY_ASSIGN(const uint32_t ns, find_namespace(*catalog, ns_name));
  const InternalKey internal{catalog->prefix_of(ns, kSeqMax), key};
  const uint64_t hash = hash_key(directory.state.hash_seed, internal);
  Explainer explainer(internal, hash, env.wall_ms());
  JsonText& json = explainer.json();
  json.begin_object();
  json.number("ns", ns);
  json.number("prefix", internal.prefix);
  json.hex("key_hex", key);
  json.id("hash", hash);
  json.begin_array("versions");
  for (const auto& memtable : view.sealed()) explainer.ask(*memtable);
  for (const Run& run : view.version()->runs) FIRN_TRY(explainer.ask(run));
  json.end_array();
  json.text("answer", explainer.answer());
  json.number("tables_asked", explainer.asked_count());
  json.number("runs", view.version()->runs.size());
  json.end_object();
  return json.str();
}

}  // namespace firn
