// T11: a disk that is full. Every script of these runs with every budget of bytes, in steps, up to what it needs; then space is free again and work goes on, without opening anew where the
// subject can. Demanded: a clean error; what was acknowledged is there, also for a reader while the disk is full; opening works on a full disk, at least
// read-only; writing goes on when space is free. The twin runs on a real tmpfs of 1 MiB (root only), where a store into a hole would raise SIGBUS.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "crashfs/crash_fs.h"
#include "crashfs/database_subject.h"
#include "crashfs/effort.h"
#include "crashfs/log_subject.h"
#include "db/db.h"
#include "db/options.h"
#include "env/posix_env.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

bool is_honest(Code code) { return code == Code::kNoSpace || code == Code::kReadOnly || code == Code::kIndeterminate; }
std::string describe(const Status& status) {
  return "code " + std::to_string(static_cast<int>(status.code())) + " " + std::string(status.message());
}

// What a script needs when there is room.
uint64_t need_of(const Script& script) {
  CrashFs fs(script.start, 1);
  const auto subject = script.make_subject();
  EXPECT_TRUE(subject->open(fs).ok());
  ModelState state = script.start_state;
  uint64_t need = fs.used_bytes();
  for (size_t i = 0; i < script.size(); i++) {
    EXPECT_TRUE(subject->act(i, state, fs).ok());
    state = script.apply(i, state);
    need = std::max(need, fs.used_bytes());
  }
  return need;
}

void expect_state(Subject& subject, const Script& script, const ModelState& state, const std::optional<ModelState>& maybe,
                  const char* when) {
  const Result<ModelState> found = subject.read();
  ASSERT_TRUE(found.ok()) << when << ": " << describe(found.status());
  EXPECT_TRUE(script.matches(*found, state) || (maybe && script.matches(*found, *maybe))) << when << ": found\n"
                                                                                          << found->text() << "\nshould be\n"
                                                                                          << state.text();
}

// Space is free again: work goes on without opening anew, where it stopped for good after a resume.
void go_on(Subject& subject, const Script& script, ModelState* state, std::optional<ModelState>* maybe) {
  const std::optional<Status> resumed = subject.resume();
  if (resumed) {
    EXPECT_TRUE(resumed->ok()) << "resuming when space is free: " << describe(*resumed);
    const Result<ModelState> found = subject.read();
    ASSERT_TRUE(found.ok()) << "after resuming: " << describe(found.status());
    EXPECT_TRUE(script.matches(*found, *state) || (*maybe && script.matches(*found, **maybe))) << "after resuming: found\n"
                                                                                               << found->text();
    *state = *found;
    maybe->reset();
  }
  if (*maybe) return;     // a durable log takes writes again when it is opened anew
  const ThreadMark mark;  // not while it is dropped: what a marked thread may look at stays mapped
  const Status more = subject.probe();
  EXPECT_TRUE(more.ok() || (!resumed && more.is(Code::kReadOnly))) << "writing when space is free: " << describe(more);
  if (more.ok()) *state = script.apply_probe(*state);
}

// Returns whether the disk was ever full.
bool run_with(const Script& script, uint64_t quota) {
  CrashFs fs(script.start, 1);
  fs.set_quota(quota);
  const auto subject = script.make_subject();
  ModelState state = script.start_state;
  std::optional<ModelState> maybe;
  bool was_full = false;
  Status status = subject->open(fs);
  if (!status.ok()) {
    EXPECT_TRUE(is_honest(status.code())) << "opening: " << describe(status);
    fs.set_quota(std::nullopt);
    EXPECT_TRUE(subject->open(fs).ok()) << "opening when space is free";
    if (subject->is_open()) expect_state(*subject, script, state, maybe, "after opening when space is free");
    return true;
  }
  for (size_t i = 0; i < script.size() && subject->is_open(); i++) {
    status = subject->act(i, state, fs);
    if (status.ok()) {
      state = script.apply(i, state);
      continue;
    }
    was_full = true;
    EXPECT_TRUE(is_honest(status.code())) << script.act_name(i) << ": " << describe(status);
    if (status.is(Code::kIndeterminate)) maybe = script.apply(i, state);
    if (subject->is_open()) expect_state(*subject, script, state, maybe, "while the disk is full");
    break;
  }
  if (!was_full) return false;
  fs.set_quota(std::nullopt);
  if (subject->is_open()) go_on(*subject, script, &state, &maybe);
  subject->drop();
  status = subject->open(fs);
  EXPECT_TRUE(status.ok()) << "opening anew when space is free: " << describe(status);
  if (!status.ok()) return true;
  expect_state(*subject, script, state, maybe, "after opening anew");
  {
    const ThreadMark mark;
    EXPECT_TRUE(subject->probe().ok());
  }
  EXPECT_TRUE(subject->close().ok());
  EXPECT_TRUE(subject->check(fs).ok());
  EXPECT_EQ("", fs.violation());
  return true;
}

struct Figures {
  uint64_t budgets = 0;
  uint64_t full = 0;  // of them: the disk was full
};

void sweep(const Script& script, Figures* figures) {
  const uint64_t need = need_of(script);
  const Effort effort = test_effort();
  const uint64_t step = 512 * effort.share(6);
  const uint64_t full_before = figures->full;
  for (uint64_t quota = effort.seed % std::min(step, need / 2) / 512 * 512; quota < need; quota += step) {
    SCOPED_TRACE(script.name + " on a disk of " + std::to_string(quota) + " bytes of " + std::to_string(need));
    if (run_with(script, quota)) figures->full++;
    figures->budgets++;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(figures->full, full_before) << script.name << ": the disk was never full: the test shows nothing";
}

TEST(DiskFullTest, a_database_on_a_full_disk_says_so_and_goes_on_when_space_is_free) {
  Figures figures;
  const std::vector<Act> acts = {Act::kPut,    Act::kBatch,     Act::kPut,   Act::kPut, Act::kFlush,   Act::kBigPut,
                                 Act::kPut,    Act::kNamespace, Act::kBatch, Act::kPut, Act::kCompact, Act::kPut,
                                 Act::kReopen, Act::kPut,       Act::kPut,   Act::kPut, Act::kFlush};
  for (const char* options : {"memtable_bytes=4KiB", "memtable_bytes=4KiB,durability=sync", "memtable_bytes=4KiB,log_io=pwrite",
                              "memtable_bytes=8KiB,changes_retention_bytes=16KiB"}) {
    sweep(DatabaseScript(options, options, 900, acts), &figures);
  }
  std::printf("[ figures  ] disk full, databases: %llu budgets, full with %llu of them\n", static_cast<unsigned long long>(figures.budgets),
              static_cast<unsigned long long>(figures.full));
}

TEST(DiskFullTest, a_durable_log_on_a_full_disk_says_so_and_goes_on_when_space_is_free) {
  Figures figures;
  for (const LogIo io : {LogIo::kMmap, LogIo::kPwrite}) {
    LogOptions options;
    options.segment_bytes = 4096;
    options.log_io = io;
    sweep(LogScript(io == LogIo::kMmap ? "log/mmap" : "log/pwrite", options, 900,
                    {LogAct::kAppend, LogAct::kAppend, LogAct::kAppendBatch, LogAct::kAppend, LogAct::kAppendBig, LogAct::kTrimBefore,
                     LogAct::kAppend, LogAct::kReopen, LogAct::kAppend, LogAct::kAppend}),
          &figures);
  }
  std::printf("[ figures  ] disk full, durable logs: %llu budgets, full with %llu of them\n",
              static_cast<unsigned long long>(figures.budgets), static_cast<unsigned long long>(figures.full));
}

// A database that is there opens on a disk without a free byte, at least read-only; what it held is read, a write is taken or refused honestly, and everything works when
// space is free.
TEST(DiskFullTest, a_database_opens_without_a_free_byte_and_writes_when_space_is_free) {
  for (const std::string options : {"memtable_bytes=4KiB", "memtable_bytes=4KiB,durability=sync", "memtable_bytes=4KiB,log_io=pwrite",
                                    "memtable_bytes=8KiB,changes_retention_bytes=16KiB"}) {
    for (const bool is_closed : {false, true}) {
      SCOPED_TRACE(options + (is_closed ? ", closed in order" : ", killed"));
      DatabaseScript script("full", options, 900,
                            {Act::kPut, Act::kNamespace, Act::kBatch, Act::kFlush, Act::kPut, Act::kTransaction, Act::kPut});
      {
        CrashFs before({}, 3);
        const auto subject = script.make_subject();
        ASSERT_TRUE(subject->open(before).ok());
        for (size_t i = 0; i < script.size(); i++) {
          ASSERT_TRUE(subject->act(i, script.start_state, before).ok());
          script.start_state = script.apply(i, script.start_state);
        }
        if (is_closed) {
          ASSERT_TRUE(subject->close().ok());
        }
        script.start = before.live();
      }
      CrashFs fs(script.start, 4);
      fs.set_quota(fs.used_bytes());
      {
        const DatabaseScript reading("full", options + ",read_only=true", 900, {});
        const auto reader = reading.make_subject();
        const Status opened = reader->open(fs);
        ASSERT_TRUE(opened.ok()) << "read-only: " << describe(opened);
        expect_state(*reader, script, script.start_state, std::nullopt, "read-only");
      }
      const auto subject = script.make_subject();
      Status status = subject->open(fs);
      ASSERT_TRUE(status.ok() || status.is(Code::kNoSpace)) << "writable: " << describe(status);
      ModelState state = script.start_state;
      bool was_full = !status.ok();
      std::optional<ModelState> maybe;
      for (size_t i = 0; i < 100 && !was_full; i++) {  // until it is felt: a segment that is there has room
        expect_state(*subject, script, state, std::nullopt, "on a full disk");
        const size_t next = i % script.size() == 1 ? 0 : i % script.size();  // the namespace stays
        status = subject->act(next, state, fs);
        was_full = !status.ok();
        if (status.is(Code::kIndeterminate)) maybe = script.apply(next, state);
        if (status.ok()) state = script.apply(next, state);
      }
      EXPECT_TRUE(was_full) << "the disk was never full: the test shows nothing";
      EXPECT_TRUE(is_honest(status.code())) << describe(status);
      fs.set_quota(std::nullopt);
      if (subject->is_open()) {
        go_on(*subject, script, &state, &maybe);
      } else {
        ASSERT_TRUE(subject->open(fs).ok()) << "opening when space is free";
      }
      expect_state(*subject, script, state, maybe, "when space is free");
      EXPECT_TRUE(subject->close().ok());
      EXPECT_TRUE(subject->check(fs).ok());
      EXPECT_EQ("", fs.violation());
    }
  }
}

class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    std::filesystem::create_directories(path_);
    is_mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount(path_.c_str());
    std::filesystem::remove(path_);
  }
  bool is_mounted() const { return is_mounted_; }

 private:
  const std::string path_;
  bool is_mounted_ = false;
};

TEST(DiskFullTest, a_real_disk_of_one_mebibyte_fills_up_without_a_signal_and_works_again_when_there_is_room) {
  const std::string path = std::filesystem::temp_directory_path().string() + "/firn-small-" + std::to_string(getpid());
  const SmallDisk disk(path);
  if (!disk.is_mounted()) GTEST_SKIP() << "SKIPPED: a tmpfs of 1 MiB needs the right to mount";
  for (const char* text : {"memtable_bytes=16KiB", "memtable_bytes=16KiB,log_io=pwrite", "memtable_bytes=16KiB,durability=sync"}) {
    std::filesystem::remove_all(path + "/db");
    const std::string filler = path + "/filler";
    std::ofstream(filler) << std::string(384 << 10, 'f');
    DbOptions options;
    ASSERT_EQ(Code::kOk, parse_options(&options, text));
    auto db = Db::open(path + "/db", options);
    ASSERT_TRUE(db.ok()) << describe(db.status());
    size_t count = 0;
    const std::string value(2000, 'v');
    const auto put_next = [&] {
      const ThreadMark mark;
      const std::string key = "key" + std::to_string(count);
      const Operation put = make_put(0, Slice(key), Slice(value), kNeverExpires);
      Status status = (*db)->write(&put, 1, {}).status();
      if (status.ok()) count++;
      return status;
    };
    const auto count_found = [&] {
      const ThreadMark mark;
      size_t found = 0;
      for (size_t i = 0; i < count; i++) {
        const std::string key = "key" + std::to_string(i);
        std::string read(value.size(), '\0');
        const auto length = (*db)->get(0, Slice(key), reinterpret_cast<uint8_t*>(read.data()), read.size());
        if (length.ok() && read == value) found++;
      }
      return found;
    };
    Status status;
    while (count < 2000 && status.ok()) status = put_next();
    EXPECT_TRUE(is_honest(status.code())) << text << ": " << describe(status);
    ASSERT_GT(count, 50u) << text;
    EXPECT_EQ(count, count_found()) << text << ": reads go on";
    std::filesystem::remove(filler);
    // A job that met the full disk may tell of it after this, and is tried again.
    for (int tries = 0; tries < 100 && !status.ok(); tries++) {
      const ThreadMark mark;
      status = (*db)->resume();
      if (!status.ok()) usleep(50'000);
    }
    EXPECT_TRUE(status.ok()) << text << ": " << describe(status);
    for (int i = 0; i < 20; i++) {
      status = put_next();
      EXPECT_TRUE(status.ok()) << text << ": with room again: " << describe(status);
    }
    while (status.ok()) status = put_next();  // to the brim again
    EXPECT_TRUE(is_honest(status.code())) << text << ": " << describe(status);
    EXPECT_EQ(count, count_found()) << text;
    {
      const ThreadMark mark;
      (void)(*db)->close().ok();
    }
    db->reset();
    options.read_only = true;
    auto reader = Db::open(path + "/db", options);
    EXPECT_TRUE(reader.ok()) << text << ": reading a full disk: " << describe(reader.status());
    reader = Status(Code::kClosed);
    EXPECT_TRUE(Db::check(path + "/db").ok()) << text;
  }
}

}  // namespace
}  // namespace firn
