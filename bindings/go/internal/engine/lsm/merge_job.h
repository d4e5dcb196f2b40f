// MergeJob: turns sorted entries into tables: a flush (entries of memtables) and a compaction (entries of runs) are the same work. It runs in slices, so that
// one thread can do more urgent things in between, and single-threaded databases can do it inside writes.
// Threading: one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "env/env.h"
#include "lsm/version.h"
#include "table/table_builder.h"

namespace firn {

struct MergeOptions {
  uint64_t db_id = 0;
  uint64_t hash_seed = 0;
  Compression compression = Compression::kNone;
  TableIo table_io = TableIo::kMmap;
  uint64_t table_bytes_max = kTableBytesMax;
  Seq seq_lower;  // bounds of the sequence numbers in the input
  Seq seq_upper;
  bool drop_tombstones = false;  // nothing older lies below: tombstones and expired entries have nothing to hide
  int64_t now_ms = 0;
  bool reads_back = false;  // new tables that are mapped are verified as they lie in their files, each when it is finished
  std::function<bool(Prefix)> is_live_prefix;  // entries of other prefixes are dropped
};

class MergeJob {
 public:
  // `next_table_id` gives ids for new tables. `parts`: each becomes tables of its own, in this order; their key ranges ascend.
  MergeJob(MergeOptions options, Directory& tables, std::function<uint64_t()> next_table_id, std::vector<std::unique_ptr<Iterator>> parts);
  ~MergeJob();  // removes the files of a job that was not taken over

  // Works on about `entry_count` entries, or on a mebibyte of them where they are large, or reads a part of a new table back, if it is to. true: all is written and synced, names
  // included.
  Result<bool> step(uint64_t entry_count);
  // The new tables, which the caller takes over. After step() has returned true.
  std::vector<TableRef> take_outputs();
  const std::vector<TableRef>& outputs() const { return outputs_; }  // the tables that are finished and not taken over

  uint64_t bytes_written() const { return bytes_written_; }
  uint64_t passed_bytes() const { return passed_bytes_; }  // keys and values of the input so far

 private:
  Status add(const Entry& entry);
  Status finish_table();
  bool is_dropped(const Entry& entry);
  bool is_read_back() const { return !options_.reads_back || read_back_count_ >= outputs_.size(); }
  Status read_back();

  const MergeOptions options_;
  Directory& tables_;
  const std::function<uint64_t()> next_table_id_;
  std::vector<std::unique_ptr<Iterator>> parts_;
  size_t part_ = 0;
  bool started_ = false;  // the present part's iterator stands somewhere

  uint64_t table_id_ = 0;
  std::unique_ptr<File> file_;
  std::unique_ptr<TableBuilder> builder_;
  std::vector<TableRef> outputs_;
  size_t read_back_count_ = 0;    // of the outputs
  uint64_t read_back_bytes_ = 0;  // of the next one
  uint64_t bytes_written_ = 0;
  uint64_t passed_bytes_ = 0;
  Prefix known_prefix_ = kSystemPrefix;  // the last answer of is_live_prefix
  bool known_live_ = true;
};

}  // namespace firn
