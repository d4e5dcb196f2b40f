// Log: a directory of segments, of which the newest is written to. The write-ahead log, the manifest and the public log are instances.
//
//   LOG-4  Segments are activated in the order of their ids, and their bases grow with them: a position names one byte of one log for ever.
//   LOG-5  The first record of an activated segment is a mark that says where the records of the previous one end. A mark also follows whenever
//          64 KiB were written or the durable bound has moved, before the next record.
//   LOG-6  After a failed write_out or sync nothing is appended any more and no sync is tried again (failed() says so), until start_anew(): then the segments of
//          before are left as they are, and the log goes on in a new one.
//
// Threading: prepare() may run beside everything else. reserve(), append(), activate() are the writer's: one at a time, ordered by the caller's lock.
// sync() runs beside the writer, one at a time. Readers use segments, not the log.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "log/record.h"
#include "log/segment.h"

namespace firn {

using LogPosition = uint64_t;  // base of a segment + offset in it; 0: before everything

class Log {
 public:
  // Takes the directory. log_id and next_id (the id of the next segment) come from whoever keeps the log's state; next_base lies above every position
  // ever used.
  Log(std::unique_ptr<Directory> directory, uint64_t log_id, SegmentIo io, Env& env);

  Directory& directory() { return *directory_; }
  uint64_t log_id() const { return log_id_; }
  SegmentIo io() const { return io_; }
  Env& env() const { return env_; }

  // Where new segments continue: ids from next_id on, positions from next_base on. Before the first prepare().
  void continue_at(uint64_t next_id, uint64_t next_base, LogPosition previous_end);

  // Everything that is there, found or appended, is durable.
  void all_is_durable() { durable_.store(end(), std::memory_order_release); }
  // What lies behind `end` does not count any more: the next activated segment follows on there. The writer's.
  void cut(LogPosition end);

  // Makes the next segment, with its name durable. It has no content until it is activated.
  Result<std::shared_ptr<Segment>> prepare(uint64_t capacity);
  // Seals the active segment (if any) and goes on in this one.
  Status activate(std::shared_ptr<Segment> prepared);

  const std::shared_ptr<Segment>& active() const { return active_; }
  // Where the records end that lie in front of the active segment. The writer's.
  LogPosition sealed_end() const { return previous_end_; }
  LogPosition end() const { return end_.load(std::memory_order_acquire); }
  uint64_t active_offset() const { return offset_; }
  // Whether a record of this payload fits behind what is there.
  bool fits(uint64_t payload_bytes) const {
    return active_ != nullptr && payload_bytes <= kRecordPayloadBytesMax &&
           offset_ + kMarkBytes + record_bytes(payload_bytes) <= active_->capacity();
  }
  // Makes the pages present that a mark and a record of this payload will be stored to. Fails before a byte is stored, so it is no failure of the log. Needs
  // fits(). The keepers do it ahead of the writer; who has outrun them pays for a stretch here, a tenth of what the faults would cost him page by page.
  Status make_present(uint64_t payload_bytes) {
    const uint64_t until = offset_ + kMarkBytes + record_bytes(payload_bytes);
    return until <= present_until_ ? Status() : make_present_until(until);  // the comparison is here too, inline
  }
  // How far ahead of the writer the keepers make pages present, and in pages of which size. Where one sync follows the other closely both are small: the next one writes
  // what was made present, and of a page of the cache it writes all. Any thread.
  struct Ahead {
    uint64_t bytes = 0;
    uint64_t step = 0;
  };
  Ahead ahead() const;
  // Where the next record's payload goes; appends a mark first when one is due. Needs fits(). Its offset in the segment is *offset.
  Result<uint8_t*> reserve(uint64_t payload_bytes, uint64_t* offset);
  // The payload at reserve()'s place is complete: checksums and publishes it.
  Status append(uint64_t payload_bytes);
  // The same two steps for a writer who takes the checksum while he copies. Needs make_present(). A mark goes in front when one is due.
  Status make_ready() { return is_mark_due() ? append_mark() : Status(); }
  // Needs make_ready(). Where the record will begin, of active(), and what its checksum starts from.
  uint32_t checksum_seed() const { return crc32_seed(active_->header().generation, offset_); }
  // Needs make_ready(). The payload lies behind the place of the header, and this is the checksum of word and payload.
  Status append_checked(uint64_t payload_bytes, uint32_t checksum) {
    uint8_t* const at = active_->image() + offset_;
    store(at, record_word(RecordKind::kData, payload_bytes) * (uint64_t{1} << 32) | checksum);
    const uint64_t offset = offset_;
    offset_ += record_bytes(payload_bytes);
    return write_out(offset, offset_ - offset);
  }

  // After a failure, or for fear of one: nothing of what is there is written or synced again. Only activate() may follow. The writer's.
  void start_anew();

  // Appends a mark now, whether one is due or not. Needs room for it.
  Status append_mark();

  // Makes everything appended before the call durable, or, if that is all that is wanted, what lies below `wanted`, by whole segments; returns how far that is.
  Result<LogPosition> sync(LogPosition wanted = UINT64_MAX);
  LogPosition durable() const { return durable_.load(std::memory_order_acquire); }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }

  // Unlinks the files of segments with an id below `id`.
  Status remove_before(uint64_t id);

 private:
  Status make_present_until(uint64_t offset);
  bool is_mark_due() const { return offset_ - mark_offset_ >= kMarkIntervalBytes || durable() != mark_durable_; }
  Status write_out(uint64_t offset, uint64_t bytes) {
    if (Status status = active_->write_out(offset, bytes); !status.ok()) [[unlikely]] {
      failed_.store(true, std::memory_order_relaxed);
      return status;
    }
    end_.store(active_->base() + offset + bytes, std::memory_order_release);
    return {};
  }

  static constexpr uint64_t kMarkIntervalBytes = 64 << 10;

  std::unique_ptr<Directory> directory_;
  const uint64_t log_id_;
  const SegmentIo io_;
  Env& env_;

  std::mutex prepare_mutex_;  // next_id_, next_base_
  uint64_t next_id_ = 1;
  uint64_t next_base_ = 0;

  std::shared_ptr<Segment> active_;
  std::atomic<LogPosition> active_base_{0};  // for who does not have the writer's lock
  uint64_t offset_ = 0;                      // where the next record goes
  uint64_t present_until_ = 0;               // pages are present at least so far
  uint64_t mark_offset_ = 0;                 // where the last mark was written
  LogPosition mark_durable_ = 0;             // what it said
  LogPosition previous_end_ = 0;             // of the active segment's predecessor
  // Positions from cut_end_ to below cut_until_ lie in segments that the last cut took away.
  LogPosition cut_end_ = 0;
  LogPosition cut_until_ = 0;
  std::atomic<LogPosition> end_{0};
  std::atomic<LogPosition> durable_{0};
  std::atomic<bool> failed_{false};

  std::mutex unsynced_mutex_;  // unsynced_
  struct Unsynced {
    std::shared_ptr<Segment> segment;
    LogPosition end = UINT64_MAX;  // of its records, once it is sealed

    uint64_t id() const { return segment == nullptr ? 0 : segment->id(); }
    bool is_sealed() const { return end != UINT64_MAX; }
  };
  std::vector<Unsynced> unsynced_;  // sealed ones that may have bytes to sync, then the active one
};

}  // namespace firn
