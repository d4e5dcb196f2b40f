// make_golden FOLDER: writes the golden directories anew, FOLDER/{database,compressed,log}, and beside each what was stored in it, FOLDER/<name>.answers.
// What was stored is kept by this program itself, not read back. Needs a build with LZ4 and Zstandard. Ends with an abort when anything fails.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "answers.h"

namespace {

using namespace firn_golden;

constexpr const char* kTorn = "this was written last, never synced, and torn";
constexpr int64_t kCenturyMs = int64_t{315'360'000'000} * 10;

void demand(bool is_so, const char* what) {
  if (is_so) return;
  std::cerr << "make_golden: " << what << "\n";
  std::abort();
}

const uint8_t* bytes(const std::string& text) { return reinterpret_cast<const uint8_t*>(text.data()); }

template <typename Open>
auto open_with(const std::string& text, const Open& open) {
  firn_options* const options = firn_options_new();
  demand(firn_options_parse(options, text.c_str()) == FIRN_OK, text.c_str());
  firn_error error = FIRN_ERROR_INIT;
  auto* const handle = open(options, &error);
  firn_options_free(options);
  demand(handle != nullptr, error.message);
  return handle;
}

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_whole(const std::filesystem::path& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  demand(out.good(), path.c_str());
}

// A directory as a process leaves it that is killed now, without the lock's file, which means nothing.
void copy_as_killed(const std::string& from, const std::filesystem::path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  std::filesystem::remove(to / "LOCK");
}

// Damages what was written last, in the one file that has it.
void tear(const std::filesystem::path& directory) {
  int count = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (!file.is_regular_file()) continue;
    std::string content = read_whole(file.path());
    const size_t at = content.find(kTorn);
    if (at == std::string::npos) continue;
    content[at + 5] = '?';
    write_whole(file.path(), content);
    count++;
  }
  demand(count == 1, "the torn record is not in one file");
}

// A database, and beside it all that was written into it.
class Database {
 public:
  Database(std::string path, const std::string& options) : path_(std::move(path)) { open(options); }

  void open(const std::string& options) {
    db_ =
        open_with("single_threaded=true," + options, [this](auto* parsed, auto* error) { return firn_open(path_.c_str(), parsed, error); });
  }
  void close() { demand(firn_close(std::exchange(db_, nullptr)) == FIRN_OK, "close"); }
  firn_db* handle() const { return db_; }

  uint32_t open_namespace(const std::string& name) {
    const int64_t id = firn_ns_open(db_, bytes(name), name.size(), 0);
    demand(id > 0, "a namespace");
    names_[static_cast<uint32_t>(id)] = name;
    changes_ += change_line(last_version(), FIRN_CHANGE_NS_OPEN, static_cast<uint32_t>(id), name, 0, "");
    return static_cast<uint32_t>(id);
  }
  void clear(uint32_t ns) {
    demand(firn_ns_clear(db_, ns) == FIRN_OK, "clear");
    entries_.erase(names_[ns]);
    changes_ += change_line(last_version(), FIRN_CHANGE_NS_CLEAR, ns, names_[ns], 0, "");
  }
  void drop(uint32_t ns) {
    demand(firn_ns_drop(db_, ns) == FIRN_OK, "drop");
    entries_.erase(names_[ns]);
    changes_ += change_line(last_version(), FIRN_CHANGE_NS_DROP, ns, names_[ns], 0, "");
  }
  void put(uint32_t ns, const std::string& key, const std::string& value, int64_t ttl_ms = 0) {
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.ttl_ms = ttl_ms;
    const int64_t version = firn_put_ex(db_, ns, bytes(key), key.size(), bytes(value), value.size(), &opts);
    demand(version > 0, "put");
    firn_entry entry = FIRN_ENTRY_INIT;
    demand(firn_get_entry(db_, ns, bytes(key), key.size(), nullptr, 0, &entry) >= 0, "the entry of a put");
    demand((ttl_ms == 0) == (entry.expiry_ms == 0), "an expiry");
    note_put(ns, key, last_version(), entry.expiry_ms, value);
  }
  void remove(uint32_t ns, const std::string& key) {
    demand(firn_delete(db_, ns, bytes(key), key.size()) == FIRN_OK, "delete");
    entries_[names_[ns]].erase(key);
    changes_ += change_line(last_version(), FIRN_OP_DELETE, ns, key, 0, "");
  }
  // One commit over namespaces: puts where there is a value, else deletes.
  void write(const std::vector<std::pair<uint32_t, std::pair<std::string, std::string>>>& operations) {
    std::string batch;
    const auto append = [&batch](auto number) { batch.append(reinterpret_cast<const char*>(&number), sizeof number); };
    for (const auto& [ns, entry] : operations) {
      append(entry.second.empty() ? FIRN_OP_DELETE : FIRN_OP_PUT);
      append(ns);
      append(static_cast<uint32_t>(entry.first.size()));
      append(static_cast<uint32_t>(entry.second.size()));
      append(int64_t{0});
      batch += entry.first + entry.second;
    }
    demand(firn_write(db_, bytes(batch), batch.size(), 0) > 0, "a batch");
    for (const auto& [ns, entry] : operations) {
      if (!entry.second.empty()) {
        note_put(ns, entry.first, last_version(), 0, entry.second);
      } else {
        entries_[names_[ns]].erase(entry.first);
        changes_ += change_line(last_version(), FIRN_OP_DELETE, ns, entry.first, 0, "");
      }
    }
  }
  void flush() { demand(firn_flush(db_) == FIRN_OK, "flush"); }
  void sync() { demand(firn_sync(db_) == FIRN_OK, "sync"); }
  // An entry whose time is over by the time that somebody reads it.
  void put_expired(const std::string& key) {
    put(0, key, "for a moment", 200);
    entries_[""].erase(key);
  }
  // Written, and not counted as stored.
  void put_torn() {
    const std::string key = "torn";
    const std::string value = kTorn;
    demand(firn_put(db_, 0, bytes(key), key.size(), bytes(value), value.size()) == FIRN_OK, "the torn put");
  }
  std::string entries() const {
    std::string text;
    for (const auto& [ns, entries] : entries_) {
      for (const auto& [key, line] : entries) text += line;
    }
    return text;
  }
  const std::string& changes() const { return changes_; }

 private:
  uint64_t last_version() const {
    uint64_t first = 0;
    uint64_t next = 0;
    demand(firn_changes_bounds(db_, &first, &next) == FIRN_OK, "bounds");
    return next - 1;
  }
  void note_put(uint32_t ns, const std::string& key, uint64_t version, int64_t expiry_ms, const std::string& value) {
    entries_[names_[ns]][key] = entry_line(names_[ns], key, version, expiry_ms, value);
    changes_ += change_line(version, FIRN_OP_PUT, ns, key, expiry_ms, value);
  }

  const std::string path_;
  firn_db* db_ = nullptr;
  std::map<uint32_t, std::string> names_{{0, ""}};
  std::map<std::string, std::map<std::string, std::string>> entries_;  // lines, by namespace and key
  std::string changes_;
};

std::string value_of(int i) { return std::string(static_cast<size_t>(i * 7 % 120), static_cast<char>('a' + i % 26)) + std::to_string(i); }

// Two runs of tables, several namespaces, times to live, retained segments for the change feed, a live log with a torn tail.
void make_database(const std::string& scratch, const std::filesystem::path& folder) {
  Database db(scratch + "/database", "memtable_bytes=4KiB,changes_retention_bytes=1MiB");
  const uint32_t side = db.open_namespace("side");
  const uint32_t cleared = db.open_namespace("cleared");
  const uint32_t dropped = db.open_namespace("dropped");
  for (int i = 0; i < 20; i++) db.put(i % 3 == 0 ? side : 0, "key" + std::to_string(100 + i), value_of(i), i % 5 == 0 ? kCenturyMs : 0);
  db.put(cleared, "lost", "with the clearing");
  db.put(dropped, "lost", "with the dropping");
  db.put_expired("expired in a table");
  db.flush();
  for (int i = 10; i < 25; i++) db.put(0, "key" + std::to_string(100 + i), "second " + value_of(i));
  for (int i = 0; i < 20; i += 4) db.remove(i % 3 == 0 ? side : 0, "key" + std::to_string(100 + i));
  db.put(0, std::string("\0\xff binary\n", 10), std::string(1, '\0'));
  db.put(0, "empty", "");
  db.clear(cleared);
  db.drop(dropped);
  db.flush();
  db.put(cleared, "anew", "after the clearing");
  db.write({{0, {"both", "in one commit"}}, {side, {"both", "in one commit"}}, {0, {"key111", ""}}});
  db.put(side, "long lived", "in the log", kCenturyMs);
  db.put_expired("expired in the log");
  db.sync();
  db.put(0, "not synced", "but whole");
  const std::string changes = changes_of(db.handle());
  demand(changes == db.changes(), "the feed is not what was written");
  db.put_torn();
  usleep(400'000);  // what expires has expired
  copy_as_killed(scratch + "/database", folder / "database");
  tear(folder / "database");
  write_whole(folder / "database.answers", db.entries() + db.changes());
  db.close();
}

// A table of every compression, closed in order.
void make_compressed(const std::string& scratch, const std::filesystem::path& folder) {
  Database db(scratch + "/compressed", "compression=lz4");
  int from = 0;
  for (const char* next : {"compression=zstd", "compression=none", ""}) {
    for (int i = from; i < from + 60; i++) db.put(0, "key" + std::to_string(1000 + i * 7 % 100), value_of(i % 11) + std::to_string(i));
    from += 60;
    db.flush();
    db.close();
    if (*next != '\0') db.open(next);
  }
  std::filesystem::remove_all(folder / "compressed");
  copy_as_killed(scratch + "/compressed", folder / "compressed");
  write_whole(folder / "compressed.answers", db.entries());
}

// Several segments, trimmed at both ends, batches, a torn tail.
void make_log(const std::string& scratch, const std::filesystem::path& folder) {
  const std::string path = scratch + "/log";
  firn_log* const log =
      open_with("segment_bytes=4KiB", [&path](auto* options, auto* error) { return firn_log_open(path.c_str(), options, error); });
  std::map<uint64_t, std::string> records;
  uint64_t next = 0;
  const auto append = [&](int i) {
    const std::string record = value_of(i);
    demand(firn_log_append(log, bytes(record), record.size()) == static_cast<int64_t>(next), "an append");
    records[next++] = record;
  };
  for (int i = 0; i < 90; i++) append(i);
  std::string batch;
  for (const std::string record : {"first of a batch", "", "last of a batch"}) {
    const auto length = static_cast<uint32_t>(record.size());
    batch.append(reinterpret_cast<const char*>(&length), sizeof length).append(record);
    records[next++] = record;
  }
  demand(firn_log_append_batch(log, bytes(batch), batch.size()) == static_cast<int64_t>(next - 3), "a batch");
  for (int i = 0; i < 30; i++) append(i);
  demand(firn_log_trim_before(log, 7) == FIRN_OK, "a trim");
  records.erase(records.begin(), records.find(7));
  demand(firn_log_trim_after(log, 109) == FIRN_OK, "a trim");
  records.erase(records.find(110), records.end());
  next = 110;
  for (int i = 50; i < 100; i++) append(i);
  demand(firn_log_sync(log) == FIRN_OK, "sync");
  append(1);
  const std::string torn = kTorn;
  demand(firn_log_append(log, bytes(torn), torn.size()) == static_cast<int64_t>(next), "the torn append");
  usleep(300'000);  // the keepers have nothing left to do
  copy_as_killed(path, folder / "log");
  tear(folder / "log");
  demand(firn_log_close(log) == FIRN_OK, "close");
  std::string text = "bounds 7 " + std::to_string(next) + "\n";
  for (const auto& [index, record] : records) text += record_line(index, record);
  write_whole(folder / "log.answers", text);
}

}  // namespace

int main(int count, char** arguments) {
  demand(count == 2, "usage: make_golden FOLDER");
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  std::string scratch = (std::filesystem::temp_directory_path() / "firn_golden_XXXXXX").string();
  demand(mkdtemp(scratch.data()) != nullptr, "a scratch directory");
  make_database(scratch, folder);
  make_compressed(scratch, folder);
  make_log(scratch, folder);
  std::filesystem::remove_all(scratch);
}
