// The five databases that damage is done to. Together they have every kind of file, every compression that is built in, both ways of reading and writing, retained segments of
// the log, several namespaces, entries that expire and have expired, tombstones, values of several chunks, and one or two runs of tables.
#include <gtest/gtest.h>

#include <algorithm>

#include "crashfs/crash_fs.h"
#include "crashfs/damage_subject.h"
#include "crashfs/database_reading.h"
#include "db/db.h"
#include "db/options.h"
#include "env/thread_mark.h"
#include "table/compression.h"

namespace firn {
namespace {

constexpr const char* kPath = "/db";
constexpr int kFlushedCount = 120;  // acts that are in tables
constexpr int kSyncedCount = 36;    // behind them in the log, synced; the next write's mark says so
constexpr int kLoggedCount = 60;    // all that are in the log only
constexpr int64_t kDayMs = 24 * 3600 * 1000;

struct Recipe {
  std::string name;
  std::string options;
  size_t big_bytes;  // of a value in a table: several chunks
  bool is_closed;    // in order; else the process was killed
};

const std::vector<Recipe>& recipes() {
  static const auto* const made = [] {
    const auto packed = [](Compression compression, const char* text) { return compression_is_built_in(compression) ? text : "none"; };
    const std::string lz4 = packed(Compression::kLz4, "lz4");
    const std::string zstd = packed(Compression::kZstd, "zstd");
    return new std::vector<Recipe>{
        {"mapped", "compression=none,log_io=mmap,table_io=mmap", 9000, false},
        {"lz4_pwrite", "compression=" + lz4 + ",log_io=pwrite,table_io=pread", 40000, false},
        {"zstd", "compression=" + zstd + ",log_io=mmap,table_io=mmap", 40000, false},
        {"retained", "compression=none,log_io=mmap,table_io=pread,changes_retention_bytes=4MiB", 5000, false},
        {"retained_closed", "compression=" + lz4 + ",log_io=pwrite,table_io=mmap,changes_retention_bytes=4MiB", 3000, true}};
  }();
  return *made;
}

std::string key_at(int i) { return "key" + std::to_string(i * 7 % kDamagedKeyCount); }

std::string text_of(int i, size_t bytes) {
  std::string text = "value " + std::to_string(i) + " ";
  while (text.size() < bytes) text += static_cast<char>('a' + (static_cast<size_t>(i) * 29 + text.size() / 7 * 5) % 26);
  return text;
}

struct Maker {
  const Recipe& recipe;
  Db& db;
  DatabaseState state;
  std::string foreign;

  void put(uint32_t ns, const std::string& key, const std::string& value, int64_t expiry_ms, bool sync) {
    const Operation operation = make_put(ns, Slice(key), Slice(value), expiry_ms);
    const auto version = db.write(&operation, 1, {.sync = sync});
    ASSERT_TRUE(version.ok()) << version.status().message();
    state.spaces[ns][key] = shown(value, version->value, expiry_ms);
    if (expiry_ms != kNeverExpires && expiry_ms < db.now_ms()) state.spaces[ns].erase(key);
  }
  void remove(uint32_t ns, const std::string& key) {
    Operation operation;
    operation.ns = ns;
    operation.kind = EntryKind::kDelete;
    operation.key = Slice(key);
    ASSERT_TRUE(db.write(&operation, 1, {}).ok());
    state.spaces[ns].erase(key);
  }
  void act(int i);
};

// One commit.
void Maker::act(int i) {
  const std::string key = key_at(i);
  const std::string value = foreign + text_of(i, 20 + static_cast<size_t>(i * 5 % 40));
  const bool sync = i == kFlushedCount + kSyncedCount - 1;
  if (i < 2) {
    ASSERT_TRUE(db.ns_open(Slice(i == 0 ? "sessions" : "passing"), false).ok());
  } else if (i == kFlushedCount + 5) {
    ASSERT_TRUE(db.ns_drop(2).ok());
    state.spaces[2].clear();
  } else if (i == 20) {
    put(0, key, text_of(i, recipe.big_bytes), kNeverExpires, sync);
  } else if (i == kFlushedCount + 10) {
    put(0, key, text_of(i, 1500), kNeverExpires, sync);
  } else if (sync) {
    put(0, key, value, kNeverExpires, true);
  } else if (i % 11 == 3) {
    remove(0, key);
  } else if (i % 7 == 2) {
    put(1, key, value, db.now_ms() + (i % 3 == 0 ? -kDayMs : 10 * kDayMs), sync);
  } else if (i % 13 == 5 && i < kFlushedCount) {
    put(2, key, value, kNeverExpires, sync);
  } else {
    put(0, key, value, kNeverExpires, sync);
  }
  state.names = db.ns_list();
  state.version = db.snapshot().seq().value;
}

class DamagedDatabase final : public DamageSubject {
 public:
  explicit DamagedDatabase(const Recipe& recipe) : recipe_(recipe) {
    make("", &original_.image, &original_.earlier, &states_, &all_changes_);
    DiskImage ignored;
    std::vector<DatabaseState> none;
    std::string other_changes;
    make("foreign ", &original_.foreign, &ignored, &none, &other_changes);
    for (const bool read_only : {true, false}) whole_[read_only] = read(original_.image, read_only, nullptr);
  }

  std::string kind_of(const std::string& path) const override {
    if (path.find("/tables/") != std::string::npos) return "table";
    if (path.find("/manifest/") != std::string::npos) return "manifest";
    return live_log_.contains(path) ? "log" : "retained log";
  }
  bool may_cut(const std::string& path) const override { return live_log_.contains(path); }

  Verdict judge(const DiskImage& image, Opening opening) const override {
    const bool read_only = opening == Opening::kReadOnly;
    DatabaseReading again;
    const DatabaseReading found = read(image, read_only, opening == Opening::kWritableTwice ? &again : nullptr);
    const Verdict verdict = judge_reading(found, read_only);
    if (opening != Opening::kWritableTwice || verdict.outcome == Outcome::kSilent || !found.opened.ok()) return verdict;
    // What it has written was made of what it answered.
    if (!again.opened.ok()) return is_refusal(again.opened) ? verdict : Verdict{Outcome::kSilent, "another code when opened again"};
    again.feed_first =
        found.feed_first;  // an opening may give up commits of the feed; what is left of it is looked at in the first reading
    again.feed = found.feed;
    again.feed_status = found.feed_status;
    again.dropped_bytes = found.dropped_bytes;
    const Verdict second = judge_reading(again, read_only);
    const bool is_worse = second.outcome == Outcome::kSilent || (second.outcome != verdict.outcome && second.outcome != Outcome::kRefused &&
                                                                 verdict.outcome != Outcome::kRefused);
    return is_worse ? Verdict{Outcome::kSilent, "opened again: " + second.why + name_of(second.outcome)} : verdict;
  }

  Status verify(const DiskImage& image) const override {
    CrashFs fs(image);
    const ThreadMark mark;
    return Db::check(kPath, fs);
  }

 private:
  DbOptions options() const {
    DbOptions options;
    EXPECT_EQ(Code::kOk, parse_options(&options, recipe_.options + ",single_threaded=true,memtable_bytes=16KiB"));
    return options;
  }

  void make(const std::string& foreign, DiskImage* image, DiskImage* earlier, std::vector<DatabaseState>* states, std::string* changes) {
    CrashFs fs({}, foreign.size());  // two of them have different ids
    const ThreadMark mark;
    auto db = std::move(*Db::open(kPath, options(), fs));
    Maker maker{recipe_, *db, {}, foreign};
    std::map<std::string, ContentRef> flushed;
    for (int i = 0; i < kFlushedCount + kLoggedCount; i++) {
      if (i >= kFlushedCount) states->push_back(maker.state);
      maker.act(i);
      EXPECT_TRUE(append_change(*db, maker.state.version, changes).ok());
      if (i == kFlushedCount / 2 || i == kFlushedCount - 1) {
        EXPECT_TRUE(db->flush().ok());
        flushed = fs.live().files;
      }
      if (i == kFlushedCount + kSyncedCount / 2) *earlier = fs.live();
    }
    states->push_back(maker.state);
    if (recipe_.is_closed) {
      EXPECT_TRUE(db->close().ok());
    }
    *image = fs.live();
    if (!foreign.empty() || recipe_.is_closed) return;
    for (const auto& [path, content] : image->files) {
      const auto before = flushed.find(path);
      if (path.find("/wal/") != std::string::npos && (before == flushed.end() || before->second->hash != content->hash))
        live_log_.insert(path);
    }
  }

  DatabaseReading read(const DiskImage& image, bool read_only, DatabaseReading* again) const {
    DatabaseReading reading;
    CrashFs fs(image);
    DbOptions given = options();
    given.create_if_missing = false;
    given.read_only = read_only;
    const ThreadMark mark;
    {
      auto db = Db::open(kPath, given, fs);
      reading.opened = db.status();
      if (!db.ok()) return reading;
      read_database(**db, &reading);
      if (read_only || again == nullptr) return reading;
      const Status closed = (*db)->close();
      EXPECT_TRUE(closed.ok() || is_refusal(closed)) << closed.message();
    }
    given.read_only = true;
    auto db = Db::open(kPath, given, fs);
    again->opened = db.status();
    if (db.ok()) read_database(**db, again);
    return reading;
  }

  Verdict judge_reading(const DatabaseReading& found, bool read_only) const {
    if (!found.opened.ok()) {
      if (is_refusal(found.opened)) return {Outcome::kRefused, ""};
      return {Outcome::kSilent, "the opening ends with " + std::string(found.opened.message())};
    }
    Noticed notice;
    const std::string why = difference(found, states_.back(), whole_[read_only], all_changes_, &notice);
    if (why.empty()) return {notice.refused ? Outcome::kRefused : notice.shorter_feed ? Outcome::kShorterFeed : Outcome::kSame, ""};
    for (size_t i = states_.size() - 1; i-- > 0;) {
      if (!difference(found, states_[i], whole_[read_only], all_changes_, &notice).empty()) continue;
      if (found.dropped_bytes == 0) return {Outcome::kCutUntold, ""};
      return {i >= kSyncedCount ? Outcome::kCut : Outcome::kCutWithMark, ""};
    }
    return {Outcome::kSilent, why};
  }

  const Recipe& recipe_;
  std::vector<DatabaseState> states_;  // after the flushed acts and each number of logged ones
  std::set<std::string> live_log_;
  DatabaseReading whole_[2];  // of the undamaged image: writable, read-only
  std::string all_changes_;   // the change feed from the first commit on
};

}  // namespace

const std::vector<std::string>& damaged_database_names() {
  static const auto* const names = [] {
    auto* const made = new std::vector<std::string>;
    for (const Recipe& recipe : recipes()) made->push_back(recipe.name);
    return made;
  }();
  return *names;
}

std::unique_ptr<DamageSubject> make_damaged_database(std::string_view name) {
  for (const Recipe& recipe : recipes()) {
    if (recipe.name == name) return std::make_unique<DamagedDatabase>(recipe);
  }
  return nullptr;
}

}  // namespace firn
