// The model test: random operations on a database, through the C header, and on ordered maps; after each the answers must be equal. Databases are tiny
// (memtables of 4 KiB), so that flushes, compactions and reopenings happen all the time. A failure prints its seed:
//   FIRN_SEED=<seed> firn_model_test --gtest_filter=<test>
#include <firn.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/fast_paths.h"
#include "capi/capi_fixture.h"
#include "crashfs/effort.h"

namespace {

using firn_test::append_operation;
using firn_test::append_request;
using firn_test::bytes;
using Bytes = std::string;
using Model = std::map<uint32_t, std::map<Bytes, Bytes>>;  // namespace id -> its keys

struct OptionSet {
  const char* name;
  const char* options;
};

class ModelTest : public testing::TestWithParam<OptionSet> {
 protected:
  void SetUp() override {
    const uint64_t seed = firn::test_effort().seed + std::hash<std::string_view>()(GetParam().name);
    random_.seed(seed);
    left_out_.emplace(firn_test::share_left_out(GetParam().name), seed);
    path_ = std::filesystem::temp_directory_path() / ("firn-model-" + std::to_string(getpid()) + "-" + GetParam().name);
    std::filesystem::remove_all(path_);
    open();
  }
  void TearDown() override {
    if (db_ != nullptr) {
      EXPECT_EQ(FIRN_OK, firn_close(db_));
    }
    while (!held_pins_.empty()) release_oldest_pins();
    std::filesystem::remove_all(path_);
  }

  bool is_in_memory() const { return std::string(GetParam().options).find("memory") == 0; }

  void open() {
    firn_options* options = firn_options_new();
    std::string text = GetParam().options;
    const char* path = path_.c_str();
    if (is_in_memory()) {
      path = ":memory:";
      text = text.substr(text.find(',') + 1);
    }
    ASSERT_EQ(FIRN_OK, firn_options_parse(options, text.c_str())) << text;
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open(path, options, &error);
    firn_options_free(options);
    ASSERT_NE(nullptr, db_) << error.message << " " << error.file << " " << error.offset;
  }
  void reopen() {
    if (is_in_memory()) return;
    ASSERT_EQ(FIRN_OK, firn_close(db_));
    db_ = nullptr;
    firn_error error = FIRN_ERROR_INIT;
    ASSERT_EQ(FIRN_OK, firn_check(path_.c_str(), &error)) << error.message << " " << error.file;
    open();
    ASSERT_NE(nullptr, db_);
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    ASSERT_EQ(FIRN_OK, firn_recovery(db_, &info));
    EXPECT_EQ(1, info.clean);
    EXPECT_EQ(0u, info.records_replayed);
  }

  uint64_t below(uint64_t n) { return random_() % n; }

  Bytes random_key() {
    Bytes key;
    switch (below(8)) {
      case 0:
        return Bytes(1 + below(4), static_cast<char>(0xff));
      case 1:
        return Bytes(1 + below(4), '\0');
      case 2:
        key = "a long prefix that many keys share, as URLs do: ";
        break;
      default:
        break;
    }
    return key + std::to_string(below(200));
  }
  Bytes random_value() {
    const uint64_t kind = below(100);
    const size_t bytes = kind < 10 ? 0 : kind < 97 ? below(200) : below(20000);
    return Bytes(bytes, static_cast<char>(below(256)));
  }
  uint32_t random_namespace() {
    auto at = model_.begin();
    std::advance(at, static_cast<ptrdiff_t>(below(model_.size())));
    return at->first;
  }

  void put_one() {
    const uint32_t ns = random_namespace();
    const Bytes key = random_key();
    const Bytes value = random_value();
    ASSERT_EQ(FIRN_OK, firn_put(db_, ns, bytes(key), key.size(), bytes(value), value.size()));
    model_[ns][key] = value;
  }
  void delete_one() {
    const uint32_t ns = random_namespace();
    const Bytes key = random_key();
    ASSERT_EQ(FIRN_OK, firn_delete(db_, ns, bytes(key), key.size()));
    model_[ns].erase(key);
  }
  void write_batch() {
    Bytes batch;
    const uint64_t count = below(30);
    for (uint64_t i = 0; i < count; i++) {
      const uint32_t ns = random_namespace();
      const Bytes key = random_key();
      const bool is_put = below(3) != 0;
      const Bytes value = is_put ? random_value() : Bytes();
      append_operation(&batch, is_put ? FIRN_OP_PUT : FIRN_OP_DELETE, ns, key, value, below(4) == 0 ? 1'000'000'000 : 0);
      if (is_put)
        model_[ns][key] = value;
      else
        model_[ns].erase(key);
    }
    const int64_t version = firn_write(db_, bytes(batch), batch.size(), below(20) == 0 ? FIRN_SYNC : 0);
    ASSERT_GE(version, last_version_);
    if (count > 0) {
      ASSERT_GT(version, last_version_);
    }
    last_version_ = version;
  }
  void change_namespaces() {
    const uint64_t kind = below(4);
    const Bytes name = "namespace " + std::to_string(below(5));
    if (kind < 2) {
      const int64_t id = firn_ns_open(db_, bytes(name), name.size(), 0);
      ASSERT_GE(id, 1);
      if (names_.count(name) != 0) {
        ASSERT_EQ(names_[name], id);
      } else {
        ASSERT_EQ(0u, given_ids_.count(static_cast<uint32_t>(id))) << "an id was used again";
      }
      names_[name] = id;
      given_ids_[static_cast<uint32_t>(id)] = true;
      model_[static_cast<uint32_t>(id)];
    } else if (kind == 2) {
      const uint32_t ns = random_namespace();
      ASSERT_EQ(FIRN_OK, firn_ns_clear(db_, ns));
      model_[ns].clear();
    } else if (names_.count(name) != 0) {
      const auto ns = static_cast<uint32_t>(names_[name]);
      ASSERT_EQ(FIRN_OK, firn_ns_drop(db_, ns));
      ASSERT_EQ(FIRN_INVALID, firn_put(db_, ns, bytes(name), 1, nullptr, 0));
      model_.erase(ns);
      names_.erase(name);
    }
  }

  std::optional<Bytes> get(uint32_t ns, const Bytes& key) {
    Bytes buffer(64, 0);
    int64_t length = firn_get(db_, ns, bytes(key), key.size(), reinterpret_cast<uint8_t*>(buffer.data()), buffer.size());
    if (length == FIRN_NOT_FOUND) return std::nullopt;
    EXPECT_GE(length, 0) << firn_status_name(static_cast<int32_t>(length));
    if (length > static_cast<int64_t>(buffer.size())) {
      buffer.resize(static_cast<size_t>(length));
      EXPECT_EQ(length, firn_get(db_, ns, bytes(key), key.size(), reinterpret_cast<uint8_t*>(buffer.data()), buffer.size()));
    }
    buffer.resize(static_cast<size_t>(std::max<int64_t>(length, 0)));
    return buffer;
  }
  void check_get() {
    const uint32_t ns = random_namespace();
    const Bytes key = random_key();
    const auto& keys = model_[ns];
    const auto at = keys.find(key);
    const auto found = get(ns, key);
    ASSERT_EQ(at != keys.end(), found.has_value()) << "key " << key << " in " << ns;
    if (found) {
      ASSERT_EQ(at->second, *found);
    }
    ASSERT_EQ(found.has_value() ? 1 : 0, firn_exists(db_, ns, bytes(key), key.size()));
    firn_pin_t pin;
    const int32_t code = firn_pin(db_, ns, bytes(key), key.size(), &pin);
    ASSERT_EQ(found ? FIRN_OK : FIRN_NOT_FOUND, code);
    if (found) {
      ASSERT_EQ(*found, Bytes(reinterpret_cast<const char*>(pin.data), pin.len));
      ASSERT_GT(pin.version, 0u);
    }
    firn_unpin(&pin);
  }
  struct HeldPins {
    firn_pin_t pin = {};
    std::vector<firn_answer> answers;
    std::vector<std::optional<Bytes>> expected;
  };
  void check_multi_get() {
    Bytes request;
    std::vector<std::pair<uint32_t, Bytes>> keys;
    for (uint64_t i = below(20); i > 0; i--) {
      keys.emplace_back(random_namespace(), random_key());
      append_request(&request, keys.back().first, keys.back().second);
    }
    const int64_t answer_bytes = firn_multi_get(db_, bytes(request), request.size(), nullptr, 0);
    ASSERT_GE(answer_bytes, 0);
    Bytes answer(static_cast<size_t>(answer_bytes), 0);
    ASSERT_EQ(answer_bytes, firn_multi_get(db_, bytes(request), request.size(), reinterpret_cast<uint8_t*>(answer.data()), answer.size()));
    size_t at = 0;
    for (const auto& [ns, key] : keys) {
      int64_t length = 0;
      ASSERT_LE(at + 8, answer.size());
      memcpy(&length, answer.data() + at, 8);
      at += 8;
      const auto found = model_[ns].find(key);
      if (found == model_[ns].end()) {
        ASSERT_EQ(FIRN_NOT_FOUND, length);
      } else {
        ASSERT_EQ(static_cast<int64_t>(found->second.size()), length);
        ASSERT_EQ(found->second, answer.substr(at, static_cast<size_t>(length)));
        at += static_cast<size_t>(length);
      }
    }
    ASSERT_EQ(answer.size(), at);
    pin_all(request, keys);
  }
  // Pins the values of these keys, and looks at those of four such calls ago for the last time.
  void pin_all(const Bytes& request, const std::vector<std::pair<uint32_t, Bytes>>& keys) {
    constexpr size_t kHeldMax = 4;
    HeldPins held;
    held.answers.resize(keys.size());
    ASSERT_EQ(static_cast<int64_t>(keys.size()),
              firn_multi_pin(db_, bytes(request), request.size(), held.answers.data(), keys.size(), &held.pin));
    for (const auto& [ns, key] : keys) {
      const auto found = model_[ns].find(key);
      held.expected.push_back(found != model_[ns].end() ? std::optional(found->second) : std::nullopt);
    }
    held_pins_.push_back(std::move(held));
    if (held_pins_.size() > kHeldMax) release_oldest_pins();
  }
  void release_oldest_pins() {
    HeldPins held = std::move(held_pins_.front());
    held_pins_.pop_front();
    for (size_t i = 0; i < held.expected.size(); i++) {
      const firn_answer& answer = held.answers[i];
      EXPECT_EQ(held.expected[i] ? FIRN_OK : FIRN_NOT_FOUND, answer.code);
      if (answer.code != FIRN_OK || !held.expected[i]) continue;
      EXPECT_EQ(*held.expected[i], Bytes(reinterpret_cast<const char*>(answer.data), answer.len));
      EXPECT_GT(answer.version, 0u);
    }
    firn_unpin(&held.pin);
  }

  struct Scan {
    uint32_t ns = 0;
    bool reverse = false;
    uint64_t limit = 0;
    std::optional<Bytes> lower, upper, prefix;
  };
  Scan random_scan() {
    Scan scan;
    scan.ns = random_namespace();
    scan.reverse = below(2) == 0;
    if (below(4) == 0) scan.limit = 1 + below(20);
    if (below(3) == 0) scan.lower = random_key();
    if (below(3) == 0) scan.upper = random_key();
    if (below(4) == 0) scan.prefix = random_key().substr(0, 1 + below(3));
    return scan;
  }
  firn_iter* open_scan(const Scan& scan) {
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.ns = scan.ns;
    opts.flags = scan.reverse ? FIRN_SCAN_REVERSE : 0;
    opts.limit = scan.limit;
    if (scan.lower) {
      opts.lower = bytes(*scan.lower);
      opts.lower_len = scan.lower->size();
    }
    if (scan.upper) {
      opts.upper = bytes(*scan.upper);
      opts.upper_len = scan.upper->size();
    }
    if (scan.prefix) {
      opts.prefix = bytes(*scan.prefix);
      opts.prefix_len = scan.prefix->size();
    }
    firn_error error = FIRN_ERROR_INIT;
    firn_iter* iter = firn_scan(db_, nullptr, &opts, &error);
    EXPECT_NE(nullptr, iter) << error.message;
    return iter;
  }
  static std::vector<std::pair<Bytes, Bytes>> expected(const std::map<Bytes, Bytes>& keys, const Scan& scan) {
    std::vector<std::pair<Bytes, Bytes>> found;
    for (const auto& [key, value] : keys) {
      if (scan.lower && key < *scan.lower) continue;
      if (scan.upper && key >= *scan.upper) continue;
      if (scan.prefix && key.compare(0, scan.prefix->size(), *scan.prefix) != 0) continue;
      found.emplace_back(key, value);
    }
    if (scan.reverse) std::reverse(found.begin(), found.end());
    if (scan.limit != 0 && found.size() > scan.limit) found.resize(scan.limit);
    return found;
  }
  std::vector<std::pair<Bytes, Bytes>> drain(firn_iter* iter) {
    std::vector<std::pair<Bytes, Bytes>> found;
    Bytes chunk(32768, 0);
    for (;;) {
      if (below(2) == 0) {
        firn_kv entries[7];
        const int64_t count = firn_iter_entries(iter, entries, 7);
        EXPECT_GE(count, 0);
        for (int64_t i = 0; i < count; i++) {
          found.emplace_back(Bytes(reinterpret_cast<const char*>(entries[i].key), entries[i].key_len),
                             Bytes(reinterpret_cast<const char*>(entries[i].val), entries[i].val_len));
        }
        if (count <= 0) return found;
      } else {
        const int64_t length = firn_iter_chunk(iter, reinterpret_cast<uint8_t*>(chunk.data()), chunk.size());
        EXPECT_GE(length, 0);
        for (size_t at = 0; at < static_cast<size_t>(std::max<int64_t>(length, 0));) {
          uint32_t key_len = 0;
          uint32_t val_len = 0;
          memcpy(&key_len, chunk.data() + at, 4);
          memcpy(&val_len, chunk.data() + at + 4, 4);
          found.emplace_back(chunk.substr(at + 8, key_len), chunk.substr(at + 8 + key_len, val_len));
          at += 8 + key_len + val_len;
        }
        if (length <= 0) return found;
      }
    }
  }
  void check_scan() {
    const Scan scan = random_scan();
    firn_iter* iter = open_scan(scan);
    ASSERT_NE(nullptr, iter);
    ASSERT_EQ(expected(model_[scan.ns], scan), drain(iter));
    firn_iter_close(iter);
  }

  // Scans that stay open while everything goes on; what they return was fixed when they were opened.
  struct HeldScan {
    firn_iter* iter;
    std::vector<std::pair<Bytes, Bytes>> expected;
  };
  void hold_scan() {
    const Scan scan = random_scan();
    held_.push_back({open_scan(scan), expected(model_[scan.ns], scan)});
  }
  void finish_held_scan() {
    if (held_.empty()) return;
    const HeldScan scan = held_.front();
    held_.erase(held_.begin());
    ASSERT_EQ(scan.expected, drain(scan.iter));
    firn_iter_close(scan.iter);
  }
  void close_held_scans() {
    for (const HeldScan& scan : held_) firn_iter_close(scan.iter);
    held_.clear();
  }
  void check_everything() {
    for (const auto& [ns, keys] : model_) {
      Scan scan;
      scan.ns = ns;
      firn_iter* iter = open_scan(scan);
      ASSERT_NE(nullptr, iter);
      ASSERT_EQ(expected(keys, scan), drain(iter));
      firn_iter_close(iter);
    }
  }

  void step() {
    const uint64_t what = below(1000);
    if (what < 350)
      put_one();
    else if (what < 450)
      delete_one();
    else if (what < 500)
      write_batch();
    else if (what < 800)
      check_get();
    else if (what < 850)
      check_multi_get();
    else if (what < 930)
      check_scan();
    else if (what < 950)
      hold_scan();
    else if (what < 970)
      finish_held_scan();
    else if (what < 985)
      change_namespaces();
    else if (what < 990)
      ASSERT_EQ(FIRN_OK, firn_flush(db_));
    else if (what < 993)
      ASSERT_EQ(FIRN_OK, firn_compact(db_));
    else if (what < 996)
      ASSERT_EQ(FIRN_OK, firn_sync(db_));
    else if (what < 998)
      check_everything();
    else if (what < 999) {
      close_held_scans();
      reopen();
    }
  }

  std::optional<firn_test::FastPathsLeftOut> left_out_;
  std::mt19937_64 random_;
  std::filesystem::path path_;
  firn_db* db_ = nullptr;
  Model model_{{0, {}}};
  std::map<Bytes, int64_t> names_;
  std::map<uint32_t, bool> given_ids_;
  int64_t last_version_ = 0;
  std::vector<HeldScan> held_;
  std::deque<HeldPins> held_pins_;
};

TEST_P(ModelTest, random_operations_answer_as_an_ordered_map_does) {
  const int steps = static_cast<int>(firn::test_effort().count(4000, 200'000));
  for (int i = 0; i < steps; i++) {
    step();
    if (HasFatalFailure() || HasNonfatalFailure()) {
      close_held_scans();
      FAIL() << "at step " << i << "; " << firn::replay_command();
    }
  }
  close_held_scans();
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  check_everything();
}

constexpr OptionSet kOptionSets[] = {
    {"defaults", "memtable_bytes=64MiB"},
    {"tiny_memtables", "memtable_bytes=4KiB"},
    {"small_memtables", "memtable_bytes=64KiB"},
    {"log_by_pwrite", "memtable_bytes=4KiB,log_io=pwrite"},
    {"tables_by_pread", "memtable_bytes=8KiB,table_io=pread,cache_bytes=64KiB"},
    {"both_by_calls", "memtable_bytes=4KiB,log_io=pwrite,table_io=pread"},
    {"single_threaded", "memtable_bytes=4KiB,single_threaded=true"},
    {"single_threaded_defaults", "single_threaded=true"},
    {"sync", "memtable_bytes=16KiB,durability=sync"},
    {"every_ten", "memtable_bytes=8KiB,durability=every:10"},
    {"interval", "memtable_bytes=8KiB,durability=interval:1ms"},
    {"none", "memtable_bytes=4KiB,durability=none"},
    {"lz4", "memtable_bytes=8KiB,compression=lz4"},
    {"zstd", "memtable_bytes=8KiB,compression=zstd,table_io=pread"},
    {"verify_on_open", "memtable_bytes=4KiB,verify_on_open=true"},
    {"two_workers", "memtable_bytes=4KiB,background_threads=2"},
    {"in_memory", "memory,memtable_bytes=8KiB"},
    {"in_memory_single_threaded", "memory,memtable_bytes=8KiB,single_threaded=true"},
};
INSTANTIATE_TEST_SUITE_P(Options, ModelTest, testing::ValuesIn(kOptionSets), [](const auto& set) { return std::string(set.param.name); });

}  // namespace
