// Segment: one preallocated file of a log, and its image: the bytes in memory that records are written to and read from. The image
// is the shared mapping of the file, or (SegmentIo::kPwrite) anonymous memory of the same layout whose ranges are written by calls.
//
//   LOG-1  Bytes are written once: an opening never stores into a segment that it found; nothing is recycled or truncated.
//   LOG-2  A store lies below present_until(), which is below the capacity that the file system has reserved: what lies behind it may be written with zeros at any time.
//   LOG-3  Bytes that were published (write_out) never change, so readers need no lock.
//
// Threading: one writer at a time (the caller's lock). Readers of published bytes: any number. sync(): any one thread beside the writer. prefault(): any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "env/anonymous_memory.h"
#include "env/env.h"

namespace firn {

enum class SegmentIo { kMmap, kPwrite };

inline constexpr uint64_t kSegmentHeaderBytes = 128;  // two copies of 64 bytes each
inline constexpr uint64_t kSegmentBytesMax = uint64_t{1} << 35;
inline constexpr uint64_t kSegmentPieceBytes = 256 << 10;  // pages are made present so many at a time, or more

struct SegmentHeader {
  uint64_t log_id = 0;      // random, one a log
  uint64_t generation = 0;  // random, one a segment
  uint64_t id = 0;          // also the file's name
  uint64_t base = 0;        // position of offset 0
  uint64_t capacity = 0;    // bytes of the file
};

std::string segment_name(uint64_t id);
void write_segment_name(uint64_t id, char (&to)[32]);  // the same without an allocation
bool parse_segment_name(const std::string& name, uint64_t* id);

// The header of the segment in `file`, from the copy that verifies. kCorrupt, kNewerFormat.
Result<SegmentHeader> read_segment_header(File& file);

class Segment {
 public:
  // Makes the file, reserves its space, writes the header and syncs it; the caller syncs the directory. kNoSpace leaves nothing behind.
  static Result<std::shared_ptr<Segment>> create(Directory& directory, const SegmentHeader& header, SegmentIo io);
  // Opens a found segment for reading: mapped, or (kPwrite) read into memory. kCorrupt: neither copy of the header verifies, it belongs
  // to another log or place, or the file has another length; kNewerFormat; kNotFound.
  static Result<std::shared_ptr<Segment>> open(Directory& directory, uint64_t id, uint64_t log_id, SegmentIo io,
                                               OpenMode mode = OpenMode::kRead);

  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const SegmentHeader& header() const { return header_; }
  uint64_t id() const { return header_.id; }
  uint64_t base() const { return header_.base; }
  uint64_t capacity() const { return header_.capacity; }
  const std::string& path() const { return path_; }
  SegmentIo io() const { return io_; }
  // It was opened, not made: what it shows may be in the cache only, where a sync that failed before left it. A sync proves nothing; write_again() does.
  bool is_found() const { return is_found_; }

  uint8_t* image() const { return image_; }
  // The range of the image is complete: hand it to the operating system. An error means that it may or may not be in the file.
  Status write_out(uint64_t offset, uint64_t bytes) {
    FIRN_DCHECK(offset + bytes <= present_until(), "LOG-2");
    if (io_ != SegmentIo::kMmap) [[unlikely]]
      return file_->write(offset, Slice(image_ + offset, bytes));
    mapping_->announce(offset, bytes);
    return {};
  }
  // Makes pages present up to `offset`, rounded up to `step`, or the next piece (one step, if that is larger), if that is less. A step is one page of the cache, where the
  // file system has such large ones. Returns whether there is more to do.
  Result<bool> prefault(uint64_t offset, uint64_t step);
  // How far pages are present (LOG-2).
  uint64_t present_until() const { return io_ == SegmentIo::kMmap ? prefaulted_.load(std::memory_order_acquire) : header_.capacity; }
  Status sync() { return file_->sync(); }
  // Of a found segment: behind it the image is zero. A search of a young segment need not make the pages of all that was reserved for it.
  uint64_t written_end() const { return std::min(file_->written_end(), header_.capacity); }
  // Nothing is written to the segment any more: makes its next sync cheaper (see Mapping::advise_written).
  void finish_writing() {
    if (mapping_ != nullptr) mapping_->advise_written();
  }
  // Gives the space behind `offset` back; only after the segment was sealed there. Best effort.
  void release_tail(uint64_t offset) { file_->release_tail(offset); }
  // Writes what the file holds in the range once more, and syncs it: a page that a failed sync left clean without having written it reaches the
  // disk after all. The one exception to LOG-1: no byte changes. Opened with kReadWrite.
  Status write_again(uint64_t offset, uint64_t bytes);

 private:
  Segment(std::unique_ptr<File> file, const SegmentHeader& header, SegmentIo io)
      : file_(std::move(file)), path_(file_->path()), header_(header), io_(io) {}
  Status make_image(bool writable);

  std::unique_ptr<File> file_;
  const std::string path_;
  SegmentHeader header_;
  SegmentIo io_;
  std::unique_ptr<Mapping> mapping_;  // kMmap
  AnonymousMemory memory_;            // kPwrite
  uint8_t* image_ = nullptr;
  bool is_found_ = false;
  std::mutex prefault_mutex_;  // who moves it
  std::atomic<uint64_t> prefaulted_{0};
};

}  // namespace firn
