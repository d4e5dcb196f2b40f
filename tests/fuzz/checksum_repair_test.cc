// What repair_*() does for the fuzz targets: damaged bytes get behind the checksums. Without it a fuzzer would see nothing but refusals.
#include "fuzz/checksum_repair.h"

#include <gtest/gtest.h>

#include "crashfs/crash_fs.h"
#include "db/db.h"
#include "durable_log/durable_log.h"
#include "env/thread_mark.h"
#include "fuzz/directory_image.h"

namespace firn {
namespace {

// Changes `from` to `to` in every file whose path has `part`, with or without repair; the number of changes.
size_t change(DiskImage* image, const std::string& part, const std::string& from, const std::string& to, bool repairs) {
  size_t count = 0;
  for (auto& [path, content] : image->files) {
    std::string bytes = content->bytes;
    if (path.find(part) == std::string::npos || bytes.find(from) == std::string::npos) continue;
    for (size_t at = 0; (at = bytes.find(from, at)) != std::string::npos; at += to.size(), count++) bytes.replace(at, from.size(), to);
    if (repairs) repair_file(path, &bytes);
    content = std::make_shared<const Content>(std::move(bytes));
  }
  return count;
}

std::string value_in(const DiskImage& image, std::string_view key) {
  CrashFs fs(image);
  DbOptions options;
  options.read_only = true;
  options.single_threaded = true;
  auto db = Db::open(kFuzzDatabase, options, fs);
  if (!db.ok()) return "code " + std::to_string(static_cast<int>(db.status().code()));
  std::string value(200, '\0');
  const ThreadMark mark;
  const auto bytes = (*db)->get(0, Slice(key), reinterpret_cast<uint8_t*>(value.data()), value.size());
  if (!bytes.ok()) return "code " + std::to_string(static_cast<int>(bytes.status().code()));
  value.resize(*bytes);
  return value;
}

const std::string kCorruptText = "code " + std::to_string(static_cast<int>(Code::kCorrupt));

TEST(ChecksumRepairTest, lets_changed_entries_of_tables_be_read) {
  const std::string before = value_in(database_image(false), "key111");
  ASSERT_GT(before.size(), 4u);
  for (bool repairs : {false, true}) {
    DiskImage image = database_image(false);
    ASSERT_GT(change(&image, "/db/tables/", "key111" + before, "key111" + std::string(before.size(), '!'), repairs), 0u);
    EXPECT_EQ(value_in(image, "key111"), repairs ? std::string(before.size(), '!') : kCorruptText);
  }
}

TEST(ChecksumRepairTest, lets_changed_records_of_the_log_be_read) {
  const std::string before = value_in(database_image(false), "key102");
  ASSERT_EQ(before, std::string(20, 'c'));
  for (bool repairs : {false, true}) {
    DiskImage image = database_image(false);
    ASSERT_GT(change(&image, "/db/wal/", "key102" + before, "key102" + std::string(20, '!'), repairs), 0u);
    EXPECT_EQ(value_in(image, "key102"), repairs ? std::string(20, '!') : kCorruptText);
  }
}

TEST(ChecksumRepairTest, lets_a_changed_state_of_a_durable_log_count) {
  for (bool repairs : {false, true}) {
    DiskImage image = log_image();
    for (auto& [path, content] : image.files) {
      if (path.find("/state-") == std::string::npos) continue;
      std::string bytes = content->bytes;
      bytes[32] = static_cast<char>(bytes[32] + 1);  // the first index
      if (repairs) repair_file(path, &bytes);
      content = std::make_shared<const Content>(std::move(bytes));
    }
    CrashFs original_fs(log_image());
    CrashFs fs(image);
    LogOptions options;
    options.read_only = true;
    options.single_threaded = true;
    const ThreadMark mark;
    const auto original = DurableLog::open(kFuzzLog, options, original_fs);
    const auto log = DurableLog::open(kFuzzLog, options, fs);
    ASSERT_TRUE(original.ok());
    ASSERT_EQ(log.ok(), repairs);
    if (repairs)
      EXPECT_EQ((*log)->first(), (*original)->first() + 1);
    else
      EXPECT_TRUE(log.status().is(Code::kCorrupt));
  }
}

}  // namespace
}  // namespace firn
