// TableCloser: the tables that the database has replaced, until they are closed. Closing one (unmapping its pages, freeing its file) takes milliseconds, and a
// merge replaces hundreds at once: so nobody who lets go of a view closes any, and whoever works for the database closes one at a time between other work.
// Threading: any thread.
#pragma once

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
  bool has_closable() const;

 private:
  mutable std::mutex mutex_;
  std::vector<TableRef> tables_;
};

}  // namespace firn
