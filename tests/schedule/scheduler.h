// A cooperative scheduler: threads of the operating system of which one runs at a time. It hands over where a mutex or a condition variable of the C library is
// used or the processor given away (sched_yield; intercepted_calls.cc), and at the engine's schedule points (core/base/schedule_point.h); a policy says to whom. Who would block on a mutex, a condition or a
// join is not asked again before he is given back. Time is virtual: it moves with every look at it, and to the end of a timed wait when nobody can go on otherwise. So
// the same choices give the same run.
//
// A deadlock, and a run that does not end, print the schedule and abort: blocked threads cannot be taken back.
//
// What it does not do: the memory is sequentially consistent, so it finds what order does, not what weak memory does (ThreadSanitizer's business); a mutex
// that is no pthread mutex (AdaptiveMutex, which the durable log alone uses) is never found taken, because nobody is interrupted under it.
//
// Threading: run() by a thread that is not scheduled; everything else by scheduled ones, hence one at a time.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace schedule_test {

class Policy {
 public:
  virtual ~Policy() = default;
  enum class Place { kNamed, kLock, kBlocked };
  // The thread that goes on: one of `ready`, which is sorted and not empty. `running` has come to the place; at kBlocked it is not ready. Threads from
  // `first_of_program` on are those of run_together(), lower ones those of the engine.
  virtual int choose(const std::vector<int>& ready, int running, int first_of_program, Place place) = 0;
};

class Scheduler {
 public:
  explicit Scheduler(Policy& policy);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // body() and all threads that it starts are scheduled; it has to join them.
  void run(const std::function<void()>& body);
  // From body(): the bodies on threads of their own. Until they have ended the policy decides; before and after, the thread that runs goes on while it can.
  void run_together(std::vector<std::function<void()>> bodies);

  // From body(): all others run until they wait.
  void let_others_settle();

  // The places that were come to in run_together(), in their order: "3: entry stored".
  std::string trace() const;
  uint64_t point_count() const { return points_.size(); }

  // The scheduler of this thread, nullptr: it is not scheduled. The rest is for intercepted_calls.cc and the schedule points.
  static Scheduler* of_this_thread();
  void point(const char* name) { come_to(name, Policy::Place::kNamed); }
  int create(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*), void* argument);
  int join(pthread_t handle, void** result);
  int lock(pthread_mutex_t* mutex);
  int try_lock(pthread_mutex_t* mutex);
  int unlock(pthread_mutex_t* mutex);
  int wait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until);  // nullptr: for ever
  int signal(pthread_cond_t* condition, bool all);
  int look_at_clock(clockid_t clock, timespec* now);
  int yield();

 private:
  struct Thread;
  struct Point {
    int thread;
    const char* name;
  };
  static constexpr uint64_t kPointCountMax = 200'000;  // of a run
  static constexpr uint64_t kTimeoutCountMax = 2'000;  // waits that ended because nobody could go on

  static void* begin_thread(void* thread);
  Thread* add_thread();
  void come_to(const char* name, Policy::Place place);
  void block(const void* on, const char* name, int64_t until_ns = INT64_MAX);
  void end_thread();
  void wake(const void* on, bool all);
  Thread* next(Policy::Place place);
  bool end_timed_wait();
  void hand_over(Thread* to);
  void acquire(pthread_mutex_t* mutex);
  void release(pthread_mutex_t* mutex);
  int64_t now_ns(clockid_t clock) const;
  [[noreturn]] void fail(const char* what) const;

  Policy& policy_;
  std::vector<std::unique_ptr<Thread>> threads_;
  Thread* running_ = nullptr;
  int first_of_program_ = 0;
  bool decides_ = false;  // inside run_together()
  std::unordered_map<const pthread_mutex_t*, const Thread*> owners_;
  std::vector<Point> points_;
  uint64_t come_count_ = 0;
  uint64_t timeout_count_ = 0;
  uint64_t wait_count_ = 0;
  int64_t clock_ns_ = 0;
};

// The C library's own functions, whatever stands in front of them.
struct RealCalls {
  decltype(&::pthread_create) create;
  decltype(&::pthread_join) join;
  decltype(&::pthread_mutex_lock) lock;
  decltype(&::pthread_mutex_trylock) try_lock;
  decltype(&::pthread_mutex_unlock) unlock;
  decltype(&::pthread_cond_wait) wait;
  decltype(&::pthread_cond_timedwait) timed_wait;
  decltype(&::pthread_cond_clockwait) clock_wait;
  decltype(&::pthread_cond_signal) signal;
  decltype(&::pthread_cond_broadcast) broadcast;
  decltype(&::clock_gettime) look_at_clock;
  decltype(&::sched_yield) yield;
};
const RealCalls& real_calls();

}  // namespace schedule_test
