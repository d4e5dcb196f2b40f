// Counts the syncs of every store in this process: the executable's own fdatasync, fsync and msync stand before libc's for all
// shared libraries, which is why the stores are linked as shared libraries and the executable exports its symbols.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "compare/process_stats.h"

namespace {
std::atomic<uint64_t> syncs{0};
}  // namespace

// Exported, also when the project hides symbols by default: a hidden one would count nothing.
#pragma GCC visibility push(default)
extern "C" {

int fdatasync(int fd) {
  syncs.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

int fsync(int fd) {
  syncs.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

int msync(void* address, size_t length, int flags) {
  if ((flags & MS_SYNC) != 0) syncs.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(::syscall(SYS_msync, address, length, flags));
}

}  // extern "C"
#pragma GCC visibility pop

namespace bench {
uint64_t sync_count() { return syncs.load(std::memory_order_relaxed); }
}  // namespace bench
