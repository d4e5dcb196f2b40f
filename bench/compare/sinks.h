// Where adapters put what they have read. The sinks are concrete, so that a read costs no further indirect call.
// A sink reads the value as its user would, and verifies it while it is readable (see dataset.h).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "compare/dataset.h"

namespace bench {

// Values of point reads. The caller says which indexes it asked for.
class ValueSink {
 public:
  explicit ValueSink(const Values& values) : values_(values) {}
  void expect(const uint64_t* indexes) { indexes_ = indexes; }
  void take(size_t position, const char* data, size_t size) { wrong_count_ += !values_.matches(indexes_[position], data, size); }
  uint64_t wrong_count() const { return wrong_count_; }

 private:
  const Values& values_;
  const uint64_t* indexes_ = nullptr;
  uint64_t wrong_count_ = 0;
};

// How an EntrySink verifies what it takes.
enum class EntryCheck {
  kSums,       // sums of the keys' tails and of the values' headers: the caller compares them with those of what was written
  kEveryByte,  // order and every byte
  kPlaces,     // short scans from a known entry: see begin() and end()
};

// Entries of scans.
class EntrySink {
 public:
  EntrySink(const Keys& keys, const Values& values, EntryCheck check)
      : keys_(keys), values_(values), check_(check), key_(keys.room(), '0') {}
  void take(std::string_view key, std::string_view value) {
    if (check_ == EntryCheck::kPlaces) verify_place(key, value);
    uint64_t head = 0;
    if (value.size() >= 8) std::memcpy(&head, value.data(), 8);
    key_tail_ = Keys::tail(key.data(), key.size());
    key_sum_ += key_tail_;
    value_sum_ += head;
    ++count_;
    if (check_ == EntryCheck::kEveryByte) verify(key, value);
  }
  // A scan whose first entry is the one of index `first`; unless keys are scattered, the next ones are those of the next indexes: each value is
  // verified as a get's is, the first key, and the tail of the last.
  void begin(uint64_t first) {
    first_ = next_ = first;
    count_before_ = count_;
  }
  // The scan gave at least `least` entries and at most `most`.
  void end(uint64_t least, uint64_t most) {
    const uint64_t taken = count_ - count_before_;
    wrong_count_ += taken < least || taken > most;
    if (taken > 0 && !keys_.scattered()) wrong_count_ += key_tail_ != Keys::tail(key_.data(), keys_.make(next_ - 1, key_.data()));
  }
  uint64_t count() const { return count_; }
  uint64_t key_sum() const { return key_sum_; }
  uint64_t value_sum() const { return value_sum_; }
  uint64_t wrong_count() const { return wrong_count_; }

 private:
  void verify(std::string_view key, std::string_view value) {
    const uint64_t index = keys_.index_of(key);
    const bool in_order = count_ == 1 || index > index_last_;
    wrong_count_ += !in_order || !values_.matches_fully(index, value.data(), value.size());
    index_last_ = index;
  }
  void verify_place(std::string_view key, std::string_view value) {
    const uint64_t index = next_++;
    if (index == first_) wrong_count_ += key != std::string_view(key_.data(), keys_.make(index, key_.data()));
    if (index == first_ || !keys_.scattered()) wrong_count_ += !values_.matches(index, value.data(), value.size());
  }
  const Keys& keys_;
  const Values& values_;
  EntryCheck check_;
  std::string key_;
  uint64_t count_ = 0, key_sum_ = 0, value_sum_ = 0, wrong_count_ = 0;
  uint64_t index_last_ = 0, key_tail_ = 0;
  uint64_t first_ = 0, next_ = 0, count_before_ = 0;
};

}  // namespace bench
