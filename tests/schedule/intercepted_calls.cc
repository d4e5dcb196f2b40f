// The calls of the C library by which threads wait for one another. A program's own functions stand in front of those of its libraries, so these are called by the
// engine, by libstdc++ and by the tests alike, and the engine needs no locks of its own kind. A thread that is not scheduled gets the real thing.
#include <dlfcn.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>

#include "base/schedule_point.h"
#include "schedule/scheduler.h"

#define FIRN_INTERCEPTED extern "C" __attribute__((visibility("default")))

namespace schedule_test {
namespace {

template <typename Function>
void find(Function* function, const char* name) {
  *function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
  if (*function != nullptr) return;
  std::fprintf(stderr, "schedule: the C library has no %s\n", name);
  std::abort();
}

RealCalls find_all() {
  RealCalls calls{};
  find(&calls.create, "pthread_create");
  find(&calls.join, "pthread_join");
  find(&calls.lock, "pthread_mutex_lock");
  find(&calls.try_lock, "pthread_mutex_trylock");
  find(&calls.unlock, "pthread_mutex_unlock");
  find(&calls.wait, "pthread_cond_wait");
  find(&calls.timed_wait, "pthread_cond_timedwait");
  find(&calls.clock_wait, "pthread_cond_clockwait");
  find(&calls.signal, "pthread_cond_signal");
  find(&calls.broadcast, "pthread_cond_broadcast");
  find(&calls.look_at_clock, "clock_gettime");
  find(&calls.yield, "sched_yield");
  return calls;
}

}  // namespace

const RealCalls& real_calls() {
  static const RealCalls calls = find_all();
  return calls;
}

}  // namespace schedule_test

using schedule_test::real_calls;
using schedule_test::Scheduler;

extern "C" void firn_schedule_point(const char* name) {
  if (Scheduler* const scheduler = Scheduler::of_this_thread()) scheduler->point(name);
}

FIRN_INTERCEPTED int pthread_create(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) noexcept {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->create(handle, attributes, start, argument)
                              : real_calls().create(handle, attributes, start, argument);
}
FIRN_INTERCEPTED int pthread_join(pthread_t handle, void** result) {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->join(handle, result) : real_calls().join(handle, result);
}
FIRN_INTERCEPTED int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->lock(mutex) : real_calls().lock(mutex);
}
FIRN_INTERCEPTED int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->try_lock(mutex) : real_calls().try_lock(mutex);
}
FIRN_INTERCEPTED int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->unlock(mutex) : real_calls().unlock(mutex);
}
FIRN_INTERCEPTED int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->wait(condition, mutex, CLOCK_REALTIME, nullptr) : real_calls().wait(condition, mutex);
}
FIRN_INTERCEPTED int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->wait(condition, mutex, CLOCK_REALTIME, until) : real_calls().timed_wait(condition, mutex, until);
}
FIRN_INTERCEPTED int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->wait(condition, mutex, clock, until) : real_calls().clock_wait(condition, mutex, clock, until);
}
FIRN_INTERCEPTED int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->signal(condition, false) : real_calls().signal(condition);
}
FIRN_INTERCEPTED int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->signal(condition, true) : real_calls().broadcast(condition);
}
FIRN_INTERCEPTED int clock_gettime(clockid_t clock, timespec* now) noexcept {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->look_at_clock(clock, now) : real_calls().look_at_clock(clock, now);
}
FIRN_INTERCEPTED int sched_yield() noexcept {
  Scheduler* const scheduler = Scheduler::of_this_thread();
  return scheduler != nullptr ? scheduler->yield() : real_calls().yield();
}
