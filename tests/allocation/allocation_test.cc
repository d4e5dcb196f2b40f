// T8: every allocation of scripted uses of the C interface fails, one after the other, once and from then on until the end of the script. Demanded: no crash; a call
// answers FIRN_NO_MEMORY and has changed nothing, or FIRN_INDETERMINATE and has happened or not; what was acknowledged is there after closing and opening again; firn_check
// finds nothing; nothing leaks. A failure prints what replays it: FIRN_ALLOCATION=<script>/<k>/<sticky>.
#include <firn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "allocation/failing_new.h"
#include "capi/capi_fixture.h"
#include "crashfs/effort.h"
#include "crashfs/selector.h"
#include "env/killed_copy.h"

namespace {

using Bytes = std::string;
using firn_allocation::failing;
using firn_test::append_operation;
using firn_test::append_request;
using Model = std::map<Bytes, Bytes>;

const uint8_t* bytes_of(const Bytes& bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }
Bytes value_of(size_t i) { return std::to_string(i) + Bytes(600, static_cast<char>('a' + i % 26)); }
Bytes key_of(size_t i) { return "key" + std::to_string(i % 7); }

// What a step of a script works on.
struct Use {
  firn_db* db = nullptr;
  firn_log* log = nullptr;
  Bytes copy;              // where a checkpoint goes
  bool is_sticky = false;  // no allocation succeeds any more after the one that fails
};
// Its code (>= 0: done), and what it does to the model when it is done.
struct Step {
  const char* name;
  std::function<int64_t(Use&)> call;
  std::function<void(Model&)> effect = [](Model&) {};
};

Step put(size_t i) {
  return {"put",
          [key = key_of(i), value = value_of(i)](Use& use) -> int64_t {
            return failing([&] { return firn_put(use.db, 0, bytes_of(key), key.size(), bytes_of(value), value.size()); });
          },
          [i](Model& model) { model[key_of(i)] = value_of(i); }};
}
Step batch(size_t i) {
  Bytes packed;
  for (size_t n = 0; n < 10; n++) append_operation(&packed, FIRN_OP_PUT, 0, "batch" + std::to_string(n), std::to_string(i));
  append_operation(&packed, FIRN_OP_DELETE, 0, key_of(i), "");
  return {"batch", [packed](Use& use) { return failing([&] { return firn_write(use.db, bytes_of(packed), packed.size(), 0); }); },
          [i](Model& model) {
            for (size_t n = 0; n < 10; n++) model["batch" + std::to_string(n)] = std::to_string(i);
            model.erase(key_of(i));
          }};
}
int64_t transact(firn_db* db, const Bytes& value) {
  firn_error error = FIRN_ERROR_INIT;
  firn_txn* txn = firn_txn_begin(db, 0, &error);
  if (txn == nullptr) return error.code;
  const auto* const name = reinterpret_cast<const uint8_t*>("txn0txn1txn2none");
  uint8_t buf[8];
  int64_t code = firn_txn_get(txn, 0, name + 12, 4, buf, sizeof buf);
  if (code == FIRN_NOT_FOUND) code = 0;
  for (size_t n = 0; n < 3 && code >= 0; n++) code = firn_txn_put(txn, 0, name + 4 * n, 4, bytes_of(value), 20);
  if (code >= 0) code = firn_txn_commit(txn);
  firn_txn_close(txn);
  return code;
}
Step transaction(size_t i) {
  return {"transaction", [value = value_of(i)](Use& use) { return failing([&] { return transact(use.db, value); }); },
          [i](Model& model) {
            for (size_t n = 0; n < 3; n++) model["txn" + std::to_string(n)] = value_of(i).substr(0, 20);
          }};
}
int64_t scan_all(firn_db* db) {
  firn_error error = FIRN_ERROR_INIT;
  firn_scan_opts options = FIRN_SCAN_OPTS_INIT;
  options.glob = "*e*";
  firn_iter* iter = firn_scan(db, nullptr, &options, &error);
  if (iter == nullptr) return error.code;
  firn_kv entries[4];
  int64_t count = 0;
  while ((count = firn_iter_entries(iter, entries, 4)) > 0) {
  }
  firn_iter_close(iter);
  return count;
}

constexpr size_t kPinnedCount = 100;

// With an own write among the keys.
int64_t pin_in_transaction(firn_db* db, const Bytes& requests) {
  firn_error error = FIRN_ERROR_INIT;
  firn_txn* txn = firn_txn_begin(db, 0, &error);
  if (txn == nullptr) return error.code;
  const auto* const key = reinterpret_cast<const uint8_t*>("key1");
  firn_answer answers[kPinnedCount];
  firn_pin_t pin{};
  int64_t code = firn_txn_put(txn, 0, key, 4, key, 4);
  if (code >= 0) code = firn_txn_multi_pin(txn, bytes_of(requests), requests.size(), answers, kPinnedCount, &pin);
  EXPECT_EQ(code > 0, pin.owner != nullptr);
  firn_unpin(&pin);
  firn_txn_close(txn);
  return code;
}
Step pin_many() {
  Bytes requests;
  for (size_t i = 0; i < kPinnedCount; i++) append_request(&requests, 0, key_of(i));
  return {"multi_pin", [requests](Use& use) -> int64_t {
            std::vector<firn_answer> answers(kPinnedCount);
            firn_pin_t pin;
            const int64_t code =
                failing([&] { return firn_multi_pin(use.db, bytes_of(requests), requests.size(), answers.data(), answers.size(), &pin); });
            EXPECT_EQ(code > 0, pin.owner != nullptr);
            firn_unpin(&pin);
            return code < 0 ? code : failing([&] { return pin_in_transaction(use.db, requests); });
          }};
}
Step scan() {
  return {"scan", [](Use& use) { return failing([&] { return scan_all(use.db); }); }};
}
int64_t use_namespace(firn_db* db, const Bytes& name) {
  const int64_t ns = firn_ns_open(db, bytes_of(name), name.size(), 0);
  if (ns < 0) return ns;
  const int32_t code = firn_put(db, static_cast<uint32_t>(ns), bytes_of(name), 1, bytes_of(name), 1);
  return code < 0 ? code : firn_ns_drop(db, static_cast<uint32_t>(ns));
}
Step namespaces(size_t i) {
  return {"namespaces", [name = "space" + std::to_string(i)](Use& use) { return failing([&] { return use_namespace(use.db, name); }); }};
}
Step delete_range() {
  return {"delete_range",
          [lower = Bytes("key1"), upper = Bytes("key3")](Use& use) {
            return failing([&] { return firn_delete_range(use.db, 0, bytes_of(lower), lower.size(), bytes_of(upper), upper.size(), 0); });
          },
          [](Model& model) { model.erase(model.lower_bound("key1"), model.lower_bound("key3")); }};
}
Step plain(const char* name, int32_t (*call)(firn_db*)) {
  return {name, [call](Use& use) -> int64_t { return failing([&] { return call(use.db); }); }};
}
firn_db* open_db(const Bytes& path, const char* text, int32_t* code);

// A copy that was made is whole; of one that failed nothing is left or, when there is no memory to remove it either, something that is refused.
int64_t make_checkpoint(Use& use) {
  std::filesystem::remove_all(use.copy);
  firn_error error = FIRN_ERROR_INIT;
  const int32_t code = failing([&] { return firn_checkpoint(use.db, use.copy.c_str(), &error); });
  if (code < 0) {
    EXPECT_FALSE(!use.is_sticky && std::filesystem::exists(use.copy)) << "what a checkpoint that failed has left: " << error.message;
    int32_t opened = 0;
    EXPECT_EQ(nullptr, open_db(use.copy, "read_only=true", &opened));
    EXPECT_TRUE(opened == FIRN_NOT_A_DATABASE || opened == FIRN_NOT_FOUND) << firn_status_name(opened);
  } else {
    EXPECT_EQ(FIRN_OK, firn_check(use.copy.c_str(), &error)) << error.message;
  }
  return code;
}
Step checkpoint() { return {"checkpoint", make_checkpoint}; }
Step read_changes() {
  return {"changes", [](Use& use) -> int64_t {
            uint64_t first = 0;
            uint64_t next = 0;
            if (const int32_t code = firn_changes_bounds(use.db, &first, &next); code < 0) return code;
            std::vector<uint8_t> out(65536);
            return failing([&] { return firn_changes(use.db, first, out.data(), out.size(), 0); });
          }};
}

struct Script {
  const char* name;
  const char* options;
  std::vector<Step> before;  // done without failures; then the database is left as a kill leaves it
  std::vector<Step> steps;
};

std::vector<Script> scripts() {
  const std::vector<Step> all = {put(1),
                                 put(2),
                                 batch(3),
                                 scan(),
                                 transaction(4),
                                 namespaces(5),
                                 put(6),
                                 plain("sync", firn_sync),
                                 put(8),
                                 put(9),
                                 put(10),
                                 plain("flush", firn_flush),
                                 put(11),
                                 delete_range(),
                                 put(12),
                                 batch(13),
                                 scan(),
                                 pin_many(),
                                 plain("compact", firn_compact),
                                 read_changes(),
                                 checkpoint(),
                                 plain("resume", firn_resume),
                                 put(14),
                                 put(15),
                                 put(16),
                                 put(17),
                                 put(18),
                                 put(19),
                                 put(20),
                                 scan()};
  const std::vector<Step> some = {put(1), batch(2), plain("flush", firn_flush), put(3), put(4), transaction(5), put(6)};
  return {{"fresh", "memtable_bytes=4KiB,single_threaded=true", {}, all},
          {"sync_pwrite", "memtable_bytes=4KiB,single_threaded=true,durability=sync,log_io=pwrite,table_io=pread", {}, all},
          {"recovering",
           "memtable_bytes=8KiB,single_threaded=true,changes_retention_bytes=1MiB",
           some,
           {put(7), scan(), plain("flush", firn_flush), batch(8), plain("compact", firn_compact), plain("resume", firn_resume),
            read_changes(), put(9)}},
          {"recovering_sync",
           "memtable_bytes=8KiB,single_threaded=true,durability=sync",
           some,
           {put(7), plain("sync", firn_sync), batch(8), transaction(9), put(10)}}};
}

firn_db* open_db(const Bytes& path, const char* text, int32_t* code) {
  firn_options* options = firn_options_new();
  firn_error error = FIRN_ERROR_INIT;
  firn_db* db = nullptr;
  *code = options == nullptr ? FIRN_NO_MEMORY : firn_options_parse(options, text);
  if (*code == FIRN_OK) {
    db = firn_open(path.c_str(), options, &error);
    *code = db == nullptr ? error.code : FIRN_OK;
  }
  firn_options_free(options);
  return db;
}

Model read_all(firn_db* db) {
  Model model;
  firn_iter* iter = firn_scan(db, nullptr, nullptr, nullptr);
  firn_kv entries[16];
  int64_t count = 0;
  while ((count = firn_iter_entries(iter, entries, 16)) > 0) {
    for (int64_t i = 0; i < count; i++) {
      model[Bytes(reinterpret_cast<const char*>(entries[i].key), entries[i].key_len)] =
          Bytes(reinterpret_cast<const char*>(entries[i].val), entries[i].val_len);
    }
  }
  EXPECT_EQ(0, count);
  firn_iter_close(iter);
  return model;
}

Bytes summary(const Model& model) {
  Bytes text;
  for (const auto& [key, value] : model) text += key + "=" + value.substr(0, 6) + " ";
  return text;
}

class AllocationTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* memory = "/dev/shm";
    root_ = (access(memory, W_OK) == 0 ? Bytes(memory) : std::filesystem::temp_directory_path().string()) + "/firn-allocation-" +
            std::to_string(getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  // What the script starts from, once.
  void prepare(const Script& script) {
    start_.clear();
    template_ = root_ + "/start";
    std::filesystem::remove_all(template_);
    if (script.before.empty()) return;
    int32_t code = 0;
    Use use;
    use.db = open_db(root_ + "/before", script.options, &code);
    ASSERT_NE(nullptr, use.db);
    for (const Step& step : script.before) {
      ASSERT_GE(step.call(use), 0) << step.name;
      step.effect(start_);
    }
    firn::copy_as_killed(root_ + "/before", template_);
    ASSERT_EQ(FIRN_OK, firn_close(use.db));
    std::filesystem::remove_all(root_ + "/before");
  }

  // One run with the failure at allocation `k`; false: the script ended before it.
  bool run(const Script& script, int64_t k, bool is_sticky) {
    const Bytes path = root_ + "/db";
    std::filesystem::remove_all(path);
    if (!script.before.empty()) std::filesystem::copy(template_, path, std::filesystem::copy_options::recursive);
    const int64_t live_before = firn_allocation::live_count();
    bool has_failed = false;
    {
      Model model = start_;
      std::optional<Model> maybe;
      firn_allocation::fail_after(k, is_sticky);
      int32_t code = 0;
      Use use;
      use.copy = root_ + "/copy";
      use.is_sticky = is_sticky;
      use.db = failing([&] { return open_db(path, script.options, &code); });
      if (use.db == nullptr) {
        EXPECT_EQ(FIRN_NO_MEMORY, code) << "opening";
      } else {
        work(script, use, &model, &maybe);
        (void)failing([&] { return firn_close(use.db); });
      }
      firn_allocation::never_fail();
      has_failed = firn_allocation::has_failed();
      use.db = open_db(path, script.options, &code);
      EXPECT_NE(nullptr, use.db) << "cannot open afterwards: " << firn_status_name(code);
      if (use.db == nullptr) return has_failed;
      const Model found = read_all(use.db);
      EXPECT_TRUE(found == model || (maybe && found == *maybe)) << "found " << summary(found) << "\nshould be " << summary(model);
      EXPECT_EQ(FIRN_OK, firn_close(use.db));
      firn_error error = FIRN_ERROR_INIT;
      EXPECT_EQ(FIRN_OK, firn_check(path.c_str(), &error)) << error.message << " " << error.file;
    }
    const bool is_first = k == INT64_MAX;  // it makes what is made once a process
    EXPECT_TRUE(is_first || live_before == firn_allocation::live_count()) << "allocations that were not freed, or freed twice";
    return has_failed;
  }

  static void work(const Script& script, Use& use, Model* model, std::optional<Model>* maybe) {
    for (const Step& step : script.steps) {
      const int64_t code = step.call(use);
      if (code >= 0 && step.name == std::string_view("resume") && *maybe) {  // what is visible now counts
        const Model found = read_all(use.db);
        EXPECT_TRUE(found == *model || found == **maybe) << "after resuming: found " << summary(found);
        *model = found;
        maybe->reset();
      } else if (code >= 0) {
        EXPECT_FALSE(maybe->has_value() && step.name == std::string_view("put")) << "a write after an indeterminate one";
        step.effect(*model);
      } else if (code == FIRN_INDETERMINATE) {
        if (!*maybe) {
          *maybe = *model;
          step.effect(**maybe);
        }
      } else {
        EXPECT_TRUE(code == FIRN_NO_MEMORY || code == FIRN_READ_ONLY) << step.name << ": " << firn_status_name(static_cast<int32_t>(code));
      }
    }
  }

  Bytes root_;
  Bytes template_;
  Model start_;
};

TEST_F(AllocationTest, every_allocation_may_fail_and_nothing_acknowledged_is_lost) {
  const firn::Effort effort = firn::test_effort();
  const uint64_t share = effort.share(6);
  firn::Selector& selector = firn::failing_allocation;
  for (const Script& script : scripts()) {
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
