// Table: an immutable file of entries sorted by internal key, one entry a key. FORMAT.md gives the bytes.
//
// The body of a table (entries, fences, hash index, directory) is one run of bytes that is checksummed in chunks. A chunk is made present on
// first touch: verified in place when the file is mapped; read, verified and (compressed tables) decompressed into anonymous memory
// otherwise. So nothing that was not verified ever answers, also not with "no", and the code that reads a table does not know
// how its bytes got there (TABLE-1).
//
// Threading: any number of threads may call the const methods of one Table at once; they take no lock on bytes that were touched before.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/internal_key.h"
#include "base/iterator.h"
#include "base/result.h"
#include "env/env.h"
#include "table/read_traffic.h"

namespace firn {

enum class TableIo { kMmap, kPread };
enum class Compression : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };
bool compression_is_built_in(Compression compression);

// What a table's checksums are bound to, so that a block of another table or another database never verifies.
struct TableIdentity {
  uint64_t db_id = 0;
  uint64_t table_id = 0;
};

// What a finished table contains. Keys are (prefix, user bytes), owned.
struct TableProperties {
  uint64_t file_bytes = 0;
  uint64_t entry_count = 0;
  uint64_t tombstone_count = 0;
  uint64_t expiring_count = 0;
  int64_t expiry_median_ms = kNeverExpires;  // half of the expiring entries are expired above it; kNeverExpires: there are none
  uint64_t key_value_bytes = 0;              // user keys and values, uncompressed
  Seq seq_min;
  Seq seq_max;
  Prefix smallest_prefix = 0;
  Prefix largest_prefix = 0;
  std::string smallest_user;
  std::string largest_user;

  InternalKey smallest() const { return {smallest_prefix, Slice(smallest_user)}; }
  InternalKey largest() const { return {largest_prefix, Slice(largest_user)}; }
};

// Whose table a file is, as its footer says; nullopt when it does not end as a table does (a file that was never finished).
std::optional<TableIdentity> table_identity(File& file);

// The middle one of expiries (of an even number the lower one); reorders them. kNeverExpires when there are none.
int64_t median_of(std::vector<int64_t>* expiries);

class Table {
 public:
  // Takes the file. Reads and verifies the footer and the properties; the rest is verified on first touch.
  // kCorrupt (file and offset), kNewerFormat, kUnsupported (a compression that this build lacks), kIo, kNoMemory.
  static Result<std::unique_ptr<Table>> open(std::unique_ptr<File> file, const TableIdentity& identity, TableIo io);
  virtual ~Table() = default;

  // Before anyone else uses the table: what it fetches is counted there.
  virtual void count_reads_in(std::shared_ptr<ReadTraffic> traffic) = 0;
  // The table's file, for copying it as it is.
  virtual File& file() const = 0;
  virtual const TableProperties& properties() const = 0;

  // Finds the entry of a key (a tombstone is an entry). `hash` is hash_key(seed of the database, key). kNotFound, kCorrupt, kIo, kNoMemory.
  // The entry borrows from the table.
  virtual Status find(const InternalKey& key, uint64_t hash, Entry* entry) const = 0;
  // Asks the processor for the cache line that find() will read first.
  virtual void prefetch(uint64_t hash) const = 0;
  // The same for the line that find() will read after it. Reads the line of prefetch(): call it when that has arrived.
  virtual void prefetch_entry(uint64_t hash) const = 0;
  // About which part of the entries, by number, lies below the key: 0 to 1. Exact to a group of up to 16 entries, but for long shared prefixes.
  virtual Result<double> part_below(const InternalKey& key) const = 0;
  // `sequential`: the reader will pass over much of the table (compaction, check): read ahead.
  virtual std::unique_ptr<Iterator> new_iterator(bool sequential) const = 0;
  // Before anyone else uses the table: verifies the chunks of these bytes of the body now, not on first touch; of a table that is not mapped nothing, because that would
  // fill memory. Whether more lies behind them. A table is read back from its beginning to its end.
  virtual Result<bool> read_back(uint64_t offset, uint64_t bytes) const = 0;
  // Reads everything: checksums, key order, that every key is found through the hash index, counts against the properties.
  virtual Status verify(uint64_t hash_seed) const = 0;
  // The checksums alone, from the file.
  virtual Status verify_stored() const = 0;
  // Bytes of anonymous memory that the table holds now (not of the page cache).
  virtual uint64_t memory_bytes() const = 0;
  // Of those: what the table would not hold if it were opened anew.
  virtual uint64_t cached_bytes() const = 0;
};

}  // namespace firn
