// What the tests of memtables share: a log in memory, and commits into it and the memtable as the commit door makes them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/environment.h"
#include "env/memory_env.h"
#include "log/log.h"
#include "log/recovery.h"
#include "lsm/log_entry.h"
#include "lsm/memtable.h"
#include "lsm/merging_iterator.h"

namespace firn {

inline constexpr uint64_t kMemtableHashSeed = 0x5eed;

struct TestOperation {
  std::string key;
  std::string value;
  EntryKind kind = EntryKind::kPut;
  int64_t expiry_ms = kNeverExpires;
  Prefix prefix = 1;

  Entry entry(Seq seq) const {
    Entry entry;
    entry.key = {prefix, Slice(std::string_view(key))};
    entry.value = Slice(std::string_view(value));
    entry.seq = seq;
    entry.kind = kind;
    entry.expiry_ms = expiry_ms;
    return entry;
  }
};

class MemtableTest : public testing::Test {
 protected:
  static constexpr uint64_t kLogId = 4711;

  void SetUp() override { start(64 << 10); }

  // A new log with one segment, and an empty memtable over it.
  void start(uint64_t capacity, size_t key_count_min = 0) {
    env_ = new_memory_env();
    log_ = std::make_unique<Log>(std::move(*env_->open_directory("/log", true)), kLogId, SegmentIo::kMmap, *env_);
    auto segment = log_->prepare(capacity);
    ASSERT_TRUE(segment.ok());
    auto memtable = Memtable::create(*segment, kMemtableHashSeed, key_count_min);
    ASSERT_TRUE(memtable.ok());
    ASSERT_TRUE(log_->activate(std::move(*segment)).ok());
    memtable_ = std::move(*memtable);
    last_ = {};
  }

  void commit(const std::vector<TestOperation>& operations) { commit_at({last_.value + 1}, operations); }
  void commit_at(Seq seq, const std::vector<TestOperation>& operations) {
    uint64_t bytes = 0;
    for (const auto& operation : operations) bytes += log_entry_bytes(operation.kind, operation.key.size(), operation.value.size());
    ASSERT_TRUE(log_->fits(bytes));
    uint64_t offset = 0;
    auto to = log_->reserve(bytes, &offset);
    ASSERT_TRUE(to.ok());
    for (const auto& operation : operations) {
      const Entry entry = operation.entry(seq);
      const uint64_t hash = memtable_->hash(entry.key);
      const Memtable::Place place =
          operations.size() == 1 ? memtable_->place_of_next(entry.key, hash) : memtable_->place_of(entry.key, hash);
      const uint64_t written = encode_log_entry(*to, entry, place.previous);
      memtable_->add(place, hash, offset, seq);
      *to += written;
      offset += written;
    }
    ASSERT_TRUE(log_->append(bytes).ok());
    memtable_->set_end(log_->active_offset());
    last_ = seq;
  }

  static std::optional<std::string> find(const Memtable& memtable, const std::string& key, Seq seq = kSeqMax, Prefix prefix = 1) {
    const InternalKey internal{prefix, Slice(std::string_view(key))};
    Entry entry;
    if (!memtable.find(internal, memtable.hash(internal), seq, &entry)) return std::nullopt;
    EXPECT_TRUE(entry.key == internal);
    EXPECT_LE(entry.seq, seq);
    return entry.kind == EntryKind::kDelete ? "deleted" : entry.value.to_string();
  }
  std::optional<std::string> find(const std::string& key, Seq seq = kSeqMax) { return find(*memtable_, key, seq); }

  // All keys up to `seq` in order.
  static std::unique_ptr<Iterator> iterate(const Memtable& memtable, Seq seq = kSeqMax) {
    std::vector<std::unique_ptr<Iterator>> iterators;
    const Status status = memtable.add_iterators(seq, &iterators);
    EXPECT_TRUE(status.ok()) << status.message();
    return new_merging_iterator(std::move(iterators));
  }
  static std::vector<std::string> texts(Iterator& iterator) {
    std::vector<std::string> found;
    for (iterator.seek_to_first(); iterator.valid(); iterator.next()) found.push_back(text_of(iterator.entry()));
    EXPECT_TRUE(iterator.status().ok());
    return found;
  }
  static std::string text_of(const Entry& entry) {
    return std::to_string(entry.key.prefix) + ":" + entry.key.user.to_string() + "=" +
           (entry.kind == EntryKind::kDelete ? "deleted" : entry.value.to_string()) + "@" + std::to_string(entry.seq.value);
  }

  std::unique_ptr<Env> env_;
  std::unique_ptr<Log> log_;
  std::shared_ptr<Memtable> memtable_;
  Seq last_;
};

}  // namespace firn
