// The metamorphic test: one random sequence of all public operations, run under many sets of options, fixed and random; every answer is that of the model, so all
// sets answer alike. Databases are tiny, so that flushes, compactions and reopenings happen all the time. A failure prints its seed and its set:
//   FIRN_SEED=<seed> firn_model_test --gtest_filter=<test>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/coverage_mark.h"
#include "base/fast_paths.h"
#include "capi/capi_fixture.h"
#include "crashfs/effort.h"
#include "model/full_model.h"

namespace {

using namespace firn_model;
using firn_test::append;
using firn_test::append_operation;
using firn_test::append_request;
using firn_test::bytes;

uint64_t seed_of_run() { return firn::test_effort().seed; }

struct OptionSet {
  std::string name;
  std::string options;
  bool is_in_memory = false;
};

void PrintTo(const OptionSet& set, std::ostream* out) { *out << set.options << (set.is_in_memory ? " in memory" : ""); }

struct HeldScan {
  firn_iter* iter;
  Window window;
  Keys keys;  // of its snapshot
  std::deque<std::pair<Bytes, Item>> rest;
};
struct HeldTransaction {
  firn_txn* handle;
  ModelTransaction model;
  bool is_read_only;
};

std::vector<OptionSet> option_sets();

#if defined(FIRN_DEBUG_CHECKS)
// The names that the engine's sources give to the macro: FIRN_MARK, FIRN_FAST_PATH.
std::set<Bytes> names_of(const Bytes& macro) {
  std::set<Bytes> names;
  std::vector<std::filesystem::path> sources;
  for (const char* part : {"/core", "/capi"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Bytes(FIRN_SOURCE_DIR) + part)) {
      if (entry.path().extension() == ".cc") sources.push_back(entry.path());
    }
  }
  for (const auto& source : sources) {
    std::ifstream file(source);
    const Bytes text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const Bytes begin = macro + "(\"";
    for (size_t at = text.find(begin); at != Bytes::npos; at = text.find(begin, at + 1)) {
      const size_t from = at + begin.size();
      names.insert(text.substr(from, text.find('"', from) - from));
    }
  }
  return names;
}
#endif

class MetamorphicTest : public testing::TestWithParam<OptionSet> {
 protected:
#if defined(FIRN_DEBUG_CHECKS)
  // After a long run over all sets each rare branch that has a mark was met, after any run over all sets both ways of each fast path: else the sequence shows less than it
  // seems to. Tables here are too small, clocks too slow, and scans too few for some of them: RunsTest, PurgeTest and ScanTriggerTest of firn_db_test and CompactionTest of
  // firn_lsm_test are about these; checksums of copies are those of durable logs, Crc32Copy of firn_base_test.
  static void TearDownTestSuite() {
    if (sets_done_ != option_sets().size()) return;
    const std::set<Bytes> marks = names_of("FIRN_MARK");
    EXPECT_GT(marks.size(), 5u);
    for (const Bytes& mark : marks) check_met(mark, firn::test_effort().is_deep && kMetElsewhere.count(mark) == 0);
    const std::set<Bytes> fast_paths = names_of("FIRN_FAST_PATH");
    EXPECT_GT(fast_paths.size(), 5u);
    for (const Bytes& path : fast_paths) {
      check_met(path, kMetElsewhere.count(path) == 0);
      check_met(path + ": the slow way", kMetElsewhere.count(path) == 0);
    }
  }
  static void check_met(const Bytes& mark, bool is_expected) {
    const uint64_t count = firn::CoverageMark::count(mark);
    std::printf("[ figures  ] coverage mark: %s: %llu times\n", mark.c_str(), static_cast<unsigned long long>(count));
    if (is_expected) {
      EXPECT_GE(count, kMarkCountMin) << "never, or hardly ever, met: " << mark;
    }
  }
  static inline const std::set<Bytes> kMetElsewhere{"a flush joins the newest run",     "a table moves as it is",
                                                    "a purge of what has expired",      "a memtable is sealed for scans",
                                                    "a merge that scans have paid for", "a merge for scans gives way to one that is due",
                                                    "a checksum is made while copying"};
  static constexpr uint64_t kMarkCountMin = 3;
  static inline size_t sets_done_ = 0;  // to the end
#endif
  void SetUp() override {
    random_.seed(seed_of_run());
    left_out_.emplace(firn_test::share_left_out(GetParam().name), seed_of_run());
    path_ = folder() / ("firn-metamorphic-" + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    open();
  }
  void TearDown() override {
    close_held();
    if (db_ != nullptr) {
      EXPECT_EQ(FIRN_OK, firn_close(db_));
    }
    std::filesystem::remove_all(path_);
  }

  // ---- Opening and reopening

  // In memory where there is much of it: this test is about answers, and syncs of a real disk are most of its time.
  static std::filesystem::path folder() {
    std::error_code error;
    const auto space = std::filesystem::space("/dev/shm", error);
    const bool is_large = !error && space.available > (uint64_t{1} << 30);
    return is_large && std::getenv("TMPDIR") == nullptr ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
  }

  void open() {
    firn_options* options = firn_options_new();
    ASSERT_EQ(FIRN_OK, firn_options_parse(options, GetParam().options.c_str())) << GetParam().options;
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open(GetParam().is_in_memory ? ":memory:" : path_.c_str(), options, &error);
    firn_options_free(options);
    ASSERT_NE(nullptr, db_) << error.message << " " << error.file << " " << error.offset;
  }
  void reopen() {
    close_held();
    if (GetParam().is_in_memory) return;
    ASSERT_EQ(FIRN_OK, firn_close(db_));
    db_ = nullptr;
    firn_error error = FIRN_ERROR_INIT;
    ASSERT_EQ(FIRN_OK, firn_check(path_.c_str(), &error)) << error.message << " " << error.file;
    open();
  }
  void close_held() {
    for (const HeldScan& scan : scans_) firn_iter_close(scan.iter);
    for (const HeldTransaction& txn : txns_) firn_txn_close(txn.handle);
    scans_.clear();
    txns_.clear();
  }

  // ---- Random things

  uint64_t below(uint64_t n) { return random_() % n; }
  bool once_in(uint64_t n) { return below(n) == 0; }
  Bytes random_key() {
    switch (below(10)) {
      case 0:
        return Bytes(1 + below(4), '\xff');
      case 1:
        return Bytes(1 + below(4), '\0');
      case 2:
        return "a long prefix that many keys share, as URLs do: " + std::to_string(below(20));
      case 3:
        return Bytes(1000 + below(4), 'l');
      default:
        return std::to_string(below(60));
    }
  }
  static Bytes number(int64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }
  Bytes random_value() {
    const uint64_t kind = below(100);
    if (kind < 10) return "";
    if (kind < 25) return number(static_cast<int64_t>(below(100)));
    if (kind < 27) return number(INT64_MAX);
    return Bytes(kind < 98 ? below(200) : below(20000), static_cast<char>(below(256)));
  }
  uint32_t random_namespace() {
    auto at = state_.spaces.begin();
    std::advance(at, static_cast<ptrdiff_t>(below(state_.spaces.size())));
    return at->first;
  }
  Window random_window() {
    static const char* const globs[] = {"*1*", "[12]*", "?", "3?", "a*2", "[x]", "*"};
    Window window;
    window.ns = random_namespace();
    window.reverse = once_in(2);
    if (once_in(4)) window.limit = 1 + below(12);
    if (once_in(3)) window.lower = random_key();
    if (once_in(3)) window.upper = random_key();
    if (once_in(5)) window.prefix = random_key().substr(0, 1 + below(2));
    if (once_in(6)) window.glob = globs[below(std::size(globs))];
    return window;
  }

  // ---- The transcript: equal under all sets

  void note(int64_t answer) { transcript_ = (transcript_ ^ static_cast<uint64_t>(answer)) * 0x9e3779b97f4a7c15u; }
  void note(const Bytes& answer) {
    note(static_cast<int64_t>(answer.size()));
    for (const char byte : answer) note(byte);
  }

  // ---- Versions: given by the commit, or learned from the first look

  void given(uint32_t ns, const Bytes& key, int64_t version) {
    ASSERT_GT(version, last_version_);
    last_version_ = version;
    if (state_.find(ns, key) != nullptr) state_.spaces[ns][key].version = static_cast<uint64_t>(version);
  }
  void not_told(uint32_t ns, const Bytes& key) {
    if (state_.find(ns, key) != nullptr) state_.spaces[ns][key].after = static_cast<uint64_t>(last_version_);
  }
  void check_version(Item* item, uint64_t version) {
    if (item->version == 0) {
      EXPECT_GT(version, item->after);
      item->version = version;
      last_version_ = std::max(last_version_, static_cast<int64_t>(version));
      old_versions_.push_back(version);
    }
    EXPECT_EQ(item->version, version);
  }

  // ---- Reading

  // get(buffer, capacity, entry) as firn_get_entry; what it answered must be `expected`.
  template <typename Get>
  void check_entry(const Item* expected, Item* to_learn, const Get& get) {
    Bytes value(64, '\0');
    firn_entry entry = FIRN_ENTRY_INIT;
    int64_t length = get(reinterpret_cast<uint8_t*>(value.data()), value.size(), &entry);
    if (length > static_cast<int64_t>(value.size())) {
      value.resize(static_cast<size_t>(length));
      length = get(reinterpret_cast<uint8_t*>(value.data()), value.size(), &entry);
    }
    note(length);
    if (expected == nullptr) {
      ASSERT_EQ(FIRN_NOT_FOUND, length);
      return;
    }
    ASSERT_EQ(static_cast<int64_t>(expected->value->size()), length);
    value.resize(static_cast<size_t>(length));
    ASSERT_EQ(*expected->value, value);
    ASSERT_EQ(expected->expires, entry.expiry_ms != 0);
    if (to_learn != nullptr) check_version(to_learn, entry.version);
  }
  void check_get(uint32_t ns, const Bytes& key) {
    const auto at = state_.spaces[ns].find(key);
    Item* const item = at == state_.spaces[ns].end() ? nullptr : &at->second;
    check_entry(item, item, [&](uint8_t* out, size_t cap, firn_entry* entry) {
      return firn_get_entry(db_, ns, bytes(key), key.size(), out, cap, entry);
    });
    ASSERT_EQ(item != nullptr ? 1 : 0, firn_exists(db_, ns, bytes(key), key.size()));
    const int64_t ttl_ms = firn_ttl(db_, ns, bytes(key), key.size());
    const int64_t kind = ttl_ms < 0 ? ttl_ms : 1;
    ASSERT_EQ(item == nullptr ? FIRN_NOT_FOUND : item->expires ? 1 : FIRN_NO_EXPIRY, kind);
    firn_pin_t pin;
    ASSERT_EQ(item != nullptr ? FIRN_OK : FIRN_NOT_FOUND, firn_pin(db_, ns, bytes(key), key.size(), &pin));
    if (item != nullptr) {
      ASSERT_EQ(*item->value, Bytes(reinterpret_cast<const char*>(pin.data), pin.len));
      ASSERT_EQ(item->version, pin.version);
    }
    firn_unpin(&pin);
  }
  // find(ns, key) -> what the model has; multi_get as firn_multi_get, multi_pin as firn_multi_pin: one of them is called, as each notes what was read.
  template <typename Find, typename MultiGet, typename MultiPin>
  void check_multi_get(const std::vector<uint32_t>& spaces, const Find& find, const MultiGet& multi_get, const MultiPin& multi_pin) {
    Bytes requests, expected, answers;
    std::vector<std::optional<Item>> items;
    for (uint64_t i = below(12); i > 0; i--) {
      const uint32_t ns = spaces[below(spaces.size())];
      const Bytes key = random_key();
      append_request(&requests, ns, key);
      const std::optional<Item> item = items.emplace_back(find(ns, key));
      append<int64_t>(&expected, item ? static_cast<int64_t>(item->value->size()) : FIRN_NOT_FOUND);
      if (item) expected += *item->value;
    }
    if (once_in(2)) {
      const int64_t length = multi_get(bytes(requests), requests.size(), nullptr, 0);
      ASSERT_EQ(static_cast<int64_t>(expected.size()), length);
      answers.resize(static_cast<size_t>(length));
      multi_get(bytes(requests), requests.size(), reinterpret_cast<uint8_t*>(answers.data()), answers.size());
    } else {
      std::vector<firn_answer> places(items.size());
      firn_pin_t pin;
      ASSERT_EQ(static_cast<int64_t>(places.size()), multi_pin(bytes(requests), requests.size(), places.data(), places.size(), &pin));
      for (size_t i = 0; i < places.size(); i++) {
        append<int64_t>(&answers, places[i].code == FIRN_OK ? static_cast<int64_t>(places[i].len) : places[i].code);
        answers.append(reinterpret_cast<const char*>(places[i].data), places[i].len);
        if (items[i] && items[i]->version != 0) {  // 0: not known yet
          ASSERT_EQ(items[i]->version, places[i].version);
        }
      }
      firn_unpin(&pin);
    }
    note(answers);
    ASSERT_EQ(expected, answers);
  }

  firn_iter* open_scan(const Window& window, firn_txn* txn, uint32_t flags = 0) {
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.ns = window.ns;
    opts.flags = flags | (window.reverse ? FIRN_SCAN_REVERSE : 0);
    opts.limit = window.limit;
    if (window.lower) opts.lower = bytes(*window.lower), opts.lower_len = window.lower->size();
    if (window.upper) opts.upper = bytes(*window.upper), opts.upper_len = window.upper->size();
    if (window.prefix) opts.prefix = bytes(*window.prefix), opts.prefix_len = window.prefix->size();
    if (window.glob) opts.glob = window.glob->data(), opts.glob_len = window.glob->size();
    firn_error error = FIRN_ERROR_INIT;
    firn_iter* const iter = firn_scan(db_, txn, &opts, &error);
    EXPECT_NE(nullptr, iter) << error.message;
    return iter;
  }
  // Takes up to max entries off `rest`, as the iterator gives them.
  void take(firn_iter* iter, std::deque<std::pair<Bytes, Item>>* rest, size_t max) {
    while (max > 0) {
      firn_kv kv[5];
      const int64_t count = firn_iter_entries(iter, kv, std::min<size_t>(std::size(kv), max));
      ASSERT_GE(count, 0);
      if (count == 0) {
        ASSERT_TRUE(rest->empty());
        return;
      }
      for (int64_t i = 0; i < count; i++) {
        ASSERT_FALSE(rest->empty());
        ASSERT_EQ(rest->front().first, Bytes(reinterpret_cast<const char*>(kv[i].key), kv[i].key_len));
        ASSERT_EQ(*rest->front().second.value, Bytes(reinterpret_cast<const char*>(kv[i].val), kv[i].val_len));
        note(rest->front().first);
        rest->pop_front();
      }
      max -= static_cast<size_t>(count);
    }
  }
  // The whole scan by chunks, with versions and expiries.
  void take_chunks(firn_iter* iter, const std::vector<std::pair<Bytes, Item>>& expected) {
    Bytes chunk(24000, '\0');
    size_t i = 0;
    for (int64_t length; (length = firn_iter_chunk(iter, reinterpret_cast<uint8_t*>(chunk.data()), chunk.size())) != 0;) {
      ASSERT_GT(length, 0);
      for (size_t at = 0; at < static_cast<size_t>(length); i++) {
        uint32_t sizes[2];
        uint64_t version = 0;
        int64_t expiry_ms = 0;
        std::memcpy(sizes, chunk.data() + at, 8);
        std::memcpy(&version, chunk.data() + at + 8, 8);
        std::memcpy(&expiry_ms, chunk.data() + at + 16, 8);
        ASSERT_LT(i, expected.size());
        ASSERT_EQ(expected[i].first, chunk.substr(at + 24, sizes[0]));
        ASSERT_EQ(*expected[i].second.value, chunk.substr(at + 24 + sizes[0], sizes[1]));
        ASSERT_EQ(expected[i].second.expires, expiry_ms != 0);
        if (expected[i].second.version != 0) {
          ASSERT_EQ(expected[i].second.version, version);
        }
        at += 24 + sizes[0] + sizes[1];
      }
    }
    ASSERT_EQ(expected.size(), i);
  }
  void check_scan(const Window& window) {
    const auto expected = window.select(state_.spaces[window.ns]);
    const bool by_chunks = once_in(2);
    firn_iter* const iter = open_scan(window, nullptr, by_chunks ? FIRN_SCAN_ENTRIES : 0);
    std::deque<std::pair<Bytes, Item>> rest(expected.begin(), expected.end());
    if (by_chunks)
      take_chunks(iter, expected);
    else
      take(iter, &rest, SIZE_MAX);
    firn_iter_close(iter);
  }
  void check_everything() {
    for (const auto& [ns, keys] : state_.spaces) {
      Window window;
      window.ns = ns;
      for (const bool reverse : {false, true}) {
        window.reverse = reverse;
        check_scan(window);
      }
    }
  }

  // Scans that stay open while everything goes on, read bit by bit, with seeks between.
  void hold_scan() {
    HeldScan scan{nullptr, random_window(), {}, {}};
    scan.iter = open_scan(scan.window, nullptr);
    scan.keys = state_.spaces[scan.window.ns];
    const auto expected = scan.window.select(scan.keys);
    scan.rest.assign(expected.begin(), expected.end());
    scans_.push_back(std::move(scan));
  }
  void use_held_scan() {
    if (scans_.empty()) return hold_scan();
    const size_t i = below(scans_.size());
    HeldScan& scan = scans_[i];
    switch (below(3)) {
      case 0: {
        const Bytes target = random_key();
        ASSERT_EQ(FIRN_OK, firn_iter_seek(scan.iter, bytes(target), target.size()));
        Window from = scan.window;
        if (from.reverse)
          from.upper = from.upper ? std::min(*from.upper, target + '\0') : target + '\0';
        else
          from.lower = from.lower ? std::max(*from.lower, target) : target;
        const auto expected = from.select(scan.keys);
        scan.rest.assign(expected.begin(), expected.end());
        return;
      }
      case 1:
        return take(scan.iter, &scan.rest, 1 + below(20));
      default:
        take(scan.iter, &scan.rest, SIZE_MAX);
        firn_iter_close(scan.iter);
        scans_.erase(scans_.begin() + static_cast<ptrdiff_t>(i));
    }
  }

  // ---- Writing

  void put_in_model(uint32_t ns, const Bytes& key, const Bytes& value, bool expires) {
    StateTarget(&state_, &last_id_).put(ns, key, value, expires);
  }
  void put_plain(uint32_t ns, const Bytes& key) {
    const Bytes value = random_value();
    ASSERT_EQ(FIRN_OK, firn_put(db_, ns, bytes(key), key.size(), bytes(value), value.size()));
    put_in_model(ns, key, value, false);
    not_told(ns, key);
  }
  void put_under_condition(uint32_t ns, const Bytes& key) {
    const Bytes value = random_value();
    const Item* const item = state_.find(ns, key);
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    bool holds = true;
    int64_t refusal = FIRN_OK;
    switch (below(4)) {
      case 0:
        opts.flags = FIRN_IF_ABSENT, holds = item == nullptr, refusal = FIRN_EXISTS;
        break;
      case 1:
        opts.flags = FIRN_IF_PRESENT, holds = item != nullptr, refusal = FIRN_NOT_FOUND;
        break;
      case 2:
        check_get(ns, key);  // learns the version
        opts.flags = FIRN_IF_VERSION, refusal = FIRN_CONFLICT;
        if (once_in(2) && item != nullptr)
          opts.if_version = item->version;
        else if (once_in(2) && !old_versions_.empty())
          opts.if_version = old_versions_[below(old_versions_.size())];
        holds = opts.if_version == 0 ? item == nullptr : item != nullptr && item->version == opts.if_version;
        break;
      default:
        break;
    }
    const bool keeps = once_in(4);
    if (keeps) opts.flags |= FIRN_KEEP_TTL;
    if (!keeps && once_in(3)) opts.ttl_ms = 1'000'000'000;
    if (once_in(30)) opts.flags |= FIRN_SYNC;
    const bool expires = keeps ? item != nullptr && item->expires : opts.ttl_ms > 0;
    const int64_t code = firn_put_ex(db_, ns, bytes(key), key.size(), bytes(value), value.size(), &opts);
    note(std::min<int64_t>(code, 1));
    if (!holds) {
      ASSERT_EQ(refusal, code);
      return;
    }
    put_in_model(ns, key, value, expires);
    given(ns, key, code);
  }
  void put_for_a_moment(uint32_t ns, const Bytes& key) {
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.ttl_ms = 1;
    const int64_t code = firn_put_ex(db_, ns, bytes(key), key.size(), bytes("moment"), 6, &opts);
    state_.spaces[ns].erase(key);
    given(ns, key, code);
    while (firn_exists(db_, ns, bytes(key), key.size()) == 1) usleep(100);
  }
  void remove(uint32_t ns, const Bytes& key) {
    ASSERT_EQ(FIRN_OK, firn_delete(db_, ns, bytes(key), key.size()));
    state_.spaces[ns].erase(key);
  }
  void compare_swap(uint32_t ns, const Bytes& key) {
    const Item* const item = state_.find(ns, key);
    const Bytes old_value = item != nullptr && !once_in(3) ? *item->value : random_value();
    const Bytes new_value = random_value();
    const bool holds = item != nullptr && *item->value == old_value;
    const bool expires = once_in(3);
    ASSERT_EQ(holds ? 1 : 0, firn_compare_swap(db_, ns, bytes(key), key.size(), bytes(old_value), old_value.size(), bytes(new_value),
                                               new_value.size(), expires ? 1'000'000'000 : 0));
    if (!holds) return;
    put_in_model(ns, key, new_value, expires);
    not_told(ns, key);
  }
  void swap(uint32_t ns, const Bytes& key) {
    const Item* const item = state_.find(ns, key);
    const Bytes value = random_value();
    Bytes old_value(20000, '\0');
    const int64_t length = firn_swap(db_, ns, bytes(key), key.size(), bytes(value), value.size(),
                                     reinterpret_cast<uint8_t*>(old_value.data()), old_value.size());
    ASSERT_EQ(item == nullptr ? FIRN_NOT_FOUND : static_cast<int64_t>(item->value->size()), length);
    if (item != nullptr) {
      ASSERT_EQ(*item->value, old_value.substr(0, static_cast<size_t>(length)));
    }
    put_in_model(ns, key, value, item != nullptr && item->expires);
    not_told(ns, key);
  }
  void add(uint32_t ns, const Bytes& key) {
    const Item* const item = state_.find(ns, key);
    const auto delta = static_cast<int64_t>(below(20)) - 5;
    int64_t expected = 0;
    const int32_t code = add_to(item != nullptr ? item->value.get() : nullptr, delta, &expected);
    const firn_i64 sum = firn_add(db_, ns, bytes(key), key.size(), delta);
    note(sum.status);
    ASSERT_EQ(code, sum.status);
    if (code != FIRN_OK) return;
    ASSERT_EQ(expected, sum.value);
    put_in_model(ns, key, number(expected), item != nullptr && item->expires);
    not_told(ns, key);
  }
  void change_expiry(uint32_t ns, const Bytes& key) {
    const Item* const item = state_.find(ns, key);
    const bool expires = once_in(2);
    const int32_t code =
        expires ? firn_expire(db_, ns, bytes(key), key.size(), 1'000'000'000) : firn_persist(db_, ns, bytes(key), key.size());
    ASSERT_EQ(item != nullptr ? FIRN_OK : FIRN_NOT_FOUND, code);
    if (item == nullptr) return;
    put_in_model(ns, key, Bytes(*item->value), expires);
    not_told(ns, key);
  }
  void delete_range() {
    const Window window = random_window();
    const Bytes lower = window.lower.value_or("");
    StateTarget target(&state_, &last_id_);
    const auto keys = target.keys(window.ns, lower, window.upper);
    const uint64_t limit = once_in(3) ? 1 + below(10) : 0;
    const int64_t count = firn_delete_range(db_, window.ns, window.lower ? bytes(lower) : nullptr, lower.size(),
                                            window.upper ? bytes(*window.upper) : nullptr, window.upper ? window.upper->size() : 0, limit);
    note(count);
    if (limit != 0 && keys.size() > limit) {
      ASSERT_EQ(FIRN_TOO_LARGE, count);
      return;
    }
    ASSERT_EQ(static_cast<int64_t>(keys.size()), count);
    for (const Bytes& key : keys) target.erase(window.ns, key);
  }

  // A batch on the namespaces `spaces`; expectations are made from `find`, whose versions may not be known.
  template <typename Find>
  std::vector<Operation> random_batch(const std::vector<uint32_t>& spaces, const Find& find) {
    std::vector<Operation> batch;
    for (uint64_t i = below(12); i > 0; i--) {
      Operation op{FIRN_OP_PUT, spaces[below(spaces.size())], random_key(), {}, 0};
      const uint64_t kind = below(100);
      if (kind < 45) {
        op.value = random_value();
        op.argument = once_in(4) ? 1'000'000'000 : 0;
      } else if (kind < 65) {
        op.kind = FIRN_OP_DELETE;
      } else if (kind < 70) {
        op.kind = FIRN_OP_DELETE_RANGE;
        if (!once_in(8)) op.value = random_key();
      } else if (kind < 80) {
        op.kind = FIRN_OP_ADD;
        op.value = number(static_cast<int64_t>(below(9)) - 2);
        const Item* const item = find(op.ns, op.key);
        if (!once_in(10) && item != nullptr && item->value->size() != 8) op.kind = FIRN_OP_PUT;  // most batches are applied
      } else if (kind < 90) {
        op.kind = FIRN_OP_PUT_KEEP_TTL;
        op.value = random_value();
      } else {
        op.kind = FIRN_OP_EXPECT_VERSION;
        const Item* const item = find(op.ns, op.key);
        if (item != nullptr && !once_in(8)) op.argument = static_cast<int64_t>(item->version);
      }
      batch.push_back(std::move(op));
    }
    return batch;
  }
  static Bytes packed(const std::vector<Operation>& batch) {
    Bytes text;
    for (const Operation& op : batch) append_operation(&text, op.kind, op.ns, op.key, op.value, op.argument);
    return text;
  }
  std::vector<uint32_t> present_namespaces() const {
    std::vector<uint32_t> spaces;
    for (const auto& space : state_.spaces) spaces.push_back(space.first);
    return spaces;
  }
  void write_batch() {
    const auto batch = random_batch(present_namespaces(), [&](uint32_t ns, const Bytes& key) {
      check_get(ns, key);  // learns the version
      return state_.find(ns, key);
    });
    State after = state_;
    const uint64_t first_id = last_id_;
    StateTarget target(&after, &last_id_);
    const int32_t expected = run_batch(batch, &target);
    const Bytes text = packed(batch);
    const int64_t code = firn_write(db_, bytes(text), text.size(), once_in(30) ? FIRN_SYNC : 0);
    note(std::min<int64_t>(code, 1));
    if (expected != FIRN_OK) {
      ASSERT_EQ(expected, code);
      return;
    }
    ASSERT_GE(code, last_version_);
    adopt(std::move(after), first_id, code);
  }
  // The state after a commit of this version: it wrote what has later ids.
  void adopt(State after, uint64_t first_id, int64_t version) {
    state_ = std::move(after);
    for (auto& [ns, keys] : state_.spaces) {
      for (auto& [key, item] : keys) {
        if (item.id <= first_id || item.version != 0) continue;
        ASSERT_GT(version, last_version_);
        item.version = static_cast<uint64_t>(version);
      }
    }
    last_version_ = std::max(last_version_, version);
  }

  void change_namespaces() {
    const uint64_t kind = below(4);
    const Bytes name = "namespace " + std::to_string(below(4));
    if (kind < 2) {
      const int64_t id = firn_ns_open(db_, bytes(name), name.size(), 0);
      ASSERT_GE(id, 1);
      if (names_.count(name) != 0) {
        ASSERT_EQ(names_[name], static_cast<uint32_t>(id));
      } else {
        ASSERT_TRUE(given_ids_.insert(static_cast<uint32_t>(id)).second) << "an id was used again";
      }
      names_[name] = static_cast<uint32_t>(id);
      state_.spaces[static_cast<uint32_t>(id)];
    } else if (kind == 2) {
      const uint32_t ns = random_namespace();
      ASSERT_EQ(FIRN_OK, firn_ns_clear(db_, ns));
      state_.spaces[ns].clear();
    } else if (names_.count(name) != 0) {
      const uint32_t ns = names_[name];
      ASSERT_EQ(FIRN_OK, firn_ns_drop(db_, ns));
      ASSERT_EQ(FIRN_INVALID, firn_put(db_, ns, bytes(name), 1, nullptr, 0));
      state_.spaces.erase(ns);
      names_.erase(name);
    }
  }

  // ---- Transactions

  void begin() {
    const bool is_read_only = once_in(4);
    const bool is_serializable = !is_read_only && once_in(2);
    const uint32_t flags = is_read_only ? FIRN_TXN_READ_ONLY : is_serializable ? FIRN_TXN_SERIALIZABLE : 0;
    firn_txn* const handle = firn_txn_begin(db_, flags, nullptr);
    ASSERT_NE(nullptr, handle);
    txns_.push_back({handle, ModelTransaction(state_, is_serializable), is_read_only});
  }
  void use_transaction() {
    if (txns_.empty() || (txns_.size() < 4 && once_in(8))) return begin();
    const size_t i = below(txns_.size());
    HeldTransaction& txn = txns_[i];
    if (once_in(8)) {
      end(txn);
      firn_txn_close(txn.handle);
      txns_.erase(txns_.begin() + static_cast<ptrdiff_t>(i));
      return;
    }
    std::vector<uint32_t> readable, both;
    for (const auto& [ns, keys] : txn.model.snapshot().spaces) {
      readable.push_back(ns);
      if (state_.spaces.count(ns) != 0) both.push_back(ns);
    }
    const bool reads = txn.is_read_only || once_in(2);
    if (reads)
      read_in(txn, readable);
    else
      write_in(txn, both);
  }
  void read_in(HeldTransaction& txn, const std::vector<uint32_t>& spaces) {
    const uint32_t ns = spaces[below(spaces.size())];
    const Bytes key = random_key();
    switch (below(4)) {
      case 0: {
        Window window = random_window();
        window.ns = ns;
        const bool by_chunks = once_in(2);
        firn_iter* const iter = open_scan(window, txn.handle, by_chunks ? FIRN_SCAN_ENTRIES : 0);
        const auto expected = txn.model.scan(window);
        std::deque<std::pair<Bytes, Item>> rest(expected.begin(), expected.end());
        if (by_chunks)
          take_chunks(iter, expected);
        else
          take(iter, &rest, SIZE_MAX);
        firn_iter_close(iter);
        return;
      }
      case 1:
        return check_multi_get(
            spaces, [&](uint32_t in, const Bytes& wanted) { return txn.model.find(in, wanted); },
            [&](const uint8_t* keys, size_t len, uint8_t* out, size_t cap) { return firn_txn_multi_get(txn.handle, keys, len, out, cap); },
            [&](const uint8_t* keys, size_t len, firn_answer* answers, size_t max, firn_pin_t* pin) {
              return firn_txn_multi_pin(txn.handle, keys, len, answers, max, pin);
            });
      case 2:
        ASSERT_EQ(txn.model.find(ns, key) ? 1 : 0, firn_txn_exists(txn.handle, ns, bytes(key), key.size()));
        return;
      default: {
        const auto item = txn.model.find(ns, key);
        check_entry(item ? &*item : nullptr, nullptr, [&](uint8_t* out, size_t cap, firn_entry* entry) {
          return firn_txn_get_entry(txn.handle, ns, bytes(key), key.size(), out, cap, entry);
        });
      }
    }
  }
  void write_in(HeldTransaction& txn, const std::vector<uint32_t>& spaces) {
    const uint32_t ns = spaces[below(spaces.size())];
    const Bytes key = random_key();
    switch (below(4)) {
      case 0: {
        const Bytes value = random_value();
        ASSERT_EQ(FIRN_OK, firn_txn_put(txn.handle, ns, bytes(key), key.size(), bytes(value), value.size()));
        return txn.model.put(ns, key, value, false);
      }
      case 1:
        ASSERT_EQ(FIRN_OK, firn_txn_delete(txn.handle, ns, bytes(key), key.size()));
        return txn.model.erase(ns, key);
      case 2: {
        const auto item = txn.model.find(ns, key);
        int64_t expected = 0;
        const int32_t code = add_to(item ? item->value.get() : nullptr, 3, &expected);
        const firn_i64 sum = firn_txn_add(txn.handle, ns, bytes(key), key.size(), 3);
        ASSERT_EQ(code, sum.status);
        if (code != FIRN_OK) return;
        ASSERT_EQ(expected, sum.value);
        return txn.model.put(ns, key, number(expected), item && item->expires);
      }
      default: {
        auto batch = random_batch(spaces, [&](uint32_t in, const Bytes& wanted) { return txn.model.snapshot().find(in, wanted); });
        // What was not known when the snapshot was taken cannot be expected, but for absence.
        batch.erase(std::remove_if(batch.begin(), batch.end(),
                                   [&](const Operation& op) {
                                     const Item* item = txn.model.snapshot().find(op.ns, op.key);
                                     return op.kind == FIRN_OP_EXPECT_VERSION && item != nullptr && item->version == 0;
                                   }),
                    batch.end());
        const Bytes text = packed(batch);
        const int32_t expected = txn.model.apply_batch(batch);
        const int64_t code = firn_txn_write(txn.handle, bytes(text), text.size());
        note(code);
        ASSERT_EQ(expected == FIRN_OK ? static_cast<int64_t>(batch.size()) : expected, code);
      }
    }
  }
  void end(HeldTransaction& txn) {
    if (once_in(6)) return;  // given up
    const int64_t code = firn_txn_commit(txn.handle);
    note(std::min<int64_t>(code, 1));
    if (txn.is_read_only) {
      ASSERT_GE(code, 0);
      return;
    }
    const bool conflicts = txn.model.conflicts_with(state_);
    if (txn.model.has_written_to_dropped(state_)) {
      ASSERT_TRUE(code == FIRN_INVALID || (conflicts && code == FIRN_CONFLICT)) << code;
      return;
    }
    if (conflicts) {
      ASSERT_EQ(FIRN_CONFLICT, code);
      refused_++;
      return;
    }
    ASSERT_GE(code, txn.model.write_count() > 0 ? last_version_ + 1 : 0);
    committed_++;
    State after = state_;
    const uint64_t first_id = last_id_;
    StateTarget target(&after, &last_id_);
    txn.model.commit_to(&target);
    adopt(std::move(after), first_id, txn.model.write_count() > 0 ? code : last_version_);
  }

  // ---- One step

  void step() {
    const uint64_t what = below(1000);
    const uint32_t ns = random_namespace();
    const Bytes key = random_key();
    if (what < 130) return put_plain(ns, key);
    if (what < 210) return put_under_condition(ns, key);
    if (what < 260) return remove(ns, key);
    if (what < 290) return compare_swap(ns, key);
    if (what < 320) return swap(ns, key);
    if (what < 350) return add(ns, key);
    if (what < 380) return change_expiry(ns, key);
    if (what < 395) return delete_range();
    if (what < 398) return put_for_a_moment(ns, key);
    if (what < 440) return write_batch();
    if (what < 560) return check_get(ns, key);
    if (what < 590) return check_multi_get_now();
    if (what < 640) return check_scan(random_window());
    if (what < 655 && scans_.size() < 8) return hold_scan();
    if (what < 710) return use_held_scan();
    if (what < 950) return use_transaction();
    if (what < 970) return change_namespaces();
    if (what < 982) {
      ASSERT_EQ(FIRN_OK, firn_flush(db_));
    } else if (what < 988) {
      ASSERT_EQ(FIRN_OK, firn_compact(db_));
    } else if (what < 991) {
      ASSERT_EQ(FIRN_OK, firn_sync(db_));
    } else if (what < 994) {
      const bool has_threads = GetParam().options.find("single_threaded=true") == std::string::npos;
      const int32_t code = firn_run_jobs(db_, 1);
      ASSERT_TRUE(has_threads ? code == FIRN_MISUSE : code == 0 || code == 1) << code;
    } else if (what < 998) {
      check_everything();
    } else {
      reopen();
    }
  }
  void check_multi_get_now() {
    check_multi_get(
        present_namespaces(),
        [&](uint32_t ns, const Bytes& key) {
          const Item* const item = state_.find(ns, key);
          return item == nullptr ? std::nullopt : std::optional(*item);
        },
        [&](const uint8_t* keys, size_t len, uint8_t* out, size_t cap) { return firn_multi_get(db_, keys, len, out, cap); },
        [&](const uint8_t* keys, size_t len, firn_answer* answers, size_t max, firn_pin_t* pin) {
          return firn_multi_pin(db_, keys, len, answers, max, pin);
        });
  }

  std::optional<firn_test::FastPathsLeftOut> left_out_;
  std::mt19937_64 random_;
  std::filesystem::path path_;
  firn_db* db_ = nullptr;
  State state_;
  uint64_t last_id_ = 0;
  int64_t last_version_ = 0;
  std::vector<uint64_t> old_versions_;
  std::map<Bytes, uint32_t> names_;
  std::set<uint32_t> given_ids_;
  std::vector<HeldScan> scans_;
  std::vector<HeldTransaction> txns_;
  int refused_ = 0;
  int committed_ = 0;
  uint64_t transcript_ = 0;
};

TEST_P(MetamorphicTest, all_operations_answer_as_the_model_does_under_every_set_of_options) {
  const int steps = static_cast<int>(firn::test_effort().count(2000, 100'000));
  for (int i = 0; i < steps; i++) {
    step();
    if (HasFailure()) {
      FAIL() << "at step " << i << " with " << GetParam().options << "; " << firn::replay_command();
    }
  }
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  check_everything();
  EXPECT_GT(committed_, 0);
  EXPECT_GT(refused_, 0);
#if defined(FIRN_DEBUG_CHECKS)
  sets_done_++;
#endif
  static const uint64_t first_transcript = transcript_;
  EXPECT_EQ(first_transcript, transcript_) << "another set of options answered otherwise; all of them are needed: "
                                           << firn::replay_command();
}

std::vector<OptionSet> option_sets() {
  static const char* const fixed[] = {
      "",
      "memtable_bytes=4KiB",
      "memtable_bytes=16KiB",
      "memtable_bytes=64KiB",
      "memtable_bytes=1MiB",
      "memtable_bytes=4KiB,log_io=pwrite",
      "memtable_bytes=16KiB,log_io=pwrite,table_io=pread",
      "memtable_bytes=4KiB,table_io=pread",
      "memtable_bytes=8KiB,table_io=pread,cache_bytes=0",
      "memtable_bytes=8KiB,table_io=pread,cache_bytes=64KiB",
      "memtable_bytes=4KiB,cache_bytes=0",
      "memtable_bytes=4KiB,compression=lz4",
      "memtable_bytes=8KiB,compression=lz4,table_io=pread,cache_bytes=16KiB",
      "memtable_bytes=4KiB,compression=zstd",
      "memtable_bytes=8KiB,compression=zstd,log_io=pwrite,table_io=pread",
      "compression=zstd,verify_on_open=true",
      "memtable_bytes=8KiB,durability=sync",
      "memtable_bytes=8KiB,durability=sync,log_io=pwrite",
      "memtable_bytes=8KiB,durability=every:10",
      "memtable_bytes=8KiB,durability=interval:1ms",
      "memtable_bytes=4KiB,durability=none",
      "durability=none,log_io=pwrite,table_io=pread",
      "memtable_bytes=4KiB,verify_on_open=true",
      "memtable_bytes=4KiB,background_threads=2",
      "memtable_bytes=16KiB,background_threads=2,table_io=pread,compression=lz4",
      "single_threaded=true",
      "memtable_bytes=4KiB,single_threaded=true",
      "memtable_bytes=16KiB,single_threaded=true,compression=zstd",
      "memtable_bytes=4KiB,single_threaded=true,log_io=pwrite,table_io=pread,cache_bytes=0",
      "memtable_bytes=8KiB,single_threaded=true,durability=sync",
      "memtable_bytes=8KiB,single_threaded=true,durability=none,verify_on_open=true",
  };
  std::vector<OptionSet> sets;
  for (const char* options : fixed) sets.push_back({"fixed_" + std::to_string(sets.size()), options});
  const std::pair<const char*, const char*> in_memory[] = {
      {"memory", "memtable_bytes=64MiB"},
      {"memory_small", "memtable_bytes=4KiB"},
      {"memory_compressed", "memtable_bytes=8KiB,compression=lz4"},
      {"memory_single_threaded", "memtable_bytes=8KiB,single_threaded=true"},
  };
  for (const auto& [name, options] : in_memory) sets.push_back({name, options, true});

  std::mt19937_64 random(seed_of_run() ^ 0x5eed);
  const auto one_of = [&](std::vector<const char*> choices) { return std::string(choices[random() % choices.size()]); };
  for (int i = 0; i < 6; i++) {
    std::string options = "memtable_bytes=" + one_of({"4KiB", "5000", "12KiB", "100KiB", "1GiB"});
    options += ",log_io=" + one_of({"mmap", "pwrite"}) + ",table_io=" + one_of({"mmap", "pread"});
    options += ",compression=" + one_of({"none", "lz4", "zstd"}) + ",cache_bytes=" + one_of({"0", "4KiB", "1MiB", "256MiB"});
    options += ",durability=" + one_of({"none", "process", "every:3", "interval:5ms", "sync"});
    options += ",single_threaded=" + one_of({"true", "false", "false"}) + ",verify_on_open=" + one_of({"true", "false"});
    options += ",background_threads=" + one_of({"1", "2"});
    sets.push_back({"random_" + std::to_string(i), options});
  }
  return sets;
}

INSTANTIATE_TEST_SUITE_P(Options, MetamorphicTest, testing::ValuesIn(option_sets()), [](const auto& set) { return set.param.name; });

}  // namespace
