// Memtable: an index over the records of one log segment. The data are the segment's image; the memtable is a hash table of 64-bit slots, of a fixed size,
// in which a key's newest version is found; older versions chain through the entries themselves.
//
//   MEM-1  A slot is (32 bits of the key's hash) << 32 | position of the newest entry in units of eight bytes; 0 is empty. Slots of a line fill from the
//          left; a full line goes on in the next one. Slots of lines are never emptied.
//   MEM-2  An entry is complete before a slot names it (release), so a reader who sees the slot (acquire) sees the entry.
//   MEM-3  The chain of a key runs from newer to older: sequence numbers fall strictly, or are equal within one commit, where the later operation comes first.
//   MEM-4  A key that is new may stay in one of a few recent slots at first, and goes to its line some keys later, when that has come from memory. It is in its line before
//          the recent slot names another one (release), and readers look at the recent slots first (acquire), so they meet it in one of the two.
//
// Threading: one writer (the commit door). find() from any number of threads, without a lock or a shared write.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/coding.h"
#include "base/hash.h"
#include "base/internal_key.h"
#include "base/result.h"
#include "env/anonymous_memory.h"
#include "log/segment.h"
#include "lsm/memtable_order.h"

namespace firn {

class Memtable {
 public:
  static constexpr size_t kSlotsPerLine = 8;

  // An empty memtable over a prepared segment, with room for at least `key_count_min` keys.
  static Result<std::shared_ptr<Memtable>> create(std::shared_ptr<Segment> segment, uint64_t hash_seed, size_t key_count_min);

  const std::shared_ptr<Segment>& segment() const { return segment_; }
  // The slots' pages, ahead of the writer: huge ones take milliseconds each, and the first commits would touch them all.
  void make_present() const { memory_.populate(0, memory_.size()); }

  // ---- The writer's part ----
  // Room for one more key than are in.
  bool has_room(size_t key_count) const { return this->key_count() + key_count <= key_count_max_; }
  struct Place {
    std::atomic<uint64_t>* slot = nullptr;
    uint64_t previous = 0;  // offset of the key's newest entry; 0: the key is new here
  };
  Place place_of(const InternalKey& key, uint64_t hash);
  // The same; does not wait for the key's line when the filter knows that the key is new. add() has to follow at once: else the slot that was taken keeps naming a key that is in its line by now.
  Place place_of_next(const InternalKey& key, uint64_t hash);
  // The entry at `offset` of the segment, encoded with place.previous, becomes the key's newest.
  void add(const Place& place, uint64_t hash, uint64_t offset, Seq seq);
  // Every key to its line: called when nothing is to be added for now, so that readers have one place less to look.
  void seal();
  // Records up to here are complete and visible.
  void set_end(uint64_t offset) { end_.store(offset, std::memory_order_release); }

  // ---- The readers' part ----
  // The newest entry of the key with a sequence number up to `seq`. The entry borrows from the segment's image.
  bool find(const InternalKey& key, uint64_t hash, Seq seq, Entry* entry) const;
  void prefetch(uint64_t hash) const { __builtin_prefetch(slots_ + line_of(hash) * kSlotsPerLine); }
  // Asks for the entry that the line names; reads the line of prefetch().
  void prefetch_entry(uint64_t hash) const;
  // The same two steps for a writer in front of the door: what place_of_next() reads as well, and the entry only of a key that may be there.
  void prefetch_for_writer(uint64_t hash) const {
    prefetch(hash);
    __builtin_prefetch(filter_ + line_of(hash), 1);
  }
  void prefetch_entry_for_writer(uint64_t hash) const {
    if (may_have(hash)) prefetch_entry(hash);
  }
  // false: the key has no entry here, but for one that is being added just now.
  bool may_have(uint64_t hash) const {
    return (filter_[line_of(hash)].load(std::memory_order_relaxed) & filter_bits(hash)) == filter_bits(hash);
  }

  uint64_t hash(const InternalKey& key) const { return hash_key(hash_seed_, key); }
  bool empty() const { return seq_max_.load(std::memory_order_relaxed) == 0; }
  Seq seq_min() const { return {seq_min_.load(std::memory_order_relaxed)}; }
  Seq seq_max() const { return {seq_max_.load(std::memory_order_relaxed)}; }
  uint64_t end() const { return end_.load(std::memory_order_acquire); }
  uint64_t key_count() const { return key_count_.load(std::memory_order_relaxed); }
  uint64_t memory_bytes() const { return memory_.size(); }

  // How many keys lie in [lower, upper), deleted ones included, and some that were overwritten more than once. kCorrupt as below.
  Result<uint64_t> count(const InternalKey& lower, const InternalKey& upper) const;
  // Appends iterators that together give every key with a version up to `seq`. Of those that have the same key the first one is right. The memtable outlives them.
  // kCorrupt: a record of the segment does not verify.
  Status add_iterators(Seq seq, std::vector<std::unique_ptr<Iterator>>* iterators) const;

 private:
  using Slot = std::atomic<uint64_t>;
  static constexpr size_t kRecentCount = 4;

  Memtable(std::shared_ptr<Segment> segment, uint64_t hash_seed, AnonymousMemory memory, size_t line_count);

  uint64_t newest(const InternalKey& key, uint64_t hash) const;  // the offset of its entry; 0: there is none
  bool names(uint64_t slot, const InternalKey& key, uint64_t hash) const;
  // The writer's: in the key's line, or behind it, the first slot that is free or that names what is wanted.
  template <typename IsWanted>
  Slot* slot_for(uint64_t hash, const IsWanted& is_wanted) const;
  void settle(size_t recent);  // its key goes to its line
  size_t line_of(uint64_t hash) const { return static_cast<size_t>(((hash & 0xffffffff) * line_count_) >> 32); }
  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  static uint64_t slot_of(uint64_t hash, uint64_t offset);
  // Two bits of a line's 32: a blocked Bloom filter over the keys, a sixteenth of the slots' bytes (Putze, Sanders, Singler 2007).
  static uint32_t filter_bits(uint64_t hash) { return 1u << (tag_of(hash) & 31) | 1u << (tag_of(hash) >> 5 & 31); }

  // What does not change.
  std::shared_ptr<Segment> segment_;
  const uint64_t hash_seed_;
  AnonymousMemory memory_;
  Slot* slots_;
  std::atomic<uint32_t>* filter_;  // one word a line; others may see it late
  size_t line_count_;
  uint64_t key_count_max_;
  // What every commit changes and gets read, in one line.
  alignas(kCacheLineBytes) std::array<Slot, kRecentCount> recent_{};
  std::atomic<uint64_t> end_{kSegmentHeaderBytes};
  std::atomic<uint64_t> seq_max_{0};
  std::atomic<uint64_t> key_count_{0};
  // The writer's.
  alignas(kCacheLineBytes) std::array<uint64_t, kRecentCount> recent_hashes_{};
  size_t recent_count_ = 0;  // keys that went to recent slots, the first of them to the first
  std::atomic<uint64_t> seq_min_{0};

  alignas(kCacheLineBytes) mutable MemtableOrder order_;  // scans write a stripe of it
};

}  // namespace firn
