// MemtableOrder: the keys of a memtable in order, made late: only when somebody scans, or when the memtable is flushed. It is a short list of immutable sorted
// arrays. Whoever needs the order walks the records that came since the last time, sorts the new keys into an array of their own, and merges arrays of
// similar size, so that the cost is proportional to what came since and iterators keep what they have (they share the arrays).
//
// Scans on several threads write no line in common unless something came: the arrays of one moment are one immutable object, and each stripe of threads keeps a reference of its own to
// it (a count of its own), which its scans count up and down. (YCSB E with two threads: 375 -> 550 k/s; they had slept for the mutex, and bounced the counts.)
//
//   ORD-1  Of the arrays that have a key the newest one names its newest version as of the last walk. Older versions are found through the entries' chain.
//   ORD-2  The walk verifies every record's checksum, so that a stray write into the image never reaches a table.
//
// Threading: any thread; the iterators share nothing that changes. Locks: a stripe's, then the mutex (release_outdated() only tries the other way round).
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/iterator.h"
#include "log/segment.h"

namespace firn {

class Memtable;

class MemtableOrder {
 public:
  MemtableOrder();

  // Iterators over all keys of the memtable with a version up to `seq`, newest first: a key may be in several. The memtable outlives them.
  Status add_iterators(const Memtable& memtable, Seq seq, std::vector<std::unique_ptr<Iterator>>* iterators);

  // How many keys lie in [lower, upper), those that were overwritten between two walks perhaps more than once.
  Result<uint64_t> count(const Memtable& memtable, const InternalKey& lower, const InternalKey& upper);

  // Keys in order: a position in the segment's image each, with the key's head in front.
  struct Item {
    uint64_t head = 0;
    uint64_t offset = 0;
  };
  struct SortedArray {
    size_t skip = 0;  // bytes that all keys share; heads begin behind them
    std::vector<Item> items;
    // What a search reads instead of entries, which are cache misses: the shared bytes, and every kSampleStep-th head.
    Prefix prefix = 0;
    std::string shared_user;
    std::vector<uint64_t> sample;

    static constexpr size_t kSampleStep = 16;  // four lines of items
    void finish(const Segment& segment);       // once the items are complete
    // Compares `key` with the shared bytes: 0 when it begins with them.
    int compare_to_shared(const InternalKey& key) const;
    // The number of items with a head < `head`.
    size_t count_below(uint64_t head) const;
  };

  // The arrays of one moment.
  struct Arrays {
    uint64_t covered = kSegmentHeaderBytes;                // records below are in the arrays
    std::vector<std::shared_ptr<const SortedArray>> list;  // oldest first
  };
  using ArraysRef = std::shared_ptr<const Arrays>;

 private:
  struct alignas(kCacheLineBytes) Stripe {
    std::mutex mutex;
    ArraysRef arrays;  // nullptr, or what this stripe's last scan had, by a count of its own
  };
  static constexpr size_t kStripeCount = 16;

  // The arrays of now. Counts the caller's stripe alone.
  Result<ArraysRef> arrays(const Memtable& memtable);
  Status catch_up(const Memtable& memtable, uint64_t end);
  void release_outdated(const Stripe& mine);

  std::mutex mutex_;
  ArraysRef newest_;
  std::array<Stripe, kStripeCount> stripes_;
};

}  // namespace firn
