#include "lsm/log_salvager.h"

#include <algorithm>
#include <new>

#include "log/record.h"
#include "lsm/log_entry.h"

namespace firn {
namespace {

constexpr uint64_t kReadBytes = 64 << 10;

}  // namespace

Result<std::unique_ptr<LogSalvager>> LogSalvager::open(Directory& wal, uint64_t id) {
  FIRN_TRY_ASSIGN(const auto file, wal.open_file(segment_name(id), OpenMode::kRead));
  FIRN_TRY_ASSIGN(const uint64_t file_bytes, file->size());
  std::unique_ptr<LogSalvager> log(new LogSalvager);
  FIRN_TRY_ASSIGN(log->header_, read_segment_header(*file));
  FIRN_TRY(log->read_image(*file, file_bytes));
  log->read_records();
  // What the file lacks at its end cannot be judged: it is told as lost.
  if (file_bytes < log->header_.capacity) {
    log->losses_.push_back({Code::kCorrupt, file_bytes, log->header_.capacity - file_bytes, true});
  }
  return log;
}

Status LogSalvager::read_image(File& file, uint64_t bytes) {
  image_.reset(new (std::nothrow) uint8_t[static_cast<size_t>(bytes)]());
  if (image_ == nullptr) return {Code::kNoMemory, "no memory for a log segment", file.path()};
  image_bytes_ = bytes;
  for (uint64_t offset = 0; offset < bytes; offset += kReadBytes) {
    // What cannot be read stays zero, and verifies as nothing.
    const uint64_t end = std::min(offset + kReadBytes, bytes);
    if (file.read(offset, image_.get() + offset, static_cast<size_t>(end - offset)).ok()) continue;
    damage_ = Code::kIo;
    unread_end_ = end;
  }
  return {};
}

// Takes the record at *offset, if there is one, and moves behind it.
bool LogSalvager::take_record(uint64_t* offset) {
  RecordView record;
  if (!read_record(image_.get(), *offset, image_bytes_, header_.generation, &record)) return false;
  if (record.kind == RecordKind::kMark) {
    durable_ = std::max(durable_, decode_mark(record.payload).durable);
  } else {
    if (count_log_entries(record.payload) == 0) return false;
    for (Slice rest = record.payload; !rest.empty();) {
      const uint64_t bytes = check_log_entry(rest);
      if (bytes == 0) break;
      entries_.push_back(decode_log_entry(rest.data()));
      rest = rest.without_first(static_cast<size_t>(bytes));
    }
    record_count_++;
  }
  *offset += record_bytes(record.payload.size());
  return true;
}

bool LogSalvager::may_begin_at(uint64_t offset) const {
  const uint32_t word = load_u32(image_.get() + offset + 4);
  const uint64_t payload_bytes = word >> 1;
  const uint8_t* const payload = image_.get() + offset + kRecordHeaderBytes;
  if (word == 0 || payload_bytes > image_bytes_ - offset - kRecordHeaderBytes) return false;
  if ((word & 1) == 0) return payload_bytes == kMarkPayloadBytes && load_u64(payload) == mark_tag(header_.generation);
  return check_log_entry(Slice(payload, static_cast<size_t>(payload_bytes))) != 0;
}

void LogSalvager::read_records() {
  uint64_t content_end = image_bytes_;
  while (content_end > std::max(kSegmentHeaderBytes, unread_end_) && image_[content_end - 1] == 0) content_end--;
  uint64_t offset = kSegmentHeaderBytes;
  while (take_record(&offset)) {
  }
  while (offset < content_end) {
    const uint64_t lost_at = offset;
    bool found = false;
    for (uint64_t at = round_up(offset + 1, kRecordAlignment); !found && at + kRecordHeaderBytes <= content_end; at += kRecordAlignment) {
      uint64_t behind = at;
      if (!may_begin_at(at) || !take_record(&behind)) continue;
      found = true;
      losses_.push_back({damage_, lost_at, at - lost_at, false});
      offset = behind;
    }
    if (!found) {
      losses_.push_back({damage_, lost_at, content_end - lost_at, damage_ != Code::kIo});
      return;
    }
    while (take_record(&offset)) {
    }
  }
}

}  // namespace firn
