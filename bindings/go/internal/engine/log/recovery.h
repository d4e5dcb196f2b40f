// Recovery of a log: reads segments from the oldest on, hands out every record, and judges the first place where there is none. Writes nothing.
//
// A gap below a position that was durable (the highest that any mark of the log names, also marks behind the gap) is rot: kCorrupt with file and
// offset. Above it, it is the torn tail of what was never synced: the log ends there, and later segments are dropped with it.
// Threading: one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/log.h"

namespace firn {

struct LogRecovery {
  std::vector<std::shared_ptr<Segment>> segments;  // those with records that count, oldest first
  LogPosition end = 0;                             // where the records end
  size_t data_segment_count = 0;                   // so many of the segments, up to the last one that holds data
  LogPosition data_end = 0;                        // where the records of that one end; 0: there is none
  LogPosition durable = 0;                         // the durable bound
  uint64_t next_id = 1;                            // above every id found
  uint64_t next_base = 0;                          // above every position found
  uint64_t record_count = 0;
  uint64_t record_payload_bytes = 0;
  uint64_t dropped_bytes = 0;  // of the torn tail: bytes from the gap to the last one that is not zero, later segments included
  uint64_t dropped_offset = 0;
  std::string dropped_file;
};

// Called for each data record in order: the segment, the offset of the payload in it, the payload. A status that is not ok ends the recovery with it.
using RecordVisitor = std::function<Status(const std::shared_ptr<Segment>&, uint64_t offset, Slice payload)>;

// `ids`: the segments that must be there, ascending. A missing one is kCorrupt.
Result<LogRecovery> recover_log(Directory& directory, uint64_t log_id, const std::vector<uint64_t>& ids, SegmentIo io,
                                const RecordVisitor& visit);

// The mark that a segment's records begin with; nullopt: the segment was never activated.
std::optional<Mark> opening_mark(const Segment& segment);

// The highest durable bound that a mark in [from, capacity) of the segment names; 0 when there is no mark. Does not need the bytes between to verify.
LogPosition highest_durable_mark(const Segment& segment, uint64_t from);

}  // namespace firn
