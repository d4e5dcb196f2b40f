// kill -9 on real files: a child writes and says in shared memory what it is about to do and what was acknowledged; the parent kills it at a random moment, opens
// the database, and finds the state after a prefix of the operations that contains every acknowledged one. Every opening, of children and of the parent, has other options
// than the one before it. A failure prints its seed:
//   FIRN_SEED=<seed> firn_crash_test --gtest_filter=<test>
#include <firn.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "capi/capi_fixture.h"
#include "crash/kill_place.h"
#include "crashfs/effort.h"

namespace {

using firn_test::bytes;
using Bytes = std::string;
using Model = std::map<Bytes, Bytes>;  // keys of both namespaces, each behind the name of its own

struct OptionSet {
  const char* name;
  const char* options;
};

constexpr OptionSet kOptionSets[] = {
    {"defaults", "memtable_bytes=64MiB"},
    {"tiny_memtables", "memtable_bytes=8KiB"},
    {"log_by_pwrite", "memtable_bytes=16KiB,log_io=pwrite"},
    {"tables_by_pread", "memtable_bytes=32KiB,table_io=pread"},
    {"sync", "memtable_bytes=32KiB,durability=sync"},
    {"single_threaded", "memtable_bytes=16KiB,single_threaded=true"},
    {"compressed", "memtable_bytes=16KiB,compression=zstd,table_io=pread,background_threads=2"},
    {"change_feed", "memtable_bytes=16KiB,changes_retention_bytes=64KiB"},
};

// Of each set in a deep run. With those of log_kill_test.cc 15,000: the bar of a deep run.
constexpr uint64_t kDeepKills = 1250;

// What the child tells the parent; survives the child.
struct Report {
  std::atomic<uint64_t> started{0};
  std::atomic<uint64_t> acknowledged{0};
};

// The namespace beside the default one, which a child opens before it writes: batches write to both. Ids are given in order.
constexpr uint32_t kSide = 1;
constexpr const char* kSpaceNames[] = {"default/", "side/"};
int64_t open_side(firn_db* db, uint32_t flags) { return firn_ns_open(db, bytes("side"), 4, flags); }

// Operation `i` of a run is a function of (seed, i), so that parent and child agree on it: a packed batch and its effect on the model.
struct Operation {
  Bytes batch;
  void apply_to(Model* model) const {
    for (const auto& [key, value] : effects) {
      if (value.empty())
        model->erase(key);
      else
        (*model)[key] = value;
    }
  }
  std::vector<std::pair<Bytes, Bytes>> effects;  // empty value: deleted
};

Operation operation(uint64_t seed, uint64_t i) {
  std::mt19937_64 random(seed * 1000003 + i);
  Operation operation;
  const uint64_t count = random() % 4 == 0 ? 1 + random() % 8 : 1;
  for (uint64_t n = 0; n < count; n++) {
    const Bytes key = "key" + std::to_string(random() % 500);
    const uint32_t ns = random() % 3 == 0 ? kSide : 0;
    const bool is_put = random() % 5 != 0;
    const size_t value_bytes = random() % 50 == 0 ? 1 + random() % 30000 : 1 + random() % 100;
    const Bytes value = is_put ? std::to_string(i) + Bytes(value_bytes, static_cast<char>('a' + i % 26)) : Bytes();
    firn_test::append_operation(&operation.batch, is_put ? FIRN_OP_PUT : FIRN_OP_DELETE, ns, key, value);
    operation.effects.emplace_back(kSpaceNames[ns] + key, value);
  }
  return operation;
}

firn_db* open_db(const char* path, const char* text) {
  firn_options* options = firn_options_new();
  if (firn_options_parse(options, text) != FIRN_OK) return nullptr;
  firn_error error = FIRN_ERROR_INIT;
  firn_db* db = firn_open(path, options, &error);
  firn_options_free(options);
  if (db == nullptr)
    std::fprintf(stderr, "open: %s %s %s %llu\n", firn_status_name(error.code), error.message, error.file,
                 static_cast<unsigned long long>(error.offset));
  return db;
}

Model read_all(firn_db* db) {
  Model model;
  const int64_t side = open_side(db, FIRN_NS_EXISTING);
  EXPECT_TRUE(side == kSide || side == FIRN_NOT_FOUND) << side;
  for (uint32_t ns = 0; ns <= (side == kSide ? kSide : 0); ns++) {
    firn_scan_opts options = FIRN_SCAN_OPTS_INIT;
    options.ns = ns;
    firn_iter* iter = firn_scan(db, nullptr, &options, nullptr);
    firn_kv entries[64];
    int64_t count = 0;
    while ((count = firn_iter_entries(iter, entries, 64)) > 0) {
      for (int64_t i = 0; i < count; i++) {
        model[kSpaceNames[ns] + Bytes(reinterpret_cast<const char*>(entries[i].key), entries[i].key_len)] =
            Bytes(reinterpret_cast<const char*>(entries[i].val), entries[i].val_len);
      }
    }
    EXPECT_EQ(0, count);
    firn_iter_close(iter);
  }
  return model;
}

Bytes difference(const Model& expected, const Model& found) {
  Bytes text;
  const auto head = [](const Bytes& value) { return value.substr(0, 12) + "... of " + std::to_string(value.size()); };
  for (const auto& [key, value] : expected) {
    const auto at = found.find(key);
    if (at == found.end())
      text += key + " is missing: " + head(value) + "\n";
    else if (at->second != value)
      text += key + " is " + head(at->second) + " instead of " + head(value) + "\n";
  }
  for (const auto& [key, value] : found) {
    if (expected.count(key) == 0) text += key + " should not be there: " + head(value) + "\n";
  }
  return text;
}

class KillTest : public testing::TestWithParam<size_t> {};

TEST_P(KillTest, every_acknowledged_write_is_there_after_kill_9) {
  const firn::Effort effort = firn::test_effort();
  const uint64_t seed = effort.seed * std::size(kOptionSets) + GetParam();
  const int rounds = static_cast<int>(effort.count(12, kDeepKills));
  SCOPED_TRACE(firn::replay_command());
  const std::filesystem::path path = firn::kill_place("firn-kill", GetParam(), kOptionSets[GetParam()].name);
  std::filesystem::remove_all(path);
  void* memory = mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(MAP_FAILED, memory);
  auto* report = new (memory) Report;
  std::mt19937_64 random(seed);
  Model model;
  uint64_t done = 0;  // operations in the model
  uint64_t kills = 0;
  uint64_t kills_in_work = 0;
  size_t set = GetParam();  // of the opening before
  const auto next_options = [&] {
    set = (set + 1 + random() % (std::size(kOptionSets) - 1)) % std::size(kOptionSets);
    return kOptionSets[set].options;
  };

  for (int round = 0; round < rounds; round++) {
    const char* const options = next_options();
    SCOPED_TRACE(std::string("the child had ") + options);
    // A child goes on behind what was acknowledged; doing the operation in flight once more changes nothing.
    const uint64_t first = report->acknowledged;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      firn_db* db = open_db(path.c_str(), options);
      if (db == nullptr) _exit(3);
      if (open_side(db, 0) != kSide) _exit(7);
      for (uint64_t i = first;; i++) {
        const Operation next = operation(seed, i);
        report->started.store(i + 1);  // stays when the next child is killed before it gets here
        if (firn_write(db, bytes(next.batch), next.batch.size(), 0) < 0) _exit(4);
        report->acknowledged.store(i + 1);
        if (i % 977 == 500 && firn_flush(db) != FIRN_OK) _exit(5);
        if (i % 4999 == 2500 && firn_compact(db) != FIRN_OK) _exit(6);
      }
    }
    // Some kills meet the opening, others a writer that has got going, however slow the machine is.
    const uint64_t wanted = random() % 3 == 0 ? 0 : 1 + random() % (std::strstr(options, "=sync") != nullptr ? 50 : 1000);
    while (report->acknowledged < first + wanted && waitpid(child, nullptr, WNOHANG) == 0) usleep(100);
    usleep(static_cast<useconds_t>(random() % 5000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    kills++;
    if (report->acknowledged > first) kills_in_work++;
    if (random() % 2 == 0) continue;  // the next child recovers from this, and may be killed in doing so

    firn_db* db = open_db(path.c_str(), next_options());
    ASSERT_NE(nullptr, db) << "no flag may be needed after a kill";
    for (; done < report->acknowledged; done++) operation(seed, done).apply_to(&model);
    const Model found = read_all(db);
    if (found != model && report->started > done) {
      operation(seed, done).apply_to(&model);  // the one in flight may count, but whole
      done++;
    }
    ASSERT_EQ("", difference(model, found)) << "round " << round << ", acknowledged " << report->acknowledged << ", started "
                                            << report->started;
    ASSERT_EQ(FIRN_OK, firn_close(db));
    if (round % 8 == 0) {
      firn_error error = FIRN_ERROR_INIT;
      ASSERT_EQ(FIRN_OK, firn_check(path.c_str(), &error)) << error.message << " " << error.file;
    }
  }
  std::printf("[ figures  ] %llu kills, %llu of them at work, %llu operations acknowledged, 0 lost\n",
              static_cast<unsigned long long>(kills), static_cast<unsigned long long>(kills_in_work),
              static_cast<unsigned long long>(report->acknowledged.load()));
  EXPECT_GT(kills_in_work, 0u) << "no kill met a writer at work: the test shows nothing";
  if (effort.is_deep) {
    EXPECT_GE(kills, kDeepKills) << "fewer kills than its part of the bar";
  }
  munmap(memory, sizeof(Report));
  std::filesystem::remove_all(path);
}

INSTANTIATE_TEST_SUITE_P(Options, KillTest, testing::Range(size_t{0}, std::size(kOptionSets)),
                         [](const auto& set) { return std::string(kOptionSets[set.param].name); });

}  // namespace
