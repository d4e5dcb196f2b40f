// A shared mapping of a file, by mmap. It lives on when the file is closed or unlinked.
// Threading: any thread may call any method at any time.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <memory>
#include <string>

#include "env/descriptor.h"
#include "env/env.h"

namespace firn {

// Maps the first `bytes` of the file for reading. A file that is shorter is kCorrupt: touching what lies behind its end would kill the process.
Result<std::unique_ptr<Mapping>> map_file(int fd, size_t bytes, const std::string& path);
// The same for reading and writing. zeros_first: populate() writes zeros before it makes pages writable (right for a file on a disk); else (of tmpfs) it
// does that alone. The descriptor stays open as long as the mapping lives.
Result<std::unique_ptr<Mapping>> map_file_writable(std::shared_ptr<const Descriptor> descriptor, size_t bytes, bool zeros_first,
                                                   const std::string& path);

// What one call writes at most, and not across a multiple of it, be it data or zeros. The page cache takes pages as large as the call: smaller ones take longer (zeros:
// posix_mapping.cc), and where a host gives its guests memory late the largest are those that it has not given yet: with calls of 1 MiB a fill of 10M keys spent 39 % of its
// samples in the copies to them. 1 MiB 1.3 M puts/s, 512 KiB 2.0, 256 KiB 2.8, 128 KiB 2.2, 64 KiB 2.0.
inline constexpr size_t kWriteBytesMax = size_t{256} << 10;
// How many of the bytes from `offset` on the next call writes.
inline size_t bytes_of_call(uint64_t offset, size_t bytes) { return std::min<size_t>(bytes, kWriteBytesMax - offset % kWriteBytesMax); }

// Whether the page cache is known to have all of a mapping's pages, which begin at `pages`. False also when there are more than 512, and when the kernel is not asked: because the
// file belongs to `owner`, another user, about which it does not tell everybody (CVE-2019-5489), or because this process has a filter for system calls, and common ones end who asks (systemd's
// @system-service leaves mincore() out; prctl(), which tells of the filter, it has). mincore() takes 1.05 us for 256 KiB and 1.25 for 1 MiB of pages that were touched, the questions before it 0.5;
// MADV_WILLNEED looks all pages up in 3.5 and 12.5 us.
bool is_known_to_be_cached(const uint8_t* pages, size_t bytes, uid_t owner);

}  // namespace firn
