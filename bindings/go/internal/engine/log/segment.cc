#include "log/segment.h"

#include <algorithm>
#include <cstdio>

#include "base/checksum.h"
#include "base/coding.h"
#include "base/newer_format.h"

namespace firn {
namespace {

constexpr uint64_t kSegmentMagic = 0x31474f4c4e524946ull;  // "FIRNLOG1"
constexpr uint32_t kSegmentFormatVersion = 1;
constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kPrefaultBytes =
    256 << 10;  // at least so much at a time: the next sync writes it, and writing new pieces more often costs more
constexpr uint64_t kHeaderCopyBytes = kSegmentHeaderBytes / 2;

// u64 magic, u32 version, u32 checksum of the other 60 bytes, u64 log id, u64 generation, u64 id, u64 base, u64 capacity, u64 zero
void encode_header(uint8_t* to, const SegmentHeader& header) {
  store(to, kSegmentMagic);
  store(to + 8, kSegmentFormatVersion);
  store(to + 16, header.log_id);
  store(to + 24, header.generation);
  store(to + 32, header.id);
  store(to + 40, header.base);
  store(to + 48, header.capacity);
  store(to + 56, uint64_t{0});
  store(to + 12, crc32(crc32(0, Slice(to, 12)), Slice(to + 16, 48)));
}

Result<SegmentHeader> decode_header(const uint8_t* from, const std::string& path) {
  if (load_u64(from) != kSegmentMagic) return Status::corrupt("this is not a log segment, or its header is damaged", path, 0);
  if (const uint32_t version = load_u32(from + 8); version > kSegmentFormatVersion)
    return newer_format("the log segment", version, kSegmentFormatVersion, path, 8);
  if (load_u32(from + 12) != crc32(crc32(0, Slice(from, 12)), Slice(from + 16, 48))) {
    return Status::corrupt("the header of the log segment does not verify", path, 12);
  }
  return SegmentHeader{load_u64(from + 16), load_u64(from + 24), load_u64(from + 32), load_u64(from + 40), load_u64(from + 48)};
}

}  // namespace

Result<SegmentHeader> read_segment_header(File& file) {
  FIRN_TRY_ASSIGN(const uint64_t size, file.size());
  uint8_t bytes[kSegmentHeaderBytes];
  if (size < sizeof bytes) return Status::corrupt("the log segment is shorter than its header", file.path(), size);
  FIRN_TRY(file.read(0, bytes, sizeof bytes));
  Result<SegmentHeader> header = decode_header(bytes, file.path());
  if (!header.ok()) {  // also when it only claims to be of a newer format: one flipped bit is enough for that
    if (auto copy = decode_header(bytes + kHeaderCopyBytes, file.path()); copy.ok()) return copy;
  }
  return header;
}

void write_segment_name(uint64_t id, char (&to)[32]) { std::snprintf(to, sizeof to, "%020llu.log", static_cast<unsigned long long>(id)); }

std::string segment_name(uint64_t id) {
  char name[32];
  write_segment_name(id, name);
  return name;
}

bool parse_segment_name(const std::string& name, uint64_t* id) {
  if (name.size() != 24 || name.compare(20, 4, ".log") != 0) return false;
  uint64_t value = 0;
  for (size_t i = 0; i < 20; i++) {
    if (name[i] < '0' || name[i] > '9') return false;
    value = value * 10 + static_cast<uint64_t>(name[i] - '0');
  }
  *id = value;
  return segment_name(value) == name;
}

Status Segment::make_image(bool writable) {
  if (io_ == SegmentIo::kMmap) {
    FIRN_TRY_ASSIGN(mapping_, file_->map(header_.capacity, writable));
    image_ = mapping_->data();
    return {};
  }
  memory_ = AnonymousMemory(header_.capacity, false);
  image_ = memory_.data();
  if (image_ == nullptr) return {Code::kNoMemory, "no memory for the image of a log segment", file_->path()};
  return {};
}

Result<std::shared_ptr<Segment>> Segment::create(Directory& directory, const SegmentHeader& header, SegmentIo io) {
  const std::string name = segment_name(header.id);
  FIRN_TRY_ASSIGN(auto file, directory.open_file(name, OpenMode::kCreate));
  // On every way out but the last the file goes, also when memory runs out: its name has to be free for the next attempt.
  struct Leftover {
    Directory& directory;
    const std::string& name;
    bool is_wanted = false;
    ~Leftover() {
      if (!is_wanted) (void)directory.remove(name).ok();
    }
  } leftover{directory, name};
  if (!file->stores_in_place()) io = SegmentIo::kPwrite;
  std::shared_ptr<Segment> segment(new Segment(std::move(file), header, io));
  FIRN_TRY(segment->file_->allocate(header.capacity));
  FIRN_TRY(segment->make_image(true));
  FIRN_TRY(segment->prefault(kSegmentHeaderBytes, kPageBytes).status());
  encode_header(segment->image_, header);
  encode_header(segment->image_ + kHeaderCopyBytes, header);
  FIRN_TRY(segment->write_out(0, kSegmentHeaderBytes));
  FIRN_TRY(segment->sync());
  leftover.is_wanted = true;
  return segment;
}

Result<std::shared_ptr<Segment>> Segment::open(Directory& directory, uint64_t id, uint64_t log_id, SegmentIo io, OpenMode mode) {
  FIRN_TRY_ASSIGN(auto file, directory.open_file(segment_name(id), mode));
  FIRN_TRY_ASSIGN(const uint64_t size, file->size());
  const Result<SegmentHeader> header = read_segment_header(*file);
  if (!header.ok()) return header.status();
  if (header->log_id != log_id || header->id != id) {
    return Status::corrupt("the log segment belongs to another log or place", file->path(), 16);
  }
  if (header->capacity != size || size > kSegmentBytesMax) {
    return Status::corrupt("the log segment does not have the length that its header names", file->path(), size);
  }
  std::shared_ptr<Segment> segment(new Segment(std::move(file), *header, io));
  segment->is_found_ = true;
  FIRN_TRY(segment->make_image(false));
  if (io == SegmentIo::kPwrite) FIRN_TRY(segment->file_->read(0, segment->image_, segment->written_end()));
  return segment;
}

Status Segment::write_again(uint64_t offset, uint64_t bytes) {
  FIRN_TRY(file_->write(offset, Slice(image_ + offset, bytes)));
  return file_->sync();
}

Result<bool> Segment::prefault(uint64_t offset, uint64_t step) {
  step = round_up(step, kPageBytes);
  const uint64_t wanted = offset < header_.capacity ? std::min(round_up(offset, step), header_.capacity) : header_.capacity;
  if (present_until() >= wanted) return false;
  const std::lock_guard lock(prefault_mutex_);  // nobody may be told of a page that another thread's zeros are still to come to
  uint64_t from = prefaulted_.load(std::memory_order_relaxed);
  const uint64_t end = std::min(wanted, round_up(from + 1, std::max(step, kSegmentPieceBytes)));
  while (from < end) {
    const uint64_t to = std::min(end, round_up(from + 1, step));
    FIRN_TRY(mapping_->populate(from, to - from));
    prefaulted_.store(to, std::memory_order_release);
    from = to;
  }
  return from < wanted;
}

}  // namespace firn
