// ChunkWriter: writes the body of a table, front to back, in chunks: checksums them, compresses them, gathers them into large writes.
// Memory: one buffer of 1 MiB (two with compression) and the chunk directory. A value that does not fit the buffer is written from where
// it lies.
// Threading: one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "table/compression.h"
#include "table/format.h"

namespace firn {

class ChunkWriter {
 public:
  ChunkWriter(File* file, const TableIdentity& identity, Compression compression);

  // Room for `bytes` more bytes in one piece, to be filled and then announced with advance(); nullptr: use append().
  uint8_t* room(size_t bytes) { return bytes <= kBufferBytes - used_ ? buffer_.get() + used_ : nullptr; }
  void advance(size_t bytes) { used_ += bytes; }
  Status append(Slice bytes);
  Status pad_to(size_t alignment);  // with zeros
  // Writes what is left, the last chunk as short as it is. No appending after it.
  Status finish();

  uint64_t body_bytes() const { return body_bytes_ + used_; }  // appended so far
  uint64_t stored_bytes() const { return stored_bytes_; }      // written, or about to be, for the chunks that are full
  uint64_t buffered_bytes() const { return used_; }            // appended, not yet stored
  Slice directory() const { return Slice(std::string_view(directory_)); }

 private:
  static constexpr size_t kBufferBytes = size_t{1} << 20;

  Status flush();
  Status store_chunks(Slice chunks);
  Status store_packed(Slice chunk, uint64_t index);
  Status write_packed();
  Status write_out(uint64_t offset, Slice bytes);
  void add_slot(uint64_t index, Slice stored);

  File* const file_;
  const uint64_t owner_;
  const Compression compression_;
  const size_t chunk_bytes_;
  Compressor compressor_;
  std::unique_ptr<uint8_t[]> buffer_;  // always begins at a chunk's begin
  size_t used_ = 0;
  std::unique_ptr<uint8_t[]> packed_;  // compressed chunks on their way to the file
  size_t packed_used_ = 0;
  uint64_t body_bytes_ = 0;    // of the chunks that went through the buffer
  uint64_t stored_bytes_ = 0;  // of these chunks
  std::string directory_;
};

}  // namespace firn
