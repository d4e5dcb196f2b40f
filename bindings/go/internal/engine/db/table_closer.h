// TableCloser: the tables that the database has replaced, until they are closed. Closing one (unmapping its pages, freeing its file) takes milliseconds, and a
// merge replaces hundreds at once: so nobody who lets go of a view closes any, and whoever works for the database closes one at a time between other work.
// Threading: any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "lsm/version.h"

namespace firn {

class TableCloser {
 public:
  // A table that no published version has, once.
  void add(const TableRef& table);
  // Closes a table that nobody else holds, the one that came first. false: there is none.
  bool close_one();
  // A merge has gone over so many bytes of entries: closes tables of up to sixteen times as many, and of small ones at least four, so that however fast merges replace
  // tables, they are closed faster, and a merge goes on meanwhile at half its speed or more.
  void close_beside_merge(uint64_t merged_bytes);
  bool has_closable() const;

 private:
  std::vector<TableRef>::iterator first_closable();
  TableRef take(std::vector<TableRef>::iterator at);

  mutable std::mutex mutex_;
  std::vector<TableRef> tables_;
  uint64_t credit_bytes_ = 0;  // what merges have gone over and nothing was closed for
};

}  // namespace firn
