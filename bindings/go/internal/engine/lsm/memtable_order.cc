#include "lsm/memtable_order.h"

#include <algorithm>

#include "base/check.h"
#include "base/fast_path.h"
#include "base/key_head.h"
#include "base/partition.h"
#include "base/prefetch.h"
#include "env/spinning_mutex.h"
#include "env/thread_mark.h"
#include "lsm/log_walk.h"
#include "lsm/memtable.h"
#include "lsm/radix_sort.h"

namespace firn {
namespace {

using Item = MemtableOrder::Item;
using SortedArray = MemtableOrder::SortedArray;

// An array is merged with its predecessor when that is at most so many times larger, or small. Fewer arrays make seeks cheaper and cost more merging:
// scans of 50 beside 5 % inserts took 3 % longer with 16 and 128, 12 % with a ratio of 4 and no lower bound; no less with 64 and 1024, or 32 and 2048.
constexpr size_t kMergeRatio = 32;
constexpr size_t kSmallArrayCount = 512;
constexpr size_t kLargeArrayCount = 16384;  // 256 KiB

InternalKey key_at(const Segment& segment, uint64_t offset) { return log_entry_key(segment.image() + offset); }

bool item_less(const Segment& segment, const Item& a, const Item& b) {
  if (a.head != b.head) return a.head < b.head;
  return key_at(segment, a.offset).compare(key_at(segment, b.offset)) < 0;
}

bool is_same_key(const Segment& segment, const Item& a, const Item& b) {
  return a.head == b.head && key_at(segment, a.offset) == key_at(segment, b.offset);
}

void set_heads(const Segment& segment, SortedArray* array, size_t skip) {
  array->skip = skip;
  for (Item& item : array->items) item.head = key_head(key_at(segment, item.offset), skip);
}

void sort_items(const Segment& segment, std::vector<Item>* items) {
  radix_sort_by_head(items);
  const auto by_key = [&segment](const Item& a, const Item& b) { return key_at(segment, a.offset).compare(key_at(segment, b.offset)) < 0; };
  for (auto from = items->begin(); from != items->end();) {
    auto to = from + 1;
    while (to != items->end() && to->head == from->head) ++to;
    if (to - from > 1) std::sort(from, to, by_key);
    from = to;
  }
}

// The items with heads behind `skip` bytes: the array's own, or `copy`.
const std::vector<Item>& items_behind(size_t skip, const Segment& segment, const SortedArray& array, SortedArray* copy) {
  if (array.skip == skip) return array.items;
  copy->items = array.items;
  set_heads(segment, copy, skip);
  return copy->items;
}

// The first item of [from, end) that is not below `item`; looked for in steps that begin with `step`, about as far as it is, and double.
std::vector<Item>::const_iterator first_not_below(const Segment& segment, std::vector<Item>::const_iterator from,
                                                  std::vector<Item>::const_iterator end, const Item& item, std::ptrdiff_t step) {
  const auto is_below = [&segment](const Item& a, const Item& b) { return item_less(segment, a, b); };
  for (; step <= end - from && is_below(from[step - 1], item); step *= 2) from += step;
  return std::lower_bound(from, from + std::min(step, end - from), item, is_below);
}

// As a rule the newer array is much smaller: what lies between two of its keys is copied as it is. Of the same key the newer item stays.
std::shared_ptr<const SortedArray> merge(const Segment& segment, const SortedArray& newer, const SortedArray& older) {
  auto merged = std::make_shared<SortedArray>();
  // What both share is at most what either shares within itself.
  merged->skip =
      std::min({newer.skip, older.skip, shared_bytes(key_at(segment, newer.items[0].offset), key_at(segment, older.items[0].offset))});
  SortedArray newer_copy;
  SortedArray older_copy;
  const std::vector<Item>& few = items_behind(merged->skip, segment, newer, &newer_copy);
  const std::vector<Item>& many = items_behind(merged->skip, segment, older, &older_copy);
  merged->items.reserve(few.size() + many.size());
  const auto step = static_cast<std::ptrdiff_t>(many.size() / few.size() + 1);
  auto from = many.begin();
  for (const Item& item : few) {
    const auto to = first_not_below(segment, from, many.end(), item, step);
    merged->items.insert(merged->items.end(), from, to);
    merged->items.push_back(item);
    from = to != many.end() && is_same_key(segment, item, *to) ? to + 1 : to;
  }
  merged->items.insert(merged->items.end(), from, many.end());
  merged->finish(segment);
  return merged;
}

// Which entries of a stretch of the segment a later one of it has overwritten, as the later ones say: a bit for as many bytes as an entry has at least. Until all have been
// seen each takes an item, too: 16 bytes.
class OverwrittenEntries {
 public:
  OverwrittenEntries(uint64_t from, uint64_t end) : from_(from), words_((end - from) / kLogEntryBytesMin / 64 + 1) {}

  void name(uint64_t offset) {
    if (offset < from_) return;  // 0: none; or in an array that the new one hides
    FIRN_DCHECK(index(offset) / 64 < words_.size(), "ORD-1");
    words_[index(offset) / 64] |= uint64_t{1} << (index(offset) % 64);
    are_any_ = true;
  }
  void erase_from(std::vector<Item>* items) const {
    if (!are_any_) return;
    std::erase_if(*items, [this](const Item& item) { return (words_[index(item.offset) / 64] >> (index(item.offset) % 64) & 1) != 0; });
    if (items->size() < items->capacity() / 2) items->shrink_to_fit();  // the array may stay for long
  }

 private:
  size_t index(uint64_t offset) const { return static_cast<size_t>((offset - from_) / kLogEntryBytesMin); }

  const uint64_t from_;
  std::vector<uint64_t> words_;
  bool are_any_ = false;
};

// Walks one array; shows of every key the newest version up to `seq` and passes over keys without one.
class SortedArrayIterator final : public Iterator {
 public:
  SortedArrayIterator(MemtableOrder::ArraysRef arrays, const SortedArray& array, const Segment& segment, Seq seq)
      : arrays_(std::move(arrays)), array_(array), segment_(segment), seq_(seq) {
    entry_ = &current_;
  }

  void seek_to_first() override {
    index_ = 0;
    prefetched_ = 0;
    settle_forward();
  }
  void seek_to_last() override {
    index_ = array_.items.size();
    prefetched_ = index_;
    prev();
  }
  void seek(const InternalKey& key) override {
    begin_seek(key, std::nullopt);
    settle_forward();
  }
  void begin_seek(const InternalKey& key, std::optional<uint64_t> /*hash*/) override {
    index_ = first_at_least(key);
    prefetched_ = index_;
    taken_count_ = 0;
    look_ahead();
  }
  void end_seek() override { settle_forward(); }
  void next() override {
    index_++;
    settle_forward();
  }
  size_t advance_below(const InternalKey& bound, Entry* copies, size_t max) override {
    size_t count = 0;
    for (; count < max; count++) {
      SortedArrayIterator::next();
      if (!valid_ || current_.key.compare(bound) >= 0) break;
      copies[count] = current_;
    }
    return count;
  }
  void prev() override {
    valid_ = false;
    while (!valid_ && index_ > 0) {
      index_--;
      valid_ = show();
    }
  }

 private:
  void settle_forward() {
    valid_ = false;
    while (!valid_ && index_ < array_.items.size()) {
      look_ahead();
      valid_ = show();
      if (!valid_) index_++;
    }
  }

  size_t first_at_least(const InternalKey& key) const {
    const auto& items = array_.items;
    const int order = array_.compare_to_shared(key);
    if (order != 0) return order < 0 ? 0 : items.size();
    const uint64_t head = key_head(key, array_.skip);
    const size_t low = array_.count_below(head);
    if (low == items.size() || items[low].head != head) return low;
    // Equal heads say nothing: then the keys decide.
    const auto at = std::partition_point(items.begin() + static_cast<std::ptrdiff_t>(low), items.end(), [&](const Item& item) {
      return item.head == head && key_at(segment_, item.offset).compare(key) < 0;
    });
    return static_cast<size_t>(at - items.begin());
  }

  // The array names a version of the key that is not older than the one to be shown.
  bool show() {
    const uint8_t* at = segment_.image() + array_.items[index_].offset;
    while (log_entry_seq(at) > seq_) {
      const uint64_t previous = log_entry_previous(at);
      if (previous == 0) return false;
      at = segment_.image() + previous;
    }
    current_ = decode_log_entry(at);
    return true;
  }

  // Entries lie in the order of their writing: each one is a cache miss or two, and a miss of the TLB, for which a prefetch waits. A walk that goes on looks
  // further ahead; one that ends soon, as most of those beside a table do, has asked for little in vain.
  void look_ahead() {
    const size_t end = std::min(index_ + std::min(kLookAheadMin + taken_count_ / 2, kLookAheadMax), array_.items.size());
    while (prefetched_ < end) prefetch(prefetched_++);
    taken_count_++;
  }
  void prefetch(size_t index) const { prefetch_entry_lines(segment_.image() + array_.items[index].offset); }

  static constexpr size_t kLookAheadMin = 2;
  static constexpr size_t kLookAheadMax = 8;

  const MemtableOrder::ArraysRef arrays_;  // keeps array_
  const SortedArray& array_;
  const Segment& segment_;
  const Seq seq_;
  size_t index_ = 0;
  size_t prefetched_ = 0;   // entries in front of it were asked for
  size_t taken_count_ = 0;  // entries that the walk forward came to
  Entry current_;
};

}  // namespace

void MemtableOrder::SortedArray::finish(const Segment& segment) {
  const InternalKey first = key_at(segment, items[0].offset);
  prefix = first.prefix;
  shared_user = first.user.first(skip - std::min(skip, kPrefixBytes)).to_string();
  sample.reserve(items.size() / kSampleStep + 1);
  for (size_t i = 0; i < items.size(); i += kSampleStep) sample.push_back(items[i].head);
}

int MemtableOrder::SortedArray::compare_to_shared(const InternalKey& key) const {
  const unsigned unshared_bits = skip < kPrefixBytes ? static_cast<unsigned>(8 * (kPrefixBytes - skip)) : 0;
  const uint64_t theirs = uint64_t{key.prefix} >> unshared_bits;
  const uint64_t ours = uint64_t{prefix} >> unshared_bits;
  if (theirs != ours) return theirs < ours ? -1 : 1;
  return key.user.first(shared_user.size()).compare(Slice(std::string_view(shared_user)));
}

size_t MemtableOrder::SortedArray::count_below(uint64_t wanted) const {
  const auto is_below = [wanted](uint64_t head) { return head < wanted; };
  const uint32_t sampled = partition(
      static_cast<uint32_t>(sample.size()), [this](uint32_t i) { return sample[i]; }, is_below);
  if (sampled == 0) return 0;
  // The sample at sampled - 1 is below, the next one is not: the answer lies in the step between them.
  const Item* const step = items.data() + (sampled - 1) * kSampleStep;
  const size_t count = std::min(kSampleStep, static_cast<size_t>(items.data() + items.size() - step));
  for (size_t i = 0; i < count; i += kCacheLineBytes / sizeof(Item)) __builtin_prefetch(step + i);
  const uint32_t below = partition(
      static_cast<uint32_t>(count), [step](uint32_t i) { return step[i].head; }, is_below);
  return static_cast<size_t>(step - items.data()) + below;
}

MemtableOrder::MemtableOrder() : newest_(std::make_shared<const Arrays>()) { make_spinning(mutex_); }

// With the mutex held. When memory runs out the arrays stay as they were, and the records are gone over again.
Status MemtableOrder::catch_up(const Memtable& memtable, uint64_t end) {
  const Segment& segment = *memtable.segment();
  auto next = std::make_shared<Arrays>(*newest_);
  auto& list = next->list;
  auto fresh = std::make_shared<SortedArray>();
  fresh->skip = kPrefixBytes + kKeyBytesMax;
  InternalKey first;
  OverwrittenEntries overwritten(next->covered, end);
  FIRN_TRY(visit_entries(segment, &next->covered, end, [&](const uint8_t* at) {
    const InternalKey key = log_entry_key(at);
    if (fresh->items.empty()) first = key;
    if (fresh->skip > 0) fresh->skip = std::min(fresh->skip, shared_bytes(first, key));
    overwritten.name(log_entry_previous(at));
    fresh->items.push_back({0, static_cast<uint64_t>(at - segment.image())});
  }));
  overwritten.erase_from(&fresh->items);
  if (!fresh->items.empty()) {
    set_heads(segment, fresh.get(), fresh->skip);
    sort_items(segment, &fresh->items);
    fresh->finish(segment);
    list.push_back(std::move(fresh));
  }
  while (list.size() > 1 && list[list.size() - 2]->items.size() <= std::max(kMergeRatio * list.back()->items.size(), kSmallArrayCount)) {
    auto merged = merge(segment, *list.back(), *list[list.size() - 2]);
    list.pop_back();
    list.back() = std::move(merged);
  }
  newest_ = std::move(next);
  return {};
}

// With the mutex held. Threads that do not scan any more would keep what has been merged since; those that do look for new arrays by themselves.
void MemtableOrder::release_outdated(const Stripe& mine) {
  if (newest_->list.empty() || newest_->list.back()->items.size() < kLargeArrayCount) return;
  for (Stripe& stripe : stripes_) {
    if (&stripe == &mine) continue;
    if (const std::unique_lock lock(stripe.mutex, std::try_to_lock); lock.owns_lock()) stripe.arrays.reset();
  }
}

Result<MemtableOrder::ArraysRef> MemtableOrder::arrays(const Memtable& memtable) {
  Stripe& stripe = stripes_[thread_mark::this_stripe % kStripeCount];
  const uint64_t end = memtable.end();
  const std::lock_guard stripe_lock(stripe.mutex);
  const bool is_seen = stripe.arrays != nullptr && stripe.arrays->covered >= end;
  if (!is_seen || !FIRN_FAST_PATH("a scan takes the order that its stripe has")) {
    const std::lock_guard lock(mutex_);
    if (newest_->covered < end) {
      FIRN_TRY(catch_up(memtable, end));
      release_outdated(stripe);
    }
    stripe.arrays = ArraysRef(std::make_shared<const ArraysRef>(newest_), newest_.get());
  }
  return stripe.arrays;
}

Status MemtableOrder::add_iterators(const Memtable& memtable, Seq seq, std::vector<std::unique_ptr<Iterator>>* iterators) {
  FIRN_TRY_ASSIGN(const ArraysRef all, arrays(memtable));
  for (auto array = all->list.rbegin(); array != all->list.rend(); ++array)
    iterators->push_back(std::make_unique<SortedArrayIterator>(all, **array, *memtable.segment(), seq));
  return {};
}

Result<uint64_t> MemtableOrder::count(const Memtable& memtable, const InternalKey& lower, const InternalKey& upper) {
  const Segment& segment = *memtable.segment();
  FIRN_TRY_ASSIGN(const ArraysRef all, arrays(memtable));
  const auto below = [&segment](const SortedArray& array, const InternalKey& key) {
    return std::partition_point(array.items.begin(), array.items.end(),
                                [&](const Item& item) { return key_at(segment, item.offset).compare(key) < 0; });
  };
  uint64_t count = 0;
  for (const auto& array : all->list) count += static_cast<uint64_t>(below(*array, upper) - below(*array, lower));
  return count;
}

}  // namespace firn
