// Answers system calls in the kernel's place, by a seccomp filter: for a child process, since nothing takes it back.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace firn {

// From now on every system call `call` of this thread (if `argument` is not 0: with that third argument) ends in `action`.
// A descriptor for SECCOMP_RET_USER_NOTIF, 0 for other actions, -1 when the kernel refuses.
inline int filter_call(unsigned call, uint32_t argument, uint32_t action) {
  const uint32_t third = offsetof(seccomp_data, args) + 2 * sizeof(uint64_t);  // its low half: little-endian
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, third),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JA, argument == 0 ? 0u : 1u, 0, 0),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {static_cast<unsigned short>(std::size(program)), program};
  const unsigned flags = action == SECCOMP_RET_USER_NOTIF ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return static_cast<int>(::syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter));
}

inline bool fail_call(unsigned call, uint32_t argument, uint16_t os_errno) {
  return filter_call(call, argument, SECCOMP_RET_ERRNO | os_errno) == 0;
}

}  // namespace firn
