// The whole public behaviour of a database as ordered maps: entries with versions and expiries, batches, snapshots, and transactions that know what they have read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace firn_model {

using Bytes = std::string;

struct Item {
  std::shared_ptr<const Bytes> value;
  uint64_t id = 0;       // of the write, in the model: equal ids, the same write
  uint64_t version = 0;  // in the database; 0: not yet known
  uint64_t after = 0;    // a version that the own one must be above
  bool expires = false;
};
using Keys = std::map<Bytes, Item>;

struct State {
  std::map<uint32_t, Keys> spaces{{0, {}}};  // by namespace id

  const Item* find(uint32_t ns, const Bytes& key) const;
};

// One operation of a batch, as FIRN_OP_* say.
struct Operation {
  uint32_t kind = 0;
  uint32_t ns = 0;
  Bytes key;
  Bytes value;
  int64_t argument = 0;  // ttl_ms, or the expected version
};

// What operations are applied to: a state, or a transaction.
class Target {
 public:
  virtual ~Target() = default;
  virtual std::optional<Item> find(uint32_t ns, const Bytes& key) = 0;
  virtual void put(uint32_t ns, const Bytes& key, Bytes value, bool expires) = 0;
  virtual void erase(uint32_t ns, const Bytes& key) = 0;
  // The keys in [lower, upper); no upper: to the end.
  virtual std::vector<Bytes> keys(uint32_t ns, const Bytes& lower, const std::optional<Bytes>& upper) = 0;
};

// FIRN_OK or the code with which the batch is refused; the target then has a part of it.
int32_t run_batch(const std::vector<Operation>& batch, Target* target);
// The sum, or the code.
int32_t add_to(const Bytes* counter, int64_t delta, int64_t* sum);

class StateTarget : public Target {
 public:
  explicit StateTarget(State* state, uint64_t* last_id) : state_(state), last_id_(last_id) {}
  std::optional<Item> find(uint32_t ns, const Bytes& key) override;
  void put(uint32_t ns, const Bytes& key, Bytes value, bool expires) override;
  void erase(uint32_t ns, const Bytes& key) override;
  std::vector<Bytes> keys(uint32_t ns, const Bytes& lower, const std::optional<Bytes>& upper) override;

 private:
  State* state_;
  uint64_t* last_id_;
};

// What a scan is asked for.
struct Window {
  uint32_t ns = 0;
  bool reverse = false;
  uint64_t limit = 0;
  std::optional<Bytes> lower, upper, prefix, glob;

  Bytes first() const;               // the greatest of the lower bounds
  std::optional<Bytes> end() const;  // the least of the upper bounds
  bool contains(const Bytes& key) const;
  // What a scan of these keys returns.
  std::vector<std::pair<Bytes, Item>> select(const Keys& keys) const;
};

class ModelTransaction : public Target {
 public:
  ModelTransaction(const State& snapshot, bool serializable) : snapshot_(snapshot), is_serializable_(serializable) {}

  const State& snapshot() const { return snapshot_; }
  bool has_written_to(uint32_t ns) const;
  bool is_own(uint32_t ns, const Bytes& key) const { return own_.count({ns, key}) != 0; }
  std::optional<Item> find(uint32_t ns, const Bytes& key) override;
  void put(uint32_t ns, const Bytes& key, Bytes value, bool expires) override;
  void erase(uint32_t ns, const Bytes& key) override;
  std::vector<Bytes> keys(uint32_t ns, const Bytes& lower, const std::optional<Bytes>& upper) override;
  std::vector<std::pair<Bytes, Item>> scan(const Window& window);
  // All of it, or nothing but what was read.
  int32_t apply_batch(const std::vector<Operation>& batch);

  bool conflicts_with(const State& now) const;
  bool has_written_to_dropped(const State& now) const;
  size_t write_count() const { return own_.size(); }
  void commit_to(Target* target) const;

 private:
  struct RangeRead {
    uint32_t ns = 0;
    Bytes lower;
    std::optional<Bytes> upper;
    std::set<Bytes> own;  // written by the transaction itself by then
    bool keys_are_read = true;
    bool contains(const Bytes& key) const { return key >= lower && (!upper || key < *upper) && own.count(key) == 0; }
  };
  Keys merged(uint32_t ns) const;
  std::set<Bytes> own_keys(uint32_t ns) const;

  State snapshot_;
  bool is_serializable_;
  std::map<std::pair<uint32_t, Bytes>, std::optional<Item>> own_;  // nothing: deleted
  std::set<std::pair<uint32_t, Bytes>> read_;
  std::vector<RangeRead> ranges_;
};

bool glob_matches(const char* pattern, const char* pattern_end, const char* key, const char* key_end);

}  // namespace firn_model
