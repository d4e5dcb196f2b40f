#include "table/table_iterator.h"

#include "base/fast_path.h"

namespace firn {

namespace {

// What a walk asks for in advance: of small entries the bytes that lie so far ahead; of larger ones the lines where one ends and the next one begins, so many entries ahead, as if
// all were as long as the one at hand, which they often are (an entry of a whole walk, values of 400 B, 1 KiB and 16 KiB: 85, 112, 490 -> 29, 29, 85 ns).
constexpr uint64_t kWalkPrefetchBytes = 1024;
constexpr uint64_t kLargeEntryBytes = 192;
constexpr uint64_t kLargeEntriesAhead = 8;

inline void prefetch_behind(const uint8_t* end, uint64_t entry_bytes) {
  const uint8_t* const line = end + (entry_bytes < kLargeEntryBytes ? kWalkPrefetchBytes : kLargeEntriesAhead * entry_bytes);
  __builtin_prefetch(line);
  __builtin_prefetch(line + kCacheLineBytes);
}

}  // namespace

TableIterator::TableIterator(const TableReader& table, bool sequential)
    : table_(table), data_(table.image().data()), seq_base_(table.seq_base()), seq_width_(table.seq_width()), sequential_(sequential) {
  entry_ = &current_;
  group_[0] = UINT32_MAX;  // no entry begins there
}

bool TableIterator::check(Status status) {
  if (status.ok()) [[likely]]
    return true;
  fail(std::move(status));
  return false;
}

void TableIterator::seek_to_first() {
  if (status_.ok()) to_offset(0);
}

void TableIterator::seek_to_last() {
  valid_ = false;
  if (!status_.ok() || !check(table_.fences().ensure())) return;
  to_last_of_group(table_.fences().count() - 1);
}

void TableIterator::seek(const InternalKey& key) {
  begin_seek(key, std::nullopt);
  end_seek();
}

// Finds the entry by the hash index or, when the key has none there, its group by the fences, and asks for the entries. Most scans begin at a key that is there;
// the index finds it with two cache misses, the fences with a walk through half a group. The line of the index comes while the sample of the fences is searched.
void TableIterator::begin_seek(const InternalKey& key, std::optional<uint64_t> hash) {
  valid_ = false;
  target_ = Target::kNone;
  if (!status_.ok()) return;
  const int order = table_.fences().compare_to_common(key);
  if (order > 0) return;
  target_ = Target::kFirst;
  if (order < 0) return;
  if (hash) table_.prefetch(*hash);
  if (!check(table_.fences().ensure())) return;
  sought_ = key;
  const uint64_t head = key_head(key, table_.fences().common_bytes());
  const uint32_t sampled = table_.fences().samples_below(head);
  if (hash) {
    table_.verify_bucket(*hash);
    if (table_.guess_place(*hash, &target_offset_) && FIRN_FAST_PATH("a seek asks the hash index")) {
      target_ = Target::kEntry;
      prefetch(target_offset_, target_offset_ + kWalkPrefetchBytes);
      return;
    }
  }
  uint32_t above = 0;
  if (!first_group_above(key, head, sampled, &above) || above == 0) return;
  target_ = Target::kGroup;
  target_group_ = above - 1;
  prefetch_group(target_group_);
}

void TableIterator::end_seek() {
  if (!status_.ok() || target_ == Target::kNone) return;
  if (target_ == Target::kFirst) return to_offset(0);
  if (target_ == Target::kGroup) return walk_group(target_group_, sought_);
  if (has_key(target_offset_, sought_)) return to_offset(target_offset_);
  seek(sought_);  // another key with the same fingerprint, or an entry that cannot be read, which may be none of this seek's business
}

// Looks at header and key only: the value may be long, and another key's.
bool TableIterator::has_key(uint64_t offset, const InternalKey& key) {
  EntryHeader header;
  if ((offset < range_.begin || offset >= range_.end) && !table_.namespaces().of_offset(offset, &range_).ok()) return false;
  if (range_.prefix != key.prefix || !table_.read_header(offset, range_.end, &header).ok()) return false;
  return Slice(data_ + offset + header.header_bytes, header.key_bytes) == key.user;
}

void TableIterator::next() {
  if (next_offset_ == range_.end) [[unlikely]]
    return next_namespace();
  decode(next_offset_);
}

void TableIterator::prev() {
  if (group_[group_at_] != offset_) {
    valid_ = false;
    uint32_t group = 0;
    uint32_t count = 0;
    if (!check(table_.fences().ensure())) return;
    if (!table_.fences().group_of(offset_, &group)) {
      return fail(table_.image().corrupt("no fence leads to an entry", offset_));
    }
    if (!gather_group(group, &count)) return;
    group_at_ = 0;
    while (group_at_ < count && group_[group_at_] != offset_) ++group_at_;
    if (group_at_ == count) {
      group_at_ = 0;
      return fail(table_.image().corrupt("the fences lead past an entry", offset_));
    }
  }
  if (group_at_ > 0) {
    decode(group_[--group_at_]);
  } else if (group_index_ > 0) {
    to_last_of_group(group_index_ - 1);
  } else {
    valid_ = false;
  }
}

size_t TableIterator::advance(Entry* copies, size_t max) {
  return copy_entries(copies, max, [](const Entry&) { return false; });
}

size_t TableIterator::advance_below(const InternalKey& bound, Entry* copies, size_t max) {
  return copy_entries(copies, max, [&bound](const Entry& entry) { return entry.key.compare(bound) >= 0; });
}

// Up to the first entry that `is_beyond` holds for. What is present is decoded in a loop that touches no member; next() does what is left: the end of a chunk or of
// a namespace, and what does not decode.
template <typename IsBeyond>
inline size_t TableIterator::copy_entries(Entry* copies, size_t max, const IsBeyond& is_beyond) {
  size_t count = 0;
  while (count < max) {
    const uint8_t* const data = data_;
    const size_t seq_width = seq_width_;
    const uint64_t seq_base = seq_base_;
    const Prefix prefix = range_.prefix;
    const uint64_t end = std::min(present_end_, range_.end);
    const size_t from = count;
    uint64_t offset = offset_;
    uint64_t behind = next_offset_;
    bool is_stopped = false;
    const bool is_quick = FIRN_FAST_PATH("entries are decoded in a row");
    while (is_quick && count < max && behind + kEntryHeaderBytesMax <= end) {
      EntryHeader header;
      if (!decode_entry_header(data + behind, data + end, seq_width, &header)) break;
      offset = behind;
      behind += header.total_bytes();
      fill_entry(data + offset, header, prefix, seq_base, &copies[count]);
      prefetch_behind(data + behind, header.total_bytes());
      is_stopped = is_beyond(copies[count]);
      if (is_stopped) break;
      count++;
    }
    offset_ = offset;
    next_offset_ = behind;
    if (is_stopped || count > from) current_ = copies[is_stopped ? count : count - 1];
    if (is_stopped || count == max) break;
    TableIterator::next();
    if (!valid_) break;
    copies[count] = current_;
    if (is_beyond(current_)) break;
    count++;
  }
  return count;
}

inline bool TableIterator::decode(uint64_t offset) { return decode_to(offset, &current_); }

// valid_ is what it returns.
inline bool TableIterator::decode_to(uint64_t offset, Entry* entry) {
  if (offset + kEntryHeaderBytesMax > present_end_) [[unlikely]] {
    if (!make_present(offset, std::min<uint64_t>(kEntryHeaderBytesMax, range_.end - offset))) return false;
  }
  EntryHeader header;
  if (!decode_entry_header(data_ + offset, data_ + range_.end, seq_width_, &header)) [[unlikely]] {
    return check(table_.image().corrupt("an entry does not decode", offset));
  }
  const uint64_t end = offset + header.total_bytes();
  if (end > present_end_ && !make_present(offset, end - offset)) return false;
  fill_entry(data_ + offset, header, range_.prefix, seq_base_, entry);
  prefetch_behind(data_ + end, end - offset);
  offset_ = offset;
  next_offset_ = end;
  valid_ = true;
  return true;
}

bool TableIterator::make_present(uint64_t offset, uint64_t bytes) {
  const uint64_t walked = offset > run_begin_ ? offset - run_begin_ : 0;
  if (sequential_ || walked >= kReadAheadAfterBytes) read_ahead(offset, walked);
  if (!check(table_.image().ensure(offset, bytes))) return false;
  present_end_ = table_.image().chunk_end(offset + bytes - 1);
  return true;
}

// Asks for the next window when less than half of one lies ahead. Of a mapped table windows are as large as what was walked of it, within bounds: asking has its price, and so has
// what is read in vain. Of a loaded one a user's walk waits for the whole window.
void TableIterator::read_ahead(uint64_t offset, uint64_t walked) {
  uint64_t window = kReadAheadBytesMin;
  if (table_.image().is_mapped()) window = std::clamp(walked, kReadAheadBytesMin, kReadAheadBytesMax);
  if (sequential_) window = kReadAheadBytesMax;
  if (offset + window / 2 <= read_ahead_end_) return;
  const uint64_t from = std::max(offset, read_ahead_end_);
  const uint64_t entries_end = table_.image().layout().entries_bytes;
  if (from >= entries_end) return;
  table_.image().read_ahead(from, std::min(window, entries_end - from));
  read_ahead_end_ = from + window;
}

bool TableIterator::enter_range(uint64_t offset) {
  if (offset >= range_.begin && offset < range_.end) return true;
  return check(table_.namespaces().of_offset(offset, &range_));
}

bool TableIterator::bounds_of(uint32_t group, GroupBounds* bounds) {
  bounds->begin = table_.fences().begin(group);
  bounds->end = table_.fences().end(group);
  if (bounds->begin < bounds->end && bounds->end <= table_.image().layout().entries_bytes) {
    if (!enter_range(bounds->begin)) return false;
    if (bounds->end <= range_.end) return true;
  }
  return check(table_.image().corrupt("the fences contradict the entries", bounds->begin));
}

// The first group whose first key is greater than `key`. Groups with the same head as the key are told apart by their first keys.
bool TableIterator::first_group_above(const InternalKey& key, uint64_t head, uint32_t sampled, uint32_t* above) {
  uint32_t low = table_.fences().count_below(head, sampled);
  uint32_t high = table_.fences().count_up_to(head, low);
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    GroupBounds bounds;
    EntryHeader header;
    if (!bounds_of(middle, &bounds) || !check(table_.read_header(bounds.begin, bounds.end, &header))) return false;
    const InternalKey first{range_.prefix, Slice(data_ + bounds.begin + header.header_bytes, header.key_bytes)};
    if (first.compare(key) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  *above = low;
  return true;
}

// The headers lie apart, each found through the one before it: all lines at once take less time than one after the other.
void TableIterator::prefetch_group(uint32_t group) const {
  const uint64_t begin = table_.fences().begin(group);
  prefetch(begin, std::min(table_.fences().end(group), begin + kWalkPrefetchBytes));
}

void TableIterator::prefetch(uint64_t begin, uint64_t end) const {
  end = std::min(end, table_.image().layout().entries_bytes);
  for (uint64_t line = begin; line < end; line += kCacheLineBytes) __builtin_prefetch(data_ + line);
}

// Positions at the first entry >= `key`, given that it lies in this group or begins the next one.
void TableIterator::walk_group(uint32_t group, const InternalKey& key) {
  GroupBounds bounds;
  if (!bounds_of(group, &bounds)) return;
  if (range_.prefix >= key.prefix) {
    const bool is_present =
        table_.image().has(bounds.begin, bounds.end - bounds.begin) && FIRN_FAST_PATH("a group that is present is walked");
    for (uint64_t offset = bounds.begin; offset < bounds.end;) {
      EntryHeader header;
      const bool is_decoded = is_present && decode_entry_header(data_ + offset, data_ + bounds.end, seq_width_, &header);
      if (!is_decoded && !check(table_.read_header(offset, bounds.end, &header))) return;
      const Slice user(data_ + offset + header.header_bytes, header.key_bytes);
      if (range_.prefix > key.prefix || user.compare(key.user) >= 0) return to_offset(offset);
      offset += header.total_bytes();
    }
  }
  if (group + 1 < table_.fences().count()) to_offset(bounds.end);
}

bool TableIterator::gather_group(uint32_t group, uint32_t* count) {
  GroupBounds bounds;
  if (!bounds_of(group, &bounds)) return false;
  if (!check(table_.image().ensure(bounds.begin, bounds.end - bounds.begin))) return false;
  *count = 0;
  for (uint64_t offset = bounds.begin; offset < bounds.end;) {
    EntryHeader header;
    if (*count == kGroupEntriesMax || !decode_entry_header(data_ + offset, data_ + bounds.end, seq_width_, &header)) {
      return check(table_.image().corrupt("a group of entries does not decode", offset));
    }
    group_[(*count)++] = static_cast<uint32_t>(offset);
    offset += header.total_bytes();
  }
  group_index_ = group;
  present_end_ = table_.image().chunk_end(bounds.end - 1);
  return true;
}

void TableIterator::to_last_of_group(uint32_t group) {
  valid_ = false;
  uint32_t count = 0;
  if (!gather_group(group, &count)) return;
  group_at_ = count - 1;
  run_begin_ = group_[group_at_];
  read_ahead_end_ = 0;
  decode(group_[group_at_]);
}

void TableIterator::to_offset(uint64_t offset) {
  valid_ = false;
  if (!enter_range(offset)) return;
  run_begin_ = offset;
  read_ahead_end_ = 0;
  present_end_ = 0;
  if (!decode(offset)) return;
  const uint64_t entry_bytes = next_offset_ - offset;
  if (entry_bytes < kLargeEntryBytes) return;
  for (uint64_t i = 0; i < kLargeEntriesAhead; i++) __builtin_prefetch(data_ + next_offset_ + i * entry_bytes);
}

void TableIterator::next_namespace() {
  valid_ = false;
  if (range_.index + 1 == table_.namespaces().count()) return;
  if (check(table_.namespaces().at(range_.index + 1, &range_))) decode(range_.begin);
}

}  // namespace firn
