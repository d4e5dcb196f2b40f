#include "lsm/merging_iterator.h"

#include <utility>

#include "base/fast_path.h"

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

// The children in the order of their keys, then of age. In each direction every child stands at its first entry that the merge has not shown yet.
//
// A sorted list, not a heap: databases have few runs, after a load or a merge one child has most of the entries, and the bound of a stretch is the second
// item. Children write their entries into the caller's room, nothing is read ahead of the merge: scans of 1 to 100 with 5 % inserts, zipfian, took 1.05x
// to 1.35x as long with a heap of children that were read in batches of their own.
class MergingIterator final : public Iterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<Iterator>> children) : children_(std::move(children)) {
    items_.reserve(children_.size());
  }

  void seek_to_first() override {
    start(true, [](Iterator& child) { child.seek_to_first(); });
  }
  void seek_to_last() override {
    start(false, [](Iterator& child) { child.seek_to_last(); });
  }
  void seek(const InternalKey& key) override {
    begin_seek(key, std::nullopt);
    MergingIterator::end_seek();
  }
  void begin_seek(const InternalKey& key, std::optional<uint64_t> hash) override {
    valid_ = false;  // also when memory runs out in a child that has moved
    for (const auto& child : children_) child->begin_seek(key, hash);
  }
  void end_seek() override {
    start(true, [](Iterator& child) { child.end_seek(); });
  }
  void seek_below(const InternalKey& key) override {
    start(false, [&key](Iterator& child) { child.seek_below(key); });
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
    while (valid_ && count < max) {
      const bool is_plain = forward_ && (items_.size() == 1 || !(items_[0].key == items_[1].key));
      if (is_plain && FIRN_FAST_PATH("a stretch of one child is copied")) {
        count += pass_stretch(copies + count, max - count);
        if (count == max) break;
      } else {
        MergingIterator::next();
      }
      if (valid_) copies[count++] = *entry_;
    }
    return count;
  }

 private:
  struct Item {
    InternalKey key;  // of the child's entry
    Iterator* child;
    size_t age;
  };

  // Whether `a` comes after `b` in the direction of the walk.
  bool after(const Item& a, const Item& b) const {
    const int order = a.key.compare(b.key);
    if (order != 0) return forward_ ? order > 0 : order < 0;
    return a.age > b.age;
  }

  template <typename Move>
  void start(bool forward, const Move& move) {
    if (!status_.ok()) return;
    forward_ = forward;
    items_.clear();
    for (size_t age = 0; age < children_.size(); age++) {
      Iterator& child = *children_[age];
      move(child);
      if (child.valid()) {
        items_.push_back({child.entry().key, &child, age});
        for (size_t at = items_.size() - 1; at > 0 && after(items_[at - 1], items_[at]); at--) std::swap(items_[at - 1], items_[at]);
      } else if (!child.status().ok()) {
        return fail(child.status());
      }
    }
    show();
  }

  // Turns round: every child goes to its first entry on the other side of the present key.
  void turn(bool forward) {
    const InternalKey key = entry_->key;
    start(forward, [&key, forward](Iterator& child) {
      if (!forward) return child.seek_below(key);
      child.seek(key);
      if (child.valid() && child.entry().key == key) child.next();
    });
  }

  // Moves on from the present key, in all children that have it.
  void step() {
    const InternalKey key = items_.front().key;
    do {
      Iterator& child = *items_.front().child;
      if (forward_)
        child.next();
      else
        child.prev();
      if (!settle_front()) return;
    } while (!items_.empty() && items_.front().key == key);
    show();
  }

  // Most entries of a walk follow one of the same child. Copies those that lie below the next entry of every other child, and moves to what comes behind them
  // or, when there are `max`, to the last of them.
  size_t pass_stretch(Entry* copies, size_t max) {
    Iterator& child = *items_.front().child;
    const size_t count = items_.size() == 1 ? child.advance(copies, max) : child.advance_below(items_[1].key, copies, max);
    if (count == max) {
      items_.front().key = child.entry().key;
      show();
    } else if (settle_front()) {
      show();
    }
    return count;
  }

  // The first child has moved: to its place in the list, or out of it. False: it failed.
  bool settle_front() {
    Item item = items_.front();
    if (!item.child->valid()) {
      if (!item.child->status().ok()) {
        fail(item.child->status());
        return false;
      }
      items_.erase(items_.begin());
      return true;
    }
    item.key = item.child->entry().key;
    size_t at = 0;
    for (; at + 1 < items_.size() && after(item, items_[at + 1]); at++) items_[at] = items_[at + 1];
    items_[at] = item;
    return true;
  }

  void show() {
    valid_ = !items_.empty();
    if (valid_) entry_ = &items_.front().child->entry();
  }

  const std::vector<std::unique_ptr<Iterator>> children_;  // newest first
  std::vector<Item> items_;
  bool forward_ = true;
};

}  // namespace

std::unique_ptr<Iterator> new_merging_iterator(std::vector<std::unique_ptr<Iterator>> newest_first) {
  if (newest_first.empty()) return std::make_unique<EmptyIterator>();
  if (newest_first.size() == 1) return std::move(newest_first[0]);
  return std::make_unique<MergingIterator>(std::move(newest_first));
}

}  // namespace firn
