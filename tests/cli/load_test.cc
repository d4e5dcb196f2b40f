// load and compare through the real binary.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

using Load = CliTest;

TEST_F(Load, EachFormatGivesTheSameEntries) {
  const std::string expected = "a\tx\\\\y\nb\t\\t\n";
  firn_ok({"load", path("tsv")}, "a\tx\\\\y\nb\t\\t");
  firn_ok({"load", path("raw"), "--format", "raw"}, "a\tx\\y\nb\t\t\n");
  firn_ok({"load", path("hex"), "--hex"}, "61\t785C79\n62\t09\n");
  firn_ok({"load", path("jsonl"), "--format", "jsonl"},
          "{\"key\":\"a\",\"value\":\"x\\\\y\"}\n\n{\"value_hex\":\"09\",\"key_base64\":\"Yg==\"}\n");
  for (const char* const name : {"tsv", "raw", "hex", "jsonl"}) EXPECT_EQ(firn_ok({"scan", path(name)}), expected) << name;
}

TEST_F(Load, WhatScanPrintsLoadTakesForEveryByteValue) {
  std::string lines;
  for (int i = 0; i < 256; ++i)
    lines += hex_of(std::string(1, static_cast<char>(i))) + "\t" + hex_of(all_bytes().substr(static_cast<size_t>(i))) + "\n";
  firn_ok({"load", db(), "--hex"}, lines);
  EXPECT_EQ(firn_ok({"scan", db(), "--hex"}), lines);
  firn_ok({"load", path("tsv")}, firn_ok({"scan", db()}));
  firn_ok({"load", path("hex"), "--hex"}, firn_ok({"scan", db(), "--hex"}));
  firn_ok({"load", path("json"), "--format", "jsonl"}, firn_ok({"scan", db(), "--json"}));
  firn_ok({"load", path("jsonhex"), "--format", "jsonl"}, firn_ok({"scan", db(), "--json", "--hex"}));
  for (const char* const name : {"tsv", "hex", "json", "jsonhex"}) EXPECT_EQ(firn_ok({"scan", path(name), "--hex"}), lines) << name;
}

TEST_F(Load, BadInputIsAUsageErrorThatNamesTheLine) {
  const char* const cases[][3] = {{"tsv", "a\t1\nb\n", "line 2: no tab"},
                                  {"tsv", "a\t\\q\n", "line 1: an unknown escape"},
                                  {"tsv", "a\t1\n\n", "line 2: no tab"},
                                  {"jsonl", "{\"key\":\"a\",\"value\":1}\n", "line 1: 'value' is not a string"},
                                  {"jsonl", "{\"key\":\"a\"}\n", "line 1: no value"},
                                  {"jsonl", "{\"key\":\"a\",\"key_hex\":\"61\",\"value\":\"\"}\n", "line 1: more than one key"},
                                  {"jsonl", "{\"key\":\"a\",\"value\":\"\",\"x\":1}\n", "line 1: member 'x'"},
                                  {"jsonl", "{\"key\":\"a\",\"value_hex\":\"6\"}\n", "line 1: 'value_hex' is not"},
                                  {"jsonl", "{\"key\":\"a\",\"value\":{}}\n", "nested too deeply"},
                                  {"jsonl", "nonsense\n", "line 1: byte 0: expected '{'"},
                                  {"dump822", "Version: 1\n\n", "no Package field"}};
  for (const auto& [format, input, message] : cases) {
    const Outcome outcome = firn({"load", db(), "--format", format}, input);
    EXPECT_EQ(outcome.status, 2) << input;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  EXPECT_EQ(firn_ok({"scan", db()}), "a\t1\n") << "entries before the bad line are kept";
}

TEST_F(Load, AnEntryThatTheEngineRefusesIsNamed) {
  for (const char* const batch : {"1", "10"}) {
    const Outcome empty = firn({"load", db(), "--batch", batch}, "a\t1\n\t2\n");
    EXPECT_EQ(empty.status, 2);
    EXPECT_NE(empty.err.find("entry 2"), std::string::npos) << empty.err;
    const Outcome overlong = firn({"load", db(), "--batch", batch}, std::string(65536, 'k') + "\tv\n");
    EXPECT_EQ(overlong.status, 2);
    EXPECT_NE(overlong.err.find("(FIRN_TOO_LARGE)"), std::string::npos) << overlong.err;
  }
}

TEST_F(Load, PackagesAreKeyedByNameAndLaterOnesByVersionToo) {
  const std::string index =
      "Package: a\nVersion: 1\nDescription: x\n y\n\n\nPackage: b\nVersion: 1\n\nPackage: a\nVersion: 2\n\nPackage: a\nVersion: "
      "2\nArchitecture: all\n";
  firn_ok({"load", db(), "--format", "dump822"}, index);
  EXPECT_EQ(firn_ok({"scan", db(), "--keys-only"}), "a\na=2\na=2#2\nb\n");
  EXPECT_EQ(firn_ok({"get", db(), "a"}), "Package: a\nVersion: 1\nDescription: x\n y\n");
  EXPECT_EQ(firn_ok({"get", db(), "a=2#2"}), "Package: a\nVersion: 2\nArchitecture: all\n");
  EXPECT_EQ(firn({"compare", db(), "--format", "dump822"}, index).status, 0);
}

TEST_F(Load, FilesAreKeyedByPathAndNotFollowedThroughLinks) {
  std::filesystem::create_directories(path("tree/sub"));
  write_file(path("tree/one"), all_bytes());
  write_file(path("tree/sub/empty"), "");
  write_file(path("tree/sub/big"), std::string(3'000'000, 'x'));
  std::filesystem::create_symlink(path("tree/one"), path("tree/link"));
  firn_ok({"load", db(), "--files", path("tree")});
  EXPECT_EQ(firn_ok({"count", db()}), "3\n");
  EXPECT_EQ(firn_ok({"get", db(), path("tree/one")}), all_bytes());
  EXPECT_EQ(firn_ok({"get", db(), path("tree/sub/empty")}), "");
  EXPECT_EQ(firn_ok({"get", db(), path("tree/sub/big")}), std::string(3'000'000, 'x'));
  EXPECT_EQ(firn_ok({"compare", db(), "--files", path("tree")}), "compared 3: missing 0, different 0, not in the input 0\n");
  EXPECT_EQ(firn({"load", db(), "--files", path("absent")}).status, 1);
}

TEST_F(Load, AFileThatCannotBeReadIsNotLeftOutSilently) {
  if (::geteuid() == 0) {
    // Root reads everything; a file that is gone between the walk and the read cannot be timed. /proc has one that root cannot read.
    const Outcome outcome = firn({"load", db(), "--files", "/proc/self/mem"});
    EXPECT_EQ(outcome.status, 5) << outcome.err;
    EXPECT_EQ(firn({"load", db(), "--skip-unreadable", "--files", "/proc/self/mem"}).status, 0);
    return;
  }
  write_file(path("secret"), "x");
  std::filesystem::permissions(path("secret"), std::filesystem::perms::none);
  EXPECT_EQ(firn({"load", db(), "--files", path("secret")}).status, 5);
  EXPECT_EQ(firn({"load", db(), "--skip-unreadable", "--files", path("secret")}).status, 0);
}

TEST_F(Load, JsonOfLoadAndCompareHasItsNames) {
  const std::string loaded = firn_ok({"load", db(), "--json"}, "a\t1\nbb\t22\n");
  EXPECT_TRUE(loaded.starts_with("{\"entries\":2,\"key_bytes\":3,\"value_bytes\":3,\"skipped\":0,\"interrupted\":false,\"seconds\":"))
      << loaded;
  for (const char* const name : {"\"entries_per_second\":", "\"bytes_per_second\":"}) EXPECT_NE(loaded.find(name), std::string::npos);
  EXPECT_EQ(firn_ok({"compare", db(), "--json"}, "a\t1\n"), "{\"compared\":1,\"missing\":0,\"different\":0,\"not_in_input\":0}\n");
}

TEST_F(Load, CompareFindsWhatIsMissingDifferentAndNotInTheInput) {
  firn_ok({"load", db()}, "a\t1\nb\t2\n");
  write_file(path("only"), "a\nz\n");
  EXPECT_EQ(firn({"compare", db()}, "a\t1\nb\t3\nc\t4\n").out, "compared 3: missing 1, different 1, not in the input 0\n");
  EXPECT_EQ(firn({"compare", db()}, "a\t1\nb\t3\n").status, 1);
  const Outcome only = firn({"compare", db(), "--only", path("only")}, "a\t1\nb\t3\n");
  EXPECT_EQ(only.status, 1);
  EXPECT_EQ(only.out, "compared 1: missing 0, different 0, not in the input 1\n");
  EXPECT_EQ(only.err, "firn: not in the input: z\n");
}

TEST_F(Load, BatchesWriteTheSameAndAcksNameEveryKey) {
  std::string lines, keys;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = std::to_string(10000 + i);
    lines += key + "\tv" + key + "\n";
    keys += key + "\n";
  }
  for (const char* const batch : {"1", "7", "100000"}) {
    const std::string name = std::string("batch") + batch;
    const std::string out = firn_ok({"load", path(name), "--batch", batch, "--acks", path(name + ".acks"), "--ack-every", "500"}, lines);
    EXPECT_EQ(firn_ok({"scan", path(name)}), lines);
    EXPECT_EQ(read_file(path(name + ".acks")), keys);
    EXPECT_NE(out.find("acknowledged 1000\n"), std::string::npos) << out;
  }
  EXPECT_EQ(firn({"load", db(), "--batch", "0"}, lines).status, 2);
}

// Feeds a loader through a pipe that never ends, kills it with `signal` once it has acknowledged some keys, and returns its status.
class KilledLoad : public Load {
 protected:
  static constexpr int kAcknowledgedMin = 2000;

  int load_and_kill(int signal, const std::string& batch) {
    int pipe_fds[2];
    EXPECT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
    const int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const pid_t pid = start_firn({"load", db(), "--acks", acks(), "--batch", batch}, pipe_fds[0], null_fd, 2);
    ::close(pipe_fds[0]);
    ::signal(SIGPIPE, SIG_IGN);
    for (int i = 0; acknowledged_count() < kAcknowledgedMin; ++i) {
      const std::string line = line_of(i);
      if (::write(pipe_fds[1], line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        ADD_FAILURE() << "the loader ended by itself";
        break;
      }
      input_ += line;
    }
    ::kill(pid, signal);
    const int status = wait_for(pid);
    ::close(pipe_fds[1]);
    ::close(null_fd);
    return status;
  }

  static std::string line_of(int i) {
    const std::string number = std::to_string(1000000 + i);
    return number + "\t" + number + std::string(static_cast<size_t>(i % 400), 'v') + "\n";
  }

  std::string acks() const { return path("acks"); }
  const std::string& input() const { return input_; }
  // The lines acknowledged so far, of a length that is always the same.
  long acknowledged_count() const {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(acks(), error);
    return error ? 0 : static_cast<long>(bytes / 8);
  }

  void expect_every_acknowledged_key() {
    const long count = acknowledged_count();
    EXPECT_EQ(firn_ok({"compare", db(), "--only", acks()}, input()),
              "compared " + grouped_thousands(count) + ": missing 0, different 0, not in the input 0\n");
    EXPECT_GE(std::stol(firn_ok({"count", db()})), count);
    // And without compare: the entries are a prefix of the input.
    const std::string scanned = firn_ok({"scan", db()});
    EXPECT_TRUE(input().starts_with(scanned));
  }

 private:
  static std::string grouped_thousands(long count) {
    return std::to_string(count / 1000) + "," + std::to_string(1000 + count % 1000).substr(1);
  }

  std::string input_;
};

TEST_F(KilledLoad, KillNineLosesNothingThatWasAcknowledged) {
  EXPECT_EQ(load_and_kill(SIGKILL, "1"), kSignalBase + SIGKILL);
  expect_every_acknowledged_key();
}

TEST_F(KilledLoad, KillNineLosesNoBatchThatWasAcknowledged) {
  EXPECT_EQ(load_and_kill(SIGKILL, "16"), kSignalBase + SIGKILL);
  expect_every_acknowledged_key();
  EXPECT_EQ(std::stol(firn_ok({"count", db()})) % 16, 0) << "a batch is there as a whole or not at all";
}

TEST_F(KilledLoad, AnInterruptClosesInOrderAndIsStatus130) {
  EXPECT_EQ(load_and_kill(SIGINT, "1"), 130);
  expect_every_acknowledged_key();
}

}  // namespace
}  // namespace firn::cli
