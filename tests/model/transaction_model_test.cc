// The commit of a transaction is refused if and only if something that it read has changed: random transactions, with random work of others between their
// beginning and their end, against a model that keeps the version of every key.
#include <map>
#include <memory>
#include <random>
#include <set>

#include "base/fast_paths.h"
#include "capi/txn_fixture.h"

namespace {

using namespace firn_test;

struct Versioned {
  std::string value;
  int64_t version = 0;
};
using Model = std::map<std::string, Versioned>;

class TransactionModel {
 public:
  TransactionModel(const char* options, uint32_t seed) : random_(seed) {
    firn_options* const parsed = firn_options_new();
    EXPECT_EQ(FIRN_OK, firn_options_parse(parsed, options));
    db_ = firn_open(":memory:", parsed, nullptr);
    firn_options_free(parsed);
  }
  ~TransactionModel() { firn_close(db_); }

  // One transaction, from its beginning to its end. `busy`: how much others do meanwhile.
  void run(int busy) {
    const bool serializable = below(2) == 0;
    const Model snapshot = model_;
    const Txn txn(db_, serializable ? FIRN_TXN_SERIALIZABLE : 0);
    own_.clear();
    read_.clear();
    ranges_.clear();
    const int steps = 1 + below(6);
    for (int i = 0; i < steps; i++) {
      if (below(3) == 0) others(busy / steps);
      step(txn, snapshot);
    }
    others(busy);
    const bool conflicts = has_changed(snapshot, serializable);
    const int64_t code = txn.commit();
    if (conflicts) {
      ASSERT_EQ(FIRN_CONFLICT, code);
      refused_++;
    } else {
      ASSERT_GT(code, 0);
      committed_++;
      for (const auto& [key, value] : own_) set(key, value, code);
    }
    check_all();
  }
  int refused() const { return refused_; }
  int committed() const { return committed_; }

 private:
  struct Range {
    std::string lower;  // inclusive
    std::string upper;  // exclusive; empty: open
    std::set<std::string> own;
    bool contains(const std::string& key) const { return key >= lower && (upper.empty() || key < upper); }
  };

  int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
  std::string some_key() { return "k" + std::to_string(10 + below(30)); }
  void set(const std::string& key, const std::string* value, int64_t version) {
    if (value == nullptr)
      model_.erase(key);
    else
      model_[key] = {*value, version};
  }
  void set(const std::string& key, const std::unique_ptr<std::string>& value, int64_t version) { set(key, value.get(), version); }

  void step(const Txn& txn, const Model& snapshot) {
    const std::string key = some_key();
    switch (below(5)) {
      case 0: {
        const std::string value = "v" + std::to_string(random_());
        ASSERT_EQ(FIRN_OK, txn.put(key, value));
        own_[key] = std::make_unique<std::string>(value);
        break;
      }
      case 1:
        ASSERT_EQ(FIRN_OK, txn.erase(key));
        own_[key] = nullptr;
        break;
      case 2:
        ASSERT_EQ(expected_value(snapshot, key), txn.get(key));
        if (own_.count(key) == 0) read_.insert(key);
        break;
      default:
        scan(txn, snapshot);
    }
  }

  std::string expected_value(const Model& snapshot, const std::string& key) const {
    if (const auto own = own_.find(key); own != own_.end()) return own->second ? *own->second : "FIRN_NOT_FOUND";
    const auto at = snapshot.find(key);
    return at == snapshot.end() ? "FIRN_NOT_FOUND" : at->second.value;
  }

  void scan(const Txn& txn, const Model& snapshot) {
    Txn::Window window;
    if (below(3) != 0) window.lower = some_key();
    if (below(3) != 0) window.upper = some_key();
    if (below(2) == 0) window.limit = static_cast<uint64_t>(1 + below(4));
    const bool reverse = below(2) == 0;
    if (reverse) window.flags = FIRN_SCAN_REVERSE;
    const bool filtered = below(4) == 0;
    if (filtered) window.glob = "k[12]*";

    std::map<std::string, std::string> state;
    for (const auto& [key, found] : snapshot) state[key] = found.value;
    for (const auto& [key, value] : own_) {
      if (value)
        state[key] = *value;
      else
        state.erase(key);
    }
    Range range{window.lower, window.upper, {}};
    if (filtered && range.lower < "k") range.lower = "k";  // the glob's literal prefix narrows the window
    if (filtered && (range.upper.empty() || range.upper > "l")) range.upper = "l";
    for (const auto& own : own_) range.own.insert(own.first);
    std::string expected;
    uint64_t count = 0;
    const auto show = [&](const auto& pair) {
      const auto& [key, value] = pair;
      if (!range.contains(key) || (filtered && key[1] != '1' && key[1] != '2')) return false;
      expected += (expected.empty() ? "" : ",") + key + "=" + value;
      if (own_.count(key) == 0 && filtered) read_.insert(key);
      if (++count != window.limit) return false;
      if (reverse)
        range.lower = key;
      else
        range.upper = key + '\0';
      return true;
    };
    if (reverse) {
      std::find_if(state.rbegin(), state.rend(), show);
    } else {
      std::find_if(state.begin(), state.end(), show);
    }
    ASSERT_EQ(expected, txn.scan(window));
    ranges_.push_back({range, !filtered});
  }

  bool has_changed(const Model& snapshot, bool serializable) const {
    const auto version = [](const Model& model, const std::string& key) {
      const auto at = model.find(key);
      return at == model.end() ? 0 : at->second.version;
    };
    for (const std::string& key : read_) {
      if (version(snapshot, key) != version(model_, key)) return true;
    }
    for (const auto& [read_range, keys_are_read] : ranges_) {
      const auto& range = read_range;  // clang 14 captures no structured binding
      const auto in = [&](const std::string& key) { return range.contains(key) && range.own.count(key) == 0; };
      for (const auto& [key, found] : snapshot) {
        if (keys_are_read && in(key) && version(model_, key) != found.version) return true;
      }
      for (const auto& [key, found] : model_) {
        if (serializable && in(key) && snapshot.count(key) == 0) return true;
      }
    }
    return false;
  }

  void others(int busy) {
    for (int i = 0; i < busy; i++) {
      const std::string key = some_key();
      firn_put_opts opts = FIRN_PUT_OPTS_INIT;
      switch (below(below(20) == 0 ? 8 : 4)) {
        case 0:
          ASSERT_EQ(FIRN_OK, firn_delete(db_, 0, bytes(key), key.size()));
          model_.erase(key);
          break;
        case 4:
          ASSERT_EQ(FIRN_OK, firn_flush(db_));
          break;
        case 5:
          ASSERT_EQ(FIRN_OK, firn_compact(db_));
          break;
        case 6:  // much that does not concern anybody: fills memtables
          for (int j = 0; j < 200; j++) ASSERT_EQ(FIRN_OK, put(db_, "z" + std::to_string(random_()), std::string(100, 'z'), filler()));
          break;
        default: {
          const std::string value = "v" + std::to_string(random_());
          const int64_t at = firn_put_ex(db_, 0, bytes(key), key.size(), bytes(value), value.size(), &opts);
          ASSERT_GT(at, 0);
          model_[key] = {value, at};
        }
      }
    }
  }
  uint32_t filler() { return static_cast<uint32_t>(firn_ns_open(db_, bytes("filler"), 6, 0)); }

  void check_all() {
    std::string expected;
    for (const auto& [key, found] : model_) expected += (expected.empty() ? "" : ",") + key + "=" + found.value;
    const Txn now(db_, FIRN_TXN_READ_ONLY);
    ASSERT_EQ(expected, now.scan({}));
  }

  std::mt19937 random_;
  firn_db* db_;
  Model model_;
  std::map<std::string, std::unique_ptr<std::string>> own_;  // nullptr: deleted
  std::set<std::string> read_;
  std::vector<std::pair<Range, bool>> ranges_;
  int refused_ = 0;
  int committed_ = 0;
};

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr uint32_t kSeedCount = 2;
#else
constexpr uint32_t kSeedCount = 8;
#endif

class TransactionModelTest : public testing::TestWithParam<const char*> {};

TEST_P(TransactionModelTest, a_commit_is_refused_if_and_only_if_something_read_has_changed) {
  for (uint32_t seed = 1; seed <= kSeedCount; seed++) {
    SCOPED_TRACE(seed);
    const firn_test::FastPathsLeftOut left_out(seed % 3 * 128, seed);
    TransactionModel model(GetParam(), seed);
    for (int i = 0; i < 150 && !testing::Test::HasFatalFailure(); i++) model.run(i % 3 == 0 ? 3 : i % 3 == 1 ? 12 : 60);
    EXPECT_GT(model.refused(), 10);
    EXPECT_GT(model.committed(), 10);
    if (testing::Test::HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(options, TransactionModelTest,
                         testing::Values("", "memtable_bytes=64KiB", "single_threaded=true,memtable_bytes=64KiB", "compression=lz4"));

}  // namespace
