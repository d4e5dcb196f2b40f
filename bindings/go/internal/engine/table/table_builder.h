// TableBuilder: writes one table file, front to back, from entries in strictly ascending key order.
// Threading: one thread at a time.
#pragma once

#include <memory>

#include "table/table.h"

namespace firn {

struct TableBuilderOptions {
  TableIdentity identity;
  Compression compression = Compression::kNone;
  // Bounds of the sequence numbers that will be added; they fix the width in which an entry stores its own.
  Seq seq_lower;
  Seq seq_upper;
};

class TableBuilder {
 public:
  // `file` is new and empty; it stays the caller's and outlives the builder.
  static std::unique_ptr<TableBuilder> create(File* file, const TableBuilderOptions& options);
  virtual ~TableBuilder() = default;

  // `hash` is hash_key(seed of the database, entry.key). Copies what it keeps. kIo, kNoSpace, kTooLarge (the table is at its format's limit:
  // finish it; nothing was added), kInvalid (the key does not ascend, or the entry is outside the bounds that hold for it), kUnsupported (this
  // build lacks the compression). After kIo or kNoSpace every call answers the same.
  virtual Status add(const Entry& entry, uint64_t hash) = 0;
  virtual uint64_t entry_count() const = 0;
  virtual uint64_t file_bytes_estimate() const = 0;  // of the file if it were finished now
  // Writes what is left and syncs the file (not its directory). Needs at least one entry. After it only the destructor may be called.
  virtual Result<TableProperties> finish() = 0;
};

}  // namespace firn
