// kill -9 on a durable log: a child appends, trims and resets, and says in shared memory what it is about to do and what was acknowledged; the parent kills it
// at a random moment and opens the log: a gap-free run of the right records, with every acknowledged one. Every opening has other options than the one before it.
// A failure prints its seed:
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
#include <random>
#include <string>
#include <vector>

#include "crash/kill_place.h"
#include "crashfs/effort.h"

namespace {

struct OptionSet {
  const char* name;
  const char* options;
};
constexpr OptionSet kOptionSets[] = {
    {"defaults", "segment_bytes=64MiB"},
    {"tiny_segments", "segment_bytes=8KiB"},
    {"pwrite", "segment_bytes=32KiB,log_io=pwrite"},
    {"sync", "segment_bytes=64KiB,durability=sync"},
    {"every", "segment_bytes=16KiB,durability=every:7"},
};

// Of each set in a deep run. With those of kill_test.cc 15,000: the bar of a deep run.
constexpr uint64_t kDeepKills = 1000;

struct Report {
  std::atomic<uint64_t> started{0};  // operations
  std::atomic<uint64_t> acknowledged{0};
};

// The log after a prefix of the operations. A record's content is a function of the operation that appended it.
struct Model {
  uint64_t first = 0;
  std::vector<std::string> records;
  uint64_t next() const { return first + records.size(); }
};

enum class Kind { kAppend, kBatch, kTrimBefore, kTrimAfter, kReset };

struct Operation {
  Kind kind = Kind::kAppend;
  std::vector<std::string> records;
  uint64_t share = 0;  // of the bounds, in thousandths
};

Operation operation(uint64_t seed, uint64_t i) {
  std::mt19937_64 random(seed * 1000003 + i);
  Operation operation;
  const uint64_t kind = random() % 1000;
  operation.kind = kind < 700   ? Kind::kAppend
                   : kind < 990 ? Kind::kBatch
                   : kind < 995 ? Kind::kTrimBefore
                   : kind < 999 ? Kind::kTrimAfter
                                : Kind::kReset;
  const uint64_t count = operation.kind == Kind::kAppend ? 1 : operation.kind == Kind::kBatch ? 1 + random() % 9 : 0;
  for (uint64_t n = 0; n < count; n++) {
    const size_t length = random() % 60 == 0 ? random() % 20000 : random() % 150;
    operation.records.push_back(std::to_string(i) + "." + std::to_string(n) + std::string(length, static_cast<char>('a' + i % 26)));
  }
  operation.share = random() % 1000;
  return operation;
}

uint64_t trim_place(const Operation& operation, uint64_t first, uint64_t next) {
  const uint64_t held = next - first;
  if (operation.kind == Kind::kTrimBefore) return first + held * operation.share / 2000;
  return next - 1 - held * operation.share / 8000;
}

void apply(const Operation& operation, Model* model) {
  switch (operation.kind) {
    case Kind::kAppend:
    case Kind::kBatch:
      for (const std::string& record : operation.records) model->records.push_back(record);
      break;
    case Kind::kTrimBefore: {
      const uint64_t place = trim_place(operation, model->first, model->next());
      model->records.erase(model->records.begin(), model->records.begin() + static_cast<ptrdiff_t>(place - model->first));
      model->first = place;
      break;
    }
    case Kind::kTrimAfter:
      if (!model->records.empty()) model->records.resize(trim_place(operation, model->first, model->next()) + 1 - model->first);
      break;
    case Kind::kReset:
      model->first = operation.share;
      model->records.clear();
      break;
  }
}

const uint8_t* bytes_of(const std::string& text) { return reinterpret_cast<const uint8_t*>(text.data()); }

// FIRN_OK or what failed.
int64_t carry_out(firn_log* log, const Operation& operation) {
  const firn_log_range bounds = firn_log_bounds(log);
  switch (operation.kind) {
    case Kind::kAppend:
      return firn_log_append(log, bytes_of(operation.records[0]), operation.records[0].size());
    case Kind::kBatch: {
      std::string packed;
      for (const std::string& record : operation.records) {
        const auto length = static_cast<uint32_t>(record.size());
        packed.append(reinterpret_cast<const char*>(&length), sizeof length).append(record);
      }
      return firn_log_append_batch(log, bytes_of(packed), packed.size());
    }
    case Kind::kTrimBefore:
      return firn_log_trim_before(log, trim_place(operation, bounds.first, bounds.next));
    case Kind::kTrimAfter:
      return bounds.first == bounds.next ? 0 : firn_log_trim_after(log, trim_place(operation, bounds.first, bounds.next));
    case Kind::kReset:
      return firn_log_reset(log, operation.share);
  }
  return FIRN_INTERNAL;
}

firn_log* open_log(const char* path, const char* text) {
  firn_options* options = firn_options_new();
  if (firn_options_parse(options, text) != FIRN_OK) return nullptr;
  firn_error error = FIRN_ERROR_INIT;
  firn_log* log = firn_log_open(path, options, &error);
  firn_options_free(options);
  if (log == nullptr)
    std::fprintf(stderr, "open: %s %s %s %llu\n", firn_status_name(error.code), error.message, error.file,
                 static_cast<unsigned long long>(error.offset));
  return log;
}

// "" when the log holds what the model says.
std::string difference(firn_log* log, const Model& model) {
  const firn_log_range bounds = firn_log_bounds(log);
  if (bounds.first != model.first || bounds.next != model.next()) {
    return "bounds " + std::to_string(bounds.first) + ".." + std::to_string(bounds.next) + " instead of " + std::to_string(model.first) +
           ".." + std::to_string(model.next());
  }
  std::string buffer(1 << 16, '\0');
  for (uint64_t i = bounds.first; i < bounds.next; i++) {
    const int64_t length = firn_log_read(log, i, reinterpret_cast<uint8_t*>(buffer.data()), buffer.size());
    const std::string& wanted = model.records[i - bounds.first];
    if (length != static_cast<int64_t>(wanted.size()) || buffer.compare(0, wanted.size(), wanted) != 0) {
      return "record " + std::to_string(i) + " differs: " + std::to_string(length);
    }
  }
  return "";
}

class LogKillTest : public testing::TestWithParam<size_t> {};

TEST_P(LogKillTest, every_acknowledged_record_is_there_after_kill_9) {
  const firn::Effort effort = firn::test_effort();
  const uint64_t seed = effort.seed * std::size(kOptionSets) + GetParam();
  const int rounds = static_cast<int>(effort.count(20, kDeepKills));
  SCOPED_TRACE(firn::replay_command());
  const std::filesystem::path path = firn::kill_place("firn-log-kill", GetParam(), kOptionSets[GetParam()].name);
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
    const uint64_t first = done;
    report->started.store(done);
    report->acknowledged.store(done);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      firn_log* log = open_log(path.c_str(), options);
      if (log == nullptr) _exit(3);
      for (uint64_t i = first;; i++) {
        report->started.store(i + 1);
        if (carry_out(log, operation(seed, i)) < 0) _exit(4);
        report->acknowledged.store(i + 1);
      }
    }
    const uint64_t wanted = random() % 4 == 0 ? 0 : 1 + random() % (std::strstr(options, "=sync") != nullptr ? 50 : 1000);
    while (report->acknowledged < first + wanted && waitpid(child, nullptr, WNOHANG) == 0) usleep(100);
    usleep(static_cast<useconds_t>(random() % 5000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    kills++;
    if (report->acknowledged > first) kills_in_work++;

    firn_log* log = open_log(path.c_str(), next_options());
    ASSERT_NE(nullptr, log) << "no flag may be needed after a kill";
    for (; done < report->acknowledged; done++) apply(operation(seed, done), &model);
    std::string found = difference(log, model);
    if (!found.empty() && report->started > done) {  // the one in flight may count, but whole
      apply(operation(seed, done++), &model);
      found = difference(log, model);
    }
    ASSERT_EQ("", found) << "round " << round << ", acknowledged " << report->acknowledged << ", started " << report->started;
    if (random() % 2 == 0) {
      ASSERT_EQ(FIRN_OK, firn_log_close(log));
    } else {
      ASSERT_GE(carry_out(log, operation(seed, done)), 0);
      apply(operation(seed, done++), &model);
      ASSERT_EQ("", difference(log, model));
      ASSERT_EQ(FIRN_OK, firn_log_close(log));
    }
  }
  std::printf("[ figures  ] %llu kills, %llu of them at work, %llu operations, 0 lost\n", static_cast<unsigned long long>(kills),
              static_cast<unsigned long long>(kills_in_work), static_cast<unsigned long long>(done));
  EXPECT_GT(kills_in_work, 0u) << "no kill met a writer at work: the test shows nothing";
  if (effort.is_deep) {
    EXPECT_GE(kills, kDeepKills) << "fewer kills than its part of the bar";
  }
  munmap(memory, sizeof(Report));
  std::filesystem::remove_all(path);
}

INSTANTIATE_TEST_SUITE_P(Options, LogKillTest, testing::Range(size_t{0}, std::size(kOptionSets)),
                         [](const auto& set) { return std::string(kOptionSets[set.param].name); });

}  // namespace
