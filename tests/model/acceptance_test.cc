// The acceptance tests that five earlier systems left behind, one by one, through the C header. That a clock which steps back wakes nothing that has expired
// (number 15) is tested where the clock can be set: tests/db/db_clock_test.cc.
#include <firn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "capi/capi_fixture.h"

namespace {

namespace fs = std::filesystem;

using firn_test::append_operation;
using firn_test::append_request;
using firn_test::bytes;

void append_put(std::string* batch, const std::string& key, const std::string& value, int64_t ttl_ms = 0) {
  append_operation(batch, FIRN_OP_PUT, 0, key, value, ttl_ms);
}

class Acceptance : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / ("firn-acceptance-" + std::to_string(getpid()));
    fs::remove_all(path_);
  }
  void TearDown() override {
    if (db_ != nullptr) {
      EXPECT_EQ(FIRN_OK, firn_close(db_));
    }
    fs::remove_all(path_);
  }

  void open(const char* text = "memtable_bytes=4KiB") {
    firn_options* options = firn_options_new();
    ASSERT_EQ(FIRN_OK, firn_options_parse(options, text));
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open(path_.c_str(), options, &error);
    firn_options_free(options);
    ASSERT_NE(nullptr, db_) << error.message << " " << error.file;
  }
  void reopen(const char* text = "memtable_bytes=4KiB") {
    ASSERT_EQ(FIRN_OK, firn_close(db_));
    db_ = nullptr;
    open(text);
  }
  int32_t put(const std::string& key, const std::string& value, uint32_t ns = 0) {
    return firn_put(db_, ns, bytes(key), key.size(), bytes(value), value.size());
  }
  // The value, or "none".
  std::string get(const std::string& key, uint32_t ns = 0) {
    std::string value(256, '\0');
    for (;;) {
      const int64_t length = firn_get(db_, ns, bytes(key), key.size(), reinterpret_cast<uint8_t*>(value.data()), value.size());
      if (length < 0) return length == FIRN_NOT_FOUND ? "none" : firn_status_name(static_cast<int32_t>(length));
      const bool fits = static_cast<size_t>(length) <= value.size();
      value.resize(static_cast<size_t>(length));
      if (fits) return value;
    }
  }
  int32_t remove(const std::string& key) { return firn_delete(db_, 0, bytes(key), key.size()); }
  int64_t write(const std::string& batch) { return firn_write(db_, bytes(batch), batch.size(), 0); }

  // `body` in a process that is then killed with SIGKILL, its database open. 0: all was in order until then.
  int killed_after(const std::function<bool()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(120);
      if (!body()) ::_exit(1);
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 1;
  }
  std::vector<fs::path> files_of(const char* directory) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path_ / directory)) files.push_back(entry.path());
    return files;
  }

  fs::path path_;
  firn_db* db_ = nullptr;
};

TEST_F(Acceptance, A01_DeleteOfAFlushedKeyIsDeletedAlsoAfterReopenAndCompaction) {
  open();
  ASSERT_EQ(FIRN_OK, put("key", "value"));
  ASSERT_EQ(FIRN_OK, firn_flush(db_));
  ASSERT_EQ(FIRN_OK, remove("key"));
  EXPECT_EQ("none", get("key"));
  ASSERT_EQ(FIRN_OK, firn_flush(db_));
  EXPECT_EQ("none", get("key"));
  reopen();
  EXPECT_EQ("none", get("key"));
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  EXPECT_EQ("none", get("key"));
  reopen();
  EXPECT_EQ("none", get("key"));
}

TEST_F(Acceptance, A02_NewestValueWinsWithOverlappingTables) {
  open();
  for (int round = 0; round < 10; round++) {
    for (int key = round; key < 40; key++) ASSERT_EQ(FIRN_OK, put("key" + std::to_string(key), std::to_string(round)));
    ASSERT_EQ(FIRN_OK, firn_flush(db_));
    for (int key = 0; key < 40; key++) ASSERT_EQ(std::to_string(std::min(round, key)), get("key" + std::to_string(key)));
  }
}

TEST_F(Acceptance, A03_NoKeyIsLostByCompactionAndOldFilesAreGone) {
  open();
  for (int i = 0; i < 3000; i++) ASSERT_EQ(FIRN_OK, put("key" + std::to_string(i * 7919 % 3000), std::to_string(i)));
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  for (int i = 0; i < 3000; i++) ASSERT_EQ(std::to_string(i), get("key" + std::to_string(i * 7919 % 3000)));
  EXPECT_EQ(1u, files_of("tables").size());
}

TEST_F(Acceptance, A04_TheWriteThatTriggersAMemtableSwitchSurvivesKill9) {
  ASSERT_EQ(0, killed_after([this] {
              open();
              for (int i = 0; i < 500; i++) {
                if (put("key" + std::to_string(i), std::string(100, 'v')) != FIRN_OK) return false;
              }
              return true;
            }));
  open();
  for (int i = 0; i < 500; i++) ASSERT_EQ(std::string(100, 'v'), get("key" + std::to_string(i))) << i;
}

TEST_F(Acceptance, A05_ReopenWorksWithAnyNonEmptyLog) {
  for (int count = 1; count <= 20; count++) {
    ASSERT_EQ(0, killed_after([this, count] {
                open();
                return put("key" + std::to_string(count), std::string(static_cast<size_t>(count) * 37, 'v')) == FIRN_OK;
              }));
  }
  open();
  for (int count = 1; count <= 20; count++)
    EXPECT_EQ(std::string(static_cast<size_t>(count) * 37, 'v'), get("key" + std::to_string(count)));
}

TEST_F(Acceptance, A06_ALogOf50000RecordsReplaysAll) {
  ASSERT_EQ(0, killed_after([this] {
              open("memtable_bytes=64MiB");
              for (int i = 0; i < 50000; i++) {
                if (put("key" + std::to_string(i), std::string(static_cast<size_t>(i) % 97, 'v')) != FIRN_OK) return false;
              }
              return true;
            }));
  open("memtable_bytes=64MiB");
  for (int i = 0; i < 50000; i++) ASSERT_EQ(std::string(static_cast<size_t>(i) % 97, 'v'), get("key" + std::to_string(i))) << i;
}

TEST_F(Acceptance, A07_WithATornLastRecordOpenSucceedsAndThePrefixIsKept) {
  ASSERT_EQ(0, killed_after([this] {
              open("memtable_bytes=64MiB");
              return put("first", "value") == FIRN_OK && put("last", "value") == FIRN_OK;
            }));
  const auto segments = files_of("wal");
  ASSERT_EQ(1u, segments.size());
  std::fstream file(segments[0], std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const size_t last = bytes.find_last_not_of('\0');
  file.clear();
  file.seekp(static_cast<std::streamoff>(last));
  file.put('\0');
  file.close();
  open();
  EXPECT_EQ("value", get("first"));
  EXPECT_EQ("none", get("last"));
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  ASSERT_EQ(FIRN_OK, firn_recovery(db_, &info));
  EXPECT_GT(info.bytes_dropped, 0u);
  EXPECT_EQ(segments[0].string(), info.dropped_file);
}

TEST_F(Acceptance, A08_TheCallerReusesItsBufferAfterAPutAndStoredDataAreUnchanged) {
  open();
  std::string key = "key0";
  std::string value = "value0";
  for (char digit = '0'; digit <= '9'; digit++) {
    key.back() = digit;
    value.back() = digit;
    ASSERT_EQ(FIRN_OK, put(key, value));
  }
  std::string batch;
  append_put(&batch, "batched", "value");
  ASSERT_GT(write(batch), 0);
  batch.assign(batch.size(), 'x');
  for (char digit = '0'; digit <= '9'; digit++) EXPECT_EQ(std::string("value") + digit, get(std::string("key") + digit));
  EXPECT_EQ("value", get("batched"));
}

TEST_F(Acceptance, A09_EveryWriteIsReadableAtOnce) {
  open();
  for (int i = 0; i < 5000; i++) {
    ASSERT_EQ(FIRN_OK, put("key" + std::to_string(i % 50), std::to_string(i)));
    ASSERT_EQ(std::to_string(i), get("key" + std::to_string(i % 50)));
  }
}

TEST_F(Acceptance, A10_ValuesAbove64KiBAndABatchLargerThanTheMemtable) {
  open();
  const std::string large(70000, 'v');
  ASSERT_EQ(FIRN_OK, put("large", large));
  std::string batch;
  for (int i = 0; i < 2000; i++) append_put(&batch, "key" + std::to_string(i), std::string(1000, 'b'));
  ASSERT_GT(write(batch), 0);
  for (int round = 0; round < 2; round++) {
    EXPECT_EQ(large, get("large"));
    for (int i = 0; i < 2000; i++) ASSERT_EQ(std::string(1000, 'b'), get("key" + std::to_string(i)));
    reopen();
  }
}

TEST_F(Acceptance, A11_NoValueIsASentinelAndAnEmptyValueIsNotAMissingOne) {
  open();
  const std::string values[] = {"<TOMBSTONE>",          "",     std::string(1, '\0'),  std::string(8, '\xff'),
                                std::string(4, '\xff'), "null", std::string(100, '\0')};
  for (size_t i = 0; i < std::size(values); i++) ASSERT_EQ(FIRN_OK, put("key" + std::to_string(i), values[i]));
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < std::size(values); i++) EXPECT_EQ(values[i], get("key" + std::to_string(i)));
    EXPECT_EQ(1, firn_exists(db_, 0, bytes("key1"), 4));
    EXPECT_EQ(FIRN_NOT_FOUND, firn_get(db_, 0, bytes("missing"), 7, nullptr, 0));
    if (round == 0)
      reopen();
    else
      ASSERT_EQ(FIRN_OK, firn_compact(db_));
  }
}

TEST_F(Acceptance, A12_AVersionFromBeforeADeleteNeverComparesEqualAgainAndOneSwapOfFourThreadsWins) {
  open();
  const auto put_if_version = [this](const std::string& value, uint64_t version) {
    firn_put_opts opts = FIRN_PUT_OPTS_INIT;
    opts.flags = FIRN_IF_VERSION;
    opts.if_version = version;
    return firn_put_ex(db_, 0, bytes("key"), 3, bytes(value), value.size(), &opts);
  };
  const auto before = static_cast<uint64_t>(put_if_version("first", 0));
  ASSERT_EQ(FIRN_OK, remove("key"));
  EXPECT_EQ(FIRN_CONFLICT, put_if_version("no", before));
  ASSERT_EQ(FIRN_OK, put("key", "again"));
  EXPECT_EQ(FIRN_CONFLICT, put_if_version("no", before));
  ASSERT_EQ(FIRN_OK, firn_compact(db_));
  EXPECT_EQ(FIRN_CONFLICT, put_if_version("no", before));
  reopen();
  EXPECT_EQ(FIRN_CONFLICT, put_if_version("no", before));
  EXPECT_EQ("again", get("key"));

  for (int round = 0; round < 100; round++) {
    ASSERT_EQ(FIRN_OK, put("key", "start"));
    firn_entry entry = FIRN_ENTRY_INIT;
    ASSERT_EQ(5, firn_get_entry(db_, 0, bytes("key"), 3, nullptr, 0, &entry));
    std::atomic<int> winners{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; thread++) {
      threads.emplace_back([&, thread] {
        const int64_t code = put_if_version(std::to_string(thread), entry.version);
        if (code > 0)
          winners++;
        else
          EXPECT_EQ(FIRN_CONFLICT, code);
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(1, winners);
  }
}

TEST_F(Acceptance, A13_ConcurrentCommitsOfSeveralKeysAreNeverPartlyVisible) {
  open("memtable_bytes=64KiB");
  std::string first;
  append_put(&first, "a", "start");
  append_put(&first, "z", "start");
  ASSERT_GT(write(first), 0);
  std::atomic<bool> is_done{false};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 2; writer++) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 3000; i++) {
        const std::string value = std::to_string(writer) + "/" + std::to_string(i);
        std::string batch;
        append_put(&batch, "a", value);
        append_put(&batch, "z", value);
        EXPECT_GT(write(batch), 0);
      }
    });
  }
  std::thread reader([&] {
    std::string request;
    for (const char* key : {"a", "z"}) append_request(&request, 0, key);
    for (int i = 0; !is_done; i++) {
      std::string a;
      std::string z;
      if (i % 2 == 0) {
        std::string answer(256, '\0');
        const int64_t length =
            firn_multi_get(db_, bytes(request), request.size(), reinterpret_cast<uint8_t*>(answer.data()), answer.size());
        ASSERT_GT(length, 16);
        a = answer.substr(0, static_cast<size_t>(length) / 2);
        z = answer.substr(a.size(), a.size());
      } else {
        firn_iter* iter = firn_scan(db_, nullptr, nullptr, nullptr);
        firn_kv entries[2];
        ASSERT_EQ(2, firn_iter_entries(iter, entries, 2));
        a.assign(reinterpret_cast<const char*>(entries[0].val), entries[0].val_len);
        z.assign(reinterpret_cast<const char*>(entries[1].val), entries[1].val_len);
        firn_iter_close(iter);
      }
      ASSERT_EQ(a, z);
    }
  });
  for (std::thread& writer : writers) writer.join();
  is_done = true;
  reader.join();
}

TEST_F(Acceptance, A14_NamesThatWouldRunIntoOneAnotherStaySeparate) {
  open();
  const std::string names[] = {"a", "a:b"};
  uint32_t ids[2] = {};
  for (int i = 0; i < 2; i++) {
    const int64_t id = firn_ns_open(db_, bytes(names[i]), names[i].size(), 0);
    ASSERT_GT(id, 0);
    ids[i] = static_cast<uint32_t>(id);
  }
  ASSERT_EQ(FIRN_OK, put("b:c", "of a", ids[0]));
  EXPECT_EQ("none", get("c", ids[1]));
  ASSERT_EQ(FIRN_OK, put("c", "of a:b", ids[1]));
  reopen();
  EXPECT_EQ("of a", get("b:c", ids[0]));
  EXPECT_EQ("of a:b", get("c", ids[1]));
  ASSERT_EQ(FIRN_OK, firn_ns_clear(db_, ids[0]));
  EXPECT_EQ("none", get("b:c", ids[0]));
  EXPECT_EQ("of a:b", get("c", ids[1]));
}

TEST_F(Acceptance, A15_AnExpiryHoldsAcrossARestart) {
  open();
  std::string batch;
  append_put(&batch, "short", "value", 1);
  append_put(&batch, "long", "value", 3'600'000);
  append_put(&batch, "ever", "value", 0);
  append_put(&batch, "set later", "value", 0);
  ASSERT_GT(write(batch), 0);
  ASSERT_EQ(FIRN_OK, firn_expire(db_, 0, bytes("set later"), 9, 3'600'000));
  while (get("short") != "none") std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (int round = 0; round < 3; round++) {
    EXPECT_EQ("none", get("short"));
    EXPECT_EQ("value", get("long"));
    EXPECT_EQ("value", get("ever"));
    EXPECT_EQ("value", get("set later"));
    EXPECT_GT(firn_ttl(db_, 0, bytes("set later"), 9), 0);
    EXPECT_EQ(FIRN_NO_EXPIRY, firn_ttl(db_, 0, bytes("ever"), 4));
    reopen();
    if (round == 1) {
      ASSERT_EQ(FIRN_OK, firn_compact(db_));
    }
  }
}

TEST_F(Acceptance, A16_ACrashAroundCompactionLosesNothing) {
  for (int round = 0; round < 5; round++) {
    ASSERT_EQ(0, killed_after([this, round] {
                open();
                for (int i = 0; i < 400; i++) {
                  if (put("key" + std::to_string(i), std::to_string(round) + std::string(50, '.')) != FIRN_OK) return false;
                }
                if (round % 2 == 0) return firn_compact(db_) == FIRN_OK;
                std::thread([this] { (void)firn_compact(db_); }).detach();  // killed within it
                std::this_thread::sleep_for(std::chrono::milliseconds(round * 3));
                return true;
              }));
    firn_error error = FIRN_ERROR_INIT;
    ASSERT_EQ(FIRN_OK, firn_check(path_.c_str(), &error)) << error.message << " " << error.file;
    open();
    for (int i = 0; i < 400; i++) ASSERT_EQ(std::to_string(round) + std::string(50, '.'), get("key" + std::to_string(i)));
    ASSERT_EQ(FIRN_OK, firn_close(db_));
    db_ = nullptr;
  }
}

TEST_F(Acceptance, A17_SyncBesideARollOfSegmentsIsCleanAndLosesNothing) {
  open();
  std::atomic<bool> is_done{false};
  std::thread syncer([&] {
    while (!is_done) EXPECT_EQ(FIRN_OK, firn_sync(db_));
  });
  for (int i = 0; i < 1000; i++) EXPECT_EQ(FIRN_OK, put("key" + std::to_string(i), std::string(100, 'v')));
  is_done = true;
  syncer.join();
  for (int i = 0; i < 1000; i++) ASSERT_EQ(std::string(100, 'v'), get("key" + std::to_string(i)));
  reopen();
  for (int i = 0; i < 1000; i++) ASSERT_EQ(std::string(100, 'v'), get("key" + std::to_string(i)));
}

}  // namespace
