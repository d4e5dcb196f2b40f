#include "table/chunk_writer.h"

#include "base/checksum.h"
#include "base/coding.h"

namespace firn {

ChunkWriter::ChunkWriter(File* file, const TableIdentity& identity, Compression compression)
    : file_(file),
      owner_(checksum_owner(identity)),
      compression_(compression),
      chunk_bytes_(size_t{1} << chunk_shift_of(compression)),
      compressor_(compression),
      buffer_(std::make_unique_for_overwrite<uint8_t[]>(kBufferBytes)) {
  static_assert(kBufferBytes % (size_t{1} << kPackedChunkShift) == 0 && kBufferBytes % (size_t{1} << kPlainChunkShift) == 0);
  if (compression_ != Compression::kNone) packed_ = std::make_unique_for_overwrite<uint8_t[]>(kBufferBytes);
}

Status ChunkWriter::append(Slice bytes) {
  while (!bytes.empty()) {
    if (used_ == kBufferBytes) FIRN_TRY(flush());
    if (used_ == 0 && bytes.size() >= kBufferBytes) {
      const Slice whole_chunks = bytes.first(bytes.size() - bytes.size() % chunk_bytes_);
      FIRN_TRY(store_chunks(whole_chunks));
      bytes = bytes.without_first(whole_chunks.size());
      continue;
    }
    const Slice piece = bytes.first(kBufferBytes - used_);
    std::memcpy(buffer_.get() + used_, piece.data(), piece.size());
    used_ += piece.size();
    bytes = bytes.without_first(piece.size());
  }
  return {};
}

Status ChunkWriter::pad_to(size_t alignment) {
  const uint8_t zeros[kSectionAlignment] = {};
  return append(Slice(zeros, static_cast<size_t>(round_up(body_bytes(), alignment) - body_bytes())));
}

Status ChunkWriter::finish() {
  FIRN_TRY(flush());
  return write_packed();
}

Status ChunkWriter::flush() {
  const Slice chunks(buffer_.get(), used_);
  used_ = 0;
  return store_chunks(chunks);
}

// Whole chunks; the last one may be short at the end of the body.
Status ChunkWriter::store_chunks(Slice chunks) {
  if (chunks.empty()) return {};
  const uint64_t offset = stored_bytes_;
  for (Slice rest = chunks; !rest.empty(); rest = rest.without_first(chunk_bytes_)) {
    const Slice chunk = rest.first(chunk_bytes_);
    const uint64_t index = body_bytes_ / chunk_bytes_;
    body_bytes_ += chunk.size();
    if (compression_ != Compression::kNone) {
      FIRN_TRY(store_packed(chunk, index));
    } else {
      add_slot(index, chunk);
    }
  }
  return compression_ == Compression::kNone ? write_out(offset, chunks) : Status();
}

Status ChunkWriter::store_packed(Slice chunk, uint64_t index) {
  if (kBufferBytes - packed_used_ < chunk.size()) FIRN_TRY(write_packed());
  uint8_t* const to = packed_.get() + packed_used_;
  size_t bytes = compressor_.compress(chunk, to);
  if (bytes == 0) {
    std::memcpy(to, chunk.data(), chunk.size());
    bytes = chunk.size();
  }
  packed_used_ += bytes;
  add_slot(index, Slice(to, bytes));
  return {};
}

Status ChunkWriter::write_packed() {
  if (packed_used_ == 0) return {};
  const Slice packed(packed_.get(), packed_used_);
  packed_used_ = 0;
  return write_out(stored_bytes_ - packed.size(), packed);
}

// The disk begins at once: a sync at the end that had 64 MiB to write held up flushes for a sixth of a second.
Status ChunkWriter::write_out(uint64_t offset, Slice bytes) {
  FIRN_TRY(file_->write(offset, bytes));
  file_->begin_write_back(offset, bytes.size());
  return {};
}

void ChunkWriter::add_slot(uint64_t index, Slice stored) {
  const uint32_t crc = crc32(crc32_seed(owner_, index), stored);
  directory_.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  if (compression_ != Compression::kNone) {
    const auto bytes = static_cast<uint32_t>(stored.size());
    directory_.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
  }
  stored_bytes_ += stored.size();
}

}  // namespace firn
