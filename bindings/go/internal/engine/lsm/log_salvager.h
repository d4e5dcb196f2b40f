// LogSalvager: reads what can be read of a segment of the write-ahead log, also behind damage, also of a file that is shorter than it was. A record is taken only if its checksum
// verifies; it is a whole commit, so of a commit there is all or nothing.
//
// Behind a record that does not verify every place at which one may begin is tried: that the first entry is well formed costs little to see, and a checksum
// that is bound to the place leaves no doubt.
// Memory: the file. Threading: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/internal_key.h"
#include "env/env.h"
#include "log/segment.h"

namespace firn {

class LogSalvager {
 public:
  struct Loss {
    Code code = Code::kCorrupt;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    bool is_tail = false;  // nothing behind it verifies, and all of it could be read
  };

  // kCorrupt: the header cannot be read, and the generation in it is what every checksum is bound to. kIo, kNoMemory, kNotFound.
  static Result<std::unique_ptr<LogSalvager>> open(Directory& wal, uint64_t id);

  const SegmentHeader& header() const { return header_; }
  // In the order of the log; they borrow from this object.
  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<Loss>& losses() const { return losses_; }
  uint64_t record_count() const { return record_count_; }
  uint64_t durable() const { return durable_; }  // the highest bound that a mark names; a position in the log

 private:
  LogSalvager() = default;
  Status read_image(File& file, uint64_t bytes);
  void read_records();
  bool take_record(uint64_t* offset);
  bool may_begin_at(uint64_t offset) const;

  SegmentHeader header_;
  std::unique_ptr<uint8_t[]> image_;
  uint64_t image_bytes_ = 0;
  std::vector<Entry> entries_;
  std::vector<Loss> losses_;
  uint64_t record_count_ = 0;
  uint64_t durable_ = 0;
  Code damage_ = Code::kCorrupt;
  uint64_t unread_end_ = 0;  // behind it everything could be read
};

}  // namespace firn
