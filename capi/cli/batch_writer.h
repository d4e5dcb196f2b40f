// BatchWriter: gathers puts into batches for firn_write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "database.h"

namespace firn::cli {

class BatchWriter {
 public:
  explicit BatchWriter(const Database& database) : database_(database) {}

  // ttl_ms <= 0: for ever. Throws Failure with the number of the entry when it is over a limit.
  void put(uint32_t ns, std::string_view key, std::string_view value, int64_t ttl_ms);
  void flush();  // writes what is left

  uint64_t entry_count() const { return entry_count_; }
  uint64_t bytes() const { return bytes_; }  // keys and values

 private:
  const Database& database_;
  std::string batch_;
  uint64_t entry_count_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace firn::cli
