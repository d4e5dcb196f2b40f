#include "durable_log/log_part.h"

#include <algorithm>

namespace firn {
namespace {

constexpr uint64_t kSegmentBytesPerSlot = 16;  // more records than that roll the segment: tiny ones in batches

Status malformed(const Segment& segment, uint64_t offset) {
  return Status::corrupt("a record of the log does not go on where the one before it ends", segment.path(), offset);
}

}  // namespace

Status LogPart::make_slots(uint64_t capacity) const {
  slot_count_ = capacity / kSegmentBytesPerSlot;
  memory_ = AnonymousMemory(slot_count_ * sizeof(uint32_t), false);
  if (memory_.data() == nullptr) return {Code::kNoMemory, "no memory for the index of a log segment"};
  return {};
}

Result<std::shared_ptr<LogPart>> LogPart::create(std::shared_ptr<Segment> segment, uint64_t first) {
  std::shared_ptr<LogPart> part(new LogPart(segment->id(), first));
  FIRN_TRY(part->make_slots(segment->capacity()));
  part->segment_ = std::move(segment);
  part->is_ready_.store(true, std::memory_order_release);
  return part;
}

std::shared_ptr<LogPart> LogPart::found(std::shared_ptr<Directory> directory, uint64_t log_id, SegmentIo io, uint64_t id, uint64_t first,
                                        uint64_t end) {
  std::shared_ptr<LogPart> part(new LogPart(id, first));
  part->directory_ = std::move(directory);
  part->log_id_ = log_id;
  part->io_ = io;
  part->end_ = end;
  part->count_.store(end - first, std::memory_order_relaxed);
  part->settle(true);
  return part;
}

Status LogPart::add_found(uint64_t payload_offset, Slice payload) {
  const uint64_t count = count_.load(std::memory_order_relaxed);
  if (!check_block(payload)) return malformed(*segment_, payload_offset);
  const BlockView block(payload.data());
  if (block.index() != first_ + count || !has_room(block.count())) return malformed(*segment_, payload_offset);
  add(payload_offset, block.count());
  settle(true);  // it was there before anybody looked
  return {};
}

Status LogPart::open() const {
  const std::lock_guard lock(mutex_);
  if (is_ready_.load(std::memory_order_relaxed)) return {};
  if (segment_ == nullptr) {
    FIRN_TRY_ASSIGN(segment_, Segment::open(*directory_, id_, log_id_, io_));
  }
  FIRN_TRY(fill());
  is_ready_.store(true, std::memory_order_release);
  return {};
}

Status LogPart::fill() const {
  FIRN_TRY(make_slots(segment_->capacity()));
  uint64_t filled = 0;
  uint64_t offset = kSegmentHeaderBytes;
  const uint64_t wanted = end_ - first_;
  for (RecordView record; filled < wanted; offset += record_bytes(record.payload.size())) {
    if (!read_record(segment_->image(), offset, segment_->capacity(), segment_->header().generation, &record)) {
      return Status::corrupt("a record of the log does not verify", segment_->path(), offset);
    }
    if (record.kind == RecordKind::kMark) continue;
    if (!check_block(record.payload)) return malformed(*segment_, offset);
    const BlockView block(record.payload.data());
    if (block.index() != first_ + filled || filled + block.count() > slot_count_) return malformed(*segment_, offset);
    // The last block may go beyond: what lies behind `end_` was trimmed.
    const uint64_t count = std::min<uint64_t>(block.count(), wanted - filled);
    std::fill_n(slots() + filled, count, static_cast<uint32_t>((offset + kRecordHeaderBytes) / kRecordAlignment));
    filled += count;
  }
  return {};
}

}  // namespace firn
