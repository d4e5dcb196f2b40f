// TableSalvager: reads what can be read of a damaged table. An entry is given only if every chunk that it lies in verifies, so nothing wrong is ever given; what is missing is
// told. Not needed for it: the fences, the hash index, the properties and the checksum of the chunk directory, which all may be damaged; each of them helps, where it is whole, to find
// the next entry behind damage. Needed: the footer (one flipped bit in it is put right), and a namespace directory, or the properties of a table with one namespace.
//
// Memory: the whole body. Threading: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/iterator.h"
#include "table/format.h"

namespace firn {

class TableSalvager final : public Iterator {
 public:
  struct Loss {
    Code code = Code::kCorrupt;
    uint64_t offset = 0;  // in the body
    uint64_t bytes = 0;
    uint64_t entry_count = 0;  // UINT64_MAX: nobody knows
    std::string before;        // the user key in front of it; empty: it is the beginning
    std::string after;
    Prefix prefix = 0;
  };

  // db_id 0: that of any database. What cannot be read at all is the status: kCorrupt, kIo, kUnsupported (a compression that this build lacks), kNewerFormat, kNoMemory.
  static Result<std::unique_ptr<TableSalvager>> open(File& file, uint64_t db_id);

  const TableIdentity& identity() const { return footer_.identity; }
  uint64_t entry_count_said() const { return footer_.entry_count; }
  // What was passed over so far; all of it once the iterator is valid no more.
  const std::vector<Loss>& losses() const { return losses_; }

  void seek_to_first() override;
  void next() override { find_entry(); }
  void seek_to_last() override { fail(Code::kUnsupported); }
  void seek(const InternalKey&) override { fail(Code::kUnsupported); }
  void prev() override { fail(Code::kUnsupported); }

 private:
  struct Range {
    Prefix prefix;
    uint64_t begin;
    uint64_t end;
  };

  TableSalvager(const Footer& footer, std::unique_ptr<uint8_t[]> body);
  Status read_body(File& file);
  Code read_chunk(File& file, uint64_t chunk, uint64_t stored_offset, uint64_t stored_bytes, uint32_t crc);
  Status read_namespaces(File& file);
  void read_starts();
  bool has(uint64_t offset, uint64_t bytes) const;
  bool read_entry(uint64_t offset, uint64_t* bytes);
  void find_entry();
  void end_loss(uint64_t behind, const std::string& after);
  uint64_t next_start(uint64_t offset) const;

  const Footer footer_;
  const Layout layout_;
  std::unique_ptr<uint8_t[]> body_;
  std::vector<bool> present_;     // chunks
  std::vector<Range> ranges_;     // of namespaces, ascending
  std::vector<uint64_t> starts_;  // known begins of entries, ascending
  bool knows_all_starts_ = true;
  Code damage_ = Code::kCorrupt;  // of chunks

  uint64_t at_ = 0;  // behind the entry
  size_t range_ = 0;
  bool in_loss_ = false;
  uint64_t loss_at_ = 0;
  bool has_last_ = false;
  Prefix last_prefix_ = 0;
  std::string last_user_;
  std::vector<Loss> losses_;
  Entry found_;
};

}  // namespace firn
