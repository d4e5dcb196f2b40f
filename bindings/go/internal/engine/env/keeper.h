// Keeper: a thread that does a turn of work when it is called. Calls that come while it works are one more turn.
// Threading: call() from any thread. start() and stop() belong to the owner; what a turn uses has to live until stop() returned.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/status.h"

namespace firn {

class Keeper {
 public:
  Keeper() = default;
  ~Keeper() { stop(); }

  // kLow: the application's threads go first where processors are few (nice, by 5). Best effort.
  enum class Priority : uint8_t { kNormal, kLow };

  // turn() returns true when it wants another turn at once. Without calls there is one every `period`; zero: none. `path` is for the message of
  // kNoMemory, when the system gives no thread.
  Status start(std::function<bool()> turn, std::chrono::milliseconds period, const std::string& path,
               Priority priority = Priority::kNormal);
  void call();
  // Waits for the turn that goes on. Harmless without a start, or twice.
  void stop();

 private:
  void work();

  std::function<bool()> turn_;
  std::chrono::milliseconds period_{0};
  Priority priority_ = Priority::kNormal;
  std::optional<pthread_t> thread_;
  std::mutex mutex_;  // the rest
  std::condition_variable called_;
  bool is_called_ = false;
  bool is_stopping_ = false;
};

}  // namespace firn
