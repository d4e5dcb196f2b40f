// Background: the threads of a database. The keeper looks after the log (next segment, pages ahead of the writer, periodic syncs); the workers run jobs.
// Threading: start() and stop() once each; the others from any thread.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "db/commit.h"
#include "db/jobs.h"

namespace firn {

class Background {
 public:
  Background(DbCore& core, CommitDoor& door, Jobs& jobs) : core_(core), door_(door), jobs_(jobs) {}
  ~Background() { stop(); }

  Status start();  // kNoMemory: the system gave no thread
  void stop();     // waits for what is running

  void wake_keeper();
  void wake_workers();

 private:
  Status spawn(void* (*body)(void*));
  void keep();
  void work();
  void sync_if_due(int64_t* next_sync_ns);

  DbCore& core_;
  CommitDoor& door_;
  Jobs& jobs_;
  std::mutex mutex_;
  std::condition_variable keeper_wakes_;
  std::condition_variable workers_wake_;
  bool keeper_called_ = false;
  bool workers_called_ = false;
  bool is_stopping_ = false;
  std::vector<pthread_t> threads_;
};

}  // namespace firn
