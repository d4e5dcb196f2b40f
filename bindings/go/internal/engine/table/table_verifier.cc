#include "table/table_verifier.h"

#include "base/hash.h"

namespace firn {

Status TableReader::verify(uint64_t hash_seed) const { return TableVerifier(*this, hash_seed).run(); }

Status TableVerifier::run() {
  FIRN_TRY(image_.verify_stored());
  FIRN_TRY(table_.fences().ensure());
  const Layout& layout = image_.layout();
  counted_.seq_min = kSeqMax;
  for (uint32_t group = 0; group < table_.fences().count(); ++group) FIRN_TRY(verify_group(group));
  FIRN_TRY(verify_padding(layout.entries_bytes, layout.heads_offset));
  FIRN_TRY(verify_padding(layout.offsets_offset + uint64_t{4} * layout.group_count, layout.index_offset));
  FIRN_TRY(verify_buckets());
  return verify_totals();
}

// The group's entries fill it, at most 16 of them, and its fence has the head of the first key.
Status TableVerifier::verify_group(uint32_t group) {
  const Fences& fences = table_.fences();
  const uint64_t begin = fences.begin(group);
  const uint64_t end = fences.end(group);
  if (begin >= end || end > image_.layout().entries_bytes || (group == 0 && begin != 0)) {
    return image_.corrupt("the fences contradict the entries", begin);
  }
  FIRN_TRY(verify_namespace(group));
  uint32_t entry_count = 0;
  for (uint64_t offset = begin; offset < end; ++entry_count) {
    EntryHeader header;
    if (entry_count == kGroupEntriesMax) return image_.corrupt("a group has too many entries", begin);
    FIRN_TRY(table_.read_header(offset, end, &header));
    FIRN_TRY(image_.ensure(offset, header.total_bytes()));
    FIRN_TRY(verify_entry(offset, header));
    if (entry_count == 0) {
      const InternalKey first{last_prefix_, Slice(std::string_view(last_user_))};
      if (key_head(first, fences.common_bytes()) != fences.head(group)) return image_.corrupt("a fence has a wrong head", begin);
    }
    offset += header.total_bytes();
  }
  return {};
}

// A group lies in one namespace, and a namespace begins with a group.
Status TableVerifier::verify_namespace(uint32_t group) {
  const Layout& layout = image_.layout();
  const NamespaceDirectory& namespaces = table_.namespaces();
  const uint64_t begin = table_.fences().begin(group);
  if (group == 0) FIRN_TRY(image_.ensure(layout.namespaces_offset, uint64_t{kNamespaceBytes} * layout.namespace_count));
  if (group == 0 || begin >= range_.end) {
    FIRN_TRY(namespaces.of_offset(begin, &range_));
    if (range_.begin != begin || namespaces.first_group(range_.index) != group) {
      return image_.corrupt("a namespace does not begin with a group", begin);
    }
    const uint8_t* const record = image_.data() + layout.namespaces_offset + uint64_t{range_.index} * kNamespaceBytes;
    if (load_u32(record) != range_.prefix || load_u32(record + 4) != begin) {
      return image_.corrupt("the namespace directory contradicts the entries", layout.namespaces_offset);
    }
  }
  if (table_.fences().end(group) <= range_.end) return {};
  return image_.corrupt("a group reaches into another namespace", begin);
}

Status TableVerifier::verify_entry(uint64_t offset, const EntryHeader& header) {
  Entry entry;
  fill_entry(image_.data() + offset, header, range_.prefix, table_.seq_base(), &entry);
  FIRN_TRY(verify_order(entry, offset));
  Entry found;
  Status status = table_.find(entry.key, hash_key(hash_seed_, entry.key), &found);
  if (status.is(Code::kNotFound)) return image_.corrupt("the hash index does not lead to a key", offset);
  if (!status.ok()) return status;
  if (found.key.user.data() != entry.key.user.data()) return image_.corrupt("the hash index leads to another entry", offset);
  count(entry);
  return {};
}

Status TableVerifier::verify_order(const Entry& entry, uint64_t offset) {
  const InternalKey last{last_prefix_, Slice(std::string_view(last_user_))};
  if (has_last_ && last.compare(entry.key) >= 0) return image_.corrupt("the keys do not ascend", offset);
  if (!has_last_ && !(entry.key == table_.properties().smallest())) return image_.corrupt("the smallest key is not the first", offset);
  has_last_ = true;
  last_prefix_ = entry.key.prefix;
  last_user_ = entry.key.user.to_string();
  return {};
}

void TableVerifier::count(const Entry& entry) {
  ++counted_.entry_count;
  if (entry.kind == EntryKind::kDelete) ++counted_.tombstone_count;
  if (entry.kind == EntryKind::kPutExpiring) expiries_.push_back(entry.expiry_ms);
  counted_.key_value_bytes += entry.key.user.size() + entry.value.size();
  counted_.seq_min = std::min(counted_.seq_min, entry.seq);
  counted_.seq_max = std::max(counted_.seq_max, entry.seq);
}

// Every entry was found; as many slots as entries means that no slot leads anywhere else.
Status TableVerifier::verify_buckets() {
  const Layout& layout = image_.layout();
  uint64_t used = 0;
  for (uint32_t i = 0; i < layout.bucket_count; ++i) {
    const uint64_t offset = layout.index_offset + uint64_t{i} * kBucketBytes;
    FIRN_TRY(image_.ensure(offset, kBucketBytes));
    const uint32_t used_here = bucket_used(image_.data() + offset);
    if (used_here > kBucketSlots) return image_.corrupt("a hash bucket holds too many", offset);
    used += used_here;
  }
  if (used == table_.properties().entry_count) return {};
  return image_.corrupt("the hash index has another number of entries", layout.index_offset);
}

Status TableVerifier::verify_padding(uint64_t from, uint64_t to) {
  if (from == to) return {};
  FIRN_TRY(image_.ensure(from, to - from));
  for (uint64_t offset = from; offset < to; ++offset) {
    if (image_.data()[offset] != 0) return image_.corrupt("the padding is not zero", offset);
  }
  return {};
}

Status TableVerifier::verify_totals() {
  const TableProperties& said = table_.properties();
  const InternalKey last{last_prefix_, Slice(std::string_view(last_user_))};
  if (!(last == said.largest())) return image_.corrupt("the largest key is not the last", image_.layout().entries_bytes);
  if (counted_.entry_count != said.entry_count || counted_.tombstone_count != said.tombstone_count ||
      expiries_.size() != said.expiring_count || median_of(&expiries_) != said.expiry_median_ms ||
      counted_.key_value_bytes != said.key_value_bytes || counted_.seq_min != said.seq_min || counted_.seq_max != said.seq_max) {
    return image_.corrupt("the footer counts otherwise than the entries", image_.layout().file_bytes);
  }
  if (range_.index + 1 != image_.layout().namespace_count) {
    return image_.corrupt("the namespace directory has too many entries", image_.layout().namespaces_offset);
  }
  return {};
}

}  // namespace firn
