// T8 for the durable log: every allocation of a scripted use of its C interface fails, one after the other, once and from then on until the log is closed. Demanded: no crash; an
// append or a trim answers FIRN_NO_MEMORY and has changed nothing, or it has happened and can be read; what was acknowledged is there after opening again, and nothing else;
// nothing leaks. (The keepers' threads have what they need: what they do for lack of it is nothing, until the next time.) A failure prints what replays it: FIRN_ALLOCATION=<script>/<k>/<sticky>.
#include <firn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "allocation/failing_new.h"
#include "crashfs/effort.h"
#include "crashfs/selector.h"
#include "env/killed_copy.h"

namespace {

using Bytes = std::string;
using firn_allocation::failing;

const uint8_t* bytes_of(const Bytes& bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }
Bytes record_of(size_t i) { return std::to_string(i) + Bytes(600, static_cast<char>('a' + i % 26)); }

struct LogScript {
  const char* name;
  const char* options;
  size_t start_count;  // records of a process that was killed, of which the log consists in the beginning
};
const LogScript kScripts[] = {
    {"log", "segment_bytes=4KiB", 0},
    {"log_sync_pwrite", "segment_bytes=4KiB,durability=sync,log_io=pwrite", 0},
    {"log_recovering", "segment_bytes=4KiB", 17},
};

struct LogModel {
  std::map<uint64_t, Bytes> records;
  uint64_t first = 0;
  uint64_t next = 0;

  void add(const Bytes& record) { records[next++] = record; }
  void trim_before(uint64_t index) {
    first = index;
    records.erase(records.begin(), records.lower_bound(index));
  }
  void trim_after(uint64_t index) {
    next = index + 1;
    records.erase(records.lower_bound(next), records.end());
  }
  bool operator==(const LogModel&) const = default;
};

firn_log* open_log(const Bytes& path, const char* text, int32_t* code) {
  firn_options* options = firn_options_new();
  firn_error error = FIRN_ERROR_INIT;
  firn_log* log = nullptr;
  *code = options == nullptr ? FIRN_NO_MEMORY : firn_options_parse(options, text);
  if (*code == FIRN_OK) {
    log = firn_log_open(path.c_str(), options, &error);
    *code = log == nullptr ? error.code : FIRN_OK;
  }
  firn_options_free(options);
  return log;
}

LogModel read_log(firn_log* log) {
  LogModel model;
  const firn_log_range bounds = firn_log_bounds(log);
  model.first = bounds.first;
  model.next = bounds.next;
  for (uint64_t index = bounds.first; index < bounds.next; index++) {
    Bytes record(1024, '\0');
    const int64_t length = firn_log_read(log, index, reinterpret_cast<uint8_t*>(record.data()), record.size());
    EXPECT_GE(length, 0) << "record " << index;
    record.resize(length < 0 ? 0 : static_cast<size_t>(length));
    model.records[index] = record;
  }
  return model;
}

Bytes summary(const LogModel& model) {
  Bytes text = "[" + std::to_string(model.first) + ", " + std::to_string(model.next) + "):";
  for (const auto& [index, record] : model.records) text += " " + std::to_string(index) + "=" + record.substr(0, 3);
  return text;
}

void expect_refusal(int64_t code, const char* what) {
  EXPECT_TRUE(code == FIRN_NO_MEMORY || code == FIRN_READ_ONLY) << what << ": " << firn_status_name(static_cast<int32_t>(code));
}

class LogAllocationTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* memory = "/dev/shm";
    root_ = (access(memory, W_OK) == 0 ? Bytes(memory) : std::filesystem::temp_directory_path().string()) + "/firn-log-allocation-" +
            std::to_string(getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void prepare(const LogScript& script) {
    start_ = {};
    std::filesystem::remove_all(root_ + "/start");
    if (script.start_count == 0) return;
    int32_t code = 0;
    firn_log* log = open_log(root_ + "/before", script.options, &code);
    ASSERT_NE(nullptr, log);
    for (size_t i = 0; i < script.start_count; i++) {
      const Bytes record = record_of(i);
      ASSERT_GE(firn_log_append(log, bytes_of(record), record.size()), 0);
    }
    firn::copy_as_killed(root_ + "/before", root_ + "/start");
    start_ = read_log(log);
    ASSERT_EQ(FIRN_OK, firn_log_close(log));
    std::filesystem::remove_all(root_ + "/before");
  }

  void append(firn_log* log, size_t i, bool as_batch, LogModel* model) {
    const Bytes record = record_of(i);
    const auto length = static_cast<uint32_t>(record.size());
    const Bytes packed = Bytes(reinterpret_cast<const char*>(&length), sizeof length) + record;
    const int64_t index = failing([&] {
      return as_batch ? firn_log_append_batch(log, bytes_of(packed), packed.size()) : firn_log_append(log, bytes_of(record), record.size());
    });
    if (index < 0) return expect_refusal(index, "append");
    EXPECT_EQ(model->next, static_cast<uint64_t>(index));
    model->add(record);
    uint8_t buf[1024];
    const int64_t found = failing([&] { return firn_log_read(log, static_cast<uint64_t>(index), buf, sizeof buf); });
    EXPECT_TRUE(found == static_cast<int64_t>(record.size()) || found == FIRN_NO_MEMORY)
        << "read: " << firn_status_name(static_cast<int32_t>(found));
  }

  void work(firn_log* log, LogModel* model) {
    for (size_t i = 0; i < 20; i++) {
      append(log, i, i % 5 == 4, model);
      if (i == 8) {
        const uint64_t to = model->first + (model->next - model->first) / 2;
        const int32_t code = failing([&] { return firn_log_trim_before(log, to); });
        code == FIRN_OK ? model->trim_before(to) : expect_refusal(code, "trim_before");
      }
      if (i == 12 && model->next > model->first + 2) {
        const uint64_t to = model->next - 2;
        const int32_t code = failing([&] { return firn_log_trim_after(log, to); });
        code == FIRN_OK ? model->trim_after(to) : expect_refusal(code, "trim_after");
      }
      if (i == 15) {
        const int32_t code = failing([&] { return firn_log_sync(log); });
        if (code != FIRN_OK) expect_refusal(code, "sync");
      }
    }
  }

  // One run with the failure at allocation `k`; false: the script ended before it.
  bool run(const LogScript& script, int64_t k, bool is_sticky) {
    const Bytes path = root_ + "/log";
    std::filesystem::remove_all(path);
    if (script.start_count != 0) std::filesystem::copy(root_ + "/start", path, std::filesystem::copy_options::recursive);
    const int64_t live_before = firn_allocation::live_count();
    bool has_failed = false;
    {
      LogModel model = start_;
      int32_t code = 0;
      firn_allocation::fail_after(k, is_sticky);
      firn_log* log = failing([&] { return open_log(path, script.options, &code); });
      if (log == nullptr) {
        EXPECT_EQ(FIRN_NO_MEMORY, code) << "opening";
      } else {
        work(log, &model);
        (void)failing([&] { return firn_log_close(log); });
      }
      firn_allocation::never_fail();
      has_failed = firn_allocation::has_failed();
      log = open_log(path, script.options, &code);
      EXPECT_NE(nullptr, log) << "cannot open afterwards: " << firn_status_name(code);
      if (log == nullptr) return has_failed;
      const LogModel found = read_log(log);
      EXPECT_TRUE(found == model) << "found " << summary(found) << "\nshould be " << summary(model);
      EXPECT_EQ(FIRN_OK, firn_log_close(log));
    }
    const bool is_first = k == INT64_MAX;  // it makes what is made once a process
    EXPECT_TRUE(is_first || live_before == firn_allocation::live_count()) << "allocations that were not freed, or freed twice";
    return has_failed;
  }

  Bytes root_;
  LogModel start_;
};

TEST_F(LogAllocationTest, every_allocation_may_fail_and_nothing_acknowledged_is_lost) {
  const firn::Effort effort = firn::test_effort();
  const uint64_t share = effort.share(2);
  firn::Selector& selector = firn::failing_allocation;
  for (const LogScript& script : kScripts) {
    prepare(script);
    (void)run(script, INT64_MAX, false);  // what is made once a process is made now
    uint64_t failed = 0;
    uint64_t sites = 0;
    for (const bool is_sticky : {false, true}) {
      for (int64_t k = 0;; k++) {
        const Bytes name = Bytes(script.name) + "/" + std::to_string(k) + "/" + (is_sticky ? "1" : "0");
        if (!selector.wants(name)) {
          if (k > 100'000) break;
          continue;
        }
        if (!selector.is_set() && share > 1 && (static_cast<uint64_t>(k) + effort.seed + is_sticky) % share != 0) continue;
        SCOPED_TRACE(firn::replay_command("FIRN_ALLOCATION=" + name));
        if (!run(script, k, is_sticky)) {
          EXPECT_FALSE(selector.is_set()) << "the script ends before this allocation";
          break;
        }
        failed++;
        sites = static_cast<uint64_t>(k) + 1;
        if (HasFailure()) return;
      }
    }
    std::printf("[ figures  ] allocation failures, %s: %llu of about %llu allocations, once and for good: %llu runs\n", script.name,
                static_cast<unsigned long long>(failed / 2), static_cast<unsigned long long>(sites),
                static_cast<unsigned long long>(failed));
    EXPECT_TRUE(selector.is_set() || failed > 0) << "no allocation failed: the test shows nothing";
  }
}

}  // namespace
