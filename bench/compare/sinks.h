// Where adapters put what they have read. The sinks are concrete, so that a read costs no further indirect call.
// A sink reads the value as its user would, and verifies it while it is readable (see dataset.h).
#pragma once

#include <cstdint>
#include <cstring>
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

// Entries of scans. Sums of the keys' tails and of the values' headers stand for the verification of each entry: a full scan is compared
// with the sums of what was written. A strict sink verifies order and every byte instead.
class EntrySink {
 public:
  EntrySink(const Keys& keys, const Values& values, bool strict) : keys_(keys), values_(values), strict_(strict) {}
  void take(std::string_view key, std::string_view value) {
    uint64_t head = 0;
    if (value.size() >= 8) std::memcpy(&head, value.data(), 8);
    key_sum_ += Keys::tail(key.data(), key.size());
    value_sum_ += head;
    ++count_;
    if (strict_) verify(key, value);
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
  const Keys& keys_;
  const Values& values_;
  bool strict_;
  uint64_t count_ = 0, key_sum_ = 0, value_sum_ = 0, wrong_count_ = 0;
  uint64_t index_last_ = 0;
};

}  // namespace bench
