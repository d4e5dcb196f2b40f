#include "db/write_set.h"

#include <algorithm>

namespace firn {
namespace {

class OverlayIterator final : public Iterator {
 public:
  explicit OverlayIterator(std::shared_ptr<const Overlay> overlay) : overlay_(std::move(overlay)) {}

  void seek_to_first() override { show(0); }
  void seek_to_last() override { show(overlay_->entries.size() - 1); }
  void seek(const InternalKey& key) override {
    const auto& entries = overlay_->entries;
    const auto at = std::partition_point(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key.compare(key) < 0; });
    show(static_cast<size_t>(at - entries.begin()));
  }
  void next() override { show(index_ + 1); }
  void prev() override { show(index_ - 1); }

 private:
  void show(size_t index) {
    index_ = index;
    valid_ = index < overlay_->entries.size();  // in front of the first: SIZE_MAX
    if (valid_) entry_ = &overlay_->entries[index];
  }

  std::shared_ptr<const Overlay> overlay_;
  size_t index_ = 0;
};

template <typename T>
void reserve_for(std::vector<T>* items, size_t more) {
  if (items->capacity() - items->size() < more) items->reserve(std::max(items->size() + more, 2 * items->capacity()));
}

}  // namespace

bool Overlay::contains(Slice key) const {
  const auto at = std::partition_point(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key.user < key; });
  return at != entries.end() && at->key.user == key;
}

std::unique_ptr<Iterator> new_overlay_iterator(std::shared_ptr<const Overlay> overlay) {
  return std::make_unique<OverlayIterator>(std::move(overlay));
}

const WriteSet::Write* WriteSet::find(uint32_t ns, Slice key) const {
  if (writes_.empty()) return nullptr;
  const auto at = writes_.find(Less::View(ns, key));
  return at == writes_.end() ? nullptr : &at->second;
}

Code WriteSet::set(const Operation& write) {
  auto at = writes_.find(Less::View(write.ns, write.key));
  const bool is_new = at == writes_.end();
  const uint64_t bytes = bytes_ + write.value.size() + (is_new ? write.key.size() : 0) - (is_new ? 0 : at->second.size);
  if (bytes > kBatchBytesMax) return Code::kTooLarge;

  Write made;
  made.kind = write.kind;
  made.expiry_ms = write.expiry_ms;
  made.size = write.value.size();
  made.epoch = epoch_;
  if (made.size > 0) {
    made.bytes = std::make_unique_for_overwrite<uint8_t[]>(made.size);
    std::memcpy(made.bytes.get(), write.value.data(), made.size);
  }
  // Nothing is allocated once something has changed, also not by end().
  if (is_undoable_) {
    reserve_for(&undo_, 1);
    reserve_for(&removed_, undo_.size() + 1);
  }
  reserve_for(&shown_, undo_.size() + 1);
  if (is_new) at = writes_.emplace(Key(write.ns, write.key.to_string()), Write()).first;
  std::swap(at->second, made);
  bytes_ = bytes;
  if (is_undoable_) {
    undo_.push_back({at, is_new, std::move(made)});
  } else {
    retire(std::move(made));
  }
  return Code::kOk;
}

void WriteSet::retire(Write write) {
  if (write.bytes != nullptr && write.epoch != epoch_) shown_.push_back(std::move(write.bytes));
}

void WriteSet::begin() {
  is_undoable_ = true;
  undo_.clear();
}

void WriteSet::end(bool keep) {
  is_undoable_ = false;
  for (size_t i = undo_.size(); i-- > 0;) {
    Undo& undo = undo_[i];
    if (keep) {
      retire(std::move(undo.before));
      continue;
    }
    bytes_ -= undo.at->second.size;
    if (undo.was_absent) {
      bytes_ -= undo.at->first.second.size();
      removed_.push_back(writes_.extract(undo.at));
    } else {
      bytes_ += undo.before.size;
      std::swap(undo.at->second, undo.before);
      retire(std::move(undo.before));
    }
  }
  undo_.clear();
}

std::shared_ptr<const Overlay> WriteSet::overlay(uint32_t ns, Prefix prefix, Slice lower, const std::optional<Slice>& upper) {
  auto overlay = std::make_shared<Overlay>();
  for (auto at = writes_.lower_bound(Less::View(ns, lower)); at != writes_.end() && at->first.first == ns; ++at) {
    const Slice key(at->first.second);
    if (upper && !(key < *upper)) break;
    overlay->entries.push_back({{prefix, key}, at->second.value(), Seq(), at->second.kind, at->second.expiry_ms});
  }
  if (overlay->entries.empty()) return nullptr;
  show();
  return overlay;
}

std::vector<Operation> WriteSet::operations() const {
  std::vector<Operation> operations;
  operations.reserve(writes_.size());
  for (const auto& [key, write] : writes_) operations.push_back({key.first, write.kind, write.expiry_ms, Slice(key.second), write.value()});
  return operations;
}

}  // namespace firn
