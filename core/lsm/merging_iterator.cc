#include "lsm/merging_iterator.h"

#include <algorithm>
#include <utility>

#include "base/entry_buffer.h"

namespace firn {
namespace {

// A sequence without entries.
class EmptyIterator final : public Iterator {
  void seek_to_first() override {}
  void seek_to_last() override {}
  void seek(const InternalKey&) override {}
  void next() override {}
  void prev() override {}
};

// A child and the entries that were read from it ahead of the merge. Forward they come in batches, which grow, so that a short walk reads little in vain
// and a long one pays for a call and its cache misses once a batch; backward one at a time.
class Source {
 public:
  explicit Source(std::unique_ptr<Iterator> child) : child_(std::move(child)) {}

  const Entry& entry() const { return batch_[at_]; }
  // The entry behind it, if it was read already.
  const Entry* following() const { return at_ + 1 < count_ ? &batch_[at_ + 1] : nullptr; }
  const Status& status() const { return child_->status(); }

  // After each of these: whether there is an entry; if not, status() says why.
  bool seek_to_first() {
    child_->seek_to_first();
    return restart();
  }
  bool seek_to_last() {
    child_->seek_to_last();
    return restart();
  }
  bool seek(const InternalKey& key) {
    child_->seek(key);
    return restart();
  }
  // The last entry below `key`.
  bool seek_below(const InternalKey& key) {
    child_->seek_below(key);
    return restart();
  }
  bool next() {
    if (++at_ < count_) return true;
    at_ = 0;
    count_ = child_->valid() ? child_->advance(batch_.data(), batch_count_) : 0;
    batch_count_ = std::min(2 * batch_count_, kBatchCountMax);
    return count_ > 0;
  }
  bool prev() {
    child_->prev();
    return restart();
  }

 private:
  static constexpr size_t kBatchCountMax = 16;

  bool restart() {
    at_ = 0;
    batch_count_ = 1;
    count_ = child_->valid() ? 1 : 0;
    if (child_->valid()) *batch_.data() = child_->entry();
    return child_->valid();
  }

  std::unique_ptr<Iterator> child_;
  size_t at_ = 0;
  size_t count_ = 0;
  size_t batch_count_ = 1;
  EntryBuffer<kBatchCountMax> batch_;
};

// A binary heap of the sources by key, then age. In each direction every source stands at its first entry that the merge has not shown yet.
class MergingIterator final : public Iterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<Iterator>> children) {
    sources_.reserve(children.size());
    heap_.reserve(children.size());
    for (auto& child : children) sources_.emplace_back(std::move(child));
  }

  void seek_to_first() override {
    start(true, [](Source& source) { return source.seek_to_first(); });
  }
  void seek_to_last() override {
    start(false, [](Source& source) { return source.seek_to_last(); });
  }
  void seek(const InternalKey& key) override {
    start(true, [&key](Source& source) { return source.seek(key); });
  }
  void seek_below(const InternalKey& key) override {
    start(false, [&key](Source& source) { return source.seek_below(key); });
  }
  void next() override {
    if (!forward_)
      turn(true);
    else
      step();
  }
  void prev() override {
    if (forward_)
      turn(false);
    else
      step();
  }
  size_t advance(Entry* copies, size_t max) override {
    size_t count = 0;
    while (count < max) {
      MergingIterator::next();
      if (!valid_) break;
      copies[count++] = *entry_;
      count += pass_stretch(copies + count, max - count);
    }
    return count;
  }

 private:
  struct Item {
    InternalKey key;  // of the source's entry
    Source* source;
  };

  // Whether `a` comes after `b` in the direction of the walk. Sources lie by age.
  bool after(const Item& a, const Item& b) const {
    const int order = a.key.compare(b.key);
    if (order != 0) return forward_ ? order > 0 : order < 0;
    return a.source > b.source;
  }

  template <typename Move>
  void start(bool forward, const Move& move) {
    if (!status_.ok()) return;
    forward_ = forward;
    heap_.clear();
    for (Source& source : sources_) {
      if (move(source)) {
        heap_.push_back({source.entry().key, &source});
        std::push_heap(heap_.begin(), heap_.end(), [this](const Item& a, const Item& b) { return after(a, b); });
      } else if (!source.status().ok()) {
        return fail(source.status());
      }
    }
    show();
  }

  // Turns round: every source goes to its first entry on the other side of the present key.
  void turn(bool forward) {
    const InternalKey key = entry_->key;
    start(forward, [&key, forward](Source& source) {
      if (!forward) return source.seek_below(key);
      if (!source.seek(key)) return false;
      return source.entry().key == key ? source.next() : true;
    });
  }

  // Moves on from the present key, in all sources that have it.
  void step() {
    const InternalKey key = heap_.front().key;
    do {
      Source& source = *heap_.front().source;
      if (forward_ ? source.next() : source.prev()) {
        heap_.front().key = source.entry().key;
      } else {
        if (!source.status().ok()) return fail(source.status());
        heap_.front() = heap_.back();
        heap_.pop_back();
      }
      sift_down();
    } while (!heap_.empty() && heap_.front().key == key);
    show();
  }

  // Most entries of a walk follow one of the same source. Copies those that were read already and lie below the next entry of every other source, and moves
  // to the last of them: one comparison each, and the heap stays as it is.
  size_t pass_stretch(Entry* copies, size_t max) {
    Item& top = heap_.front();
    const InternalKey* bound = heap_.size() > 1 ? &heap_[1].key : nullptr;
    if (heap_.size() > 2 && heap_[2].key.compare(*bound) < 0) bound = &heap_[2].key;
    size_t count = 0;
    for (; count < max; count++) {
      const Entry* const following = top.source->following();
      if (following == nullptr || (bound != nullptr && following->key.compare(*bound) >= 0)) break;
      top.source->next();
      copies[count] = *following;
    }
    top.key = top.source->entry().key;
    show();
    return count;
  }

  void sift_down() {
    size_t at = 0;
    for (;;) {
      size_t best = 2 * at + 1;
      if (best >= heap_.size()) return;
      if (best + 1 < heap_.size() && after(heap_[best], heap_[best + 1])) best++;
      if (!after(heap_[at], heap_[best])) return;
      std::swap(heap_[at], heap_[best]);
      at = best;
    }
  }
  void show() {
    valid_ = !heap_.empty();
    if (valid_) entry_ = &heap_.front().source->entry();
  }

  std::vector<Source> sources_;  // newest first
  std::vector<Item> heap_;
  bool forward_ = true;
};

}  // namespace

std::unique_ptr<Iterator> new_merging_iterator(std::vector<std::unique_ptr<Iterator>> newest_first) {
  if (newest_first.empty()) return std::make_unique<EmptyIterator>();
  if (newest_first.size() == 1) return std::move(newest_first[0]);
  return std::make_unique<MergingIterator>(std::move(newest_first));
}

}  // namespace firn
