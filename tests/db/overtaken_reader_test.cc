// A reading beside a writer who is always faster: it goes on for as long as what it meets is the writer's doing, and ends when it is damage.
#include <filesystem>

#include "db_fixture.h"
#include "env/hooked_env.h"

namespace firn {
namespace {

constexpr int kOvertakings = 100;

class OvertakenReaderTest : public DbTest {
 protected:
  // Opens beside db_; `hook` is called as HookedEnv says.
  Result<std::unique_ptr<Db>> read(Hook hook) {
    seeing_ = std::make_unique<HookedEnv>(std::move(hook));
    DbOptions options;
    EXPECT_EQ(Code::kOk, parse_options(&options, "read_only=true"));
    return Db::open(path(), options, *seeing_);
  }
  // Moves what is there to a table: the segments that held it go.
  void move_on() {
    put("count", std::to_string(++count_));
    ASSERT_TRUE(flush().ok());
  }
  static bool is_wal(const std::string& directory) { return directory.ends_with("/wal"); }

  int count_ = 0;
  std::unique_ptr<HookedEnv> seeing_;
};

TEST_F(OvertakenReaderTest, SegmentsThatGoBeforeTheyAreOpened) {
  open();
  move_on();
  int overtaken = 0;
  const auto reader = read([&](const std::string& directory, std::string_view name) {
    if (!is_wal(directory) || name.empty() || overtaken == kOvertakings) return;
    overtaken++;
    for (const std::string file = directory + "/" + std::string(name); std::filesystem::exists(file);) move_on();
  });
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ(kOvertakings, overtaken);
  EXPECT_EQ(std::to_string(count_), get(**reader, "count"));
  EXPECT_TRUE(close_only(**reader).ok());
}

TEST_F(OvertakenReaderTest, SegmentsThatCameBehindTheReadingAreNoneOfItsBusiness) {
  open();
  move_on();
  const std::string seen = std::to_string(count_);
  int readings = 0;
  const auto reader = read([&](const std::string& directory, std::string_view name) {
    if (!is_wal(directory) || !name.empty() || readings == kOvertakings) return;
    readings++;  // it lists the log when it has read it
    move_on();
    put("count", "in a segment that the reading's manifest does not name");
  });
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ(1, readings);
  EXPECT_EQ(seen, get(**reader, "count"));
  EXPECT_TRUE(close_only(**reader).ok());
}

TEST_F(OvertakenReaderTest, AFileThatIsMissingIsToldAlsoBesideABusyWriter) {
  open();
  move_on();
  for (const auto& table : std::filesystem::directory_iterator(path() + "/tables")) std::filesystem::remove(table);
  int readings = 0;
  const auto reader = read([&](const std::string& directory, std::string_view name) {
    if (!directory.ends_with("/tables") || name.empty()) return;
    readings++;
    move_on();
  });
  EXPECT_EQ(2, readings) << "the second time it is at the same place";
  EXPECT_EQ(Code::kCorrupt, reader.status().code());
}

}  // namespace
}  // namespace firn
