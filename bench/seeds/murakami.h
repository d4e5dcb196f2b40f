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
// By the seed's definition all records are alike, so that one would pass for another. Behind the clock: ten more, each with its index in front, are
// appended, and have to be read.
void check_indexes(Log& log);

}  // namespace murakami
}  // namespace bench
