// What the tests of tables share: a model (a sorted map of entries), the file that a builder makes of it, and comparisons of a table
// with the model that accept kCorrupt where a test has done damage, and nothing else.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/hash.h"
#include "table/bytes_file.h"
#include "table/table.h"
#include "table/table_builder.h"

namespace firn {

inline constexpr uint64_t kTestHashSeed = 0x5eed;
inline constexpr TableIdentity kTestIdentity{0x1122334455667788, 7};

struct ModelKey {
  Prefix prefix = 1;
  std::string user;
  auto operator<=>(const ModelKey&) const = default;
  InternalKey internal() const { return {prefix, Slice(std::string_view(user))}; }
};

struct ModelValue {
  std::string value;
  uint64_t seq = 1;
  EntryKind kind = EntryKind::kPut;
  int64_t expiry_ms = kNeverExpires;
};

using Model = std::map<ModelKey, ModelValue>;

inline Entry entry_of(const ModelKey& key, const ModelValue& value) {
  Entry entry;
  entry.key = key.internal();
  entry.value = Slice(std::string_view(value.value));
  entry.seq = Seq{value.seq};
  entry.kind = value.kind;
  entry.expiry_ms = value.expiry_ms;
  return entry;
}

inline TableBuilderOptions options_for(const Model& model, Compression compression) {
  TableBuilderOptions options;
  options.identity = kTestIdentity;
  options.compression = compression;
  options.seq_lower = kSeqMax;
  for (const auto& [key, value] : model) {
    options.seq_lower = std::min(options.seq_lower, Seq{value.seq});
    options.seq_upper = std::max(options.seq_upper, Seq{value.seq});
  }
  return options;
}

// The bytes of the table file; empty after a failure.
inline std::string build_table(const Model& model, Compression compression = Compression::kNone) {
  BytesFile file;
  auto builder = TableBuilder::create(&file, options_for(model, compression));
  for (const auto& [key, value] : model) {
    const Status status = builder->add(entry_of(key, value), hash_key(kTestHashSeed, key.internal()));
    EXPECT_TRUE(status.ok()) << status.message();
  }
  const auto properties = builder->finish();
  EXPECT_TRUE(properties.ok()) << properties.status().message();
  EXPECT_TRUE(file.was_synced());
  return properties.ok() ? file.bytes() : std::string();
}

inline Result<std::unique_ptr<Table>> open_bytes(std::string bytes, TableIo io, const TableIdentity& identity = kTestIdentity) {
  return Table::open(std::make_unique<BytesFile>(std::move(bytes)), identity, io);
}

inline std::vector<Compression> built_in_compressions() {
  std::vector<Compression> all;
  for (Compression compression : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
    if (compression_is_built_in(compression)) all.push_back(compression);
  }
  return all;
}

inline bool is_same(const Entry& entry, const ModelKey& key, const ModelValue& value) {
  return entry.key == key.internal() && entry.value == Slice(std::string_view(value.value)) && entry.seq.value == value.seq &&
         entry.kind == value.kind && entry.expiry_ms == value.expiry_ms;
}

// Compares a table with a model. With `may_be_corrupt` an answer may be kCorrupt instead; every other difference is described.
class TableJudge {
 public:
  TableJudge(const Table& table, const Model& model, bool may_be_corrupt) : table_(table), model_(model), may_be_corrupt_(may_be_corrupt) {}

  // The first difference; nothing when there is none.
  std::optional<std::string> judge() {
    judge_finds();
    judge_forward();
    judge_backward();
    judge_seeks();
    return difference_;
  }
  bool saw_corruption() const { return saw_corruption_; }

 private:
  void differ(const std::string& what) {
    if (!difference_) difference_ = what;
  }
  // Whether the status is an accepted kCorrupt.
  bool accepts(const Status& status) {
    if (!status.is(Code::kCorrupt)) return false;
    saw_corruption_ = true;
    return may_be_corrupt_;
  }
  void judge_finds() {
    for (const auto& [key, value] : model_) {
      Entry entry;
      const Status status = table_.find(key.internal(), hash_key(kTestHashSeed, key.internal()), &entry);
      if (status.ok() ? !is_same(entry, key, value) : !accepts(status)) differ("find of a key: " + key.user.substr(0, 40));
      for (const ModelKey& absent : {ModelKey{key.prefix, key.user + '\0'}, ModelKey{key.prefix + 1000, key.user}}) {
        if (model_.contains(absent)) continue;
        const Status none = table_.find(absent.internal(), hash_key(kTestHashSeed, absent.internal()), &entry);
        if (!none.is(Code::kNotFound) && !accepts(none)) differ("find of an absent key: " + absent.user.substr(0, 40));
      }
    }
  }
  void judge_forward() {
    auto iterator = table_.new_iterator(/*sequential=*/true);
    auto at = model_.begin();
    for (iterator->seek_to_first(); iterator->valid(); iterator->next(), ++at) {
      if (at == model_.end()) return differ("forward: too many entries");
      if (!is_same(iterator->entry(), at->first, at->second)) return differ("forward: a wrong entry");
    }
    if (iterator->status().ok() ? at != model_.end() : !accepts(iterator->status())) differ("forward: a wrong end");
  }
  void judge_backward() {
    auto iterator = table_.new_iterator(/*sequential=*/false);
    auto at = model_.rbegin();
    for (iterator->seek_to_last(); iterator->valid(); iterator->prev(), ++at) {
      if (at == model_.rend()) return differ("backward: too many entries");
      if (!is_same(iterator->entry(), at->first, at->second)) return differ("backward: a wrong entry");
    }
    if (iterator->status().ok() ? at != model_.rend() : !accepts(iterator->status())) differ("backward: a wrong end");
  }
  void judge_seeks() {
    for (const auto& [key, value] : model_) {
      judge_seek(key);
      judge_seek({key.prefix, key.user + '\0'});
      if (!key.user.empty()) judge_seek({key.prefix, key.user.substr(0, key.user.size() - 1)});
      judge_seek({key.prefix + 1, ""});
    }
    judge_seek({0, ""});
    judge_seek({UINT32_MAX, std::string(300, '\xff')});
  }
  void judge_seek(const ModelKey& key) {
    judge_seek(key, std::nullopt);
    judge_seek(key, hash_key(kTestHashSeed, key.internal()));
  }
  void judge_seek(const ModelKey& key, std::optional<uint64_t> hash) {
    auto iterator = table_.new_iterator(/*sequential=*/false);
    iterator->begin_seek(key.internal(), hash);
    iterator->end_seek();
    const auto expected = model_.lower_bound(key);
    if (!iterator->status().ok()) {
      if (iterator->valid() || !accepts(iterator->status())) differ("seek: a wrong status");
    } else if (iterator->valid() != (expected != model_.end())) {
      differ("seek: a wrong end");
    } else if (iterator->valid() && !is_same(iterator->entry(), expected->first, expected->second)) {
      differ("seek: a wrong entry");
    }
  }

  const Table& table_;
  const Model& model_;
  const bool may_be_corrupt_;
  std::optional<std::string> difference_;
  bool saw_corruption_ = false;
};

// Builds, opens in every way, compares, verifies.
inline void expect_round_trip(const Model& model) {
  for (Compression compression : built_in_compressions()) {
    const std::string bytes = build_table(model, compression);
    for (TableIo io : {TableIo::kMmap, TableIo::kPread}) {
      auto table = open_bytes(bytes, io);
      ASSERT_TRUE(table.ok()) << table.status().message();
      TableJudge judge(**table, model, /*may_be_corrupt=*/false);
      const auto difference = judge.judge();
      EXPECT_FALSE(difference) << *difference << " compression " << static_cast<int>(compression) << " io " << static_cast<int>(io);
      const Status verified = (*table)->verify(kTestHashSeed);
      EXPECT_TRUE(verified.ok()) << verified.message();
      EXPECT_EQ((*table)->properties().entry_count, model.size());
      EXPECT_EQ((*table)->properties().file_bytes, bytes.size());
    }
  }
}

// Keys and values of many shapes, several namespaces, all kinds, at most `entry_count` entries. The same seed gives the same model.
inline Model random_model(uint64_t seed, size_t entry_count, size_t key_bytes_max = 24, size_t value_bytes_max = 60) {
  std::mt19937_64 random(seed);
  Model model;
  const auto bytes_of = [&random](size_t count) {
    std::string bytes(count, '\0');
    const int shape = static_cast<int>(random() % 4);  // zeros, 0xff, few letters, anything
    for (char& c : bytes) c = static_cast<char>(shape == 0 ? 0 : shape == 1 ? 0xff : shape == 2 ? 'a' + random() % 2 : random());
    return bytes;
  };
  for (size_t i = 0; i < entry_count; ++i) {
    ModelKey key{static_cast<Prefix>(random() % 4 == 0 ? 256 + random() % 3 : 1), bytes_of(random() % key_bytes_max)};
    ModelValue value;
    value.seq = 1000 + random() % 70000;
    value.kind = static_cast<EntryKind>(random() % 3);
    if (value.kind != EntryKind::kDelete) value.value = bytes_of(random() % value_bytes_max);
    if (value.kind == EntryKind::kPutExpiring) value.expiry_ms = static_cast<int64_t>(random());
    model.insert_or_assign(std::move(key), std::move(value));
  }
  return model;
}

}  // namespace firn
