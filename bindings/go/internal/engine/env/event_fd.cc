#include "env/event_fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace firn {

EventFd::~EventFd() {
  if (const int fd = fd_.load(std::memory_order_relaxed); fd >= 0) close(fd);
}

int EventFd::get() {
  int present = fd_.load(std::memory_order_acquire);
  if (present >= 0) return present;
  const int fresh = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fresh < 0 || fd_.compare_exchange_strong(present, fresh, std::memory_order_acq_rel)) return fresh;
  close(fresh);  // another thread was faster
  return present;
}

void EventFd::signal() {
  const int fd = fd_.load(std::memory_order_acquire);
  if (fd < 0) return;
  const uint64_t one = 1;
  (void)!write(fd, &one, sizeof one);  // full: it is readable anyway
}

}  // namespace firn
