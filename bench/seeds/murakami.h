// What Murakami's rows have in common.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <optional>

#include "seeds/row.h"

namespace bench {

// The part of murakami_rows that reads.
std::vector<Row> murakami_read_rows();

namespace murakami {

inline constexpr size_t kRecordBytes = 256;
// Byte i is 7 i.
std::string payload(size_t bytes = kRecordBytes);
// Appends `count` records of 256 B.
void fill(Log& log, uint64_t count);

}  // namespace murakami
}  // namespace bench
