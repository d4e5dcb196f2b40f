// EventFd: a descriptor that event loops can wait on: readable once something has happened, until it is read (eventfd(2)).
// Threading: any thread.
#pragma once

#include <atomic>

#include "base/status.h"

namespace firn {

class EventFd {
 public:
  EventFd() = default;
  ~EventFd();
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  // The descriptor, made when it is first asked for; it belongs to this object. < 0: the system gave none.
  int get();
  // Makes it readable; does nothing while nobody has asked for it.
  void signal();

 private:
  std::atomic<int> fd_{-1};
};

}  // namespace firn
