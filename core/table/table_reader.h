// TableReader: the one implementation of Table. See table.h for the contract and image.h for how bytes become present.
// Threading: as Table.
#pragma once

#include <atomic>

#include "table/entry_codec.h"
#include "table/fences.h"
#include "table/hash_index.h"
#include "table/namespace_directory.h"

namespace firn {

class TableReader final : public Table {
 public:
  static Result<std::unique_ptr<Table>> open(std::unique_ptr<File> file, const TableIdentity& identity, TableIo io);

  void count_reads_in(std::shared_ptr<ReadTraffic> traffic) override { image_->count_in(std::move(traffic)); }
  File& file() const override { return *file_; }
  const TableProperties& properties() const override { return properties_; }
  Status find(const InternalKey& key, uint64_t hash, Entry* entry) const override;
  void prefetch(uint64_t hash) const override { __builtin_prefetch(bucket(home_bucket(hash, bucket_count_))); }
  void prefetch_entry(uint64_t hash) const override;
  Result<double> part_below(const InternalKey& key) const override;
  std::unique_ptr<Iterator> new_iterator(bool sequential) const override;
  Result<bool> read_back(uint64_t offset, uint64_t bytes) const override;
  Status verify(uint64_t hash_seed) const override;
  Status verify_stored() const override { return image_->verify_stored(); }
  uint64_t memory_bytes() const override;
  uint64_t cached_bytes() const override;

  // For the iterator.
  const Image& image() const { return *image_; }
  const Fences& fences() const { return fences_; }
  const NamespaceDirectory& namespaces() const { return namespaces_; }
  size_t seq_width() const { return seq_width_; }
  uint64_t seq_base() const { return seq_base_; }
  // Where the entry of a key with this hash may lie, by a look at what is present. False: nothing is known.
  bool guess_place(uint64_t hash, uint64_t* offset) const;
  // Makes the line that guess_place() looks at present if the table is mapped. (Of another table it would have to be read.)
  void verify_bucket(uint64_t hash) const;
  // Decodes the header of the entry at `offset`, which ends at `limit` or before (offset < limit <= the end of the entries), and makes
  // its key present.
  Status read_header(uint64_t offset, uint64_t limit, EntryHeader* header) const;

 private:
  TableReader(std::unique_ptr<File> file, std::unique_ptr<Image> image, const Footer& footer, TableProperties properties);

  const uint8_t* bucket(uint32_t index) const { return buckets_ + uint64_t{index} * kBucketBytes; }
  Status read_if_key(Slice user, uint64_t offset, const NamespaceRange& range, Entry* entry) const;

  // What find() looks at comes first.
  const uint8_t* const data_;     // the image
  const uint8_t* const buckets_;  // in it
  const uint32_t bucket_count_;
  const uint8_t seq_width_;
  const uint64_t seq_base_;
  const uint64_t mean_entry_bytes_;
  const std::unique_ptr<File> file_;
  const std::unique_ptr<Image> image_;
  const TableProperties properties_;
  const NamespaceDirectory namespaces_;
  const Fences fences_;
};

}  // namespace firn
