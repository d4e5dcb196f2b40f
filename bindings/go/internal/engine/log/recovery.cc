#include "log/recovery.h"

#include <algorithm>

namespace firn {
namespace {

// Where the last byte that is not zero ends; `from` when all are zero.
uint64_t content_end(const Segment& segment, uint64_t from) {
  const uint8_t* image = segment.image();
  uint64_t end = std::max(from, segment.written_end());
  while (end > from && end % 8 != 0) {
    if (image[end - 1] != 0) return end;
    end--;
  }
  while (end >= from + 8 && load_u64(image + end - 8) == 0) end -= 8;
  while (end > from && image[end - 1] == 0) end--;
  return end;
}

struct Scan {
  uint64_t gap = kSegmentHeaderBytes;  // offset of the first place without a record
  LogPosition durable = 0;             // highest bound in the marks before it
  bool has_data = false;
};

class Recoverer {
 public:
  Recoverer(Directory& directory, uint64_t log_id, SegmentIo io, const RecordVisitor& visit)
      : directory_(directory), log_id_(log_id), io_(io), visit_(visit) {}

  Result<LogRecovery> run(const std::vector<uint64_t>& ids) {
    FIRN_TRY(open_all(ids));
    for (size_t i = 0; i < found_.size(); i++) {
      const bool follows = i == 0 || follows_on(*found_[i]);
      if (!follows) {
        // The predecessor lacks its end, or this segment was never activated. Nothing from here on counts.
        FIRN_TRY(judge_gap(i - 1, gap_));
        return std::move(result_);
      }
      FIRN_TRY_ASSIGN(const Scan scan, scan_segment(found_[i]));
      durable_ = std::max(durable_, scan.durable);
      gap_ = scan.gap;
      result_.end = found_[i]->base() + gap_;
      result_.segments.push_back(found_[i]);
      if (!scan.has_data) continue;
      result_.data_segment_count = result_.segments.size();
      result_.data_end = result_.end;
    }
    if (!found_.empty()) FIRN_TRY(judge_gap(found_.size() - 1, gap_));
    return std::move(result_);
  }

 private:
  Status open_all(const std::vector<uint64_t>& ids) {
    for (const uint64_t id : ids) {
      auto segment = Segment::open(directory_, id, log_id_, io_);
      if (segment.status().is(Code::kNotFound)) {
        return Status::corrupt("a segment of the log is missing", directory_.path() + "/" + segment_name(id), 0);
      }
      if (!segment.ok()) return segment.status();
      result_.next_id = std::max(result_.next_id, id + 1);
      result_.next_base = std::max(result_.next_base, (*segment)->base() + (*segment)->capacity());
      found_.push_back(std::move(*segment));
    }
    return {};
  }

  // Whether the segment's opening mark names the end that was found.
  bool follows_on(const Segment& segment) const {
    const std::optional<Mark> mark = opening_mark(segment);
    return mark && mark->previous_end == result_.end;
  }

  Result<Scan> scan_segment(const std::shared_ptr<Segment>& segment) {
    Scan scan;
    RecordView record;
    while (read_record(segment->image(), scan.gap, segment->capacity(), segment->header().generation, &record)) {
      if (record.kind == RecordKind::kMark) {
        scan.durable = std::max(scan.durable, decode_mark(record.payload).durable);
      } else {
        FIRN_TRY(visit_(segment, scan.gap + kRecordHeaderBytes, record.payload));
        scan.has_data = true;
        result_.record_count++;
        result_.record_payload_bytes += record.payload.size();
      }
      scan.gap += record_bytes(record.payload.size());
    }
    return scan;
  }

  // The records end at `gap` of segment `index`: is that the end, a torn tail, or rot?
  Status judge_gap(size_t index, uint64_t gap) {
    const Segment& segment = *found_[index];
    LogPosition durable = std::max(durable_, highest_durable_mark(segment, gap));
    uint64_t dropped = content_end(segment, gap) - gap;
    for (size_t i = index + 1; i < found_.size(); i++) {
      durable = std::max(durable, highest_durable_mark(*found_[i], kSegmentHeaderBytes));
      dropped += content_end(*found_[i], kSegmentHeaderBytes) - kSegmentHeaderBytes;
    }
    result_.durable = durable;
    if (durable > segment.base() + gap) {
      return Status::corrupt("the log is damaged below its durable bound: restore a backup, or salvage what can be read", segment.path(),
                             gap);
    }
    if (dropped > 0) {
      result_.dropped_bytes = dropped;
      result_.dropped_offset = gap;
      result_.dropped_file = segment.path();
    }
    return {};
  }

  Directory& directory_;
  const uint64_t log_id_;
  const SegmentIo io_;
  const RecordVisitor& visit_;
  std::vector<std::shared_ptr<Segment>> found_;
  LogPosition durable_ = 0;
  uint64_t gap_ = kSegmentHeaderBytes;
  LogRecovery result_;
};

}  // namespace

std::optional<Mark> opening_mark(const Segment& segment) {
  RecordView record;
  if (!read_record(segment.image(), kSegmentHeaderBytes, segment.capacity(), segment.header().generation, &record)) return std::nullopt;
  if (record.kind != RecordKind::kMark) return std::nullopt;
  return decode_mark(record.payload);
}

LogPosition highest_durable_mark(const Segment& segment, uint64_t from) {
  const uint64_t generation = segment.header().generation;
  const uint64_t tag = mark_tag(generation);
  LogPosition durable = 0;
  // A tag lies behind a record header; both are aligned to eight.
  const uint64_t end = segment.written_end();
  for (uint64_t at = from + kRecordHeaderBytes; at + kMarkPayloadBytes <= end; at += kRecordAlignment) {
    if (load_u64(segment.image() + at) != tag) continue;
    RecordView record;
    if (read_record(segment.image(), at - kRecordHeaderBytes, segment.capacity(), generation, &record) &&
        record.kind == RecordKind::kMark) {
      durable = std::max(durable, decode_mark(record.payload).durable);
    }
  }
  return durable;
}

Result<LogRecovery> recover_log(Directory& directory, uint64_t log_id, const std::vector<uint64_t>& ids, SegmentIo io,
                                const RecordVisitor& visit) {
  return Recoverer(directory, log_id, io, visit).run(ids);
}

}  // namespace firn
