// Pages of memory: how large they are, and how those of a mapping come to be there before anybody stores into them.
// Threading: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"

namespace firn {

// The size of a page of memory, a power of two.
size_t page_bytes();

inline constexpr size_t kHugePageBytes = size_t{2} << 20;

// Makes the pages of a range of a writable mapping, which begins at `data`, present and writable. An error means that the disk or the memory could not give them.
Status make_pages_writable(uint8_t* data, size_t offset, size_t bytes, const std::string& path);

// Makes pages present and writable without MADV_POPULATE_WRITE (kernels before 5.14): rewrites one byte of each page with itself,
// which other threads that store there do not notice. A disk that fails raises SIGBUS here.
void populate_by_touching(uint8_t* from, size_t bytes);

}  // namespace firn
