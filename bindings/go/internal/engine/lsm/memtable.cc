#include "lsm/memtable.h"

#include <algorithm>

#include "base/fast_path.h"
#include "base/prefetch.h"
#include "base/schedule_point.h"
#include "lsm/log_entry.h"

namespace firn {
namespace {

// One slot for so many bytes of the segment: entries of 64 bytes and more fill the segment before the slots.
constexpr uint64_t kSegmentBytesPerSlot = 64;
constexpr size_t kLineCountMin = 8;
constexpr size_t kLineBytes = Memtable::kSlotsPerLine * sizeof(uint64_t);

uint64_t position_of(uint64_t slot) { return (slot & 0xffffffff) * kLogEntryAlignment; }

}  // namespace

Memtable::Memtable(std::shared_ptr<Segment> segment, uint64_t hash_seed, AnonymousMemory memory, size_t line_count)
    : segment_(std::move(segment)),
      hash_seed_(hash_seed),
      memory_(std::move(memory)),
      slots_(reinterpret_cast<Slot*>(memory_.data())),
      filter_(reinterpret_cast<std::atomic<uint32_t>*>(memory_.data() + line_count * kLineBytes)),
      line_count_(line_count),
      // Above 7 of 8 slots a search for an absent key runs through many full lines.
      key_count_max_(line_count * (kSlotsPerLine - 1)) {}

Result<std::shared_ptr<Memtable>> Memtable::create(std::shared_ptr<Segment> segment, uint64_t hash_seed, size_t key_count_min) {
  const size_t line_count = std::max({kLineCountMin, static_cast<size_t>(segment->capacity() / (kSegmentBytesPerSlot * kSlotsPerLine)),
                                      key_count_min / (kSlotsPerLine - 1) + 1});
  AnonymousMemory memory(line_count * (kLineBytes + sizeof *filter_), true);
  if (memory.data() == nullptr) return Status(Code::kNoMemory, "no memory for the slots of a memtable");
  return std::shared_ptr<Memtable>(new Memtable(std::move(segment), hash_seed, std::move(memory), line_count));
}

inline uint64_t Memtable::slot_of(uint64_t hash, uint64_t offset) { return uint64_t{tag_of(hash)} << 32 | offset / kLogEntryAlignment; }

inline bool Memtable::names(uint64_t slot, const InternalKey& key, uint64_t hash) const {
  return slot >> 32 == tag_of(hash) && log_entry_key(segment_->image() + position_of(slot)) == key;
}

template <typename IsWanted>
inline Memtable::Slot* Memtable::slot_for(uint64_t hash, const IsWanted& is_wanted) const {
  for (size_t line = line_of(hash);; line = line + 1 == line_count_ ? 0 : line + 1) {
    Slot* slot = slots_ + line * kSlotsPerLine;
    for (size_t i = 0; i < kSlotsPerLine; i++, slot++) {
      const uint64_t value = slot->load(std::memory_order_relaxed);
      if (value == 0 || is_wanted(value)) return slot;
    }
  }
}

Memtable::Place Memtable::place_of(const InternalKey& key, uint64_t hash) {
  for (Slot& slot : recent_) {
    const uint64_t value = slot.load(std::memory_order_relaxed);
    if (value == 0) break;
    if (names(value, key, hash)) return {&slot, position_of(value)};
  }
  Slot* const slot = slot_for(hash, [&](uint64_t value) { return names(value, key, hash); });
  return {slot, position_of(slot->load(std::memory_order_relaxed))};
}

Memtable::Place Memtable::place_of_next(const InternalKey& key, uint64_t hash) {
  if (may_have(hash) || !FIRN_FAST_PATH("a new key does not wait for its line")) return place_of(key, hash);
  const size_t recent = recent_count_++ % kRecentCount;
  settle(recent);
  recent_hashes_[recent] = hash;
  return {&recent_[recent], 0};
}

inline void Memtable::settle(size_t recent) {
  const uint64_t value = recent_[recent].load(std::memory_order_relaxed);
  const auto is_free_alone = [](uint64_t) { return false; };
  if (value != 0) slot_for(recent_hashes_[recent], is_free_alone)->store(value, std::memory_order_release);
}

void Memtable::add(const Place& place, uint64_t hash, uint64_t offset, Seq seq) {
  if (place.previous == 0) {
    std::atomic<uint32_t>& known = filter_[line_of(hash)];
    known.store(known.load(std::memory_order_relaxed) | filter_bits(hash), std::memory_order_relaxed);
    key_count_.store(key_count() + 1, std::memory_order_relaxed);
  }
  if (empty()) seq_min_.store(seq.value, std::memory_order_relaxed);
  seq_max_.store(seq.value, std::memory_order_relaxed);
  place.slot->store(slot_of(hash, offset), std::memory_order_release);
}

void Memtable::seal() {
  for (size_t recent = 0; recent < kRecentCount; recent++) settle(recent);
  FIRN_SCHEDULE_POINT("recent keys in their lines");
  for (Slot& slot : recent_) slot.store(0, std::memory_order_release);  // who sees the first zero looks no further: all are in their lines
  recent_count_ = 0;
}

inline uint64_t Memtable::newest(const InternalKey& key, uint64_t hash) const {
  const uint64_t tag = tag_of(hash);
  for (const Slot& slot : recent_) {
    const uint64_t value = slot.load(std::memory_order_acquire);
    if (value == 0) break;
    if (names(value, key, hash)) return position_of(value);
  }
  for (size_t line = line_of(hash);; line = line + 1 == line_count_ ? 0 : line + 1) {
    const Slot* slot = slots_ + line * kSlotsPerLine;
    for (size_t i = 0; i < kSlotsPerLine; i++, slot++) {
      const uint64_t value = slot->load(std::memory_order_acquire);
      if (value == 0) return 0;
      if (value >> 32 != tag) continue;
      const uint8_t* const at = segment_->image() + position_of(value);
      prefetch_entry_lines(at);
      if (log_entry_key(at) == key) return position_of(value);
    }
  }
}

bool Memtable::find(const InternalKey& key, uint64_t hash, Seq seq, Entry* entry) const {
  for (uint64_t offset = newest(key, hash); offset != 0;) {
    const uint8_t* const at = segment_->image() + offset;
    if (log_entry_seq(at) <= seq) {
      *entry = decode_log_entry(at);
      return true;
    }
    offset = log_entry_previous(at);
  }
  return false;
}

void Memtable::prefetch_entry(uint64_t hash) const {
  const std::atomic<uint64_t>* slot = slots_ + line_of(hash) * kSlotsPerLine;
  for (size_t i = 0; i < kSlotsPerLine; i++, slot++) {
    const uint64_t value = slot->load(std::memory_order_relaxed);
    if (value == 0) return;
    if (value >> 32 == tag_of(hash)) return prefetch_entry_lines(segment_->image() + position_of(value));
  }
}

Result<uint64_t> Memtable::count(const InternalKey& lower, const InternalKey& upper) const { return order_.count(*this, lower, upper); }

Status Memtable::add_iterators(Seq seq, std::vector<std::unique_ptr<Iterator>>* iterators) const {
  return order_.add_iterators(*this, seq, iterators);
}

}  // namespace firn
