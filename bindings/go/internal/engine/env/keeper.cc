#include "env/keeper.h"

#if defined(__linux__)
#include <unistd.h>
#endif

namespace firn {
namespace {

// Of this thread alone, as Linux understands it; elsewhere nice() is of the process.
void lower_priority() {
#if defined(__linux__)
  (void)::nice(5);
#endif
}

}  // namespace

// Not std::thread, which reports a failure by an exception.
Status Keeper::start(std::function<bool()> turn, std::chrono::milliseconds period, const std::string& path, Priority priority) {
  turn_ = std::move(turn);
  period_ = period;
  priority_ = priority;
  const auto body = [](void* self) -> void* {
    static_cast<Keeper*>(self)->work();
    return nullptr;
  };
  pthread_t thread;
  if (const int error = pthread_create(&thread, nullptr, body, this); error != 0) {
    return {Code::kNoMemory, "the system gave no thread for background work", path, 0, error};
  }
  thread_ = thread;
  return {};
}

void Keeper::call() {
  {
    const std::lock_guard lock(mutex_);
    is_called_ = true;
  }
  called_.notify_one();
}

void Keeper::stop() {
  if (!thread_) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  called_.notify_one();
  pthread_join(*thread_, nullptr);
  thread_.reset();
}

void Keeper::work() {
  if (priority_ == Priority::kLow) lower_priority();
  bool more = false;
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    const auto is_due = [&] { return more || is_called_ || is_stopping_; };
    if (period_.count() > 0) {
      called_.wait_for(lock, period_, is_due);
    } else {
      called_.wait(lock, is_due);
    }
    if (is_stopping_) return;
    is_called_ = false;
    lock.unlock();
    more = turn_();
    lock.lock();
  }
}

}  // namespace firn
