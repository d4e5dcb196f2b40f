// checkpoint, backup, backups, restore through the real binary, also beside a writer.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

class Backups : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    std::string lines;
    for (int i = 0; i < 500; ++i) lines += "key" + std::to_string(i) + "\tvalue\n";
    firn_ok({"load", db()}, lines);
    firn_ok({"put", db(), "k", "v", "--ns", "other"});
  }
  std::string dir() const { return path("backups"); }
};

TEST_F(Backups, ACheckpointOpensByItselfAndHoldsWhatTheDatabaseHeld) {
  const std::string before = firn_ok({"dump", db()});
  EXPECT_EQ(firn_ok({"checkpoint", db(), path("copy")}), "checkpoint in " + path("copy") + "\n");
  firn_ok({"put", db(), "later", "v"});
  EXPECT_EQ(firn_ok({"dump", path("copy")}), before);
  EXPECT_EQ(firn_ok({"check", path("copy")}), "ok: every checksum verifies\n");
  EXPECT_EQ(firn({"checkpoint", db(), path("copy")}).status, 2) << "it is there already";
  EXPECT_EQ(firn({"checkpoint", path("nothing"), path("copy2")}).status, 1);
  EXPECT_EQ(firn_ok({"checkpoint", db(), path("copy3"), "--json"}), "{\"checkpoint\":\"" + path("copy3") + "\"}\n");
}

TEST_F(Backups, BackupsAreListedVerifiedRestoredAndDeleted) {
  const std::string first = firn_ok({"dump", db()});
  EXPECT_TRUE(firn_ok({"backup", db(), dir()}).starts_with("backup 1: "));
  firn_ok({"put", db(), "later", "v"});
  const std::string second = firn_ok({"dump", db()});
  const std::string told = firn_ok({"backup", db(), dir(), "--json"});
  EXPECT_TRUE(told.starts_with("{\"backup\":2,\"version\":")) << told;
  EXPECT_EQ(told.find("\"bytes_linked\":0}"), std::string::npos) << "the first one's table is linked: " << told;
  const std::string list = firn_ok({"backups", dir()});
  EXPECT_NE(list.find("\n     1  "), std::string::npos) << list;
  EXPECT_NE(list.find("\n     2  "), std::string::npos) << list;
  EXPECT_TRUE(firn_ok({"backups", dir(), "--json"}).starts_with("{\"backup\":1,\"time_ms\":"));
  EXPECT_EQ(firn_ok({"backups", dir(), "--verify", "1"}), "ok: every checksum verifies\n");
  EXPECT_TRUE(firn_ok({"restore", dir(), path("newest"), "--dry-run"}).starts_with("dry run, nothing has changed: Restore backup 2 "));
  EXPECT_TRUE(firn_ok({"restore", dir(), path("newest")}).starts_with("restored backup 2: "));
  EXPECT_EQ(firn_ok({"dump", path("newest")}), second);
  firn_ok({"restore", dir(), path("older"), "--id", "1"});
  EXPECT_EQ(firn_ok({"dump", path("older")}), first);
  EXPECT_EQ(firn({"restore", dir(), path("older")}).status, 2) << "it is there already";
  EXPECT_EQ(firn({"restore", dir(), path("none"), "--id", "9"}).status, 1);
  EXPECT_EQ(firn({"backups", dir(), "--delete", "1"}).status, 2) << "nobody confirmed";
  EXPECT_NE(firn_ok({"backups", dir(), "--delete", "1", "--dry-run"}).find("Delete backup 1"), std::string::npos);
  EXPECT_EQ(firn_ok({"backups", dir(), "--delete", "1", "--yes"}), "deleted\n");
  EXPECT_EQ(firn({"backups", dir(), "--verify", "1"}).status, 1);
  EXPECT_EQ(firn_ok({"backups", dir(), "--verify", "2"}), "ok: every checksum verifies\n");
  EXPECT_EQ(firn({"backups", dir(), "--verify", "2", "--delete", "2"}).status, 2);
  EXPECT_EQ(firn({"backups", path("nothing")}).status, 1);
}

TEST_F(Backups, ADamagedBackupIsNotRestored) {
  firn_ok({"backup", db(), dir()});
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir())) {
    if (!file.is_regular_file() || file.path().parent_path().filename() != "tables") continue;
    std::string content = read_file(file.path());
    content[content.size() / 3] = static_cast<char>(content[content.size() / 3] ^ 1);
    write_file(file.path(), content);
  }
  EXPECT_EQ(firn({"backups", dir(), "--verify", "1"}).status, 4);
  EXPECT_EQ(firn({"restore", dir(), path("to")}).status, 4);
  EXPECT_FALSE(std::filesystem::exists(path("to")));
}

TEST_F(Backups, AWriterGoesOnMeanwhile) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  const int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const pid_t writer = start_firn({"load", db(), "--acks", path("acks")}, fds[0], null_fd, null_fd);
  ::close(fds[0]);
  ASSERT_EQ(::write(fds[1], "live\tv\n", 7), 7);
  while (read_file(path("acks")) != "live\n") ::usleep(1000);
  firn_ok({"checkpoint", db(), path("copy")});
  firn_ok({"backup", db(), dir()});
  ASSERT_EQ(::write(fds[1], "after\tv\n", 8), 8);
  ::close(fds[1]);
  ::close(null_fd);
  EXPECT_EQ(wait_for(writer), 0);
  firn_ok({"restore", dir(), path("to")});
  for (const std::string& copy : {path("copy"), path("to")}) {
    EXPECT_EQ(firn_ok({"get", copy, "live"}), "v");
    EXPECT_EQ(firn({"get", copy, "after"}).status, 1);
  }
  EXPECT_EQ(firn_ok({"get", db(), "after"}), "v");
}

TEST_F(Backups, ATerminalSeesTheProgress) {
  const Outcome outcome = firn_on_terminal({"backup", db(), dir()}, "", "", {"TERM=xterm", "NO_COLOR=1"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.err.find("backing up"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("tables"), std::string::npos) << outcome.err;
  EXPECT_TRUE(outcome.err.ends_with("\r\033[K"));
  EXPECT_EQ(firn_on_terminal({"backup", db(), dir(), "--no-progress"}, "", "", {"TERM=xterm"}).err, "");
  EXPECT_EQ(firn_on_terminal({"backups", dir(), "--delete", "1"}, "", "y\n", {"TERM=xterm"}).status, 0);
}

}  // namespace
}  // namespace firn::cli
