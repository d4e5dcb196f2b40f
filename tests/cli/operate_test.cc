// stat, compact, check, options; usage and exit statuses; the terminal.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "json_reader.h"
#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

using Operate = CliTest;

TEST_F(Operate, StatIsOneJsonObjectAndTheSameFiguresAsText) {
  firn_ok({"load", db()}, "a\t1\nb\t2\n");
  const std::string json = firn_ok({"stat", db(), "--json"});
  std::vector<JsonMember> members;
  ASSERT_TRUE(JsonReader(json, 16).read_object(members)) << json;
  const std::string text = firn_ok({"stat", db()});
  for (const JsonMember& member : members) EXPECT_NE(text.find(member.path + " "), std::string::npos) << member.path;
  for (const char* const name :
       {"path", "library", "recovery.clean", "recovery.records_replayed", "recovery.bytes_dropped", "recovery.dropped_file"}) {
    EXPECT_NE(text.find(std::string(name) + " "), std::string::npos) << name;
  }
  EXPECT_NE(text.find("\nstats."), std::string::npos);
}

TEST_F(Operate, CompactAndCheckLeaveTheEntriesAsTheyAre) {
  firn_ok({"load", db()}, "a\t1\nb\t2\nc\t3\n");
  firn_ok({"del", db(), "b"});
  EXPECT_EQ(firn_ok({"compact", db()}), "compacted\n");
  EXPECT_TRUE(firn_ok({"compact", db(), "--json"}).starts_with("{\"compacted\":true,\"seconds\":"));
  EXPECT_EQ(firn_ok({"check", db()}), "ok: every checksum verifies\n");
  EXPECT_TRUE(firn_ok({"check", db(), "--json"}).starts_with("{\"ok\":true,\"seconds\":"));
  EXPECT_EQ(firn_ok({"scan", db()}), "a\t1\nc\t3\n");
}

TEST_F(Operate, AFlippedBitIsStatusFourWithFileAndOffset) {
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "key" + std::to_string(i) + "\t" + std::string(100, 'v') + "\n";
  firn_ok({"load", db()}, lines);
  firn_ok({"compact", db()});
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(db() + "/tables")) {
    if (entry.is_regular_file() && (largest.empty() || entry.file_size() > std::filesystem::file_size(largest))) largest = entry.path();
  }
  ASSERT_FALSE(largest.empty());
  std::string content = read_file(largest);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  write_file(largest, content);
  const Outcome text = firn({"check", db()});
  EXPECT_EQ(text.status, 4) << text.err;
  EXPECT_TRUE(text.err.starts_with("firn: "));
  EXPECT_NE(text.err.find(" (FIRN_CORRUPT) "), std::string::npos) << text.err;
  EXPECT_NE(text.err.find(largest.filename().string()), std::string::npos) << text.err;
  const Outcome json = firn({"check", db(), "--json"});
  for (const char* const part : {"\"code\":\"FIRN_CORRUPT\",\"status\":-13", "\"file\":\"", "\"offset\":"})
    EXPECT_NE(json.err.find(part), std::string::npos) << json.err;
}

TEST_F(Operate, ADatabaseThatAnotherProcessHasOpenIsStatusThree) {
  int pipe_fds[2];
  ASSERT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
  const int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const pid_t holder = start_firn({"load", db(), "--acks", path("acks")}, pipe_fds[0], null_fd, null_fd);
  ::close(pipe_fds[0]);
  ASSERT_EQ(::write(pipe_fds[1], "k\tv\n", 4), 4);
  while (read_file(path("acks")) != "k\n") ::usleep(1000);
  for (const char* const command : {"count", "check", "compact"}) {
    const Outcome outcome = firn({command, db()});
    EXPECT_EQ(outcome.status, 3) << command << ": " << outcome.err;
    EXPECT_NE(outcome.err.find("(FIRN_LOCKED)"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(firn_ok({"get", db(), "k", "-o", "read_only=true"}), "v");
  ::close(pipe_fds[1]);
  ::close(null_fd);
  EXPECT_EQ(wait_for(holder), 0);
  EXPECT_EQ(firn_ok({"get", db(), "k"}), "v");
}

TEST_F(Operate, UsageErrorsAreStatusTwoAndOneLine) {
  firn_ok({"put", db(), "k", "v"});
  const Arguments cases[] = {{},
                             {"nonsense"},
                             {"get"},
                             {"get", db()},
                             {"get", db(), "k", "more"},
                             {"load", db(), "--format", "xml"},
                             {"load", db(), "--format", "tsv", "--files", "/tmp"},
                             {"load", db(), "--format", "jsonl", "--hex"},
                             {"ns"},
                             {"scan", db(), "-o", "no_such_option=1"},
                             {"scan", db(), "-o", "durability"},
                             {"scan", db(), "-o", "durability=nonsense"}};
  for (const Arguments& arguments : cases) {
    const Outcome outcome = firn(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    EXPECT_TRUE(outcome.err.starts_with("firn: ")) << outcome.err;
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(firn({"scan", path("file")}).status, 1);
  write_file(path("file"), "not a database");
  EXPECT_EQ(firn({"scan", path("file")}).status, 2);
  EXPECT_EQ(read_file(path("file")), "not a database");
}

TEST_F(Operate, HelpNamesEveryExitStatus) {
  for (const Arguments& arguments : {Arguments{"--help"}, Arguments{"load", "--help"}}) {
    const std::string help = firn_ok(arguments);
    for (const char* const line : {"\n  0 ", "\n  1 ", "\n  2 ", "\n  3 ", "\n  4 ", "\n  5 ", "\n  70 ", "\n  130 "})
      EXPECT_NE(help.find(line), std::string::npos) << line;
  }
  EXPECT_TRUE(firn_ok({"--version"}).starts_with("firn "));
}

TEST_F(Operate, OptionsAreTheLibrarysTable) {
  const std::string text = firn_ok({"options"});
  for (const char* const name : {"create_if_missing=true", "durability=process", "compression="})
    EXPECT_NE(text.find(name), std::string::npos) << name;
  EXPECT_NE(firn_ok({"options", "--json"}).find("{\"name\":\"durability\",\"type\":\"durability\",\"default\":\"process\",\"range\":"),
            std::string::npos);
  firn_ok({"put", db(), "k", "v", "-o", "durability=sync", "-o", "memtable_bytes=1MiB"});
  EXPECT_EQ(firn_ok({"-o", "durability=none", "get", db(), "k"}), "v");
  EXPECT_EQ(firn({"put", path("none"), "k", "v", "-o", "create_if_missing=false"}).status, 1);
}

TEST_F(Operate, AFullStandardOutputIsStatusFiveAndAClosedOneIsNoError) {
  firn_ok({"load", db()}, "a\t1\n");
  const int full_fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  const int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  EXPECT_EQ(wait_for(start_firn({"scan", db()}, null_fd, full_fd, null_fd)), 5);
  int pipe_fds[2];
  ASSERT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
  ::close(pipe_fds[0]);
  EXPECT_EQ(wait_for(start_firn({"scan", db()}, null_fd, pipe_fds[1], null_fd)), 0);
  for (const int fd : {full_fd, null_fd, pipe_fds[1]}) ::close(fd);
}

class Terminal : public CliTest {
 protected:
  std::string lines_file() {
    write_file(path("lines"), "a\t1\nb\t2\n");
    return path("lines");
  }
};

TEST_F(Terminal, TheProgressBarIsDrawnOnATerminalOnly) {
  const std::string lines = lines_file();
  const Outcome shown = firn_on_terminal({"load", db()}, lines, "", {"TERM=xterm", "NO_COLOR="});
  EXPECT_EQ(shown.status, 0);
  for (const char* const part : {"loading", "%", "entries", "/s", "ETA", "\033[32m"})
    EXPECT_NE(shown.err.find(part), std::string::npos) << part << ": " << shown.err;
  EXPECT_TRUE(shown.err.ends_with("\r\033[K")) << "the line is removed at the end";
  EXPECT_TRUE(shown.out.starts_with("loaded 2 entries"));
  EXPECT_EQ(firn({"load", db()}, "a\t1\n").err, "");
  EXPECT_EQ(firn_on_terminal({"load", db(), "--no-progress"}, lines, "", {"TERM=xterm"}).err, "");
  EXPECT_EQ(firn_on_terminal({"load", db()}, lines, "", {"TERM=dumb"}).err, "");
}

TEST_F(Terminal, NoColorIsHonoured) {
  const Outcome plain = firn_on_terminal({"load", db()}, lines_file(), "", {"TERM=xterm", "NO_COLOR=1"});
  EXPECT_NE(plain.err.find("loading"), std::string::npos);
  EXPECT_EQ(plain.err.find("\033[3"), std::string::npos);
  EXPECT_NE(firn_on_terminal({"get", db(), "x"}, "", "", {"TERM=xterm", "NO_COLOR="}).err.find("\033[31mfirn:"), std::string::npos);
  EXPECT_EQ(firn_on_terminal({"get", db(), "x"}, "", "", {"TERM=xterm", "NO_COLOR=1"}).err.find("\033[3"), std::string::npos);
}

TEST_F(Terminal, ATypedYesConfirmsAndAnythingElseDoesNot) {
  firn_ok({"put", db(), "k", "v"});
  for (const char* const typed : {"n\n", "\n", "yy\n"}) {
    const Outcome refused = firn_on_terminal({"ns", "clear", db()}, "", typed, {"TERM=xterm"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.err.find("[y/N]"), std::string::npos);
    EXPECT_EQ(firn_ok({"count", db()}), "1\n");
  }
  EXPECT_EQ(firn_on_terminal({"ns", "clear", db()}, "", "y\n", {"TERM=xterm"}).status, 0);
  EXPECT_EQ(firn_ok({"count", db()}), "0\n");
}

}  // namespace
}  // namespace firn::cli
