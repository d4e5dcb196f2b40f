// Directories that an earlier build has written (tests/golden/data) are opened, answer what was stored in them, and can be written to; what a newer format has
// written is refused, and stays as it is.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "base/coding.h"
#include "durable_log/log_state.h"
#include "env/environment.h"
#include "env/posix_env.h"
#include "fuzz/checksum_repair.h"
#include "golden/answers.h"
#include "table/compression.h"

namespace firn {
namespace {

using namespace firn_golden;

constexpr const char* kMakeAnew =
    "These directories are of the format that the engine had when they were made. Has a format changed? By accident: change it back. On "
    "purpose (until the first "
    "release no format is frozen; from then on a changed one has a new version, and these directories stay): say so in FORMAT.md, and make "
    "them anew:\n"
    "  cmake --build build/release --target firn_make_golden && build/release/tests/golden/firn_make_golden tests/golden/data";

const std::string kData = std::string(FIRN_SOURCE_DIR) + "/tests/golden/data/";

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_whole(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Every file but the lock's, by its path in the directory.
std::map<std::string, std::string> files_of(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string name = std::filesystem::relative(file.path(), directory).string();
    if (file.is_regular_file() && name != "LOCK") files[name] = read_whole(file.path());
  }
  return files;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The same file as the next version of its format would begin: everything else, and all checksums, are right.
std::string of_newer_format(const std::string& name, std::string file) {
  constexpr size_t kVersionOffset = 8;  // of a segment's header, of which there are two copies, and of a log's state
  constexpr size_t kHeaderCopyBytes = 64;
  constexpr size_t kTableVersionBack = 16;  // of a table, from its end
  auto* const bytes = reinterpret_cast<uint8_t*>(file.data());
  const auto raise = [bytes](size_t at) { store<uint32_t>(bytes + at, load_u32(bytes + at) + 1); };
  if (ends_with(name, ".tbl")) {
    raise(file.size() - kTableVersionBack);
  } else {
    raise(kVersionOffset);
    if (ends_with(name, ".log")) raise(kHeaderCopyBytes + kVersionOffset);
  }
  repair_file("/" + name, &file);
  return file;
}

class Golden : public testing::Test {
 protected:
  Golden() : trace_(__FILE__, __LINE__, kMakeAnew) {}

  // A copy that may be changed.
  std::string copy(const std::string& name) {
    const std::string to = disk_.path() + "/" + name;
    std::filesystem::remove_all(to);
    std::filesystem::copy(kData + name, to, std::filesystem::copy_options::recursive);
    if (name != "log") std::filesystem::create_directories(to + "/wal");  // git keeps no folder that is empty
    return to;
  }
  static std::string stored(const std::string& name) { return read_whole(kData + name + ".answers"); }
  // Of the database, without the change feed.
  static std::string stored_entries() {
    const std::string everything = stored("database");
    return everything.substr(0, everything.find("change "));
  }

  // nullptr on a failure, which error_ tells.
  template <typename Open>
  auto with(const std::string& options, const Open& open) {
    firn_options* const parsed = firn_options_new();
    EXPECT_EQ(FIRN_OK, firn_options_parse(parsed, options.c_str())) << options;
    error_ = FIRN_ERROR_INIT;
    auto* const handle = open(parsed);
    firn_options_free(parsed);
    return handle;
  }
  firn_db* open(const std::string& path, const std::string& options) {
    return with(options, [&](const firn_options* parsed) { return firn_open(path.c_str(), parsed, &error_); });
  }
  firn_log* open_log(const std::string& path, const std::string& options) {
    return with(options, [&](const firn_options* parsed) { return firn_log_open(path.c_str(), parsed, &error_); });
  }
  std::string said() const { return std::string(firn_status_name(error_.code)) + " " + error_.message + " " + error_.file; }

  void expect_newer_format(const std::string& file) const {
    EXPECT_EQ(FIRN_NEWER_FORMAT, error_.code) << said();
    EXPECT_NE(std::string::npos, std::string(error_.message).find("version 2")) << error_.message;
    EXPECT_NE(std::string::npos, std::string(error_.message).find("up to 1")) << error_.message;
    EXPECT_TRUE(ends_with(error_.file, file)) << error_.file;
  }

  TemporaryDirectory disk_;
  firn_error error_ = FIRN_ERROR_INIT;
  testing::ScopedTrace trace_;
};

TEST_F(Golden, a_reader_of_the_database_gets_what_was_stored_and_changes_nothing) {
  const std::string path = copy("database");
  const auto before = files_of(path);
  EXPECT_EQ(FIRN_OK, firn_check(path.c_str(), &error_)) << said();
  for (const char* options : {"read_only=true", "read_only=true,table_io=pread,log_io=pwrite,verify_on_open=true"}) {
    firn_db* const db = open(path, options);
    ASSERT_NE(nullptr, db) << said();
    EXPECT_EQ(stored_entries(), entries_of(db));
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    EXPECT_EQ(FIRN_OK, firn_recovery(db, &info));
    EXPECT_EQ(0, info.clean);
    EXPECT_GT(info.bytes_dropped, 0u) << "the torn tail";
    EXPECT_EQ(FIRN_OK, firn_close(db));
  }
  EXPECT_EQ(before, files_of(path));
}

TEST_F(Golden, a_writer_of_the_database_recovers_it_and_goes_on) {
  const std::string path = copy("database");
  const std::string entries = stored_entries();
  const std::string changes = stored("database").substr(entries.size());
  const std::string retains = "changes_retention_bytes=1MiB";
  firn_db* db = open(path, retains);
  ASSERT_NE(nullptr, db) << said();
  EXPECT_EQ(entries, entries_of(db));
  EXPECT_EQ(changes, changes_of(db));
  const auto* const key = reinterpret_cast<const uint8_t*>("zz");
  EXPECT_GT(firn_put_ex(db, 0, key, 2, key, 2, nullptr), 0);
  EXPECT_EQ(FIRN_OK, firn_close(db));
  EXPECT_EQ(FIRN_OK, firn_check(path.c_str(), &error_)) << said();
  db = open(path, retains);
  ASSERT_NE(nullptr, db) << said();
  EXPECT_EQ(0u, changes_of(db).find(changes)) << "what was retained still is";
  EXPECT_EQ(FIRN_OK, firn_delete(db, 0, key, 2));
  EXPECT_EQ(FIRN_OK, firn_compact(db));
  EXPECT_EQ(entries, entries_of(db)) << "after everything was written anew";
  EXPECT_EQ(FIRN_OK, firn_close(db));
  EXPECT_EQ(FIRN_OK, firn_check(path.c_str(), &error_)) << said();
}

TEST_F(Golden, tables_of_every_compression_are_read) {
  if (!compression_is_built_in(Compression::kLz4) || !compression_is_built_in(Compression::kZstd))
    GTEST_SKIP() << "SKIPPED: this build lacks LZ4 or Zstandard, so the golden directory `compressed` is not opened";
  const std::string path = copy("compressed");
  EXPECT_EQ(FIRN_OK, firn_check(path.c_str(), &error_)) << said();
  for (const char* options : {"read_only=true", "table_io=pread,compression=zstd", "table_io=mmap"}) {
    firn_db* const db = open(path, options);
    ASSERT_NE(nullptr, db) << said();
    EXPECT_EQ(stored("compressed"), entries_of(db));
    if (options != std::string("read_only=true")) {
      EXPECT_EQ(FIRN_OK, firn_compact(db));
    }
    EXPECT_EQ(stored("compressed"), entries_of(db));
    EXPECT_EQ(FIRN_OK, firn_close(db));
  }
  EXPECT_EQ(FIRN_OK, firn_check(path.c_str(), &error_)) << said();
}

TEST_F(Golden, the_log_is_read_recovered_and_goes_on) {
  const std::string path = copy("log");
  const auto before = files_of(path);
  firn_log* log = open_log(path, "read_only=true");
  ASSERT_NE(nullptr, log) << said();
  EXPECT_EQ(stored("log"), records_of(log));
  EXPECT_EQ(FIRN_OK, firn_log_close(log));
  EXPECT_EQ(before, files_of(path));

  for (const char* options : {"log_io=mmap", "log_io=pwrite,verify_on_open=true", "verify_on_open=true"}) {
    log = open_log(path, options);
    ASSERT_NE(nullptr, log) << said();
    firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
    EXPECT_EQ(FIRN_OK, firn_log_recovery(log, &info));
    EXPECT_EQ(options != std::string("log_io=mmap"), info.clean == 1);
    EXPECT_EQ(info.clean == 0, info.bytes_dropped > 0) << "the torn tail";
    EXPECT_EQ(stored("log"), records_of(log));
    const uint64_t next = firn_log_bounds(log).next;
    EXPECT_EQ(static_cast<int64_t>(next), firn_log_append(log, reinterpret_cast<const uint8_t*>("more"), 4));
    EXPECT_EQ(FIRN_OK, firn_log_trim_after(log, next - 1));
    EXPECT_EQ(FIRN_OK, firn_log_close(log));
  }
}

// Bytes that the engine writes: FORMAT.md's worked examples stand for tables and segments (tests/table, tests/log, tests/lsm), this one for the state of a log.
TEST_F(Golden, the_state_of_the_log_is_written_as_it_was) {
  const auto files = files_of(copy("log"));
  const auto golden = std::find_if(files.begin(), files.end(), [](const auto& file) { return file.first.rfind("state-", 0) == 0; });
  ASSERT_NE(files.end(), golden);
  auto from = posix_env().open_directory(disk_.path() + "/log", false);
  ASSERT_TRUE(from.ok());
  auto state = LogState::load(**from);
  ASSERT_TRUE(state.ok()) << state.status().message();
  EXPECT_GT(state->parts.size(), 2u);
  state->number--;  // saving takes the next one
  auto to = posix_env().open_directory(disk_.path() + "/written", true);
  ASSERT_TRUE(to.ok());
  ASSERT_TRUE(state->save(**to).ok());
  EXPECT_EQ((std::map<std::string, std::string>{{golden->first, golden->second}}), files_of(disk_.path() + "/written"));
}

// One file at a time, of each kind that there is. A segment that is kept for the change feed alone is met by who reads the feed.
TEST_F(Golden, a_database_with_a_file_of_a_newer_format_is_refused_by_every_opening_and_stays_as_it_is) {
  std::map<std::string, int> refusals;  // by the folder of the file
  for (const auto& [name, bytes] : files_of(copy("database"))) {
    SCOPED_TRACE(name);
    const std::string path = copy("database");
    write_whole(path + "/" + name, of_newer_format(name, bytes));
    const auto before = files_of(path);
    EXPECT_EQ(FIRN_NEWER_FORMAT, firn_check(path.c_str(), &error_)) << said();
    expect_newer_format(name);
    for (const char* options : {"read_only=true", "changes_retention_bytes=1MiB", "log_io=pwrite,table_io=pread", "verify_on_open=true"}) {
      SCOPED_TRACE(options);
      firn_db* const db = open(path, options);
      if (db == nullptr) {
        expect_newer_format(name);
        EXPECT_EQ(before, files_of(path));
        refusals[name.substr(0, name.find('/'))]++;
        continue;
      }
      EXPECT_EQ(stored_entries(), entries_of(db));
      if (options == std::string("changes_retention_bytes=1MiB")) {
        EXPECT_EQ("FIRN_NEWER_FORMAT\n", changes_of(db));
        refusals["feed"]++;
      }
      EXPECT_EQ(FIRN_OK, firn_close(db));
    }
  }
  EXPECT_EQ((std::map<std::string, int>{{"feed", 2}, {"manifest", 4}, {"tables", 8}, {"wal", 8}}), refusals);
}

TEST_F(Golden, a_log_with_a_file_of_a_newer_format_is_refused_and_stays_as_it_is) {
  for (const auto& [name, bytes] : files_of(copy("log"))) {
    SCOPED_TRACE(name);
    const std::string path = copy("log");
    write_whole(path + "/" + name, of_newer_format(name, bytes));
    const auto before = files_of(path);
    for (const char* options : {"verify_on_open=true", "read_only=true,verify_on_open=true", "log_io=pwrite,verify_on_open=true"}) {
      SCOPED_TRACE(options);
      firn_log* const log = open_log(path, options);
      EXPECT_EQ(nullptr, log);
      expect_newer_format(name);
      EXPECT_EQ(before, files_of(path));
      if (log != nullptr) {
        EXPECT_EQ(FIRN_OK, firn_log_close(log));
      }
    }
  }
}

}  // namespace
}  // namespace firn
