// T2 for copies: an error at every call of a checkpoint, of a backup, of the deletion of one, of a restoration and of a salvage, in every way that fits the call, once and for
// good. Demanded: the work says ok and is whole, or it fails honestly and leaves a whole copy, none, or something that every opening refuses; the database is what it was, other
// backups too; and without the fault a next backup succeeds. A failure prints FIRN_CRASH_SCRIPT (the work) and FIRN_FAULT.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <functional>
#include <map>

#include "crashfs/copy_judges.h"
#include "crashfs/crash_fs.h"
#include "crashfs/effort.h"
#include "crashfs/selector.h"
#include "db/salvage.h"

namespace firn {
namespace {

constexpr const char* kCopy = "/disk/copy";

bool is_honest(Code code) { return code == Code::kIo || code == Code::kNoSpace || code == Code::kNoMemory; }

class CopyFaultTest : public testing::Test {
 protected:
  using Work = std::function<Status(CrashFs& fs, Db* db)>;
  using Judge = std::function<std::string(Env& env, bool is_done)>;

  void SetUp() override {
    CrashFs fs;
    ASSERT_TRUE(fs.open_directory("/disk", true).ok());
    auto db = open_database(fs, kDatabase, false);
    ASSERT_TRUE(db.ok()) << describe(db.status());
    for (int i = 0; i < 15; i++) {
      const std::string key = "key" + std::to_string(i);
      contents_[key] = key + std::string(400, static_cast<char>('a' + i));
      const ThreadMark mark;
      const Operation put = make_put(0, Slice(key), Slice(contents_[key]), kNeverExpires);
      ASSERT_TRUE((*db)->write(&put, 1, {}).ok());
      if (i == 8) {
        ASSERT_TRUE((*db)->flush().ok());
        ASSERT_TRUE(back_up(**db).ok());
        first_backup_ = contents_;
      }
    }
    image_ = fs.live();  // as a killed process leaves it
  }

  // `db` is open while the work goes on, unless the work is what opens it.
  void fail_in(const std::string& what, bool is_open, const Work& work, const Judge& judge) {
    if (!crash_script.wants(what)) return;
    const Effort effort = test_effort();
    uint64_t begin = 0;
    uint64_t end = 0;
    std::vector<Site> sites;
    {
      Run run(image_, is_open);
      begin = run.fs.calls();
      const Status status = work(run.fs, run.db.get());
      ASSERT_TRUE(status.ok()) << what << ": " << describe(status);
      end = run.fs.calls();
      sites = run.fs.sites();
      ASSERT_EQ("", judge(run.fs, true)) << what;
    }
    uint64_t runs = 0;
    std::map<Site, std::array<std::array<uint64_t, 2>, kFaultCount>> met;
    for (uint64_t call = begin; call < end; call++) {
      for (size_t f = 0; f < kFaultCount; f++) {
        if (!applies(static_cast<Fault>(f), sites[call].call)) continue;
        for (const bool is_sticky : {false, true}) {
          const std::string name = std::to_string(call) + "/" + std::to_string(f) + "/" + std::to_string(is_sticky);
          uint64_t& count = met[sites[call]][f][is_sticky];
          if (!crash_fault.wants(name)) continue;
          if (!crash_fault.is_set() && count > 0 && hash_bytes(name, effort.seed) % effort.share(40) != 0) continue;
          SCOPED_TRACE(what + ", call " + name + ", " + name_of(sites[call].call) + " of " + sites[call].file_class + ": " +
                       name_of(static_cast<Fault>(f)) + "\n" + replay_command("FIRN_CRASH_SCRIPT=" + what + " FIRN_FAULT=" + name));
          fail_once(is_open, {call, static_cast<Fault>(f), is_sticky}, work, judge, &count);
          if (HasFailure()) return;
          runs++;
        }
      }
    }
    for (const auto& [site, faults] : met) {
      for (size_t f = 0; f < kFaultCount && !crash_fault.is_set(); f++) {
        if (!applies(static_cast<Fault>(f), site.call)) continue;
        for (const uint64_t count : faults[f])
          EXPECT_GT(count, 0u) << what << ": " << name_of(site.call) << " of " << site.file_class << " never met "
                               << name_of(static_cast<Fault>(f));
      }
    }
    EXPECT_GT(runs, 0u) << what << ": nothing has failed";
    std::printf("[ figures  ] faults, %s: %llu runs over %zu sites, %llu calls\n", what.c_str(), static_cast<unsigned long long>(runs),
                met.size(), static_cast<unsigned long long>(end - begin));
  }

  Contents contents_;      // of the database
  Contents first_backup_;  // of backup 1

 private:
  struct Run {
    Run(const DiskImage& image, bool is_open) : fs(image, 7) {
      if (!is_open) return;
      auto opened = open_database(fs, kDatabase, false);
      EXPECT_TRUE(opened.ok()) << describe(opened.status());
      db = std::move(*opened);
    }
    CrashFs fs;
    std::unique_ptr<Db> db;
  };

  void fail_once(bool is_open, const FaultPlan& plan, const Work& work, const Judge& judge, uint64_t* count) {
    Run run(image_, is_open);
    run.fs.plan(plan);
    const Status status = work(run.fs, run.db.get());
    if (run.fs.has_failed()) ++*count;
    EXPECT_TRUE(status.ok() || is_honest(status.code())) << describe(status);
    EXPECT_TRUE(status.ok() || run.fs.has_failed()) << "fails, and nothing was injected: " << describe(status);
    run.fs.heal();
    EXPECT_EQ("", judge(run.fs, status.ok())) << (status.ok() ? "it said ok" : describe(status));
    if (!is_open) {
      auto opened = open_database(run.fs, kDatabase, false);
      ASSERT_TRUE(opened.ok()) << "the database cannot be opened: " << describe(opened.status());
      run.db = std::move(*opened);
    }
    const auto found = contents_of(*run.db);
    ASSERT_TRUE(found.ok()) << describe(found.status());
    EXPECT_TRUE(*found == contents_) << "the database is not what it was";
    const auto id = back_up(*run.db);
    ASSERT_TRUE(id.ok()) << "a next backup fails: " << describe(id.status());
    EXPECT_EQ("", judge_backup(run.fs, *id, contents_));
    EXPECT_EQ("", run.fs.violation());
  }

  DiskImage image_;
};

TEST_F(CopyFaultTest, a_checkpoint_that_fails_leaves_nothing_that_opens_by_halves) {
  fail_in(
      "checkpoint", true,
      [](CrashFs&, Db* db) {
        const ThreadMark mark;
        return db->checkpoint(kCopy);
      },
      [this](Env& env, bool is_done) { return judge_copy(env, kCopy, contents_, is_done); });
}

TEST_F(CopyFaultTest, a_backup_that_fails_is_not_in_the_list_or_whole) {
  fail_in(
      "backup", true, [](CrashFs&, Db* db) { return back_up(*db).status(); },
      [this](Env& env, bool is_done) {
        const std::map<uint64_t, Contents> known{{1, first_backup_}, {2, contents_}};
        return judge_backups(env, known, is_done ? std::set<uint64_t>{1, 2} : std::set<uint64_t>{1}, {});
      });
}

TEST_F(CopyFaultTest, a_backup_whose_deletion_fails_is_whole_or_not_in_the_list) {
  fail_in(
      "deletion", true,
      [](CrashFs& fs, Db*) {
        const ThreadMark mark;
        return delete_backup(fs, kBackups, 1);
      },
      [this](Env& env, bool is_done) {
        return judge_backups(env, {{1, first_backup_}}, {}, is_done ? std::set<uint64_t>{1} : std::set<uint64_t>{});
      });
}

TEST_F(CopyFaultTest, a_restoration_that_fails_leaves_nothing_that_opens_by_halves) {
  fail_in(
      "restoration", true, [](CrashFs& fs, Db*) { return restore(fs, 1, kCopy); },
      [this](Env& env, bool is_done) { return judge_copy(env, kCopy, first_backup_, is_done); });
}

// What cannot be read is lost, and told: a salvage that says ok and tells of no loss has everything.
TEST_F(CopyFaultTest, a_salvage_that_fails_tells_so_or_tells_what_is_lost) {
  bool has_losses = false;
  fail_in(
      "salvage", false,
      [&has_losses](CrashFs& fs, Db*) {
        const ThreadMark mark;
        const auto report = salvage(fs, kDatabase, kCopy);
        has_losses = report.ok() && !report->losses.empty();
        return report.status();
      },
      [this, &has_losses](Env& env, bool is_done) -> std::string {
        if (!is_done || !has_losses) return judge_copy(env, kCopy, contents_, is_done);
        const auto copy = open_database(env, kCopy, true);
        if (!copy.ok()) return "the salvaged database cannot be opened: " + describe(copy.status());
        const auto found = contents_of(**copy);
        if (!found.ok()) return "the salvaged database cannot be read: " + describe(found.status());
        for (const auto& [key, value] : *found) {
          const auto at = contents_.find(key);
          if (at == contents_.end() || at->second != value) return key + " was never that";
        }
        return "";
      });
}

}  // namespace
}  // namespace firn
