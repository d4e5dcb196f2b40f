#include "lsm/merging_iterator.h"

#include <algorithm>

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

// A binary heap of the children by key, then age. In each direction every child stands at its first entry that the merge has not shown yet.
class MergingIterator final : public Iterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<Iterator>> children) : children_(std::move(children)) {
    heap_.reserve(children_.size());
  }

  void seek_to_first() override {
    start(true, [](Iterator& child) { child.seek_to_first(); });
  }
  void seek_to_last() override {
    start(false, [](Iterator& child) { child.seek_to_last(); });
  }
  void seek(const InternalKey& key) override {
    start(true, [&key](Iterator& child) { child.seek(key); });
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

 private:
  struct Item {
    Iterator* child;
    size_t age;
  };

  // Whether `a` comes after `b` in the direction of the walk.
  bool after(const Item& a, const Item& b) const {
    const int order = a.child->entry().key.compare(b.child->entry().key);
    if (order != 0) return forward_ ? order > 0 : order < 0;
    return a.age > b.age;
  }

  template <typename Move>
  void start(bool forward, const Move& move) {
    if (!status_.ok()) return;
    forward_ = forward;
    heap_.clear();
    for (size_t age = 0; age < children_.size(); age++) {
      move(*children_[age]);
      if (!accept({children_[age].get(), age})) return;
    }
    show();
  }

  // Turns round: every child goes to its first entry on the other side of the present key.
  void turn(bool forward) {
    const InternalKey key = entry_.key;
    forward_ = forward;
    heap_.clear();
    for (size_t age = 0; age < children_.size(); age++) {
      Iterator& child = *children_[age];
      child.seek(key);
      if (forward) {
        if (child.valid() && child.entry().key == key) child.next();
      } else if (child.valid()) {
        child.prev();
      } else if (child.status().ok()) {
        child.seek_to_last();
      }
      if (!accept({&child, age})) return;
    }
    show();
  }

  // Moves on from the present key, in all children that have it.
  void step() {
    const InternalKey key = entry_.key;
    while (!heap_.empty() && heap_.front().child->entry().key == key) {
      Iterator& child = *heap_.front().child;
      if (forward_)
        child.next();
      else
        child.prev();
      if (!child.status().ok()) return fail(child.status());
      if (!child.valid()) {
        heap_.front() = heap_.back();
        heap_.pop_back();
      }
      sift_down();
    }
    show();
  }

  bool accept(const Item& item) {
    if (!item.child->status().ok()) {
      fail(item.child->status());
      return false;
    }
    if (item.child->valid()) {
      heap_.push_back(item);
      std::push_heap(heap_.begin(), heap_.end(), [this](const Item& a, const Item& b) { return after(a, b); });
    }
    return true;
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
    if (valid_) entry_ = heap_.front().child->entry();
  }

  std::vector<std::unique_ptr<Iterator>> children_;
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
