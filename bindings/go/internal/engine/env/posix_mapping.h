// A shared mapping of a file, by mmap. It lives on when the file is closed or unlinked.
// Threading: any thread may call any method at any time.
#pragma once

#include <memory>
#include <string>

#include "env/env.h"

namespace firn {

// Maps the first `bytes` of the file. A file that is shorter is kCorrupt: touching what lies behind its end would kill the process.
Result<std::unique_ptr<Mapping>> map_file(int fd, size_t bytes, bool writable, const std::string& path);

// The size of a page of memory, a power of two.
size_t page_bytes();

// Makes pages present and writable without MADV_POPULATE_WRITE (kernels before 5.14): rewrites one byte of each page with itself,
// which other threads that store there do not notice. A disk that fails raises SIGBUS here.
void populate_by_touching(uint8_t* from, size_t bytes);

}  // namespace firn
