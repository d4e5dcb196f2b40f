// A merge whose input fails: that is never the input's end, and nothing of it stays. How much a step does. And that new tables are read back.
#include "lsm/merge_job.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "env/memory_env.h"
#include "log/failing_directory.h"
#include "lsm/namespace_catalog.h"

namespace firn {
namespace {

// So many entries, then an error or (kOk) the end.
class CountingIterator final : public Iterator {
 public:
  CountingIterator(int count, Code end, std::string value = "value") : count_(count), end_(end), value_(std::move(value)) {}
  void seek_to_first() override { show(0); }
  void next() override { show(at_ + 1); }
  void seek_to_last() override { fail(Code::kUnsupported); }
  void seek(const InternalKey&) override { fail(Code::kUnsupported); }
  void prev() override { fail(Code::kUnsupported); }

 private:
  void show(int at) {
    at_ = at;
    if (at == count_ && end_ != Code::kOk) return fail(Status(end_, "the input cannot be read"));
    valid_ = at < count_;
    key_ = "key" + std::to_string(1000 + at);
    shown_ = {{kDefaultPrefix, Slice(key_)}, Slice(value_), Seq{1}, EntryKind::kPut, kNeverExpires};
    entry_ = &shown_;
  }

  const int count_;
  const Code end_;
  const std::string value_;
  int at_ = 0;
  std::string key_;
  Entry shown_;
};

// One entry, which has expired.
class ExpiredIterator final : public Iterator {
 public:
  void seek_to_first() override {
    entry_ = &shown_;
    valid_ = true;
  }
  void next() override { valid_ = false; }
  void seek_to_last() override { seek_to_first(); }
  void seek(const InternalKey&) override { fail(Code::kUnsupported); }
  void prev() override { next(); }

 private:
  const Entry shown_{
      {kDefaultPrefix, Slice(std::string_view("key"))}, Slice(std::string_view("value")), Seq{1}, EntryKind::kPutExpiring, 10};
};

MergeOptions new_options() {
  MergeOptions options;
  options.db_id = 1;
  options.seq_lower = options.seq_upper = Seq{1};
  options.reads_back = true;
  options.is_live_prefix = [](Prefix) { return true; };
  return options;
}

Status run(MergeJob& job) {
  for (bool done = false; !done;) {
    FIRN_TRY_ASSIGN(done, job.step(1000));
  }
  return {};
}

// It may hide an older version below.
TEST(MergeJobTest, AnExpiredEntryIsDroppedOnlyWhereNothingOlderLiesBelow) {
  for (const bool is_lowest : {false, true}) {
    const auto env = new_memory_env();
    const auto tables = env->open_directory("tables", true);
    ASSERT_TRUE(tables.ok());
    MergeOptions options = new_options();
    options.drop_tombstones = is_lowest;
    options.now_ms = 11;
    std::vector<std::unique_ptr<Iterator>> parts;
    parts.push_back(std::make_unique<ExpiredIterator>());
    MergeJob job(
        std::move(options), **tables, [] { return uint64_t{1}; }, std::move(parts));
    ASSERT_TRUE(run(job).ok());
    EXPECT_EQ(is_lowest ? 0u : 1u, job.take_outputs().size());
  }
}

// Whoever has something more urgent to do does not wait for 4,096 of them.
TEST(MergeJobTest, AStepEndsWithAMebibyteOfEntries) {
  const auto env = new_memory_env();
  const auto tables = env->open_directory("tables", true);
  ASSERT_TRUE(tables.ok());
  std::vector<std::unique_ptr<Iterator>> parts;
  parts.push_back(std::make_unique<CountingIterator>(10, Code::kOk, std::string(256 << 10, 'v')));
  MergeJob job(
      new_options(), **tables, [] { return uint64_t{1}; }, std::move(parts));
  for (const uint64_t entries : {4u, 8u}) {
    const auto done = job.step(4096);
    ASSERT_TRUE(done.ok());
    EXPECT_FALSE(*done);
    EXPECT_EQ(entries * ((256 << 10) + 7), job.passed_bytes());
  }
  ASSERT_TRUE(run(job).ok());
  EXPECT_EQ(1u, job.take_outputs().size());
}

// Whoever reads first has nothing to verify any more. A table that is loaded stays on the disk.
TEST(MergeJobTest, NewTablesThatAreMappedAreVerifiedAPartInAStep) {
  for (const TableIo io : {TableIo::kMmap, TableIo::kPread}) {
    const auto env = new_memory_env();
    const auto tables = env->open_directory("tables", true);
    ASSERT_TRUE(tables.ok());
    constexpr int kMebibytes = 10;
    std::vector<std::unique_ptr<Iterator>> parts;
    parts.push_back(std::make_unique<CountingIterator>(kMebibytes, Code::kOk, std::string(1 << 20, 'v')));
    MergeOptions options = new_options();
    options.table_io = io;
    MergeJob job(
        std::move(options), **tables, [] { return uint64_t{1}; }, std::move(parts));
    int steps = 0;
    for (bool done = false; !done; steps++) {
      const auto step = job.step(1000);
      ASSERT_TRUE(step.ok());
      done = *step;
    }
    EXPECT_GT(steps, kMebibytes + (io == TableIo::kMmap ? kMebibytes / 4 : 0));
    const TableRef table = job.take_outputs().at(0);
    EXPECT_EQ(0u, table->table->cached_bytes()) << "neither chunks nor what they were verified with";
    const auto traffic = std::make_shared<ReadTraffic>();
    table->table->count_reads_in(traffic);
    ASSERT_TRUE(table->table->verify(0).ok());
    if (io == TableIo::kMmap)
      EXPECT_EQ(0u, traffic->chunk_bytes);
    else
      EXPECT_GT(traffic->chunk_bytes, uint64_t{kMebibytes} << 20);
  }
}

// What it was made of is still there then: the log of a flush, the inputs of a compaction.
TEST(MergeJobTest, ATableThatIsNotWhatWasWrittenFailsTheJobAndGoes) {
  const auto env = new_memory_env();
  auto memory = env->open_directory("tables", true);
  ASSERT_TRUE(memory.ok());
  const auto faults = std::make_shared<Faults>();
  faults->damages_write = true;
  FailingDirectory tables(std::move(*memory), faults);
  {
    std::vector<std::unique_ptr<Iterator>> parts;
    parts.push_back(std::make_unique<CountingIterator>(100, Code::kOk));
    MergeJob job(
        new_options(), tables, [] { return uint64_t{1}; }, std::move(parts));
    EXPECT_TRUE(run(job).is(Code::kCorrupt));
  }
  EXPECT_FALSE(faults->damages_write);
  EXPECT_TRUE((*tables.list()).empty());
}

// A file that was there is not the job's to remove.
TEST(MergeJobTest, ATableWhoseNameIsTakenFailsAndTheFileStays) {
  const auto env = new_memory_env();
  const auto tables = env->open_directory("tables", true);
  ASSERT_TRUE(tables.ok());
  ASSERT_TRUE((*tables)->open_file(table_name(7), OpenMode::kCreate).ok());
  {
    std::vector<std::unique_ptr<Iterator>> parts;
    parts.push_back(std::make_unique<CountingIterator>(1, Code::kIo));
    MergeJob job(
        new_options(), **tables, [] { return uint64_t{7}; }, std::move(parts));
    EXPECT_EQ(Code::kExists, job.step(1000).status().code());
  }
  EXPECT_EQ(std::vector<std::string>{table_name(7)}, *(*tables)->list());
}

TEST(MergeJobTest, AnErrorOfItsInputIsItsErrorAndLeavesNoTable) {
  for (const int count : {0, 1, 100}) {
    const auto env = new_memory_env();
    const auto tables = env->open_directory("tables", true);
    ASSERT_TRUE(tables.ok());
    {
      std::vector<std::unique_ptr<Iterator>> parts;
      parts.push_back(std::make_unique<CountingIterator>(count, Code::kIo));
      uint64_t id = 0;
      MergeJob job(
          new_options(), **tables, [&id] { return ++id; }, std::move(parts));
      EXPECT_EQ(Code::kIo, job.step(1000).status().code()) << count;
      EXPECT_TRUE(job.take_outputs().empty()) << count;
    }
    const auto names = (*tables)->list();
    ASSERT_TRUE(names.ok());
    EXPECT_TRUE(names->empty()) << count;
  }
}

}  // namespace
}  // namespace firn
