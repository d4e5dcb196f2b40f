#include "lsm/version.h"

#include <algorithm>
#include <cstdio>

#include "base/fast_path.h"
#include "base/key_head.h"
#include "base/partition.h"

namespace firn {

std::string table_name(uint64_t id) {
  char name[32];
  write_table_name(id, name);
  return name;
}

void write_table_name(uint64_t id, char (&to)[32]) { std::snprintf(to, sizeof to, "%016llx.tbl", static_cast<unsigned long long>(id)); }

bool parse_table_name(const std::string& name, uint64_t* id) {
  if (name.size() != 20 || name.compare(16, 4, ".tbl") != 0) return false;
  uint64_t value = 0;
  for (size_t i = 0; i < 16; i++) {
    const char c = name[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    value = value << 4 | static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  *id = value;
  return true;
}

Result<TableRef> open_table(Directory& tables, const TableIdentity& identity, TableIo io) {
  const std::string name = table_name(identity.table_id);
  auto file = tables.open_file(name, OpenMode::kRead);
  if (file.status().is(Code::kNotFound))
    return Status::corrupt("a table that the manifest names is missing", tables.path() + "/" + name, 0);
  if (!file.ok()) return file.status();
  FIRN_TRY_ASSIGN(auto table, Table::open(std::move(*file), identity, io));
  const uint64_t file_bytes = table->properties().file_bytes;
  return TableRef(std::make_shared<TableHandle>(TableHandle{identity.table_id, file_bytes, std::move(table)}));
}

uint64_t Run::bytes() const {
  uint64_t sum = 0;
  for (const TableRef& table : tables) sum += table->file_bytes;
  return sum;
}

uint64_t Run::entry_count() const {
  uint64_t sum = 0;
  for (const TableRef& table : tables) sum += table->table->properties().entry_count;
  return sum;
}

void Run::index() {
  const InternalKey smallest = tables.front()->table->properties().smallest();
  const InternalKey largest = tables.back()->table->properties().largest();
  skip_ = shared_bytes(smallest, largest);
  if (skip_ < kPrefixBytes) skip_ = 0;
  shared_ = {smallest.prefix, smallest.user.first(skip_ - std::min(skip_, kPrefixBytes))};
  fences_.clear();
  for (const TableRef& table : tables) {
    const TableProperties& properties = table->table->properties();
    fences_.push_back({key_head(properties.smallest(), skip_), key_head(properties.largest(), skip_), table->table.get()});
  }
}

const Table* Run::table_of(const InternalKey& key) const {
  if (skip_ != 0 && (key.prefix != shared_.prefix || !key.user.starts_with(shared_.user))) return nullptr;
  const uint64_t head = key_head(key, skip_);
  const auto below = partition(
      static_cast<uint32_t>(fences_.size()), [this](uint32_t i) { return fences_[i].largest_head; },
      [head](uint64_t largest) { return largest < head; });
  if (below == fences_.size()) return nullptr;
  const Fence& fence = fences_[below];
  if (fence.smallest_head < head && head < fence.largest_head && FIRN_FAST_PATH("heads alone tell which table")) [[likely]]
    return fence.table;
  return table_by_keys(key, head, below);
}

// Equal heads say nothing: then the keys decide.
[[gnu::noinline]] const Table* Run::table_by_keys(const InternalKey& key, uint64_t head, size_t fence) const {
  auto at = fences_.begin() + static_cast<std::ptrdiff_t>(fence);
  while (at != fences_.end() && at->largest_head == head && at->table->properties().largest().compare(key) < 0) ++at;
  if (at == fences_.end() || at->smallest_head > head) return nullptr;
  if (at->smallest_head == head && at->table->properties().smallest().compare(key) > 0) return nullptr;
  return at->table;
}

uint64_t Version::bytes() const {
  uint64_t sum = 0;
  for (const Run& run : runs) sum += run.bytes();
  return sum;
}

size_t Version::table_count() const {
  size_t count = 0;
  for (const Run& run : runs) count += run.tables.size();
  return count;
}

namespace {

Run new_run(uint64_t id) {
  Run run;
  run.id = id;
  return run;
}

}  // namespace

VersionRef apply_changes(const Version& version, const std::vector<uint64_t>& removed_ids,
                         const std::vector<std::pair<uint64_t, TableRef>>& added_by_run) {
  auto next = std::make_shared<Version>(version);
  for (Run& run : next->runs) {
    std::erase_if(run.tables,
                  [&](const TableRef& table) { return std::find(removed_ids.begin(), removed_ids.end(), table->id) != removed_ids.end(); });
  }
  for (const auto& [run_id, table] : added_by_run) {
    auto run = std::find_if(next->runs.begin(), next->runs.end(), [id = run_id](const Run& r) { return r.id == id; });
    if (run == next->runs.end()) run = next->runs.insert(next->runs.end(), new_run(run_id));
    run->tables.push_back(table);
  }
  std::erase_if(next->runs, [](const Run& run) { return run.tables.empty(); });
  std::sort(next->runs.begin(), next->runs.end(), [](const Run& a, const Run& b) { return a.id > b.id; });
  for (Run& run : next->runs) {
    std::sort(run.tables.begin(), run.tables.end(), [](const TableRef& a, const TableRef& b) {
      return a->table->properties().smallest().compare(b->table->properties().smallest()) < 0;
    });
    run.index();
  }
  return next;
}

namespace {

class RunIterator final : public Iterator {
 public:
  RunIterator(const std::vector<TableRef>& tables, bool sequential) : tables_(tables), sequential_(sequential) {}

  void seek_to_first() override {
    enter(0, [](Iterator& at) { at.seek_to_first(); });
  }
  void seek_to_last() override {
    enter(tables_.size() - 1, [](Iterator& at) { at.seek_to_last(); });
  }
  void seek(const InternalKey& key) override {
    begin_seek(key, std::nullopt);
    RunIterator::end_seek();
  }
  void begin_seek(const InternalKey& key, std::optional<uint64_t> hash) override {
    valid_ = false;
    is_seeking_ = false;
    const auto at = std::partition_point(tables_.begin(), tables_.end(),
                                         [&key](const TableRef& table) { return table->table->properties().largest().compare(key) < 0; });
    if (at == tables_.end() || !status_.ok()) return;
    open(static_cast<size_t>(at - tables_.begin()));
    current_->begin_seek(key, hash);
    is_seeking_ = true;
  }
  void end_seek() override {
    if (!is_seeking_) return;
    is_seeking_ = false;
    current_->end_seek();
    show();
  }
  void next() override {
    current_->next();
    if (!current_->valid() && current_->status().ok() && index_ + 1 < tables_.size()) {
      enter(index_ + 1, [](Iterator& at) { at.seek_to_first(); });
      return;
    }
    show();
  }
  size_t advance(Entry* copies, size_t max) override {
    size_t count = 0;
    while (valid_ && count < max) {
      count += current_->advance(copies + count, max - count);
      if (count < max && current_->status().ok() && index_ + 1 < tables_.size()) {
        enter(index_ + 1, [](Iterator& at) { at.seek_to_first(); });
        if (valid_) copies[count++] = *entry_;
      } else {
        show();
      }
    }
    return count;
  }
  size_t advance_below(const InternalKey& bound, Entry* copies, size_t max) override {
    size_t count = 0;
    while (valid_ && count < max) {
      count += current_->advance_below(bound, copies + count, max - count);
      if (count == max || current_->valid() || !current_->status().ok() || index_ + 1 == tables_.size()) {
        show();
        break;
      }
      enter(index_ + 1, [](Iterator& at) { at.seek_to_first(); });
      if (!valid_ || entry_->key.compare(bound) >= 0) break;
      copies[count++] = *entry_;
    }
    return count;
  }
  void prev() override {
    current_->prev();
    if (!current_->valid() && current_->status().ok() && index_ > 0) {
      enter(index_ - 1, [](Iterator& at) { at.seek_to_last(); });
      return;
    }
    show();
  }

 private:
  template <typename Move>
  void enter(size_t index, const Move& move) {
    if (!status_.ok()) return;
    open(index);
    move(*current_);
    show();
  }
  void open(size_t index) {
    if (current_ != nullptr && index == index_) return;
    current_ = tables_[index]->table->new_iterator(sequential_);
    index_ = index;  // last: there may be no memory for the iterator
  }
  void show() {
    valid_ = current_->valid();
    if (valid_) {
      entry_ = &current_->entry();
    } else if (!current_->status().ok()) {
      fail(current_->status());
    }
  }

  const std::vector<TableRef>& tables_;
  const bool sequential_;
  size_t index_ = 0;
  std::unique_ptr<Iterator> current_;
  bool is_seeking_ = false;  // between begin_seek() and end_seek()
};

}  // namespace

std::unique_ptr<Iterator> new_run_iterator(const std::vector<TableRef>& tables, bool sequential) {
  if (tables.size() == 1 && FIRN_FAST_PATH("a run of one table is that table")) return tables[0]->table->new_iterator(sequential);
  return std::make_unique<RunIterator>(tables, sequential);
}

}  // namespace firn
