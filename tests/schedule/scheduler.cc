#include "schedule/scheduler.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace schedule_test {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kWallClockAheadNs = 1'700'000'000 * kSecondNs;
constexpr int64_t kLookNs = 100;  // so much time passes with every look at the clock
constexpr size_t kTraceMax = 400;

thread_local Scheduler* this_scheduler = nullptr;

// Threads that run one at a time hand over ten times as fast on one processor. New threads inherit it.
class OneProcessor {
 public:
  OneProcessor() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(std::max(sched_getcpu(), 0)), &one);
    is_set_ = sched_getaffinity(0, sizeof before_, &before_) == 0 && sched_setaffinity(0, sizeof one, &one) == 0;
  }
  ~OneProcessor() {
    if (is_set_) sched_setaffinity(0, sizeof before_, &before_);
  }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;

 private:
  cpu_set_t before_;
  bool is_set_ = false;
};

}  // namespace

struct Scheduler::Thread {
  enum class State { kReady, kBlocked, kEnded };

  explicit Thread(Scheduler* the_scheduler, int the_id) : scheduler(the_scheduler), id(the_id) { sem_init(&turn, 0, 0); }
  ~Thread() { sem_destroy(&turn); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void await_turn() {
    while (sem_wait(&turn) != 0) {  // a signal came
    }
  }

  Scheduler* scheduler;
  int id;
  sem_t turn;
  State state = State::kReady;
  const void* blocked_on = nullptr;
  const char* blocked_by = "";
  int64_t until_ns = INT64_MAX;  // INT64_MAX: for ever
  uint64_t ticket = 0;           // who waits for longer is woken first
  bool timed_out = false;
  pthread_t handle{};
  bool is_joined = false;
  void* (*start)(void*) = nullptr;
  void* argument = nullptr;
};

Scheduler::Scheduler(Policy& policy) : policy_(policy) {}
Scheduler::~Scheduler() = default;

Scheduler* Scheduler::of_this_thread() { return this_scheduler; }

Scheduler::Thread* Scheduler::add_thread() {
  threads_.push_back(std::make_unique<Thread>(this, static_cast<int>(threads_.size())));
  return threads_.back().get();
}

void Scheduler::run(const std::function<void()>& body) {
  const OneProcessor one_processor;
  running_ = add_thread();
  this_scheduler = this;
  body();
  this_scheduler = nullptr;
  const bool all_joined = std::all_of(threads_.begin() + 1, threads_.end(), [](const auto& thread) { return thread->is_joined; });
  if (!all_joined) fail("a thread was not joined");
}

void Scheduler::run_together(std::vector<std::function<void()>> bodies) {
  first_of_program_ = static_cast<int>(threads_.size());
  std::vector<std::thread> threads;
  for (auto& body : bodies) threads.emplace_back(std::move(body));
  decides_ = true;
  for (std::thread& thread : threads) thread.join();
  decides_ = false;
}

void Scheduler::let_others_settle() { block(nullptr, "lets others settle", clock_ns_); }

// ---- Who runs -----------------------------------------------------------------------------------------------------------

void Scheduler::come_to(const char* name, Policy::Place place) {
  if (++come_count_ > kPointCountMax) fail("it does not end");
  if (!decides_) return;  // the policy's time has not come: who runs goes on
  points_.push_back({running_->id, name});
  hand_over(next(place));
}

void Scheduler::block(const void* on, const char* name, int64_t until_ns) {
  if (decides_) points_.push_back({running_->id, name});
  running_->state = Thread::State::kBlocked;
  running_->blocked_on = on;
  running_->blocked_by = name;
  running_->until_ns = until_ns;
  running_->ticket = ++wait_count_;
  running_->timed_out = false;
  hand_over(next(Policy::Place::kBlocked));
}

void Scheduler::end_thread() {
  running_->state = Thread::State::kEnded;
  wake(running_, true);
  if (decides_) points_.push_back({running_->id, "ended"});
  running_ = next(Policy::Place::kBlocked);
  this_scheduler = nullptr;  // what the thread's own objects do from now on is seen by no other
  sem_post(&running_->turn);
}

void Scheduler::wake(const void* on, bool all) {
  for (;;) {
    Thread* first = nullptr;
    for (const auto& thread : threads_) {
      if (thread->state != Thread::State::kBlocked || thread->blocked_on != on) continue;
      if (first == nullptr || thread->ticket < first->ticket) first = thread.get();
    }
    if (first == nullptr) return;
    first->state = Thread::State::kReady;
    if (!all) return;
  }
}

// Nobody can go on: the wait that ends first does.
bool Scheduler::end_timed_wait() {
  Thread* first = nullptr;
  for (const auto& thread : threads_) {
    if (thread->state != Thread::State::kBlocked || thread->until_ns == INT64_MAX) continue;
    if (first == nullptr || thread->until_ns < first->until_ns) first = thread.get();
  }
  if (first == nullptr || ++timeout_count_ > kTimeoutCountMax) return false;
  clock_ns_ = std::max(clock_ns_, first->until_ns);
  first->timed_out = true;
  first->state = Thread::State::kReady;
  return true;
}

Scheduler::Thread* Scheduler::next(Policy::Place place) {
  std::vector<int> ready;
  for (;;) {
    for (const auto& thread : threads_) {
      if (thread->state == Thread::State::kReady) ready.push_back(thread->id);
    }
    if (!ready.empty()) break;
    if (!end_timed_wait()) fail("deadlock: nobody can go on");
  }
  const int chosen = decides_ ? policy_.choose(ready, running_->id, first_of_program_, place) : ready.front();
  return threads_[static_cast<size_t>(chosen)].get();
}

void Scheduler::hand_over(Thread* to) {
  Thread* const from = running_;
  if (to == from) return;
  running_ = to;
  sem_post(&to->turn);
  from->await_turn();
}

std::string Scheduler::trace() const {
  std::string text;
  const size_t begin = points_.size() - std::min(points_.size(), kTraceMax);
  if (begin != 0) text += "(" + std::to_string(begin) + " before)\n";
  for (size_t i = begin; i < points_.size(); i++) text += std::to_string(points_[i].thread) + ": " + points_[i].name + "\n";
  return text;
}

void Scheduler::fail(const char* what) const {
  std::fprintf(stderr, "%sschedule: %s\n", trace().c_str(), what);
  for (const auto& thread : threads_) {
    if (thread->state == Thread::State::kBlocked) std::fprintf(stderr, "thread %d: %s\n", thread->id, thread->blocked_by);
  }
  std::abort();
}

// ---- Threads, mutexes, conditions, time -----------------------------------------------------------------------------------

void* Scheduler::begin_thread(void* argument) {
  auto* const thread = static_cast<Thread*>(argument);
  thread->await_turn();
  this_scheduler = thread->scheduler;
  void* const result = thread->start(thread->argument);
  thread->scheduler->end_thread();
  return result;
}

int Scheduler::create(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  Thread* const thread = add_thread();
  thread->start = start;
  thread->argument = argument;
  if (const int error = real_calls().create(handle, attributes, begin_thread, thread); error != 0) {
    threads_.pop_back();
    return error;
  }
  thread->handle = *handle;
  come_to("thread started", Policy::Place::kLock);
  return 0;
}

int Scheduler::join(pthread_t handle, void** result) {
  const auto is_meant = [handle](const auto& thread) { return !thread->is_joined && pthread_equal(thread->handle, handle) != 0; };
  const auto thread = std::find_if(threads_.begin() + 1, threads_.end(), is_meant);
  if (thread == threads_.end()) fail("a thread is joined that nobody started");
  Thread* const joined = thread->get();
  while (joined->state != Thread::State::kEnded) block(joined, "join");
  joined->is_joined = true;
  return real_calls().join(handle, result);
}

int Scheduler::lock(pthread_mutex_t* mutex) {
  come_to("lock", Policy::Place::kLock);
  acquire(mutex);
  return 0;
}

void Scheduler::acquire(pthread_mutex_t* mutex) {
  while (real_calls().try_lock(mutex) != 0) {
    if (owners_.count(mutex) == 0) {  // a thread that is ending, and not scheduled any more, holds it for a moment
      real_calls().lock(mutex);
      break;
    }
    block(mutex, "waits for a mutex");
  }
  owners_[mutex] = running_;
}

int Scheduler::try_lock(pthread_mutex_t* mutex) {
  come_to("try lock", Policy::Place::kLock);
  const int result = real_calls().try_lock(mutex);
  if (result == 0) owners_[mutex] = running_;
  return result;
}

void Scheduler::release(pthread_mutex_t* mutex) {
  owners_.erase(mutex);
  real_calls().unlock(mutex);
  wake(mutex, true);
}

int Scheduler::unlock(pthread_mutex_t* mutex) {
  release(mutex);
  come_to("unlock", Policy::Place::kLock);
  return 0;
}

int Scheduler::wait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  int64_t until_ns = INT64_MAX;
  if (until != nullptr) until_ns = until->tv_sec * kSecondNs + until->tv_nsec - (now_ns(clock) - clock_ns_);
  come_to("wait", Policy::Place::kLock);
  release(mutex);
  block(condition, until != nullptr ? "waits for a condition or a time" : "waits for a condition", until_ns);
  const bool timed_out = running_->timed_out;
  acquire(mutex);
  return timed_out ? ETIMEDOUT : 0;
}

int Scheduler::signal(pthread_cond_t* condition, bool all) {
  wake(condition, all);
  come_to(all ? "broadcast" : "signal", Policy::Place::kLock);
  return 0;
}

int64_t Scheduler::now_ns(clockid_t clock) const { return clock_ns_ + (clock == CLOCK_REALTIME ? kWallClockAheadNs : kSecondNs); }

int Scheduler::look_at_clock(clockid_t clock, timespec* now) {
  clock_ns_ += kLookNs;
  const int64_t at_ns = now_ns(clock);
  *now = {at_ns / kSecondNs, at_ns % kSecondNs};
  return 0;
}

int Scheduler::yield() {
  point("yields");
  return 0;
}

}  // namespace schedule_test
