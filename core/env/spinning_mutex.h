// A std::mutex whose taker looks again for a few microseconds before he sleeps: for sections that are shorter than a sleep and that many threads want. It stays a
// mutex of the C library (AdaptiveMutex is none), so the tests can decide who gets it.
//
// Threading: before the mutex is used.
#pragma once

#include <pthread.h>

#include <mutex>

namespace firn {

// Where the C library has no such kind the mutex stays as it is.
inline void make_spinning([[maybe_unused]] std::mutex& mutex) {
#if defined(__GLIBC__)
  pthread_mutexattr_t kind;
  if (pthread_mutexattr_init(&kind) != 0) return;
  if (pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP) == 0) {
    pthread_mutex_destroy(mutex.native_handle());  // it is initialized already; twice is undefined
    pthread_mutex_init(mutex.native_handle(), &kind);
  }
  pthread_mutexattr_destroy(&kind);
#endif
}

}  // namespace firn
