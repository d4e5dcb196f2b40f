// ManifestState: what a database consists of, as the manifest records it, and the encoding of changes to it. A record of the manifest is a sequence of
// fields; a field is one byte of tag and the tag's number of u64. A snapshot is a record of all the fields that make up a state; see FORMAT.md.
// Threading: a value type.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/internal_key.h"
#include "base/result.h"
#include "lsm/version.h"

namespace firn {

// A segment of the write-ahead log that is not needed any more and is kept for the change feed. It is durable up to `end`.
struct RetainedSegment {
  uint64_t id = 0;
  Seq seq_min;
  Seq seq_max;
  uint64_t end = 0;        // where its records end
  int64_t flushed_ms = 0;  // Unix time
};

class ManifestEdit {
 public:
  void set_identity(uint64_t db_id, uint64_t hash_seed, uint64_t wal_id);
  void set_closed_clean(Seq last);  // closed in order; `last` was the last commit
  void set_open(Seq floor);         // open, or not closed in order: the next commit is above `floor`
  void add_table(const TableRecord& table);
  void remove_table(uint64_t table_id);
  void add_wal_segment(uint64_t id);   // exists from now on
  void drop_wal_segment(uint64_t id);  // was never used
  void set_wal_start(uint64_t id);     // segments below are not needed any more
  void retain_segment(const RetainedSegment& segment);
  void forget_segments(uint64_t id);  // retained ones below it are gone
  void set_next_ids(uint64_t next_table_id, uint64_t next_run_id);
  void set_wal_next(uint64_t next_id, uint64_t next_base);

  const std::string& bytes() const { return bytes_; }

 private:
  void put(uint8_t tag, std::initializer_list<uint64_t> values);
  std::string bytes_;
};

struct ManifestState {
  uint64_t db_id = 0;
  uint64_t hash_seed = 0;
  uint64_t wal_id = 0;
  bool closed_clean = false;
  Seq seq_floor;  // every seq up to here is taken
  uint64_t next_table_id = 1;
  uint64_t next_run_id = 1;
  uint64_t wal_start = 1;
  uint64_t wal_next_id = 1;
  uint64_t wal_next_base = 0;
  std::vector<uint64_t> wal_segments;     // ascending
  std::vector<RetainedSegment> retained;  // ascending
  std::vector<TableRecord> tables;

  // kCorrupt when the bytes are not fields, or say what cannot be (`file` and `offset` are for the message).
  Status apply(Slice record, const std::string& file, uint64_t offset);
  // An edit that makes this state out of an empty one.
  ManifestEdit snapshot() const;
};

}  // namespace firn
