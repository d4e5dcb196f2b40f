// Version: which tables make up the database at one moment, immutable. Tables lie in runs: within a run their key ranges are disjoint and ascend; runs are
// ordered newest first, and for any key the newest run that has it is right.
//
//   LSM-1  Every sequence number in a run is higher than every one that an older run holds for the same key.
//   LSM-2  A key is in a run at most once.
//
// Threading: immutable once shared.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "table/table.h"

namespace firn {

inline constexpr uint64_t kTableBytesMax = uint64_t{64} << 20;   // a table is finished when it has grown to this
inline constexpr uint64_t kTableBytesSmall = uint64_t{4} << 20;  // below it a table is rather rewritten than taken over

std::string table_name(uint64_t id);
void write_table_name(uint64_t id, char (&to)[32]);  // the same without an allocation
bool parse_table_name(const std::string& name, uint64_t* id);

// A table with its id. Shared by the versions that contain it; when the last of them is gone the file may be deleted.
struct TableHandle {
  uint64_t id = 0;
  uint64_t file_bytes = 0;
  std::unique_ptr<Table> table;
};
using TableRef = std::shared_ptr<const TableHandle>;

// Opens a finished table. Codes as Table::open; kCorrupt when the file is missing.
Result<TableRef> open_table(Directory& tables, const TableIdentity& identity, TableIo io);

class Run {
 public:
  uint64_t id = 0;  // higher is newer
  std::vector<TableRef> tables;

  uint64_t bytes() const;
  uint64_t entry_count() const;
  // Once the tables are complete and in order; table_of() needs it.
  void index();
  // The table whose key range may contain the key; nullptr: none.
  const Table* table_of(const InternalKey& key) const;

 private:
  // The range of a table as key heads behind what all keys of the run share: so the search is one of integers, in one or two cache lines.
  struct Fence {
    uint64_t smallest_head;
    uint64_t largest_head;
    const Table* table;
  };
  const Table* table_by_keys(const InternalKey& key, uint64_t head, size_t fence) const;

  std::vector<Fence> fences_;
  size_t skip_ = 0;  // bytes that all keys share; 0 or at least the prefix of one namespace
  InternalKey shared_;
};

struct Version {
  std::vector<Run> runs;  // newest first

  uint64_t bytes() const;
  size_t table_count() const;
};
using VersionRef = std::shared_ptr<const Version>;

// A table as the manifest names it.
struct TableRecord {
  uint64_t run_id = 0;
  uint64_t table_id = 0;
  uint64_t file_bytes = 0;
};

// The version after some tables were removed and others added (which may be the same ones in another run).
VersionRef apply_changes(const Version& version, const std::vector<uint64_t>& removed_ids,
                         const std::vector<std::pair<uint64_t, TableRef>>& added_by_run);

// All tables of a run as one iterator. Both outlive it.
std::unique_ptr<Iterator> new_run_iterator(const std::vector<TableRef>& tables, bool sequential);

}  // namespace firn
