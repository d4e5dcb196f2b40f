#include "table/image.h"

#include <new>

#include "base/checksum.h"
#include "base/coding.h"
#include "table/compression.h"

namespace firn {
namespace {

// A run of more chunks than this gets its pages with one system call instead of a fault for each.
constexpr uint64_t kPopulateChunks = 7;

// A mapping that was advised MADV_RANDOM reads each page by itself: 13 ms for a cold value of 1 MiB. So a run of so many chunks, a long value, is read ahead while it is verified (1 ms; 64 KiB
// 870 -> 160 us), in windows, because it may be longer than the memory.
constexpr uint64_t kLongRunChunks = 16;
constexpr uint64_t kReadAheadChunks = 256;

}  // namespace

Image::Image(File* file, const Footer& footer)
    : file_(file),
      layout_(footer),
      compression_(footer.compression),
      owner_(checksum_owner(footer.identity)),
      directory_crc_(footer.directory_crc),
      stored_bytes_(footer.stored_bytes) {}

Result<std::unique_ptr<Image>> Image::open(File* file, const Footer& footer, TableIo io) {
  std::unique_ptr<Image> image(new Image(file, footer));
  const auto body_bytes = static_cast<size_t>(image->layout_.body_bytes);
  const size_t word_count = static_cast<size_t>((image->layout_.chunk_count + kWordChunks - 1) / kWordChunks);
  image->present_.reset(new (std::nothrow) std::atomic<uint64_t>[word_count]());
  if (image->present_ == nullptr) return Code::kNoMemory;
  if (io == TableIo::kMmap && footer.compression == Compression::kNone) {
    FIRN_TRY_ASSIGN(image->mapping_, file->map(body_bytes, /*writable=*/false));
    image->mapping_->advise_random();
    image->data_ = image->mapping_->data();
  } else {
    image->memory_ = AnonymousMemory(body_bytes, /*huge_pages=*/false);
    if (image->memory_.data() == nullptr) return Status(Code::kNoMemory, "no address space for a table", file->path());
    image->data_ = image->memory_.data();
  }
  return image;
}

bool Image::has_chunks(uint64_t first, uint64_t last) const {
  for (uint64_t word = first / kWordChunks; word <= last / kWordChunks; ++word) {
    uint64_t wanted = ~uint64_t{0};
    if (word == first / kWordChunks) wanted &= ~uint64_t{0} << (first % kWordChunks);
    if (word == last / kWordChunks) wanted &= ~uint64_t{0} >> (kWordChunks - 1 - last % kWordChunks);
    if ((present_[word].load(std::memory_order_acquire) & wanted) != wanted) return false;
  }
  return true;
}

void Image::read_ahead(uint64_t offset, uint64_t bytes) const {
  if (offset >= layout_.body_bytes) return;
  bytes = std::min(bytes, layout_.body_bytes - offset);
  if (mapping_ != nullptr) {
    mapping_->advise_sequential(static_cast<size_t>(offset), static_cast<size_t>(bytes));
  } else {
    static_cast<void>(ensure(offset, bytes));  // an error shows when the bytes are touched
  }
}

uint64_t Image::cached_bytes() const {
  uint64_t bytes = loaded_bytes_.load(std::memory_order_relaxed);
  if (directory_ready_.load(std::memory_order_acquire)) {
    bytes += layout_.directory_bytes;
    if (directory_.offsets != nullptr) bytes += 8 * (layout_.chunk_count + 1);
  }
  return bytes;
}

Status Image::make_present(uint64_t first, uint64_t last) const {
  FIRN_DCHECK(first <= last && last < layout_.chunk_count, "TABLE-1");
  FIRN_TRY(load_directory());
  if (mapping_ != nullptr) return verify_mapped(first, last);
  for (uint64_t at = first; at <= last;) {
    const uint64_t word_last = std::min(last, at | (kWordChunks - 1));
    FIRN_TRY(load_word(at, word_last));
    at = word_last + 1;
  }
  return {};
}

Status Image::verify_mapped(uint64_t first, uint64_t last) const {
  const bool is_long = last - first + 1 >= kLongRunChunks;
  for (uint64_t chunk = first; chunk <= last; ++chunk) {
    if (is_long && (chunk - first) % kReadAheadChunks == 0) {
      const uint64_t end = std::min(last + 1, chunk + 2 * kReadAheadChunks);
      read_ahead(chunk_offset(chunk), (end - chunk) << layout_.chunk_shift);
    }
    if (has_chunk(chunk)) continue;
    FIRN_TRY(verify_chunk(chunk, data_ + chunk_offset(chunk)));
    set_present(chunk);
  }
  return {};
}

// Loads what is missing of chunks that share a word of the bitmap.
Status Image::load_word(uint64_t first, uint64_t last) const {
  const std::lock_guard lock(stripes_[first / kWordChunks % kStripes]);
  for (uint64_t at = first; at <= last;) {
    if (has_chunk(at)) {
      ++at;
      continue;
    }
    uint64_t run_last = at;
    while (run_last < last && !has_chunk(run_last + 1)) ++run_last;
    FIRN_TRY(compression_ == Compression::kNone ? load_run(at, run_last) : load_packed_run(at, run_last));
    at = run_last + 1;
  }
  return {};
}

// Reads adjacent chunks with one call, straight into their place.
Status Image::load_run(uint64_t first, uint64_t last) const {
  const uint64_t begin = chunk_offset(first);
  const uint64_t end = chunk_offset(last) + chunk_bytes(last);
  if (last - first >= kPopulateChunks) memory_.populate(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  FIRN_TRY(file_->read(begin, memory_.data() + begin, static_cast<size_t>(end - begin)));
  for (uint64_t chunk = first; chunk <= last; ++chunk) {
    FIRN_TRY(verify_chunk(chunk, data_ + chunk_offset(chunk)));
    loaded_bytes_.fetch_add(chunk_bytes(chunk), std::memory_order_relaxed);
    set_present(chunk);
  }
  return {};
}

Status Image::load_packed_run(uint64_t first, uint64_t last) const {
  const uint64_t begin = stored_offset(first);
  const auto run_bytes = static_cast<size_t>(stored_offset(last + 1) - begin);
  const std::unique_ptr<uint8_t[]> stored(new (std::nothrow) uint8_t[run_bytes]);
  if (stored == nullptr) return Code::kNoMemory;
  FIRN_TRY(file_->read(begin, stored.get(), run_bytes));
  if (last - first >= kPopulateChunks) {
    memory_.populate(static_cast<size_t>(chunk_offset(first)), static_cast<size_t>(chunk_offset(last) - chunk_offset(first)));
  }
  for (uint64_t chunk = first; chunk <= last; ++chunk) {
    const Slice packed(stored.get() + (stored_offset(chunk) - begin), stored_bytes(chunk));
    FIRN_TRY(verify_chunk(chunk, packed.data()));
    uint8_t* const place = memory_.data() + chunk_offset(chunk);
    if (packed.size() == chunk_bytes(chunk)) {
      std::memcpy(place, packed.data(), packed.size());
    } else {
      const Code code = decompress(compression_, packed, place, chunk_bytes(chunk));
      if (code == Code::kCorrupt) return corrupt("a table chunk does not decompress", chunk_offset(chunk));
      if (code != Code::kOk) return code;
    }
    loaded_bytes_.fetch_add(chunk_bytes(chunk), std::memory_order_relaxed);
    set_present(chunk);
  }
  return {};
}

Status Image::load_directory() const {
  if (directory_ready_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(directory_mutex_);
  if (directory_ready_.load(std::memory_order_relaxed)) return {};
  const auto bytes = static_cast<size_t>(layout_.directory_bytes);
  Directory directory;
  directory.slots.reset(new (std::nothrow) uint8_t[bytes]);
  if (directory.slots == nullptr) return Code::kNoMemory;
  FIRN_TRY(file_->read(layout_.directory_offset, directory.slots.get(), bytes));
  if (crc32(crc32_seed(owner_, kDirectoryPlace), Slice(directory.slots.get(), bytes)) != directory_crc_) {
    return Status::corrupt("the chunk directory's checksum is wrong", file_->path(), layout_.directory_offset);
  }
  if (compression_ != Compression::kNone) {
    directory.offsets.reset(new (std::nothrow) uint64_t[static_cast<size_t>(layout_.chunk_count) + 1]);
    if (directory.offsets == nullptr) return Code::kNoMemory;
    if (!index_packed_chunks(&directory)) {
      return Status::corrupt("the chunk directory contradicts the footer", file_->path(), layout_.directory_offset);
    }
  }
  directory_ = std::move(directory);
  directory_ready_.store(true, std::memory_order_release);
  return {};
}

void Image::forget_directory() const {
  const std::lock_guard lock(directory_mutex_);
  directory_ready_.store(false, std::memory_order_relaxed);
  directory_ = {};
}

// Every stored chunk is neither empty nor larger than its content, and together they fill the file up to the directory.
bool Image::index_packed_chunks(Directory* directory) const {
  uint64_t offset = 0;
  for (uint64_t chunk = 0; chunk < layout_.chunk_count; ++chunk) {
    const uint32_t bytes = load_u32(directory->slots.get() + chunk * kPackedSlotBytes + 4);
    if (bytes == 0 || bytes > chunk_bytes(chunk)) return false;
    directory->offsets[chunk] = offset;
    offset += bytes;
  }
  directory->offsets[layout_.chunk_count] = offset;
  return offset == stored_bytes_;
}

uint64_t Image::stored_offset(uint64_t chunk) const {
  return directory_.offsets != nullptr ? directory_.offsets[chunk] : std::min(chunk_offset(chunk), layout_.body_bytes);
}

Status Image::verify_chunk(uint64_t chunk, const uint8_t* stored) const {
  const uint32_t crc = load_u32(directory_.slots.get() + chunk * slot_bytes_of(compression_));
  if (crc32(crc32_seed(owner_, chunk), Slice(stored, stored_bytes(chunk))) == crc) [[likely]]
    return {};
  return Status::corrupt("a table chunk's checksum is wrong", file_->path(), stored_offset(chunk));
}

Status Image::verify_stored() const {
  FIRN_TRY(load_directory());
  const std::unique_ptr<uint8_t[]> buffer(new (std::nothrow) uint8_t[kWordChunks << layout_.chunk_shift]);
  if (buffer == nullptr) return Code::kNoMemory;
  for (uint64_t first = 0; first < layout_.chunk_count; first += kWordChunks) {
    const uint64_t behind = std::min(first + kWordChunks, layout_.chunk_count);
    const uint64_t begin = stored_offset(first);
    FIRN_TRY(file_->read(begin, buffer.get(), static_cast<size_t>(stored_offset(behind) - begin)));
    for (uint64_t chunk = first; chunk < behind; ++chunk) {
      FIRN_TRY(verify_chunk(chunk, buffer.get() + (stored_offset(chunk) - begin)));
    }
  }
  return {};
}

}  // namespace firn
