#include "db/live_iterator.h"

#include "base/hash.h"

namespace firn {
namespace {

class LiveIterator final : public Iterator {
 public:
  LiveIterator(std::unique_ptr<Iterator> all, Prefix prefix, int64_t now_ms, uint64_t hash_seed, DbStats::Calls& calls)
      : all_(std::move(all)), prefix_(prefix), now_ms_(now_ms), hash_seed_(hash_seed), calls_(calls) {}

  void seek_to_first() override { seek({prefix_, Slice()}); }
  void seek_to_last() override { seek_below({prefix_ + 1, Slice()}); }
  void seek(const InternalKey& key) override {
    calls_.mine().add(DbStats::kSeeks, 1);
    all_->begin_seek(key, hash_key(hash_seed_, key));
    all_->end_seek();
    settle(true);
  }
  // Without a look at what lies above, which may be any number of dead keys.
  void seek_below(const InternalKey& key) override {
    calls_.mine().add(DbStats::kSeeks, 1);
    all_->seek_below(key);
    settle(false);
  }
  void next() override {
    all_->next();
    settle(true);
  }
  void prev() override {
    all_->prev();
    settle(false);
  }
  size_t advance(Entry* copies, size_t max) override {
    size_t count = 0;
    size_t passed_count = 0;
    while (valid_ && count < max) {
      const size_t asked_count = max - count;
      const size_t got_count = all_->advance(copies + count, asked_count);
      const Entry* const end = copies + count + got_count;
      const Entry* from = copies + count;
      for (; from != end && from->key.prefix == prefix_; ++from) {
        if (!from->is_live(now_ms_)) {
          passed_count++;
          continue;
        }
        if (from != copies + count) copies[count] = *from;
        count++;
      }
      valid_ = from == end && got_count == asked_count;
    }
    count_scanned(count, passed_count);
    if (valid_)
      entry_ = &all_->entry();
    else if (!all_->status().ok())
      fail(all_->status());
    return count;
  }

 private:
  void count_scanned(size_t count, size_t passed_count) {
    if (count > 0) calls_.mine().add(DbStats::kScannedEntries, count);
    if (passed_count > 0) calls_.mine().add(DbStats::kPassedEntries, passed_count);
  }
  void settle(bool forward) {
    size_t passed_count = 0;
    for (; all_->valid() && all_->entry().key.prefix == prefix_ && !all_->entry().is_live(now_ms_); passed_count++) {
      if (forward)
        all_->next();
      else
        all_->prev();
    }
    count_scanned(0, passed_count);
    if (!all_->status().ok()) return fail(all_->status());
    valid_ = all_->valid() && all_->entry().key.prefix == prefix_;
    if (valid_) entry_ = &all_->entry();
  }

  std::unique_ptr<Iterator> all_;
  const Prefix prefix_;
  const int64_t now_ms_;
  const uint64_t hash_seed_;
  DbStats::Calls& calls_;
};

}  // namespace

std::unique_ptr<Iterator> new_live_iterator(std::unique_ptr<Iterator> all, Prefix prefix, int64_t now_ms, uint64_t hash_seed,
                                            DbStats::Calls& calls) {
  return std::make_unique<LiveIterator>(std::move(all), prefix, now_ms, hash_seed, calls);
}

}  // namespace firn
