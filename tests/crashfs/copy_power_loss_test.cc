// T1 for copies: power loss at every step of a checkpoint, of backups, of the deletion of one and of a restoration. Demanded of every crash image: the database is what
// it was; a directory that was being made is a whole database or none (COPY-1), and whole once it was acknowledged; every backup that the list names is whole, those that
// were acknowledged are in it, and those whose deletion was acknowledged are not; and a next backup succeeds, whatever lies there.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_set>

#include "crashfs/copy_judges.h"
#include "crashfs/crash_fs.h"
#include "crashfs/crash_images.h"
#include "crashfs/effort.h"

namespace firn {
namespace {

class CopyPowerLossTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs_.open_directory("/disk", true).ok());
    auto db = open_database(fs_, kDatabase, false);
    ASSERT_TRUE(db.ok()) << describe(db.status());
    db_ = std::move(*db);
    for (int i = 0; i < 12; i++) put("a" + std::to_string(i));
    ASSERT_TRUE(flush().ok());
    for (int i = 0; i < 6; i++) put("a" + std::to_string(2 * i));
    ASSERT_TRUE(flush().ok());
    for (int i = 0; i < 3; i++) put("b" + std::to_string(i));
  }

  void put(const std::string& key) {
    const ThreadMark mark;
    const std::string value = key + std::string(400, static_cast<char>('a' + contents_.size() % 26)) + std::to_string(put_count_++);
    const Operation operation = make_put(0, Slice(key), Slice(value), kNeverExpires);
    ASSERT_TRUE(db_->write(&operation, 1, {}).ok());
    contents_[key] = value;
  }
  Status flush() {
    const ThreadMark mark;
    return db_->flush();
  }
  Status checkpoint(const std::string& to) {
    const ThreadMark mark;
    return db_->checkpoint(to);
  }

  // What an image is judged by: "" or what is wrong with it.
  using Judge = std::function<std::string(Env& env, bool is_acknowledged)>;

  // Does `work` and crashes in every step of it.
  void crash_in(const char* what, const std::function<Status()>& work, const Judge& judge) {
    for (; applied_ < fs_.trace().size(); applied_++) disk_.apply(fs_.trace()[applied_]);
    const Status status = work();
    ASSERT_TRUE(status.ok()) << what << ": " << describe(status);
    const Trace& trace = fs_.trace();
    const Effort effort = test_effort();
    ImageBudget budget;
    budget.single_count = effort.is_deep ? 64 : 16;
    std::string problem;
    size_t image_count = 0;
    std::unordered_set<uint64_t> seen;
    ASSERT_LT(applied_, trace.size()) << what << " touches no file";
    for (; applied_ < trace.size(); applied_++) {
      disk_.apply(trace[applied_]);
      const bool is_last = applied_ + 1 == trace.size();
      // Under sanitizers a share; the last step is where everything has been acknowledged.
      if (!is_last && applied_ % effort.slowness != 0) continue;
      if (is_last) seen.clear();
      visit_images(disk_, budget, effort.seed + applied_, [&](DiskImage&& image, const ImageOrigin&) {
        if (!problem.empty() || !seen.insert(image.hash()).second) return;
        image_count++;
        problem = examine(image, is_last, judge);
        if (!problem.empty())
          problem += "\nafter step " + std::to_string(applied_) + " of " + std::to_string(trace.size()) + "\n" + image.listing();
      });
      ASSERT_EQ("", problem) << what;
    }
    ASSERT_EQ("", fs_.violation()) << what;
    std::printf("[ figures  ] %s: %zu distinct images\n", what, image_count);
  }

  std::string examine(const DiskImage& image, bool is_acknowledged, const Judge& judge) {
    CrashFs fs(image, image.hash());
    if (std::string problem = judge(fs, is_acknowledged); !problem.empty()) return problem;
    const auto db = open_database(fs, kDatabase, false);
    if (!db.ok()) return "the database cannot be opened: " + describe(db.status());
    const auto found = contents_of(**db);
    if (!found.ok() || *found != contents_) return "the database is not what it was";
    // A share: the next backup clears away what lies there, and succeeds.
    if (!is_acknowledged && image.hash() % 4 != 0) return "";
    const auto id = back_up(**db);
    if (!id.ok()) return "a next backup fails: " + describe(id.status());
    return judge_backup(fs, *id, contents_);
  }

  CrashFs fs_;
  Disk disk_{DiskImage()};
  size_t applied_ = 0;  // steps of the trace that disk_ has gone through
  int put_count_ = 0;
  Contents contents_;  // of the database
  std::unique_ptr<Db> db_;
};

TEST_F(CopyPowerLossTest, a_checkpoint_is_whole_or_says_that_it_is_not) {
  crash_in(
      "checkpoint", [&] { return checkpoint("/disk/copy"); },
      [&](Env& env, bool is_acknowledged) { return judge_copy(env, "/disk/copy", contents_, is_acknowledged); });
}

TEST_F(CopyPowerLossTest, a_backup_is_whole_or_not_in_the_list) {
  std::map<uint64_t, Contents> known{{1, contents_}};
  crash_in(
      "first backup", [&] { return back_up(*db_).status(); },
      [&](Env& env, bool is_acknowledged) {
        return judge_backups(env, known, is_acknowledged ? std::set<uint64_t>{1} : std::set<uint64_t>{}, {});
      });
  put("c");
  ASSERT_TRUE(flush().ok());
  put("d");
  known[2] = contents_;
  crash_in(
      "second backup", [&] { return back_up(*db_).status(); },
      [&](Env& env, bool is_acknowledged) {
        return judge_backups(env, known, is_acknowledged ? std::set<uint64_t>{1, 2} : std::set<uint64_t>{1}, {});
      });
}

TEST_F(CopyPowerLossTest, a_backup_that_is_being_deleted_is_whole_or_not_in_the_list) {
  std::map<uint64_t, Contents> known{{1, contents_}};
  ASSERT_TRUE(back_up(*db_).ok());
  put("c");
  known[2] = contents_;
  ASSERT_TRUE(back_up(*db_).ok());
  const auto delete_second = [&] {
    const ThreadMark mark;
    return delete_backup(fs_, kBackups, 2);
  };
  crash_in("deletion", delete_second, [&](Env& env, bool is_acknowledged) {
    // The number of a backup that is gone may be given again.
    return judge_backups(env, known, {1}, is_acknowledged ? std::set<uint64_t>{2} : std::set<uint64_t>{});
  });
}

TEST_F(CopyPowerLossTest, a_restored_database_is_whole_or_says_that_it_is_not) {
  ASSERT_TRUE(back_up(*db_).ok());
  crash_in(
      "restoration", [&] { return restore(fs_, 1, "/disk/restored"); },
      [&](Env& env, bool is_acknowledged) { return judge_copy(env, "/disk/restored", contents_, is_acknowledged); });
}

}  // namespace
}  // namespace firn
