#include "log/log.h"

#include <algorithm>

namespace firn {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr Log::Ahead kAhead{4 << 20, 256 << 10};
// A synced commit alone takes 102 us with pages of 4 KiB, 113 of 64 KiB, 160 of 256 KiB. The sync behind each new piece of zeros takes 0.3 ms and more: with pieces of 64 KiB
// 16 threads make 5 % fewer commits, of 1 MiB 1 % more, and longer pauses.
constexpr Log::Ahead kAheadOfSyncs{2 * kSegmentPieceBytes, kPageBytes};
constexpr uint64_t kCloseSyncsBytes = 256 << 10;  // as much behind the durable bound, or less, and syncs follow each other closely
constexpr uint64_t kPrefetchAheadBytes = 512;
constexpr uint64_t kPrefetchBytesMax = 1024;

}  // namespace

Log::Log(std::unique_ptr<Directory> directory, uint64_t log_id, SegmentIo io, Env& env)
    : directory_(std::move(directory)), log_id_(log_id), io_(io), env_(env) {}

void Log::continue_at(uint64_t next_id, uint64_t next_base, LogPosition previous_end) {
  next_id_ = next_id;
  next_base_ = next_base;
  end_.store(previous_end, std::memory_order_relaxed);
}

void Log::cut(LogPosition end) {
  active_.reset();
  end_.store(end, std::memory_order_release);
  cut_end_ = end;
  cut_until_ = UINT64_MAX;  // until a segment is activated
}

void Log::start_anew() {
  const std::lock_guard lock(unsynced_mutex_);
  unsynced_.clear();
  active_.reset();
  failed_.store(false, std::memory_order_relaxed);
}

Result<std::shared_ptr<Segment>> Log::prepare(uint64_t capacity) {
  const std::lock_guard lock(prepare_mutex_);
  SegmentHeader header;
  header.log_id = log_id_;
  header.generation = env_.random();
  header.id = next_id_++;  // also when this fails: a file may have got the name, and stays until the next opening
  header.base = next_base_;
  header.capacity = round_up(std::max(capacity, kSegmentHeaderBytes + kMarkBytes), kPageBytes);
  if (header.capacity > kSegmentBytesMax) return Code::kTooLarge;
  FIRN_TRY_ASSIGN(auto segment, Segment::create(*directory_, header, io_));
  if (Status status = directory_->sync(); !status.ok()) {
    (void)directory_->remove(segment_name(header.id)).ok();
    return status;
  }
  next_base_ += header.capacity;
  return segment;
}

Status Log::activate(std::shared_ptr<Segment> prepared) {
  FIRN_CHECK(active_ == nullptr || prepared->id() > active_->id(), "LOG-4");
  {
    const std::lock_guard lock(unsynced_mutex_);
    unsynced_.push_back({prepared});  // first: an exhausted memory leaves everything as it was
    if (unsynced_.size() > 1) unsynced_[unsynced_.size() - 2].end = end();
  }
  previous_end_ = end();
  cut_until_ = std::min(cut_until_, prepared->base());
  active_base_.store(prepared->base(), std::memory_order_relaxed);
  active_ = std::move(prepared);
  offset_ = kSegmentHeaderBytes;
  present_until_ = 0;
  return append_mark();
}

Log::Ahead Log::ahead() const {
  // Of the active segment alone: between two segments positions jump.
  const LogPosition from = std::max(durable(), active_base_.load(std::memory_order_relaxed));
  const LogPosition end = this->end();
  return end < from + kCloseSyncsBytes ? kAheadOfSyncs : kAhead;
}

Status Log::make_present_until(uint64_t offset) {
  if (offset <= present_until_) return {};
  if (active_->present_until() < offset) {  // only then may it fail
    const uint64_t until = round_up(offset, ahead().step);
    FIRN_TRY(active_->prefault(until, until).status());
  }
  present_until_ = active_->present_until();
  return {};
}

Result<uint8_t*> Log::reserve(uint64_t payload_bytes, uint64_t* offset) {
  FIRN_DCHECK(fits(payload_bytes), "LOG-2");
  FIRN_TRY(make_present(payload_bytes));
  FIRN_TRY(make_ready());
  *offset = offset_ + kRecordHeaderBytes;
  return active_->image() + *offset;
}

Status Log::append(uint64_t payload_bytes) {
  seal_record(active_->image(), offset_, active_->header().generation, RecordKind::kData, payload_bytes);
  const uint64_t at = offset_;
  offset_ += record_bytes(payload_bytes);
  // The lines that records to come will be stored to, as many as this one took: puts of keys in order take 4 % less time.
  const uint8_t* const ahead = active_->image() + offset_ + kPrefetchAheadBytes;
  for (uint64_t i = 0; i < std::min(offset_ - at, kPrefetchBytesMax); i += kCacheLineBytes) __builtin_prefetch(ahead + i, 1);
  return write_out(at, offset_ - at);
}

Status Log::append_mark() {
  FIRN_TRY(make_present_until(offset_ + kMarkBytes));
  // A bound that lies in segments that were cut off says that all in front of them is durable. Named as it is it would lie above what recovery finds, and pass for
  // damage: also in segments behind the first one after the cut, whose own opening mark a loss of power may take.
  const LogPosition durable = this->durable();
  const LogPosition bound = durable < cut_until_ ? std::min(durable, cut_end_) : durable;
  const Mark mark{mark_tag(active_->header().generation), bound, previous_end_};
  encode_mark(active_->image() + offset_ + kRecordHeaderBytes, mark);
  seal_record(active_->image(), offset_, active_->header().generation, RecordKind::kMark, kMarkPayloadBytes);
  mark_offset_ = offset_;
  mark_durable_ = durable;
  offset_ += kMarkBytes;
  return write_out(mark_offset_, kMarkBytes);
}

Result<LogPosition> Log::sync(LogPosition wanted) {
  // The end is read first: whatever was appended up to it lies in a segment that is in the list by now.
  const LogPosition target = end();
  LogPosition reached = durable();
  if (reached >= std::min(target, wanted)) return reached;
  // One after the other, without a copy of the list: a sync that ran out of memory would not know what it did.
  Unsynced synced;
  for (;;) {
    {
      const std::lock_guard lock(unsynced_mutex_);
      // All but the newest that was synced are sealed and done with, and that one, too, if it was sealed before. (Others may have been removed meanwhile.)
      const uint64_t done_before_id = synced.id() + (synced.is_sealed() ? 1 : 0);
      std::erase_if(unsynced_, [done_before_id](const Unsynced& other) { return other.id() < done_before_id; });
      const auto next =
          std::find_if(unsynced_.begin(), unsynced_.end(), [&synced](const Unsynced& other) { return other.id() > synced.id(); });
      if (next == unsynced_.end() || next->segment->base() >= target) {
        reached = target;
        break;
      }
      // Until there, not to where the next one begins: its first mark may be lost, and then records end here.
      if (synced.is_sealed()) reached = std::max(reached, synced.end);
      if (reached >= wanted) break;
      synced = *next;
    }
    if (synced.is_sealed()) synced.segment->finish_writing();
    if (Status status = synced.segment->sync(); !status.ok()) {
      failed_.store(true, std::memory_order_relaxed);
      return status;
    }
  }
  durable_.store(reached, std::memory_order_release);
  return reached;
}

Status Log::remove_before(uint64_t id) {
  FIRN_TRY_ASSIGN(const auto names, directory_->list());
  for (const std::string& name : names) {
    uint64_t found = 0;
    if (parse_segment_name(name, &found) && found < id) FIRN_TRY(directory_->remove(name));
  }
  const std::lock_guard lock(unsynced_mutex_);
  std::erase_if(unsynced_, [id](const Unsynced& other) { return other.id() < id; });
  return {};
}

}  // namespace firn
