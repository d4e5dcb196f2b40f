// EntryScan: all entries of a namespace with version and expiry, over one snapshot that many scans can share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "database.h"

namespace firn::cli {

// A read-only transaction: everything that is read in it is the state of one moment.
class SharedSnapshot {
 public:
  explicit SharedSnapshot(const Database& database);
  ~SharedSnapshot() { firn_txn_close(txn_); }
  SharedSnapshot(const SharedSnapshot&) = delete;
  SharedSnapshot& operator=(const SharedSnapshot&) = delete;
  firn_txn* handle() const { return txn_; }

 private:
  firn_txn* txn_;
};

struct ScannedEntry {
  std::string_view key;
  std::string_view value;
  uint64_t version = 0;
  int64_t expiry_ms = 0;  // Unix time; 0: never
};

class EntryScan {
 public:
  EntryScan(const Database& database, const SharedSnapshot& snapshot, uint32_t ns);
  ~EntryScan() { firn_iter_close(iter_); }
  EntryScan(const EntryScan&) = delete;
  EntryScan& operator=(const EntryScan&) = delete;

  // The next entry, valid until the next call; false at the end.
  bool next(ScannedEntry& entry);

 private:
  bool fill();

  const Database& database_;
  firn_iter* iter_;
  std::string chunk_;
  std::string_view rest_;
};

}  // namespace firn::cli
