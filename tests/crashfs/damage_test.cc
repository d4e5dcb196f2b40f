// Damage larger than a bit (T10; single bits: tests/crash/flip_test.cc): bytes set to 0x00, 0xff and anything, sectors zeroed, exchanged inside a file and across files or replaced by
// what they were earlier, files cut off or made longer, missing, doubled under another number, or those of another database. A damaged database answers as before, or refuses
// (kCorrupt and its kind), at open or at the read that needs what is damaged; or it has lost commits from the end of its log, and says so unless only zeros are left there.
//   FIRN_SEED repeats a share; FIRN_DEEP=1 does every byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "crashfs/crash_fs.h"
#include "crashfs/effort.h"
#include "db/db.h"
#include "db/options.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

using Model = std::map<std::string, std::string>;

constexpr const char* kPath = "/db";
constexpr size_t kSectorBytes = 512;
constexpr int kKeyCount = 150;
constexpr int kFlushedCount = 300;  // operations that are in tables
constexpr int kSyncedCount = 60;    // behind them in the log, synced; the next write's mark says so
constexpr int kLoggedCount = 100;   // all that are in the log only

struct Original {
  DiskImage image;
  DiskImage earlier;          // when half of the synced operations were there
  std::vector<Model> states;  // after the flushed operations and each number of logged ones
};

DbOptions options_of(const std::string& text) {
  DbOptions options;
  EXPECT_EQ(Code::kOk, parse_options(&options, text + ",single_threaded=true,memtable_bytes=64KiB"));
  return options;
}

Original make_original(const std::string& text, const char* value) {
  Original original;
  CrashFs fs;
  for (const char* at = value; *at != ' '; at++) (void)fs.random();  // so that two of them have different ids
  const ThreadMark mark;
  auto db = std::move(*Db::open(kPath, options_of(text), fs));
  Model model;
  for (int i = 0; i < kFlushedCount + kLoggedCount; i++) {
    if (i >= kFlushedCount) original.states.push_back(model);
    const std::string key = "key" + std::to_string(i * 7 % kKeyCount);
    model[key] = value + std::to_string(i) + std::string(static_cast<size_t>(i % 60), 'v');
    const Operation put = make_put(0, Slice(key), Slice(model[key]), kNeverExpires);
    EXPECT_TRUE(db->write(&put, 1, {.sync = i == kFlushedCount + kSyncedCount - 1}).ok());
    if (i == kFlushedCount / 2 || i == kFlushedCount - 1) {
      EXPECT_TRUE(db->flush().ok());
    }
    if (i == kFlushedCount + kSyncedCount / 2) original.earlier = fs.live();
  }
  original.states.push_back(model);
  original.image = fs.live();  // of a process that was killed
  return original;
}

struct Outcome {
  Status status;  // of the first call that failed
  Model scanned;
  bool is_same_backwards = true;
  bool gets_agree = true;
  uint64_t dropped_bytes = 0;
};

Status read_all(Db& db, Outcome* outcome) {
  FIRN_TRY_ASSIGN(const auto iterator, db.new_iterator(db.snapshot(), 0));
  for (iterator->seek_to_first(); iterator->valid(); iterator->next())
    outcome->scanned[iterator->entry().key.user.to_string()] = iterator->entry().value.to_string();
  FIRN_TRY(iterator->status());
  auto expected = outcome->scanned.rbegin();
  for (iterator->seek_to_last(); iterator->valid() && outcome->is_same_backwards; iterator->prev(), ++expected)
    outcome->is_same_backwards = expected != outcome->scanned.rend() && iterator->entry().key.user == Slice(expected->first) &&
                                 iterator->entry().value == Slice(expected->second);
  FIRN_TRY(iterator->status());
  outcome->is_same_backwards = outcome->is_same_backwards && expected == outcome->scanned.rend();
  for (int i = 0; i < kKeyCount; i++) {
    const std::string key = "key" + std::to_string(i);
    std::string value(256, '\0');
    const auto bytes = db.get(0, Slice(key), reinterpret_cast<uint8_t*>(value.data()), value.size());
    const auto at = outcome->scanned.find(key);
    if (!bytes.ok() && !bytes.status().is(Code::kNotFound)) return bytes.status();
    if (bytes.ok()) value.resize(std::min(value.size(), *bytes));
    if (bytes.ok() != (at != outcome->scanned.end()) || (bytes.ok() && value != at->second)) outcome->gets_agree = false;
  }
  return {};
}

Outcome read_damaged(const DiskImage& image, const std::string& text, bool read_only) {
  Outcome outcome;
  CrashFs fs(image);
  DbOptions options = options_of(text);
  options.create_if_missing = false;
  options.read_only = read_only;
  const ThreadMark mark;
  auto db = Db::open(kPath, options, fs);
  if (!db.ok()) {
    outcome.status = db.status();
    return outcome;
  }
  outcome.dropped_bytes = (*db)->recovery().bytes_dropped;
  outcome.status = read_all(**db, &outcome);
  return outcome;
}

class DamageTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    original_ = make_original(GetParam(), "value ");
    foreign_ = make_original(GetParam(), "foreign ").image;
    ASSERT_EQ(original_.states.back(), read_damaged(original_.image, GetParam(), true).scanned);
    for (const auto& [path, content] : original_.image.files) {
      if (path.find("/LOCK") == std::string::npos) paths_.push_back(path);
    }
    ASSERT_GE(paths_.size(), 4u);
  }
  void TearDown() override {
    std::printf("[ figures  ] %llu refused, %llu cut, %llu harmless, 0 silent\n", static_cast<unsigned long long>(refused_),
                static_cast<unsigned long long>(cut_), static_cast<unsigned long long>(harmless_));
  }

  const std::string& bytes_of(const std::string& path) const { return original_.image.files.at(path)->bytes; }
  // Up to the first sector behind which there is nothing but the zeros of a reservation.
  size_t used_bytes(const std::string& path) const {
    const size_t last = bytes_of(path).find_last_not_of('\0');
    return std::min(bytes_of(path).size(), (last == std::string::npos ? 0 : last) / kSectorBytes * kSectorBytes + 2 * kSectorBytes);
  }
  // Every place in a deep run, else a few, chosen by the seed.
  std::vector<size_t> places(size_t count, size_t sample) {
    std::vector<size_t> all(count);
    for (size_t i = 0; i < count; i++) all[i] = i;
    if (!effort_.is_deep) {
      std::shuffle(all.begin(), all.end(), random_);
      all.resize(std::min(all.size(), std::max<size_t>(1, sample / effort_.slowness)));
    }
    return all;
  }

  void try_file(const std::string& path, std::string bytes, const std::string& what) {
    if (bytes == bytes_of(path)) return;
    DiskImage image = original_.image;
    image.files[path] = std::make_shared<const Content>(std::move(bytes));
    try_image(image, path + ": " + what, path.find("/wal/") != std::string::npos);
  }
  void try_image(const DiskImage& image, const std::string& what, bool is_log) {
    SCOPED_TRACE("FIRN_SEED=" + std::to_string(effort_.seed) + ", " + what);
    for (const bool read_only : {true, false}) {
      const Outcome outcome = read_damaged(image, GetParam(), read_only);
      if (!outcome.status.ok()) {
        const Code code = outcome.status.code();
        EXPECT_TRUE(code == Code::kCorrupt || code == Code::kNewerFormat || code == Code::kNotADatabase) << outcome.status.message();
        refused_++;
        continue;
      }
      EXPECT_TRUE(outcome.gets_agree && outcome.is_same_backwards) << read_only;
      if (outcome.scanned == original_.states.back()) {
        harmless_++;
        continue;
      }
      EXPECT_TRUE(is_log) << "another answer";
      const auto at = std::find(original_.states.begin(), original_.states.end(), outcome.scanned);
      EXPECT_NE(original_.states.end(), at) << "no prefix of the commits";
      EXPECT_TRUE(outcome.dropped_bytes > 0 || leaves_zeros_) << "an unreported loss";
      cut_++;
    }
  }

  const Effort effort_ = test_effort();
  std::mt19937_64 random_{effort_.seed};
  Original original_;
  DiskImage foreign_;
  std::vector<std::string> paths_;
  bool leaves_zeros_ = true;  // the damage can make the end of the log look as if nothing was ever written there
  uint64_t refused_ = 0;
  uint64_t cut_ = 0;
  uint64_t harmless_ = 0;
};

TEST_P(DamageTest, a_byte_that_is_anything_is_harmless_or_noticed) {
  leaves_zeros_ = false;
  for (const std::string& path : paths_) {
    for (const size_t at : places(used_bytes(path), 30)) {
      for (const char byte : {'\0', '\xff', static_cast<char>(random_())}) {
        std::string bytes = bytes_of(path);
        bytes[at] = byte;
        try_file(path, std::move(bytes), "byte " + std::to_string(at) + " is " + std::to_string(static_cast<unsigned char>(byte)));
      }
    }
  }
}

TEST_P(DamageTest, a_sector_that_is_zero_older_or_another_one_is_harmless_or_noticed) {
  const auto replaced = [&](const std::string& path, size_t sector, std::string_view by) {
    std::string bytes = bytes_of(path);
    const size_t length = std::min({kSectorBytes, bytes.size() - sector * kSectorBytes, by.size()});
    return bytes.replace(sector * kSectorBytes, length, by.substr(0, length));
  };
  for (const std::string& path : paths_) {
    const size_t sector_count = (used_bytes(path) + kSectorBytes - 1) / kSectorBytes;
    for (const size_t sector : places(sector_count, 12)) {
      const std::string where = "sector " + std::to_string(sector);
      try_file(path, replaced(path, sector, std::string(kSectorBytes, '\0')), where + " is zero");
      const size_t other = random_() % sector_count;
      std::string exchanged = replaced(path, sector, std::string_view(bytes_of(path)).substr(other * kSectorBytes, kSectorBytes));
      const std::string own = bytes_of(path).substr(sector * kSectorBytes, kSectorBytes);
      exchanged.replace(other * kSectorBytes, std::min(own.size(), exchanged.size() - other * kSectorBytes), own);
      try_file(path, exchanged.substr(0, bytes_of(path).size()), where + " is exchanged with " + std::to_string(other));
      const std::string& from = paths_[random_() % paths_.size()];
      const size_t there = random_() % ((used_bytes(from) + kSectorBytes - 1) / kSectorBytes);
      try_file(path, replaced(path, sector, std::string_view(bytes_of(from)).substr(there * kSectorBytes, kSectorBytes)),
               where + " is sector " + std::to_string(there) + " of " + from);
      const auto earlier = original_.earlier.files.find(path);
      if (earlier != original_.earlier.files.end() && earlier->second->bytes.size() > sector * kSectorBytes)
        try_file(path, replaced(path, sector, std::string_view(earlier->second->bytes).substr(sector * kSectorBytes, kSectorBytes)),
                 where + " is what it was earlier");
    }
  }
}

TEST_P(DamageTest, a_file_that_is_cut_or_longer_is_harmless_or_noticed) {
  for (const std::string& path : paths_) {
    for (const size_t bytes : places(used_bytes(path), 60))
      try_file(path, bytes_of(path).substr(0, bytes), "cut to " + std::to_string(bytes));
    for (const size_t more : {size_t{1}, kSectorBytes, size_t{5000}}) {
      std::string garbage(more, '\0');
      for (char& byte : garbage) byte = static_cast<char>(random_());
      try_file(path, bytes_of(path) + garbage, std::to_string(more) + " bytes longer");
    }
  }
}

TEST_P(DamageTest, a_file_that_is_missing_doubled_or_of_another_database_is_harmless_or_noticed) {
  const auto folder_of = [](const std::string& path) { return path.substr(0, path.rfind('/') + 1); };
  for (const std::string& path : paths_) {
    const bool is_log = path.find("/wal/") != std::string::npos;
    DiskImage image = original_.image;
    image.files.erase(path);
    try_image(image, path + " is missing", false);
    if (const auto foreign = foreign_.files.find(path); foreign != foreign_.files.end()) {
      image = original_.image;
      image.files[path] = foreign->second;
      try_image(image, path + " is that of another database", false);
    }
    for (const std::string& other : paths_) {
      if (other == path || folder_of(other) != folder_of(path)) continue;
      image = original_.image;
      image.files[path] = original_.image.files.at(other);
      try_image(image, path + " is " + other, is_log);
    }
    for (const char* number : {"0", "5", "9"}) {
      const size_t digit = path.find_last_of("0123456789abcdef", path.rfind('.') - 1);
      std::string name = path;
      name.replace(digit, 1, number);
      if (digit < folder_of(path).size() || original_.image.files.contains(name)) continue;
      image = original_.image;
      image.files[name] = original_.image.files.at(path);
      try_image(image, path + " is doubled as " + name, is_log);
      image.files.erase(path);
      try_image(image, path + " is renamed to " + name, false);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Options, DamageTest, testing::Values("compression=none", "compression=lz4,log_io=pwrite,table_io=pread"));

}  // namespace
}  // namespace firn
