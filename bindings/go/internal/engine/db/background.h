// Background: the threads of a database. Two keepers look after the log: one makes pages present ahead of the writer and never waits for the disk, the other
// makes the next segment and the periodic syncs. The workers run jobs.
// Threading: start() and stop() once each; the others from any thread.
#pragma once

#include <array>
#include <functional>

#include "db/commit.h"
#include "db/jobs.h"
#include "env/keeper.h"

namespace firn {

class Background {
 public:
  Background(DbCore& core, CommitDoor& door, Jobs& jobs) : core_(core), door_(door), jobs_(jobs) {}
  ~Background() { stop(); }

  Status start();  // kNoMemory: the system gave no thread
  void stop();     // waits for what is running

  void keep_log();
  void wake_workers();

  // Makes the log and the manifest, which a job records in, when they wait for the first write. Set before start().
  std::function<Status()> begin_writing;

 private:
  bool keep_pages();
  bool keep_disk();
  bool work();
  void sync_if_due();

  DbCore& core_;
  CommitDoor& door_;
  Jobs& jobs_;
  int64_t next_sync_ns_ = 0;  // of keep_disk() alone
  Keeper page_keeper_;
  Keeper disk_keeper_;
  std::array<Keeper, kBackgroundThreadCountMax> workers_;
};

}  // namespace firn
