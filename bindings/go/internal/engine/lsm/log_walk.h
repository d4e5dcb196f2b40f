// Walking over the entries of a live segment of the write-ahead log, in the order in which they were committed.
// Threading: any thread, beside the writer, below an end that was published.
#pragma once

#include "log/record.h"
#include "log/segment.h"
#include "lsm/log_entry.h"

namespace firn {

// Calls visit(at) for every entry of the records between *offset and `end`, and moves *offset to the end. kCorrupt: a record does not verify.
template <typename Visit>
Status visit_entries(const Segment& segment, uint64_t* offset, uint64_t end, const Visit& visit) {
  for (RecordView record; *offset < end; *offset += record_bytes(record.payload.size())) {
    if (!read_record(segment.image(), *offset, end, segment.header().generation, &record)) {
      return Status::corrupt("a record of the write-ahead log changed in memory: a stray write of the host program?", segment.path(),
                             *offset);
    }
    if (record.kind == RecordKind::kMark) continue;
    for (const uint8_t* at = record.payload.data(); at < record.payload.end();) {
      visit(at);
      at += log_entry_bytes_at(at);
    }
  }
  return {};
}

// The same for a segment that was found and not indexed: its entries may be anything. kCorrupt also: one is not well formed.
template <typename Visit>
Status visit_found_entries(const Segment& segment, uint64_t* offset, uint64_t end, const Visit& visit) {
  for (RecordView record; *offset < end; *offset += record_bytes(record.payload.size())) {
    if (!read_record(segment.image(), *offset, end, segment.header().generation, &record)) {
      return Status::corrupt("a record of the write-ahead log does not verify", segment.path(), *offset);
    }
    if (record.kind == RecordKind::kMark) continue;
    uint64_t bytes = 0;
    for (Slice rest = record.payload; !rest.empty(); rest = rest.without_first(bytes)) {
      bytes = check_log_entry(rest);
      if (bytes == 0) return Status::corrupt("an entry of the write-ahead log is not well formed", segment.path(), *offset);
      visit(rest.data());
    }
  }
  return {};
}

}  // namespace firn
