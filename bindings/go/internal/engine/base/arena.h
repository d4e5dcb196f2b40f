// Arena: bytes that are kept until the arena is destroyed. They never move.
// Threading: one thread at a time.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "base/slice.h"

namespace firn {

class Arena {
 public:
  // A copy of the bytes that lives as long as the arena.
  Slice store(Slice bytes) {
    if (bytes.empty()) return {};
    if (bytes.size() > left_) {
      const size_t block_bytes = std::max(bytes.size(), next_block_bytes_);
      blocks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(block_bytes));
      at_ = blocks_.back().get();
      left_ = block_bytes;
      next_block_bytes_ = std::min(2 * next_block_bytes_, kBlockBytesMax);
    }
    uint8_t* const to = at_;
    std::memcpy(to, bytes.data(), bytes.size());
    at_ += bytes.size();
    left_ -= bytes.size();
    return {to, bytes.size()};
  }

 private:
  static constexpr size_t kBlockBytesMax = 64 << 10;

  std::vector<std::unique_ptr<uint8_t[]>> blocks_;
  uint8_t* at_ = nullptr;
  size_t left_ = 0;  // of the last block
  size_t next_block_bytes_ = 256;
};

}  // namespace firn
