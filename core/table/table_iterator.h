// TableIterator: walks the entries of a table, forward by decoding one behind the other, backward by way of the groups.
// Invariant TABLE-2: while valid, [offset_, next_offset_) is the entry of entry(), it lies in range_, and every byte of
// [offset_, present_end_) is present.
// Threading: one thread at a time; the table outlives the iterator.
#pragma once

#include "base/iterator.h"
#include "table/table_reader.h"

namespace firn {

class TableIterator final : public Iterator {
 public:
  TableIterator(const TableReader& table, bool sequential);

  void seek_to_first() override;
  void seek_to_last() override;
  void seek(const InternalKey& key) override;
  void begin_seek(const InternalKey& key, std::optional<uint64_t> hash) override;
  void end_seek() override;
  void next() override;
  void prev() override;
  size_t advance(Entry* copies, size_t max) override;
  size_t advance_below(const InternalKey& bound, Entry* copies, size_t max) override;

 private:
  // Reading ahead starts at once in a sequential iterator, in others when so many bytes were passed over in order.
  static constexpr uint64_t kReadAheadAfterBytes = uint64_t{64} << 10;
  static constexpr uint64_t kReadAheadBytesMin = uint64_t{256} << 10;
  static constexpr uint64_t kReadAheadBytesMax = uint64_t{1} << 20;

  // A group's entries, offsets into the body.
  struct GroupBounds {
    uint64_t begin;
    uint64_t end;
  };

  // These return false after a failure; the iterator is then invalid and has the status.
  bool check(Status status);
  bool decode(uint64_t offset);  // of range_
  bool decode_to(uint64_t offset, Entry* entry);
  bool make_present(uint64_t offset, uint64_t bytes);
  bool enter_range(uint64_t offset);  // makes range_ the namespace of this place
  bool bounds_of(uint32_t group, GroupBounds* bounds);
  bool first_group_above(const InternalKey& key, uint64_t head, uint32_t sampled, uint32_t* above);
  bool gather_group(uint32_t group, uint32_t* count);

  template <typename IsBeyond>
  size_t copy_entries(Entry* copies, size_t max, const IsBeyond& is_beyond);
  void to_offset(uint64_t offset);  // the entry that begins there
  void to_last_of_group(uint32_t group);
  void prefetch_group(uint32_t group) const;
  void prefetch(uint64_t begin, uint64_t end) const;
  bool has_key(uint64_t offset, const InternalKey& key);
  void walk_group(uint32_t group, const InternalKey& key);
  void next_namespace();
  void read_ahead(uint64_t offset, uint64_t walked);

  const TableReader& table_;
  const uint8_t* const data_;
  const uint64_t seq_base_;
  const size_t seq_width_;
  Entry current_;
  // Between begin_seek() and end_seek().
  enum class Target { kNone, kFirst, kGroup, kEntry };
  InternalKey sought_;  // borrowed from the caller of begin_seek()
  Target target_ = Target::kNone;
  uint32_t target_group_ = 0;
  uint64_t target_offset_ = 0;  // where the hash index says that the sought key's entry lies

  uint64_t offset_ = 0;
  uint64_t next_offset_ = 0;
  uint64_t present_end_ = 0;
  NamespaceRange range_;  // that offset_ lies in
  // The entries of the group that was last entered backwards. group_[group_at_] == offset_ says that it is the current one.
  uint32_t group_[kGroupEntriesMax];
  uint32_t group_at_ = 0;
  uint32_t group_index_ = 0;
  uint64_t run_begin_ = 0;       // where the walk forward began
  uint64_t read_ahead_end_ = 0;  // up to where bytes were asked for on this walk
  const bool sequential_;
};

}  // namespace firn
