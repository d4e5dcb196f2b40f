// TableVerifier: Table::verify(). Reads a whole table and compares every section with what the entries say.
// Threading: one thread at a time; the table outlives it.
#pragma once

#include <string>

#include "table/table_reader.h"

namespace firn {

class TableVerifier {
 public:
  TableVerifier(const TableReader& table, uint64_t hash_seed) : table_(table), image_(table.image()), hash_seed_(hash_seed) {}

  Status run();

 private:
  Status verify_group(uint32_t group);
  Status verify_namespace(uint32_t group);
  Status verify_entry(uint64_t offset, const EntryHeader& header);
  Status verify_order(const Entry& entry, uint64_t offset);
  Status verify_buckets();
  Status verify_padding(uint64_t from, uint64_t to);
  Status verify_totals();
  void count(const Entry& entry);

  const TableReader& table_;
  const Image& image_;
  const uint64_t hash_seed_;
  NamespaceRange range_;  // of the group that is being verified
  bool has_last_ = false;
  Prefix last_prefix_ = 0;  // of the last entry
  std::string last_user_;
  TableProperties counted_;
  std::vector<int64_t> expiries_;  // from the entries
};

}  // namespace firn
