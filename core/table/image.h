// Image: the body of a table as one run of bytes in memory, whose chunks are made present on first touch. The only place that knows
// checksums of chunks, reads and compression.
//
//   mapped: the file's mapping; making a chunk present = verifying it where it lies.
//   loaded: anonymous memory; making a chunk present = reading it, verifying it, decompressing it into its place.
//
// Invariant TABLE-1: a byte of the image is looked at only after has() or ensure() said that it is present.
// Threading: any thread may call any method. Presence is a bitmap of atomics: a bit is set with release after the bytes are in place
// and tested with acquire. Loads of chunks whose bits share a word exclude each other by a mutex; mapped chunks need none, because
// verifying twice does no harm.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "env/anonymous_memory.h"
#include "table/format.h"
#include "table/read_traffic.h"

namespace firn {

class Image {
 public:
  // `file` outlives the image. A compressed table is loaded, whatever `io` says.
  static Result<std::unique_ptr<Image>> open(File* file, const Footer& footer, TableIo io);

  // Before anyone else uses the image: chunks that are made present count there.
  void count_in(std::shared_ptr<ReadTraffic> traffic) { traffic_ = std::move(traffic); }

  const uint8_t* data() const { return data_; }
  bool is_mapped() const { return mapping_ != nullptr; }
  uint64_t body_bytes() const { return layout_.body_bytes; }
  const Layout& layout() const { return layout_; }
  // The end of the chunk that byte `offset` lies in.
  uint64_t chunk_end(uint64_t offset) const {
    return std::min(((offset >> layout_.chunk_shift) + 1) << layout_.chunk_shift, layout_.body_bytes);
  }

  // Whether the bytes are present. The range lies in the body and is not empty.
  bool has(uint64_t offset, uint64_t bytes) const {
    const uint64_t first = offset >> layout_.chunk_shift;
    const uint64_t last = (offset + bytes - 1) >> layout_.chunk_shift;
    if (first == last) [[likely]]
      return has_chunk(first);
    return has_chunks(first, last);
  }
  // Makes the bytes present. kCorrupt, kIo, kNoMemory.
  Status ensure(uint64_t offset, uint64_t bytes) const {
    if (has(offset, bytes)) [[likely]]
      return {};
    return make_present(offset >> layout_.chunk_shift, (offset + bytes - 1) >> layout_.chunk_shift);
  }
  // Before anyone else uses the image, when all of it is present: gives back what was needed for that.
  void forget_directory() const;
  // The bytes will be touched soon, in this order. Errors show when they are touched. The range may reach beyond the body.
  void read_ahead(uint64_t offset, uint64_t bytes) const;

  // Reads all chunks from the file again, present or not, and compares their checksums.
  Status verify_stored() const;
  uint64_t memory_bytes() const { return cached_bytes() + (layout_.chunk_count + 7) / 8; }
  uint64_t cached_bytes() const;  // of those: what was read since the opening
  Status corrupt(std::string_view what, uint64_t body_offset) const { return Status::corrupt(what, file_->path(), body_offset); }

 private:
  // The chunk directory, verified.
  struct Directory {
    std::unique_ptr<uint8_t[]> slots;     // as in the file
    std::unique_ptr<uint64_t[]> offsets;  // compressed tables: where each chunk begins in the file, and where the last one ends
  };
  static constexpr size_t kWordChunks = 64;
  static constexpr size_t kStripes = 16;

  Image(File* file, const Footer& footer);

  bool has_chunk(uint64_t chunk) const {
    return (present_[chunk / kWordChunks].load(std::memory_order_acquire) >> (chunk % kWordChunks) & 1) != 0;
  }
  bool has_chunks(uint64_t first, uint64_t last) const;
  void set_present(uint64_t chunk) const {
    const uint64_t bit = uint64_t{1} << (chunk % kWordChunks);
    const uint64_t before = present_[chunk / kWordChunks].fetch_or(bit, std::memory_order_release);
    if (traffic_ != nullptr && (before & bit) == 0) traffic_->add(1, chunk_bytes(chunk));
  }
  uint64_t chunk_offset(uint64_t chunk) const { return chunk << layout_.chunk_shift; }
  size_t chunk_bytes(uint64_t chunk) const { return static_cast<size_t>(chunk_end(chunk_offset(chunk)) - chunk_offset(chunk)); }

  Status make_present(uint64_t first, uint64_t last) const;
  Status verify_mapped(uint64_t first, uint64_t last) const;
  Status load_word(uint64_t first, uint64_t last) const;
  Status load_run(uint64_t first, uint64_t last) const;
  Status load_packed_run(uint64_t first, uint64_t last) const;
  Status load_directory() const;
  bool index_packed_chunks(Directory* directory) const;
  // These need the directory.
  uint64_t stored_offset(uint64_t chunk) const;
  size_t stored_bytes(uint64_t chunk) const { return static_cast<size_t>(stored_offset(chunk + 1) - stored_offset(chunk)); }
  Status verify_chunk(uint64_t chunk, const uint8_t* stored) const;

  File* const file_;
  const Layout layout_;
  const Compression compression_;
  const uint64_t owner_;
  const uint32_t directory_crc_;
  const uint64_t stored_bytes_;
  const uint8_t* data_ = nullptr;
  std::unique_ptr<std::atomic<uint64_t>[]> present_;
  std::shared_ptr<ReadTraffic> traffic_;  // nullptr: nobody counts
  std::unique_ptr<Mapping> mapping_;      // mapped
  AnonymousMemory memory_;                // loaded
  mutable std::atomic<uint64_t> loaded_bytes_{0};
  mutable std::mutex stripes_[kStripes];
  mutable std::mutex directory_mutex_;  // guards the making of directory_; readers look at directory_ready_ first
  mutable Directory directory_;
  mutable std::atomic<bool> directory_ready_{false};
};

}  // namespace firn
