// firn log append, read, tail, stat, trim and check through the real binary.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

class LogCommands : public CliTest {
 protected:
  std::string log() const { return path("log"); }
};

TEST_F(LogCommands, LinesGoInAndComeOutAsTheyAre) {
  EXPECT_EQ(firn_ok({"log", "append", log()}, "one\n\nthree \\n\ttab\nlast without newline"), "appended 4 records, from index 0\n");
  EXPECT_EQ(firn_ok({"log", "read", log()}), "one\n\nthree \\n\ttab\nlast without newline\n");
  EXPECT_EQ(firn_ok({"log", "append", log(), "--json"}, "five\n"), "{\"records\":1,\"first\":4,\"next\":5}\n");
  EXPECT_EQ(firn_ok({"log", "append", log()}), "appended 0 records\n");
}

TEST_F(LogCommands, EveryByteValueSurvivesByHexByJsonAndAsAWhole) {
  const std::string bytes = all_bytes();
  firn_ok({"log", "append", log(), "--hex"}, hex_of(bytes) + "\n");
  firn_ok({"log", "append", log(), "--whole"}, bytes);
  EXPECT_EQ(firn_ok({"log", "read", log(), "--hex"}), hex_of(bytes) + "\n" + hex_of(bytes) + "\n");
  const std::string json = firn_ok({"log", "read", log(), "--json"});
  EXPECT_NE(json.find("\"data_base64\""), std::string::npos) << json;
  firn_ok({"log", "append", path("copy"), "--format", "jsonl"}, json);
  EXPECT_EQ(firn_ok({"log", "read", path("copy"), "--hex"}), hex_of(bytes) + "\n" + hex_of(bytes) + "\n");
  EXPECT_EQ(firn({"log", "append", log(), "--hex"}, "0g\n").status, 2);
  EXPECT_EQ(firn({"log", "append", log(), "--format", "jsonl"}, "{\"text\":\"x\"}\n").status, 2);
}

TEST_F(LogCommands, BatchesAppendTheSameRecords) {
  firn_ok({"log", "append", log(), "--batch", "3", "--sync"}, "a\nb\nc\nd\ne\n");
  EXPECT_EQ(firn_ok({"log", "read", log()}), "a\nb\nc\nd\ne\n");
}

TEST_F(LogCommands, ReadingTakesARange) {
  firn_ok({"log", "append", log(), "-o", "segment_bytes=4KiB"}, "a\nb\nc\nd\ne\n");
  EXPECT_EQ(firn_ok({"log", "read", log(), "--from", "1", "--to", "3"}), "b\nc\n");
  EXPECT_EQ(firn_ok({"log", "read", log(), "--from", "3", "--limit", "1"}), "d\n");
  EXPECT_EQ(firn_ok({"log", "read", log(), "--from", "5"}), "");
  EXPECT_EQ(firn_ok({"log", "read", log(), "--since", "0"}), "a\nb\nc\nd\ne\n");
  EXPECT_EQ(firn_ok({"log", "read", log(), "--since", "99999999999999"}), "");
  EXPECT_EQ(firn_ok({"log", "tail", log(), "-n", "2"}), "d\ne\n");
  const std::string indexed = firn_ok({"log", "read", log(), "--index", "--limit", "1"});
  EXPECT_TRUE(indexed.starts_with("0\t1") && indexed.ends_with("\ta\n")) << indexed;
  EXPECT_EQ(firn({"log", "read", log(), "--from", "6"}).status, 1);
  EXPECT_EQ(firn({"log", "read", path("none")}).status, 1);
}

TEST_F(LogCommands, TrimsAreExact) {
  firn_ok({"log", "append", log()}, "a\nb\nc\nd\ne\n");
  EXPECT_EQ(firn_ok({"log", "trim", log(), "--yes", "--before", "1"}), "the log holds the records 1 to below 5\n");
  EXPECT_EQ(firn_ok({"log", "trim", log(), "--yes", "--after", "2", "--json"}), "{\"first\":1,\"next\":3}\n");
  EXPECT_EQ(firn_ok({"log", "read", log()}), "b\nc\n");
  EXPECT_EQ(firn({"log", "trim", log(), "--yes", "--after", "3"}).status, 2);
  EXPECT_EQ(firn({"log", "trim", log(), "--yes"}).status, 2);
  EXPECT_EQ(firn({"log", "trim", log(), "--yes", "--before", "1", "--after", "2"}).status, 2);
  EXPECT_EQ(firn_ok({"log", "trim", log(), "--yes", "--retain"}), "the log holds the records 1 to below 3\n");
  EXPECT_EQ(firn_ok({"log", "trim", log(), "--yes", "--reset", "10"}), "the log holds the records 10 to below 10\n");
  EXPECT_EQ(firn_ok({"log", "append", log()}, "x\n"), "appended 1 record, from index 10\n");
}

TEST_F(LogCommands, StatAndCheckTellWhatIsThere) {
  firn_ok({"log", "append", log()}, "a\nb\n");
  const std::string stat = firn_ok({"log", "stat", log(), "--json"});
  EXPECT_NE(stat.find("\"first\":0,\"next\":2,\"records\":2,\"first_time_ms\":1"), std::string::npos) << stat;
  EXPECT_NE(stat.find("\"segments\":1,\"disk_bytes\":"), std::string::npos) << stat;
  EXPECT_EQ(stat.find("\"disk_bytes\":0"), std::string::npos) << stat;
  EXPECT_NE(stat.find("\"clean\":true,\"bytes_dropped\":0}"), std::string::npos) << stat;
  EXPECT_EQ(firn_ok({"log", "check", log()}), "ok: every checksum verifies\n");
  firn_ok({"put", db(), "k", "v"});
  EXPECT_EQ(firn({"log", "stat", db()}).status, 2) << "a database is no log";
  EXPECT_EQ(firn({"stat", log()}).status, 2) << "a log is no database";
  EXPECT_EQ(firn({"log", "append", log(), "-o", "memtable_bytes=1MiB"}).status, 2);
}

TEST_F(LogCommands, CheckFindsAFlippedByte) {
  firn_ok({"log", "append", log()}, std::string(1000, 'x') + "\n");
  const std::string file = log() + "/segments/00000000000000000001.log";
  std::string content = read_file(file);
  ASSERT_GT(content.size(), 600u);
  content[600] = static_cast<char>(content[600] ^ 1);
  write_file(file, content);
  const Outcome outcome = firn({"log", "check", log()});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_NE(outcome.err.find("00000000000000000001.log"), std::string::npos) << outcome.err;
}

TEST_F(LogCommands, TailFollowsAWriterUntilItIsInterrupted) {
  firn_ok({"log", "append", log()}, "a\nb\n");
  const std::string out = path("out");
  const int in_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out_fd = ::open(out.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const pid_t tail = start_firn({"log", "tail", log(), "-f", "-n", "1"}, in_fd, out_fd, STDERR_FILENO);
  const auto wait_for_text = [&](const std::string& text) {
    for (int i = 0; i < 3000 && read_file(out) != text; i++) ::usleep(10'000);
    EXPECT_EQ(read_file(out), text);
  };
  wait_for_text("b\n");
  firn_ok({"log", "append", log()}, "c\n");
  wait_for_text("b\nc\n");
  firn_ok({"log", "append", log(), "--batch", "10"}, "d\ne\n");
  wait_for_text("b\nc\nd\ne\n");
  ASSERT_EQ(::kill(tail, SIGINT), 0);
  EXPECT_EQ(wait_for(tail), 0);
  ::close(in_fd);
  ::close(out_fd);
}

// It stands still because nobody reads what it prints, far in front of the end; then the segments that it was going to open are gone.
TEST_F(LogCommands, TailGoesOnBehindSegmentsThatATrimHasTaken) {
  const std::string record(20'000, 'r');
  std::string records;
  for (int i = 0; i < 399; i++) records += record + "\n";
  firn_ok({"log", "append", log(), "-o", "segment_bytes=64KiB"}, records + "last\n");
  const std::string err = path("err");
  const int in_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int err_fd = ::open(err.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  int out_fds[2];
  ASSERT_EQ(0, ::pipe2(out_fds, O_CLOEXEC));
  const pid_t tail = start_firn({"log", "tail", log(), "-f", "--from", "0"}, in_fd, out_fds[1], err_fd);
  ::close(out_fds[1]);
  std::string printed(1, '\0');
  ASSERT_EQ(1, ::read(out_fds[0], printed.data(), 1));
  firn_ok({"log", "trim", log(), "--yes", "--before", "399"});
  std::string piece(1 << 16, '\0');
  while (!printed.ends_with("last\n")) {
    const ssize_t bytes = ::read(out_fds[0], piece.data(), piece.size());
    if (bytes <= 0) break;
    printed.append(piece, 0, static_cast<size_t>(bytes));
  }
  EXPECT_TRUE(printed.ends_with("last\n"));
  ::kill(tail, SIGINT);
  EXPECT_EQ(wait_for(tail), 0);
  EXPECT_NE(read_file(err).find("is gone, the log goes on at 399"), std::string::npos) << read_file(err);
  for (const int fd : {in_fd, err_fd, out_fds[0]}) ::close(fd);
}

TEST_F(LogCommands, TailGoesOnBehindWhatATrimHasTaken) {
  firn_ok({"log", "append", log()}, "a\nb\n");
  const std::string out = path("out");
  const std::string err = path("err");
  const int in_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out_fd = ::open(out.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const int err_fd = ::open(err.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const pid_t tail = start_firn({"log", "tail", log(), "-f", "-n", "1"}, in_fd, out_fd, err_fd);
  const auto wait_for_text = [&](const std::string& text) {
    for (int i = 0; i < 3000 && read_file(out) != text; i++) ::usleep(10'000);
    EXPECT_EQ(read_file(out), text);
  };
  wait_for_text("b\n");
  ASSERT_EQ(::kill(tail, SIGSTOP), 0);
  firn_ok({"log", "append", log()}, "c\nd\ne\n");
  firn_ok({"log", "trim", log(), "--yes", "--before", "4"});
  ASSERT_EQ(::kill(tail, SIGCONT), 0);
  wait_for_text("b\ne\n");
  ASSERT_EQ(::kill(tail, SIGINT), 0);
  EXPECT_EQ(wait_for(tail), 0);
  EXPECT_NE(read_file(err).find("record 2 is gone, the log goes on at 4"), std::string::npos) << read_file(err);
  ::close(in_fd);
  ::close(out_fd);
  ::close(err_fd);
}

}  // namespace
}  // namespace firn::cli
