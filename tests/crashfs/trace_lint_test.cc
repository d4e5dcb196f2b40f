// The lint of traces finds what it is for: traces of the engine are clean, and each planted breach of the protocol is named by its rule.
#include "crashfs/trace_lint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "crashfs/crash_fs.h"
#include "crashfs/database_subject.h"
#include "crashfs/log_subject.h"

namespace firn {
namespace {

// What an engine did, from an empty disk on.
struct Recorded {
  Trace trace;
  std::vector<size_t> acknowledged;     // so many steps were done when a durable act was
  std::map<NodeId, std::string> paths;  // of all files and directories that ever were

  std::string rule() const { return violation().substr(0, 7); }
  std::string violation() const {
    TraceLint lint({});
    for (size_t i = 0; i <= trace.size(); i++) {
      for (const size_t at : acknowledged) {
        if (at == i) lint.acknowledge();
      }
      if (i < trace.size()) lint.apply(trace[i]);
    }
    return lint.violation();
  }
  // The place of the n-th step of this kind on a path with this part in it.
  size_t find(StepKind kind, const std::string& part, size_t n = 0) const {
    const size_t at = find_or_end(kind, part, n);
    if (at == trace.size()) ADD_FAILURE() << "no such step: " << part;
    return at;
  }
  size_t find_or_end(StepKind kind, const std::string& part, size_t n) const {
    for (size_t i = 0; i < trace.size(); i++) {
      const std::string path = kind == StepKind::kRemove ? paths.at(trace[i].child) : paths.at(trace[i].node);
      if (trace[i].kind == kind && path.find(part) != std::string::npos && n-- == 0) return i;
    }
    return trace.size();
  }
  size_t find_last_before(size_t until, StepKind kind, const std::string& part) const {
    size_t last = find(kind, part);
    for (size_t n = 1; last < until; n++) {
      const size_t at = find_or_end(kind, part, n);
      if (at >= until) break;
      last = at;
    }
    return last;
  }
  size_t find_after(size_t from, StepKind kind, const std::string& part) const {
    for (size_t n = 0;; n++) {
      const size_t at = find(kind, part, n);
      if (at > from || testing::Test::HasFailure()) return at;
    }
  }
  Recorded without(size_t step) const {
    Recorded other = *this;
    other.trace.erase(other.trace.begin() + static_cast<ptrdiff_t>(step));
    for (size_t& at : other.acknowledged) at -= at > step ? 1 : 0;
    return other;
  }
  Recorded with(size_t before, const Step& step) const {
    Recorded other = *this;
    other.trace.insert(other.trace.begin() + static_cast<ptrdiff_t>(before), step);
    for (size_t& at : other.acknowledged) at += at > before ? 1 : 0;
    return other;
  }
  Recorded moved(size_t from, size_t before) const { return without(from).with(before, trace[from]); }
};

Recorded record(const Script& script) {
  Recorded recorded;
  CrashFs fs(script.start, 3);
  const auto subject = script.make_subject();
  EXPECT_TRUE(subject->open(fs).ok());
  ModelState state = script.start_state;
  for (size_t i = 0; i < script.size(); i++) {
    EXPECT_TRUE(subject->act(i, state, fs).ok());
    state = script.apply(i, state);
    if (script.is_durable(i)) recorded.acknowledged.push_back(fs.trace().size());
  }
  recorded.trace = fs.trace();
  recorded.paths[kRootNode] = "";
  for (const Step& step : recorded.trace) {
    if (step.kind == StepKind::kCreate || step.kind == StepKind::kMakeDirectory)
      recorded.paths[step.child] = recorded.paths.at(step.node) + "/" + step.name;
  }
  return recorded;
}

Recorded database(const std::string& options = "memtable_bytes=4KiB") {
  return record(DatabaseScript("lint", options, 700,
                               {Act::kPut, Act::kPutSync, Act::kBigPut, Act::kFlush, Act::kPut, Act::kSync, Act::kBigPut, Act::kFlush,
                                Act::kCompact, Act::kReopen, Act::kPutSync}));
}

Recorded durable_log() {
  LogOptions options;
  options.segment_bytes = 4096;
  return record(LogScript("lint", options, 900,
                          {LogAct::kAppend, LogAct::kAppendBig, LogAct::kSync, LogAct::kAppendBig, LogAct::kTrimAfter, LogAct::kAppend,
                           LogAct::kAppendBig, LogAct::kTrimBefore, LogAct::kReopen, LogAct::kAppend, LogAct::kSync}));
}

TEST(TraceLintTest, traces_of_the_engine_are_clean) {
  for (const char* options :
       {"memtable_bytes=4KiB", "memtable_bytes=4KiB,log_io=pwrite,durability=sync", "memtable_bytes=4KiB,changes_retention_bytes=16KiB"})
    EXPECT_EQ("", database(options).violation()) << options;
  EXPECT_EQ("", durable_log().violation());
}

TEST(TraceLintTest, a_table_that_is_not_synced_when_the_manifest_names_it_is_found) {
  const Recorded recorded = database();
  EXPECT_EQ("TRACE-1", recorded.without(recorded.find(StepKind::kSync, "/tables/")).rule());
}

TEST(TraceLintTest, a_directory_that_is_not_synced_when_the_manifest_names_its_file_is_found) {
  const Recorded recorded = database();
  EXPECT_EQ("TRACE-1",
            recorded.without(recorded.find_after(recorded.find(StepKind::kSync, "/tables/"), StepKind::kSyncDirectory, "/tables")).rule());
  EXPECT_EQ("TRACE-1",
            recorded.without(recorded.find_after(recorded.find(StepKind::kSync, "/wal/"), StepKind::kSyncDirectory, "/wal")).rule());
}

TEST(TraceLintTest, a_segment_whose_header_is_not_synced_when_it_is_named_is_found) {
  EXPECT_EQ("TRACE-1", database().without(database().find(StepKind::kSync, "/wal/")).rule());
  EXPECT_EQ("TRACE-1", durable_log().without(durable_log().find(StepKind::kSync, "/segments/")).rule());
}

TEST(TraceLintTest, a_file_that_goes_before_the_manifest_forgets_it_is_found) {
  const Recorded recorded = database();
  for (const char* part : {"/wal/", "/tables/"}) {
    const size_t removal = recorded.find(StepKind::kRemove, part);
    size_t mark_sync = 0;  // of the manifest: the edit, its sync, the mark, its sync
    for (size_t i = 0; i < removal; i++) {
      if (recorded.trace[i].kind == StepKind::kSync && recorded.paths.at(recorded.trace[i].node).find("/manifest/") != std::string::npos)
        mark_sync = i;
    }
    EXPECT_EQ("TRACE-2", recorded.moved(removal, mark_sync).rule()) << part << ": no mark covers the edit";
    EXPECT_EQ("TRACE-2", recorded.moved(removal, mark_sync - 3).rule()) << part << ": the edit is not there";
  }
}

TEST(TraceLintTest, a_manifest_that_goes_before_the_next_one_is_durable_is_found) {
  const Recorded recorded = database();
  const size_t removal = recorded.find(StepKind::kRemove, "/manifest/");
  EXPECT_EQ("TRACE-2", recorded.moved(removal, removal - 1).rule());
}

TEST(TraceLintTest, a_state_or_segment_of_a_log_that_goes_too_early_is_found) {
  const Recorded recorded = durable_log();
  const size_t state = recorded.find(StepKind::kRemove, "/state-", 1);
  EXPECT_EQ("TRACE-2", recorded.moved(state, state - 1).rule()) << "the newer one has no durable name";
  EXPECT_EQ("TRACE-2", recorded.moved(state, state - 2).rule()) << "the newer one has no durable bytes";
  const size_t segment = recorded.find(StepKind::kRemove, "/segments/");
  EXPECT_EQ("TRACE-2", recorded.moved(segment, recorded.find_last_before(segment, StepKind::kSync, "/state-")).rule());
}

TEST(TraceLintTest, bytes_that_are_written_twice_or_punched_away_are_found) {
  const Recorded recorded = database();
  const size_t at = recorded.find_after(recorded.find(StepKind::kSync, "/wal/"), StepKind::kWrite, "/wal/");
  Step step = recorded.trace[at];
  EXPECT_EQ("", recorded.with(at + 1, step).violation()) << "the same once more is allowed";
  step.bytes.back() = static_cast<char>(step.bytes.back() + 1);
  step.bytes.front() = static_cast<char>(step.bytes.front() + 1);
  EXPECT_EQ("TRACE-3", recorded.with(at + 1, step).rule());
  step.kind = StepKind::kPunch;
  EXPECT_EQ("TRACE-3", recorded.with(at + 1, step).rule());
}

TEST(TraceLintTest, a_second_sync_after_one_that_failed_proves_nothing) {
  const Recorded recorded = database();
  const size_t sync = recorded.find(StepKind::kSync, "/tables/");
  Step step = recorded.trace[sync];
  step.kind = StepKind::kSyncLost;
  const Recorded failed = recorded.with(sync, step);
  EXPECT_EQ("TRACE-1", failed.rule());
  // Written once more in between: then it does.
  Step again = recorded.trace[sync];
  again.kind = StepKind::kWrite;
  for (const Step& write : recorded.trace) {
    if (write.kind == StepKind::kWrite && write.node == again.node) {
      again.bytes.resize(std::max<size_t>(again.bytes.size(), write.offset + write.bytes.size()));
      again.bytes.replace(write.offset, write.bytes.size(), write.bytes);
    }
  }
  EXPECT_EQ("", failed.with(sync + 1, again).violation());
  // Over what is durable the same bytes leave nothing in doubt, also when their sync fails.
  EXPECT_EQ("", recorded.with(sync + 1, again).with(sync + 2, step).violation());
  // What the log has lost is not there when the sync of later acts is acknowledged.
  const size_t put_sync = recorded.acknowledged[0] - 1;
  ASSERT_EQ(StepKind::kSync, recorded.trace[put_sync].kind);
  step.node = recorded.trace[put_sync].node;
  EXPECT_EQ("TRACE-5", recorded.with(put_sync, step).rule());
}

TEST(TraceLintTest, an_acknowledgement_before_what_it_promises_is_durable_is_found) {
  for (Recorded recorded : {database(), durable_log()}) {
    const char* part = recorded.paths.at(1) == "/db" ? "/wal/" : "/segments/";
    const size_t first = recorded.find_after(recorded.find(StepKind::kSync, part), StepKind::kWrite, part);
    recorded.acknowledged.push_back(recorded.find_after(first, StepKind::kWrite, part) + 1);  // the first is the opening mark
    EXPECT_EQ("TRACE-5", recorded.rule()) << part;
  }
}

TEST(TraceLintTest, a_record_in_a_segment_that_nothing_durable_names_is_found) {
  for (const Recorded& recorded : {database(), durable_log()}) {
    const bool is_database = recorded.paths.at(1) == "/db";
    const char* part = is_database ? "/wal/" : "/segments/";
    const size_t mark = recorded.find_after(recorded.find(StepKind::kSync, part), StepKind::kWrite, part);
    const size_t named = recorded.find_last_before(mark, StepKind::kSync, is_database ? "/manifest/" : "/state-");
    EXPECT_EQ("TRACE-6", recorded.moved(mark, named - (is_database ? 2 : 0)).rule()) << part;
  }
}

}  // namespace
}  // namespace firn
