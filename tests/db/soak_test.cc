// A soak: hours of work in small, so that what leaks or grows shows: writes, deletes, counters, scans, transactions, snapshots, flushes and compactions over a bounded set of keys, the
// database opened anew again and again. It always equals the model, and when it is closed the process has as many descriptors and threads as before, the directory no more
// files and bytes than its content explains, and the process no more memory than in the first half (T13). A second by default; FIRN_DEEP=1: two minutes, or FIRN_SOAK_SECONDS.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "crashfs/effort.h"
#include "db/transaction.h"
#include "db_fixture.h"

namespace firn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kKeyCount = 400;
constexpr size_t kValueBytesMax = 600;
constexpr int kActionsPerOpening = 400;

size_t entries_in(const std::string& directory) {
  const std::filesystem::directory_iterator all(directory);
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0;
  uint64_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

struct Figures {
  size_t descriptor_count = entries_in("/proc/self/fd");
  size_t thread_count = entries_in("/proc/self/task");
  uint64_t memory_bytes = resident_bytes();
};

class SoakTest : public DbTest {
 protected:
  void act();
  void expect_equal(const Snapshot& snapshot, const std::map<std::string, std::string>& expected);
  void transact(const std::string& key, const std::string& value);

  std::mt19937_64 random_{test_effort().seed};
  std::map<std::string, std::string> model_;
};

void SoakTest::transact(const std::string& key, const std::string& value) {
  const ThreadMark mark;
  const auto transaction = db_->begin({.serializable = true});
  Entry entry;
  const Status found = transaction->find(0, Slice(key), &entry);
  ASSERT_EQ(model_.contains(key), found.ok());
  ASSERT_TRUE(transaction->set(make_put(0, Slice(key), Slice(value), kNeverExpires)).ok());
  if (random_() % 3 == 0) return;  // given up
  ASSERT_TRUE(db_->commit(*transaction, {}).ok());
  model_[key] = value;
}

void SoakTest::act() {
  const std::string key = "key" + std::to_string(random_() % kKeyCount);
  const std::string value(1 + random_() % kValueBytesMax, static_cast<char>('a' + random_() % 26));
  const uint64_t what = random_() % 200;
  if (what < 120) {
    put(key, value);
    model_[key] = value;
  } else if (what < 150) {
    Operation remove = put_of(key, "");
    remove.kind = EntryKind::kDelete;
    ASSERT_TRUE(write(*db_, {remove}).ok());
    model_.erase(key);
  } else if (what < 180) {
    ASSERT_EQ(model_.contains(key) ? model_[key] : "none", get(key));
  } else if (what < 195) {
    transact(key, value);
  } else if (what < 198) {
    const ThreadMark mark;
    expect_equal(db_->snapshot(), model_);
  } else if (what == 198) {
    ASSERT_TRUE(flush().ok());
  } else {
    ASSERT_TRUE(compact().ok());
  }
}

void SoakTest::expect_equal(const Snapshot& snapshot, const std::map<std::string, std::string>& expected) {
  const auto iterator = std::move(*db_->new_iterator(snapshot, 0));
  auto at = expected.begin();
  for (iterator->seek_to_first(); iterator->valid(); iterator->next(), ++at) {
    ASSERT_NE(expected.end(), at);
    ASSERT_EQ(at->first, iterator->entry().key.user.to_string());
    ASSERT_EQ(at->second, iterator->entry().value.to_string());
  }
  ASSERT_TRUE(iterator->status().ok());
  ASSERT_EQ(expected.end(), at);
}

TEST_F(SoakTest, nothing_leaks_or_grows_however_long_it_runs) {
  const char* given = std::getenv("FIRN_SOAK_SECONDS");
  const auto duration = std::chrono::seconds(given != nullptr ? std::atoi(given) : test_effort().is_deep ? 120 : 1);
  const std::string options[] = {"memtable_bytes=64KiB", "memtable_bytes=64KiB,log_io=pwrite,table_io=pread",
                                 "memtable_bytes=16KiB,single_threaded=true"};
  constexpr size_t kOpeningsMin = 4;
  // What a full compaction of all keys at their longest takes, as many times over as memtables, a merge that is under way and the bound of dead bytes explain.
  constexpr uint64_t kDiskBytesMax = 8 * (kKeyCount * (kValueBytesMax + 40)) + (uint64_t{1} << 20);
  constexpr uint64_t kMemoryGrowthMax = uint64_t{16} << 20;
  const Clock::time_point start = Clock::now();
  std::optional<Figures> first;  // after every option set was opened and closed once: what is made once is made
  std::optional<Figures> middle;
  size_t files_max = 0;
  uint64_t bytes_max = 0;
  size_t openings = 0;
  for (; openings < kOpeningsMin || Clock::now() - start < duration; openings++) {
    open(options[openings % std::size(options)]);
    ASSERT_FALSE(HasFatalFailure());
    for (int i = 0; i < kActionsPerOpening; i++) {
      act();
      ASSERT_FALSE(HasFatalFailure()) << "FIRN_SEED=" << test_effort().seed << ", opening " << openings << ", action " << i;
    }
    close();
    const Figures now;
    size_t file_count = 0;
    uint64_t disk_bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) {
      if (!entry.is_regular_file()) continue;
      file_count++;
      disk_bytes += entry.file_size();
    }
    files_max = std::max(files_max, file_count);
    bytes_max = std::max(bytes_max, disk_bytes);
    ASSERT_LE(disk_bytes, kDiskBytesMax) << "opening " << openings;
    ASSERT_LE(file_count, 60u) << "opening " << openings;
    if (openings + 1 == std::size(options)) first = now;
    if (!middle && openings >= kOpeningsMin && Clock::now() - start >= duration / 2) middle = now;
    if (!first) continue;
    ASSERT_EQ(first->descriptor_count, now.descriptor_count) << "opening " << openings;
    ASSERT_EQ(first->thread_count, now.thread_count) << "opening " << openings;
  }
  if (middle && test_effort().slowness == 1) {  // sanitizers keep what is freed
    EXPECT_LE(Figures().memory_bytes, middle->memory_bytes + kMemoryGrowthMax);
  }
  std::printf("[ figures  ] %zu openings, at most %zu files and %llu bytes, %zu descriptors, %llu bytes of memory\n", openings, files_max,
              static_cast<unsigned long long>(bytes_max), Figures().descriptor_count,
              static_cast<unsigned long long>(Figures().memory_bytes));
}

}  // namespace
}  // namespace firn
