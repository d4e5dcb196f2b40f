#include "db/salvage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "db/database_directory.h"
#include "db/db_core.h"
#include "lsm/log_salvager.h"
#include "lsm/manifest.h"
#include "lsm/merge_job.h"
#include "table/table_salvager.h"

namespace firn {
namespace {

constexpr std::string_view kLockName = "LOCK";
constexpr uint64_t kStepEntryCount = 4096;

// Entries that lie in memory, sorted.
class EntryListIterator final : public Iterator {
 public:
  explicit EntryListIterator(const std::vector<Entry>& entries) : entries_(entries) {}
  void seek_to_first() override { stand_at(0); }
  void next() override { stand_at(at_ + 1); }
  void seek(const InternalKey& key) override {
    size_t at = 0;
    while (at < entries_.size() && entries_[at].key.compare(key) < 0) at++;
    stand_at(at);
  }
  void seek_to_last() override { stand_at(entries_.empty() ? 0 : entries_.size() - 1); }
  void prev() override { stand_at(at_ == 0 ? entries_.size() : at_ - 1); }

 private:
  void stand_at(size_t at) {
    at_ = at;
    valid_ = at < entries_.size();
    if (valid_) entry_ = &entries_[at];
  }
  const std::vector<Entry>& entries_;
  size_t at_ = 0;
};

// Only forwards: what comes one table after the other, or is merged.
class ForwardIterator : public Iterator {
 public:
  void seek_to_last() override { fail(Code::kUnsupported); }
  void seek(const InternalKey&) override { fail(Code::kUnsupported); }
  void prev() override { fail(Code::kUnsupported); }
};

// A table as the first reading found it.
struct ChainLink {
  std::string name;
  size_t loss_count = 0;
};

// Tables with disjoint ranges, one in memory at a time. kIo: one of them has lost more now than in the first reading, which told the losses.
class ChainIterator final : public ForwardIterator {
 public:
  ChainIterator(Directory& tables, uint64_t db_id, std::vector<ChainLink> links)
      : tables_(tables), db_id_(db_id), links_(std::move(links)) {}
  void seek_to_first() override { enter(0); }
  void next() override {
    table_->next();
    if (table_->valid()) return show();
    if (leave()) enter(at_ + 1);
  }

 private:
  void show() {
    valid_ = true;
    entry_ = &table_->entry();
  }
  bool leave() {
    if (table_->losses().size() <= links_[at_].loss_count) return true;
    fail(Status(Code::kIo, "a part of the table that was read before cannot be read any more", links_[at_].name));
    return false;
  }
  void enter(size_t at) {
    for (valid_ = false, at_ = at; at_ < links_.size(); at_++) {
      table_.reset();
      file_.reset();
      auto file = tables_.open_file(links_[at_].name, OpenMode::kRead);
      if (!file.ok()) return fail(file.status());
      file_ = std::move(*file);
      auto table = TableSalvager::open(*file_, db_id_);
      if (!table.ok()) return fail(table.status());
      table_ = std::move(*table);
      table_->seek_to_first();
      if (table_->valid()) return show();
      if (!leave()) return;
    }
  }

  Directory& tables_;
  const uint64_t db_id_;
  const std::vector<ChainLink> links_;
  size_t at_ = 0;
  std::unique_ptr<File> file_;
  std::unique_ptr<TableSalvager> table_;
};

// Of each key the entry with the highest number.
class NewestIterator final : public ForwardIterator {
 public:
  explicit NewestIterator(std::vector<std::unique_ptr<Iterator>> sources) : sources_(std::move(sources)) {}
  void seek_to_first() override {
    for (const auto& source : sources_) source->seek_to_first();
    choose();
  }
  void next() override {
    const Prefix prefix = shown_.key.prefix;
    const std::string user = shown_.key.user.to_string();
    const InternalKey key{prefix, Slice(std::string_view(user))};
    for (const auto& source : sources_) {
      while (source->valid() && source->entry().key.compare(key) == 0) source->next();
    }
    choose();
  }

 private:
  void choose() {
    valid_ = false;
    for (const auto& source : sources_) {
      if (!source->status().ok()) return fail(source->status());
      if (!source->valid()) continue;
      const Entry& entry = source->entry();
      const int order = valid_ ? entry.key.compare(shown_.key) : -1;
      if (order > 0 || (order == 0 && entry.seq <= shown_.seq)) continue;
      shown_ = entry;
      valid_ = true;
    }
    entry_ = &shown_;
  }
  const std::vector<std::unique_ptr<Iterator>> sources_;
  Entry shown_;
};

class Salvager {
 public:
  Salvager(Env& env, const std::string& from) : env_(env), from_(from) {}

  Result<SalvageReport> run(const std::string& to);

 private:
  struct TableFound {
    std::string name;
    Prefix first_prefix;
    std::string first_user;
    Prefix last_prefix;
    std::string last_user;
    size_t loss_count = 0;
    InternalKey first() const { return {first_prefix, Slice(std::string_view(first_user))}; }
    InternalKey last() const { return {last_prefix, Slice(std::string_view(last_user))}; }
  };

  Status open_source();
  Status read_manifest();
  Status read_tables();
  Status read_table(const std::string& name);
  Status read_log();
  Status read_segment(uint64_t id);
  void sort_log();
  void note(const Entry& entry);
  Status read_catalog();
  void supersede(const std::vector<std::pair<std::string, std::optional<std::string>>>& entries);
  std::vector<std::unique_ptr<Iterator>> sources() const;
  Status write(const std::string& to);
  SalvageLoss& lose(LossKind kind, Code code, const std::string& file, const char* text);

  Env& env_;
  const std::string from_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Directory> tables_;  // nullptr: it is missing
  std::unique_ptr<Directory> wal_;
  std::optional<ManifestState> state_;  // nullopt: the manifest cannot be read
  uint64_t db_id_ = 0;
  std::vector<TableFound> found_tables_;
  std::vector<std::unique_ptr<LogSalvager>> log_;
  std::vector<Entry> log_entries_;  // newest version of each key, sorted
  Seq seq_max_;
  uint64_t durable_ = 0;
  std::set<Prefix> prefixes_;
  std::map<std::string, std::pair<Entry, std::string>> system_;  // newest entry of each system key, and its value
  NamespaceCatalogRef catalog_;
  std::map<std::string, std::optional<std::string>> catalog_changes_;  // nullopt: deleted
  std::vector<Entry> catalog_entries_;                                 // of them
  SalvageReport report_;
};

SalvageLoss& Salvager::lose(LossKind kind, Code code, const std::string& file, const char* text) {
  SalvageLoss& loss = report_.losses.emplace_back();
  loss.kind = kind;
  loss.code = code;
  loss.file = file;
  loss.text = text;
  return loss;
}

Status Salvager::open_source() {
  FIRN_TRY_ASSIGN(directory_, env_.open_directory(from_, false));
  FIRN_TRY_ASSIGN(const auto names, directory_->list());
  const auto has = [&names](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  if (has(kIncompleteName) || !(has("manifest") || has("tables") || has("wal"))) {
    return {Code::kNotADatabase, "the directory holds no database", from_};
  }
  if (has(kLockName)) {
    auto lock = directory_->lock(kLockName);
    if (lock.status().is(Code::kLocked)) return lock.status();
    if (lock.ok()) lock_ = std::move(*lock);  // else: a medium that cannot be written to, where nobody writes
  }
  if (auto tables = directory_->open_directory("tables", false); tables.ok()) tables_ = std::move(*tables);
  if (auto wal = directory_->open_directory("wal", false); wal.ok()) wal_ = std::move(*wal);
  return read_manifest();
}

Status Salvager::read_manifest() {
  auto directory = directory_->open_directory("manifest", false);
  Result<ManifestState> state = directory.ok() ? Manifest::read(**directory) : Result<ManifestState>(directory.status());
  if (state.status().is(Code::kNewerFormat) || state.status().is(Code::kNoMemory)) return state.status();
  if (state.ok()) {
    db_id_ = state->db_id;
    state_ = std::move(*state);
    return {};
  }
  lose(LossKind::kManifest, state.status().code(), from_ + "/manifest", "the manifest cannot be read: all files that lie there are taken");
  // Whose tables are the most, theirs is the database.
  std::map<uint64_t, size_t> counts;
  if (tables_ == nullptr) return {};
  FIRN_TRY_ASSIGN(const auto names, tables_->list());
  for (const std::string& name : names) {
    auto file = tables_->open_file(name, OpenMode::kRead);
    if (!file.ok()) continue;
    if (const auto identity = table_identity(**file)) counts[identity->db_id]++;
  }
  const auto most = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != counts.end()) db_id_ = most->first;
  return {};
}

Status Salvager::read_tables() {
  std::vector<std::string> names;
  if (state_) {
    for (const TableRecord& record : state_->tables) names.push_back(table_name(record.table_id));
  } else if (tables_ != nullptr) {
    FIRN_TRY_ASSIGN(const auto all, tables_->list());
    uint64_t id = 0;
    std::copy_if(all.begin(), all.end(), std::back_inserter(names), [&id](const std::string& name) { return parse_table_name(name, &id); });
  }
  report_.tables = names.size();
  for (const std::string& name : names) {
    const Status status = tables_ != nullptr ? read_table(name) : Status(Code::kNotFound);
    if (status.ok()) continue;
    if (status.is(Code::kNoMemory)) return status;
    report_.tables_lost++;
    SalvageLoss& loss = lose(LossKind::kTable, status.code(), from_ + "/tables/" + name,
                             status.is(Code::kNotFound) ? "the table is missing" : "nothing of the table can be read");
    if (!status.message().empty()) loss.text = std::string(status.message());
    uint64_t id = 0;
    parse_table_name(name, &id);
    if (state_) {
      const auto at = std::find_if(state_->tables.begin(), state_->tables.end(), [id](const TableRecord& t) { return t.table_id == id; });
      loss.bytes = at->file_bytes;
    } else if (auto file = tables_->open_file(name, OpenMode::kRead); file.ok()) {
      loss.bytes = (*file)->size().ok() ? *(*file)->size() : 0;
    }
  }
  return {};
}

Status Salvager::read_table(const std::string& name) {
  FIRN_TRY_ASSIGN(const auto file, tables_->open_file(name, OpenMode::kRead));
  FIRN_TRY_ASSIGN(const auto table, TableSalvager::open(*file, db_id_));
  TableFound found{name, 0, "", 0, "", 0};
  uint64_t count = 0;
  for (table->seek_to_first(); table->valid(); table->next(), count++) {
    const Entry& entry = table->entry();
    if (count == 0) {
      found.first_prefix = entry.key.prefix;
      found.first_user = entry.key.user.to_string();
    }
    found.last_prefix = entry.key.prefix;
    found.last_user = entry.key.user.to_string();
    note(entry);
  }
  report_.entries_read += count;
  found.loss_count = table->losses().size();
  for (const TableSalvager::Loss& lost : table->losses()) {
    SalvageLoss& loss = lose(LossKind::kRange, lost.code, file->path(), "a part of the table does not verify");
    loss.offset = lost.offset;
    loss.bytes = lost.bytes;
    loss.entry_count = lost.entry_count;
    loss.before = lost.before;
    loss.after = lost.after;
  }
  if (table->entry_count_said() > count) report_.entries_lost += table->entry_count_said() - count;
  if (!table->losses().empty()) report_.tables_damaged++;
  if (count != 0) found_tables_.push_back(std::move(found));
  return {};
}

void Salvager::note(const Entry& entry) {
  seq_max_ = std::max(seq_max_, entry.seq);
  prefixes_.insert(entry.key.prefix);
  if (entry.key.prefix != kSystemPrefix) return;
  const auto [at, is_new] = system_.try_emplace(entry.key.user.to_string());
  if (!is_new && at->second.first.seq > entry.seq) return;
  at->second = {entry, entry.value.to_string()};
}

Status Salvager::read_log() {
  std::vector<uint64_t> ids;
  if (state_) {
    ids = state_->wal_segments;
  } else if (wal_ != nullptr) {
    FIRN_TRY_ASSIGN(const auto names, wal_->list());
    uint64_t id = 0;
    for (const std::string& name : names) {
      if (parse_segment_name(name, &id)) ids.push_back(id);
    }
  }
  for (const uint64_t id : ids) FIRN_TRY(read_segment(id));
  // The end of the log that was never durable is no loss that could have been helped.
  for (const auto& segment : log_) durable_ = std::max(durable_, segment->durable());
  for (const auto& segment : log_) {
    for (const LogSalvager::Loss& lost : segment->losses()) {
      const bool is_tail = lost.is_tail && segment == log_.back() && segment->header().base + lost.offset >= durable_;
      SalvageLoss& loss = lose(is_tail ? LossKind::kTail : LossKind::kLog, lost.code, from_ + "/wal/" + segment_name(segment->header().id),
                               is_tail ? "the end of the log was never durable" : "a part of the log does not verify");
      loss.offset = lost.offset;
      loss.bytes = lost.bytes;
    }
  }
  sort_log();
  return {};
}

Status Salvager::read_segment(uint64_t id) {
  auto segment = wal_ != nullptr ? LogSalvager::open(*wal_, id) : Result<std::unique_ptr<LogSalvager>>(Code::kNotFound);
  if (segment.status().is(Code::kNoMemory)) return segment.status();
  if (!segment.ok()) {
    lose(LossKind::kLog, segment.status().code(), from_ + "/wal/" + segment_name(id),
         segment.status().is(Code::kNotFound) ? "the segment is missing" : "the header of the segment cannot be read");
    return {};
  }
  if (state_ && (*segment)->header().log_id != state_->wal_id) {
    lose(LossKind::kLog, Code::kCorrupt, from_ + "/wal/" + segment_name(id), "the segment belongs to another log");
    return {};
  }
  for (const Entry& entry : (*segment)->entries()) note(entry);
  report_.log_records += (*segment)->record_count();
  report_.entries_read += (*segment)->entries().size();
  log_.push_back(std::move(*segment));
  return {};
}

// Keeps the newest version of each key: the highest number, and of one commit the last operation.
void Salvager::sort_log() {
  for (const auto& segment : log_) log_entries_.insert(log_entries_.end(), segment->entries().begin(), segment->entries().end());
  std::reverse(log_entries_.begin(), log_entries_.end());
  std::stable_sort(log_entries_.begin(), log_entries_.end(), [](const Entry& a, const Entry& b) {
    const int order = a.key.compare(b.key);
    return order != 0 ? order < 0 : a.seq > b.seq;
  });
  const auto same_key = [](const Entry& a, const Entry& b) { return a.key.compare(b.key) == 0; };
  log_entries_.erase(std::unique(log_entries_.begin(), log_entries_.end(), same_key), log_entries_.end());
}

// The namespaces as far as they can be read. Where something was lost, prefixes that none of them has may be theirs: they get names.
Status Salvager::read_catalog() {
  std::vector<Entry> entries;
  for (auto& [key, newest] : system_) {
    Entry entry = newest.first;
    entry.key = {kSystemPrefix, Slice(std::string_view(key))};
    entry.value = Slice(std::string_view(newest.second));
    entries.push_back(entry);
  }
  EntryListIterator list(entries);
  Result<NamespaceCatalogRef> catalog = NamespaceCatalog::load(list);
  if (!catalog.ok() && !catalog.status().is(Code::kCorrupt)) return catalog.status();
  if (catalog.ok()) {
    catalog_ = *catalog;
    if (report_.losses.empty()) return {};
  } else {
    FIRN_TRY_ASSIGN(const auto repaired, NamespaceCatalog::repair(list));
    catalog_ = repaired.next;
    supersede(repaired.entries);
  }
  std::vector<Prefix> orphans;
  for (const Prefix prefix : prefixes_) {
    if (prefix != kSystemPrefix && !catalog_->is_live(prefix) && !catalog_->id_of(prefix)) orphans.push_back(prefix);
  }
  if (orphans.empty()) return {};
  const NamespaceCatalog::Change adopted = catalog_->adopt(orphans);
  catalog_ = adopted.next;
  supersede(adopted.entries);
  SalvageLoss& loss = lose(LossKind::kNames, Code::kCorrupt, from_, "namespaces without a name: their keys are in namespaces salvaged-N");
  loss.entry_count = 0;
  return {};
}

// What the copy's catalog has instead of the entries that were read.
void Salvager::supersede(const std::vector<std::pair<std::string, std::optional<std::string>>>& entries) {
  for (const auto& [key, value] : entries) catalog_changes_[key] = value;
  catalog_entries_.clear();
  for (const auto& [key, value] : catalog_changes_) {
    Entry entry;
    entry.key = {kSystemPrefix, Slice(std::string_view(key))};
    entry.kind = value ? EntryKind::kPut : EntryKind::kDelete;
    if (value) entry.value = Slice(std::string_view(*value));
    entry.seq = {seq_max_.value + 1};
    catalog_entries_.push_back(entry);
  }
}

std::vector<std::unique_ptr<Iterator>> Salvager::sources() const {
  std::vector<TableFound> tables = found_tables_;
  std::sort(tables.begin(), tables.end(), [](const TableFound& a, const TableFound& b) { return a.first().compare(b.first()) < 0; });
  // As few chains of disjoint tables as there are tables over one key.
  std::vector<std::vector<const TableFound*>> chains;
  for (const TableFound& table : tables) {
    const auto fits = [&table](const auto& chain) { return chain.back()->last().compare(table.first()) < 0; };
    auto chain = std::find_if(chains.begin(), chains.end(), fits);
    if (chain == chains.end()) chain = chains.emplace(chains.end());
    chain->push_back(&table);
  }
  std::vector<std::unique_ptr<Iterator>> sources;
  for (const auto& chain : chains) {
    std::vector<ChainLink> links;
    for (const TableFound* table : chain) links.push_back({table->name, table->loss_count});
    sources.push_back(std::make_unique<ChainIterator>(*tables_, db_id_, std::move(links)));
  }
  sources.push_back(std::make_unique<EntryListIterator>(log_entries_));
  sources.push_back(std::make_unique<EntryListIterator>(catalog_entries_));
  return sources;
}

Status Salvager::write(const std::string& to) {
  FIRN_TRY_ASSIGN(const PlaceInParent place, find_new_place(env_, to));
  FIRN_TRY_ASSIGN(const auto made, DatabaseDirectory::make(env_, *place.parent, place.name));
  ManifestState state;
  state.db_id = env_.random() | 1;
  state.hash_seed = env_.random();
  state.wal_id = env_.random();
  state.closed_clean = true;
  // As after a crash: no number is given that may have been given before.
  state.seq_floor = jump_from(std::max(Seq{seq_max_.value + 1}, state_ ? state_->seq_floor : Seq()));
  if (state.seq_floor > kSeqMax) return Code::kOverflow;
  MergeOptions options;
  options.db_id = state.db_id;
  options.hash_seed = state.hash_seed;
  options.seq_upper = {seq_max_.value + 1};
  options.drop_tombstones = true;
  options.now_ms = env_.wall_ms();
  options.is_live_prefix = [this](Prefix prefix) { return catalog_->is_live(prefix); };
  std::vector<std::unique_ptr<Iterator>> parts;
  parts.push_back(std::make_unique<NewestIterator>(sources()));
  MergeJob job(
      std::move(options), made->tables(), [&state] { return state.next_table_id++; }, std::move(parts));
  for (bool done = false; !done;) {
    FIRN_TRY_ASSIGN(done, job.step(kStepEntryCount));
  }
  const std::vector<TableRef> outputs = job.take_outputs();
  for (const TableRef& table : outputs) {
    state.tables.push_back({state.next_run_id, table->id, table->file_bytes});
    report_.entries_written += table->table->properties().entry_count;
  }
  state.next_run_id++;
  return made->finish(state);
}

Result<SalvageReport> Salvager::run(const std::string& to) {
  FIRN_TRY(open_source());
  FIRN_TRY(find_new_place(env_, to).status());  // before the work
  FIRN_TRY(read_tables());
  FIRN_TRY(read_log());
  if (!state_ && found_tables_.empty() && report_.log_records == 0) {
    return Status::corrupt("nothing of this database can be read", from_, 0);
  }
  FIRN_TRY(read_catalog());
  for (const SalvageLoss& loss : report_.losses) report_.bytes_lost += loss.kind == LossKind::kTail ? 0 : loss.bytes;
  FIRN_TRY(write(to));
  return std::move(report_);
}

}  // namespace

Result<SalvageReport> salvage(Env& env, const std::string& from, const std::string& to) { return Salvager(env, from).run(to); }

}  // namespace firn
