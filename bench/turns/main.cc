// firn_turns: builds of the library beside each other in one process. Machines change their speed by the minute; each library has a database of its own, and they take
// turns in blocks of some milliseconds, so that all of them meet the same hour. The verdict is the ratio of the medians over the blocks; one of 2 % is told reliably.
//
//     git stash; cmake --build build/release; cp build/release/libfirn.so.0 /tmp/before.so; git stash pop; cmake --build build/release
//     build/release/bench/firn_turns scan /tmp/before.so build/release/libfirn.so.0
#include <dlfcn.h>
#include <firn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "compare/arguments.h"
#include "compare/dataset.h"
#include "compare/random.h"
#include "compare/work_directory.h"

namespace bench {
namespace {

constexpr Usage kUsage("firn_turns", R"(firn_turns [options] ROW LIBRARY LIBRARY...

Rows: get (compacted), get_fresh, get_hot (1,000 keys), zipfian (gets), update (zipfian, half gets, half puts), put (new keys in random order), put_in_order,
scan (of 1 to 100 entries, 5 % puts of new keys), counter (":memory:").
  --keys N     loaded before the clock starts (1000000)
  --blocks N   of each library (200)
  --dir PATH   on a disk (/var/tmp)
)");

constexpr size_t kKeyBytes = 16;
constexpr uint32_t kValueBytes = 100;
constexpr uint64_t kHotCount = 1000;
constexpr size_t kScanEntriesMax = 100;

const uint8_t* bytes(const char* text) { return reinterpret_cast<const uint8_t*>(text); }

void must(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

// A library with its database, and where its stream of operations is.
class Side {
 public:
  Side(std::string library, const std::string& path, uint64_t key_count)
      : library_(std::move(library)),
        keys_(KeyKind::kDecimal, kKeyBytes, true, key_count),
        in_order_(KeyKind::kDecimal, kKeyBytes, false, key_count),
        values_({kValueBytes}),
        zipfian_(key_count, 0.99),
        random_(1),
        loaded_count_(key_count),
        next_(key_count) {
    void* const handle = ::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) kUsage.complain(::dlerror());
    const auto get_api = reinterpret_cast<decltype(&firn_get_api)>(::dlsym(handle, "firn_get_api"));
    must(get_api != nullptr && get_api(0) != nullptr, "a library without the functions of version 0");
    api_ = get_api(0);
    firn_error error = FIRN_ERROR_INIT;
    db_ = api_->open(path.c_str(), nullptr, &error);
    must(db_ != nullptr, error.message);
  }
  ~Side() { (void)api_->close(db_); }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  void load(bool compacted) {
    for (uint64_t i = 0; i < loaded_count_; i++) put(keys_, i);
    if (compacted) must(api_->compact(db_) == FIRN_OK, "compact failed");
  }

  void get_uniform() { get(random_.below(loaded_count_)); }
  void get_hot() { get(random_.below(std::min(kHotCount, loaded_count_))); }
  void get_zipfian() { get(zipfian_(random_)); }
  void update() {
    if (random_.below(2) == 0)
      get(zipfian_(random_));
    else
      put(keys_, zipfian_(random_));
  }
  void put_new() { put(keys_, next_++ % loaded_count_); }
  void put_in_order() { put(in_order_, next_++); }
  void scan() {
    char key[kKeyBytes];
    if (random_.below(20) == 0) {
      const uint64_t at = next_++;
      return put(key, keys_.make_missing(at % loaded_count_, key), at);
    }
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    opts.lower_len = keys_.make(zipfian_(random_), key);
    opts.lower = bytes(key);
    opts.limit = 1 + random_.below(kScanEntriesMax);
    firn_iter* const iterator = api_->scan(db_, nullptr, &opts, nullptr);
    must(iterator != nullptr, "scan failed");
    firn_kv entries[kScanEntriesMax];
    const int64_t count = api_->iter_entries(iterator, entries, kScanEntriesMax);
    must(count > 0 && std::equal(key, key + kKeyBytes, reinterpret_cast<const char*>(entries[0].key)), "a scan began elsewhere");
    for (int64_t i = 0; i < count; i++) must(entries[i].val_len == kValueBytes, "a scan found a value of another length");
    api_->iter_close(iterator);
  }
  void count() {
    int64_t sum = 0;
    must(api_->add_to(db_, 0, bytes("counter"), 7, 1, &sum) == FIRN_OK, "add failed");
  }

  const std::string& library() const { return library_; }
  std::vector<double> block_ns;  // an operation's mean in each block

 private:
  void put(const Keys& keys, uint64_t index) {
    char key[kKeyBytes];
    put(key, keys.make(index, key), index);
  }
  void put(const char* key, size_t key_bytes, uint64_t index) {
    char value[kValueBytes];
    const size_t value_bytes = values_.make(index, 0, value);
    must(api_->put(db_, 0, bytes(key), key_bytes, bytes(value), value_bytes) == FIRN_OK, "put failed");
  }
  void get(uint64_t index) {
    char key[kKeyBytes];
    char value[kValueBytes];
    const size_t key_bytes = keys_.make(index, key);
    const int64_t length = api_->get(db_, 0, bytes(key), key_bytes, reinterpret_cast<uint8_t*>(value), sizeof value);
    must(length == kValueBytes && values_.matches(index, value, kValueBytes), "a get found another value");
  }

  const std::string library_;
  const Keys keys_;
  const Keys in_order_;
  const Values values_;
  const Zipfian zipfian_;
  Random random_;
  const uint64_t loaded_count_;
  uint64_t next_;
  const firn_api* api_ = nullptr;
  firn_db* db_ = nullptr;
};

struct Row {
  const char* name;
  bool is_loaded;
  bool is_compacted;
  uint64_t block_count;  // operations of a block
  void (Side::*operation)();
};

constexpr Row kRows[] = {
    {"get", true, true, 5000, &Side::get_uniform},
    {"get_fresh", true, false, 5000, &Side::get_uniform},
    {"get_hot", true, true, 20000, &Side::get_hot},
    {"zipfian", true, true, 5000, &Side::get_zipfian},
    {"update", true, false, 5000, &Side::update},
    {"put", false, false, 5000, &Side::put_new},
    {"put_in_order", false, false, 5000, &Side::put_in_order},
    {"scan", true, false, 2000, &Side::scan},
    {"counter", false, false, 20000, &Side::count},
};

double at(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
}

void take_turns(std::vector<std::unique_ptr<Side>>& sides, const Row& row, uint64_t blocks) {
  for (uint64_t round = 0; round < blocks; round++) {
    for (size_t i = 0; i < sides.size(); i++) {
      Side& side = *sides[(round + i) % sides.size()];  // nobody is always behind the same one
      const auto begin = std::chrono::steady_clock::now();
      for (uint64_t n = 0; n < row.block_count; n++) (side.*row.operation)();
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
      side.block_ns.push_back(took.count() / static_cast<double>(row.block_count));
    }
  }
}

void print(std::vector<std::unique_ptr<Side>>& sides) {
  std::printf(
      "| library | median of the blocks, ns an operation | quarter | mean | as fast as the first |\n| --- | ---: | ---: | ---: | ---: |\n");
  double first = 0;
  for (const auto& side : sides) {
    std::vector<double>& blocks = side->block_ns;
    std::sort(blocks.begin(), blocks.end());
    double sum = 0;
    for (const double ns : blocks) sum += ns;
    const double median = at(blocks, 0.5);
    if (first == 0) first = median;
    std::printf("| %s | %.1f | %.1f | %.1f | %.3fx |\n", side->library().c_str(), median, at(blocks, 0.25),
                sum / static_cast<double>(blocks.size()), first / median);
  }
}

int run(int argc, char** argv) {
  uint64_t key_count = 1'000'000;
  uint64_t blocks = 200;
  std::string directory = "/var/tmp";
  std::vector<std::string> words;
  for (int i = 1; i < argc; i++) {
    const std::string word = argv[i];
    if (word.starts_with("--") && i + 1 == argc) kUsage.complain(word + " needs a value");
    if (word == "--keys") {
      key_count = static_cast<uint64_t>(kUsage.number("--keys", argv[++i], 1000, 1e9));
    } else if (word == "--blocks") {
      blocks = static_cast<uint64_t>(kUsage.number("--blocks", argv[++i], 1, 1e6));
    } else if (word == "--dir") {
      directory = argv[++i];
    } else {
      words.push_back(word);
    }
  }
  if (words.size() < 3) kUsage.complain("a row and two libraries are needed");
  const Row* const row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& one) { return words[0] == one.name; });
  if (row == std::end(kRows)) kUsage.complain("there is no row " + words[0]);

  const WorkDirectory work(directory, "firn_turns");
  const std::string fresh = work.fresh();
  std::vector<std::unique_ptr<Side>> sides;
  for (size_t i = 1; i < words.size(); i++) {
    const bool is_in_memory = words[0] == "counter";
    sides.push_back(std::make_unique<Side>(words[i], is_in_memory ? ":memory:" : fresh + "/" + std::to_string(i), key_count));
    if (row->is_loaded) sides.back()->load(row->is_compacted);
  }
  take_turns(sides, *row, blocks);
  print(sides);
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) try { return bench::run(argc, argv); } catch (const std::runtime_error& error) {
  std::fprintf(stderr, "firn_turns: %s\n", error.what());
  return 1;
}
