// T2: an error at every call that a script makes, in every way that fits the call, once and for good. See fault_injection.h for what is demanded. Prints the
// matrix of sites and faults.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "crashfs/database_subject.h"
#include "crashfs/disk.h"
#include "crashfs/effort.h"
#include "crashfs/fault_injection.h"
#include "crashfs/log_subject.h"
#include "crashfs/selector.h"

namespace firn {
namespace {

// Everything that applies was tried at every site.
void expect_full(const FaultInjection& injection) {
  if (crash_fault.is_set() || crash_script.is_set()) return;
  for (const auto& [site, cells] : injection.matrix()) {
    for (size_t f = 0; f < kFaultCount; f++) {
      if (!applies(static_cast<Fault>(f), site.call)) continue;
      EXPECT_GT(cells[f].once, 0u) << name_of(site.call) << " of " << site.file_class << " never met " << name_of(static_cast<Fault>(f));
      EXPECT_GT(cells[f].sticky, 0u) << name_of(site.call) << " of " << site.file_class << " never met " << name_of(static_cast<Fault>(f))
                                     << " for good";
    }
  }
  // Every kind of call was met.
  for (size_t call = 0; call < kCallCount; call++) {
    const bool is_met = std::any_of(injection.matrix().begin(), injection.matrix().end(),
                                    [call](const auto& row) { return row.first.call == static_cast<Call>(call); });
    EXPECT_TRUE(is_met) << "no site calls " << name_of(static_cast<Call>(call));
  }
  std::printf("[ figures  ] %llu runs, %llu of them resumed; %s; once + for good, by site and fault:\n%s",
              static_cast<unsigned long long>(injection.runs()), static_cast<unsigned long long>(injection.resumes()),
              injection.lint().text().c_str(), injection.matrix_text().c_str());
}

// A database that was killed: the faults meet its recovery too.
void start_killed(DatabaseScript* script) {
  const DatabaseScript before("before", script->options, 700,
                              {Act::kPut, Act::kNamespace, Act::kBatch, Act::kFlush, Act::kTransaction, Act::kPutSync, Act::kPut});
  CrashFs fs({}, 79);
  const auto subject = before.make_subject();
  ASSERT_TRUE(subject->open(fs).ok());
  ModelState state = before.start_state;
  for (size_t i = 0; i < before.size(); i++) {
    ASSERT_TRUE(subject->act(i, state, fs).ok());
    state = before.apply(i, state);
  }
  script->start = fs.live();
  script->start_state = state;
  script->act_offset = before.size();
}

const std::vector<Act> kActs = {Act::kPut,         Act::kNamespace,   Act::kBatch,     Act::kPut,         Act::kAdd,
                                Act::kPut,         Act::kTransaction, Act::kPut,       Act::kPutSync,     Act::kFlush,
                                Act::kCompareSwap, Act::kPut,         Act::kNamespace, Act::kDeleteRange, Act::kCompact,
                                Act::kBigPut,      Act::kDelete,      Act::kReopen,    Act::kPut,         Act::kSync,
                                Act::kPut,         Act::kClear,       Act::kPut,       Act::kFlush,       Act::kPut};

TEST(FaultTest, an_error_at_any_call_of_a_database_loses_nothing_and_answers_nothing_wrong) {
  FaultInjection injection;
  const Effort effort = test_effort();
  for (const char* options :
       {"memtable_bytes=4KiB", "memtable_bytes=4KiB,durability=sync", "memtable_bytes=4KiB,log_io=pwrite,table_io=pread,durability=sync",
        "memtable_bytes=4KiB,log_io=pwrite,compression=lz4", "memtable_bytes=4KiB,changes_retention_bytes=8KiB"}) {
    for (const bool is_killed : {false, true}) {
      DatabaseScript script(std::string(options) + (is_killed ? "/killed" : "/fresh"), options, 700, kActs);
      if (!crash_script.wants(script.name)) continue;
      if (is_killed) start_killed(&script);
      ASSERT_EQ("", injection.run(script, effort.seed, effort.share(80, 4)));
    }
  }
  expect_full(injection);
}

TEST(FaultTest, an_error_at_any_call_of_a_durable_log_loses_nothing_and_answers_nothing_wrong) {
  FaultInjection injection;
  const Effort effort = test_effort();
  for (const Durability durability : {Durability::kProcess, Durability::kSync}) {
    for (const LogIo io : {LogIo::kMmap, LogIo::kPwrite}) {
      LogOptions options;
      options.segment_bytes = 4096;
      options.durability = durability;
      options.log_io = io;
      const LogScript script(
          std::string("log/") + (durability == Durability::kSync ? "sync" : "process") + (io == LogIo::kMmap ? "/mmap" : "/pwrite"),
          options, 900,
          {LogAct::kAppend, LogAct::kAppendBatch, LogAct::kAppend, LogAct::kAppend, LogAct::kSync, LogAct::kAppend, LogAct::kTrimBefore,
           LogAct::kAppendBig, LogAct::kAppend, LogAct::kTrimAfter, LogAct::kAppend, LogAct::kReopen, LogAct::kAppend, LogAct::kAppend,
           LogAct::kReset, LogAct::kAppendBatch, LogAct::kReopen});
      if (!crash_script.wants(script.name)) continue;
      ASSERT_EQ("", injection.run(script, effort.seed, effort.share(20, 2)));
    }
  }
  expect_full(injection);
}

// After a failed sync the cache shows what the disk lacks, and the next sync of the same file succeeds without writing it.
TEST(FaultTest, a_found_segment_is_on_the_disk_before_the_change_feed_retains_it) {
  const DatabaseScript script("retained", "changes_retention_bytes=1MiB", 700, {Act::kPut, Act::kSync, Act::kFlush});
  CrashFs fs(script.start, 5);
  const auto subject = script.make_subject();
  ASSERT_TRUE(subject->open(fs).ok());
  ASSERT_TRUE(subject->act(0, script.start_state, fs).ok());
  fs.plan({fs.calls(), Fault::kLostNew, false});
  ASSERT_TRUE(subject->act(1, script.start_state, fs).is(Code::kIndeterminate));
  subject->drop();
  fs.heal();
  ASSERT_TRUE(subject->open(fs).ok());
  ASSERT_TRUE(subject->act(2, script.start_state, fs).ok());
  Disk disk(script.start);
  for (const Step& step : fs.trace()) disk.apply(step);
  const auto pieces = disk.pieces();
  CrashFs after(disk.image(pieces, std::vector<uint32_t>(pieces.size(), 0)), 6);
  EXPECT_TRUE(subject->check(after).ok());
}

// The act that syncs fails, and the process dies; its successor finds in the cache what the disk lacks, and syncs. After power loss everything is there.
void lose_a_sync_then_the_power(const Script& script, size_t failing) {
  CrashFs fs(script.start, 5);
  const auto subject = script.make_subject();
  ASSERT_TRUE(subject->open(fs).ok());
  ModelState state = script.start_state;
  for (size_t i = 0; i < failing; i++) {
    ASSERT_TRUE(subject->act(i, state, fs).ok());
    state = script.apply(i, state);
  }
  fs.plan({fs.calls(), Fault::kLostNew, false});
  ASSERT_TRUE(subject->act(failing, state, fs).is(Code::kIndeterminate));
  subject->drop();
  fs.heal();
  ASSERT_TRUE(subject->open(fs).ok());
  ASSERT_TRUE(subject->act(failing, state, fs).ok());
  Disk disk(script.start);
  for (const Step& step : fs.trace()) disk.apply(step);
  const auto pieces = disk.pieces();
  CrashFs after(disk.image(pieces, std::vector<uint32_t>(pieces.size(), 0)), 6);
  subject->drop();
  ASSERT_TRUE(subject->open(after).ok());
  const Result<ModelState> found = subject->read();
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(script.matches(*found, state)) << found->text();
}

TEST(FaultTest, what_a_killed_process_failed_to_sync_is_durable_after_the_next_sync) {
  for (const LogIo io : {LogIo::kMmap, LogIo::kPwrite}) {
    const std::string log_io = io == LogIo::kMmap ? "log_io=mmap" : "log_io=pwrite";
    lose_a_sync_then_the_power(DatabaseScript("database", log_io, 700, {Act::kPut, Act::kAdd, Act::kSync}), 2);
    LogOptions options;
    options.log_io = io;
    lose_a_sync_then_the_power(LogScript("log", options, 700, {LogAct::kAppend, LogAct::kAppendBatch, LogAct::kSync}), 2);
  }
}

}  // namespace
}  // namespace firn
