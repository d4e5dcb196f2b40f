// selftest: does this machine keep what Firn acknowledges? A second process (`firn load --acks`) writes; it is killed with SIGKILL at a random moment, again and
// again; each time the database is checked, opened, and every acknowledged key compared. It cannot cut the power.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <random>

#include "commands.h"
#include "database.h"
#include "entry_scan.h"
#include "interrupt.h"
#include "json_writer.h"
#include "line_reader.h"
#include "output.h"
#include "progress.h"
#include "scratch_directory.h"

namespace firn::cli {
namespace {

struct SelftestArguments {
  uint64_t round_count = 10;
  uint64_t seed = 0;
};

std::string key_of(uint64_t number) { return "key" + std::to_string(number); }
// Long and short values, and no two alike.
std::string value_of(uint64_t number) { return std::to_string(number) + std::string(static_cast<size_t>(number * 37 % 500), '.'); }

class Writer {
 public:
  Writer(const std::string& db, const std::string& acks, const std::vector<std::string>& options) {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) throw system_failure("cannot make a pipe", "(pipe)", errno);
    in_fd_ = fds[1];
    std::vector<std::string> words{"firn", "load", db, "--acks", acks, "--no-progress"};
    for (const std::string& option : options) words.insert(words.end(), {"-o", option});
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[0], STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const int code = ::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(fds[0]);
    if (code == 0) return;
    ::close(in_fd_);
    throw system_failure("cannot start the writer", "/proc/self/exe", code);
  }
  ~Writer() { kill(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // false: the writer is gone.
  bool feed(std::string_view line) { return write_fully(in_fd_, line); }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    ::close(in_fd_);
    pid_ = 0;
    was_killed_ = WIFSIGNALED(status);
  }
  bool was_killed() const { return was_killed_; }

 private:
  pid_t pid_ = 0;
  int in_fd_ = -1;
  bool was_killed_ = false;
};

struct Selftest {
  const Settings& settings;
  std::string acks_path;
  std::mt19937_64 random;
  uint64_t next = 0;          // the number of the next key
  uint64_t acknowledged = 0;  // keys, all rounds
  uint64_t compared = 0;
};

void write_and_kill(Selftest& test) {
  Writer writer(test.settings.path, test.acks_path, test.settings.options);
  const uint64_t target = 200 + test.random() % 20'000;
  for (uint64_t i = 0; i < target && !is_interrupted(); ++i, ++test.next) {
    if (!writer.feed(key_of(test.next) + "\t" + value_of(test.next) + "\n")) break;
  }
  // Between the last line fed and the kill lies what the pipe still holds: so the writer is in the middle of it.
  writer.kill();
  if (!writer.was_killed()) throw Failure{FIRN_IO, "the writer ended by itself: see what it said above", {}};
}

// A killed writer leaves no half-written line: a line is one write, made after the put has returned.
uint64_t compare_acknowledged(const Selftest& test, const Database& database) {
  uint64_t count = 0;
  LineReader acks(test.acks_path);
  for (std::string_view line; acks.next(line); ++count) {
    const uint64_t number = std::strtoull(std::string(line.substr(3)).c_str(), nullptr, 10);
    const Pin pin(database, line);
    if (!pin.found()) throw Failure{FIRN_CORRUPT, "an acknowledged key is lost: " + std::string(line), test.settings.path};
    if (pin.value() != value_of(number))
      throw Failure{FIRN_CORRUPT, "an acknowledged value has changed: " + std::string(line), test.settings.path};
  }
  return count;
}

// What was not acknowledged may be there or not, but never as something else.
uint64_t compare_all(const Selftest& test, const Database& database) {
  const SharedSnapshot snapshot(database);
  EntryScan scan(database, snapshot, 0);
  uint64_t count = 0;
  for (ScannedEntry entry; scan.next(entry); ++count) {
    const uint64_t number = std::strtoull(std::string(entry.key.substr(std::min<size_t>(3, entry.key.size()))).c_str(), nullptr, 10);
    if (entry.key != key_of(number) || entry.value != value_of(number) || number >= test.next) {
      throw Failure{FIRN_CORRUPT, "a key that was never written, or not so: " + std::string(entry.key), test.settings.path};
    }
  }
  return count;
}

void verify(Selftest& test) {
  firn_error error = FIRN_ERROR_INIT;
  const int32_t code = firn_check(test.settings.path.c_str(), &error);
  if (code != FIRN_OK) throw failure_of(code, error);
  Database database(test.settings, OpenMode::kExisting);
  test.acknowledged = compare_acknowledged(test, database);
  test.compared = compare_all(test, database);
  database.close();
}

int selftest(Settings settings, const SelftestArguments& arguments) {
  const ScratchDirectory scratch("firn-selftest");
  settings.path = (settings.path.empty() ? scratch.path() : settings.path) + "/db";
  if (::access(settings.path.c_str(), F_OK) == 0) throw Failure{FIRN_EXISTS, "there is something here already", settings.path};
  const uint64_t seed = arguments.seed != 0 ? arguments.seed : std::random_device{}();
  Selftest test{settings, scratch.path() + "/acks", std::mt19937_64(seed)};
  Progress progress("killing", arguments.round_count, true);
  catch_interrupts();
  uint64_t round = 0;
  for (; round < arguments.round_count && !is_interrupted(); ++round) {
    write_and_kill(test);
    verify(test);
    progress.update(test.acknowledged, round + 1);
  }
  progress.clear();
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line)
        .boolean("ok", true)
        .number("kills", round)
        .number("acknowledged", test.acknowledged)
        .number("compared", test.compared)
        .number("seed", seed)
        .end();
  } else {
    line = "ok: killed " + std::to_string(round) + " times, " + grouped(test.acknowledged) + " acknowledged writes, all there; " +
           grouped(test.compared) + " keys, all as written (--seed " + std::to_string(seed) + ")";
  }
  output.line(line);
  output.flush();
  return is_interrupted() ? kExitInterrupted : kExitOk;
}

}  // namespace

void add_selftest_command(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<SelftestArguments>();
  CLI::App* const sub = app.add_subcommand(
      "selftest", "Kill a writer with SIGKILL, again and again, and verify what it had acknowledged; 4 when something is lost");
  sub->add_option("DIR", invocation.settings.path,
                  "A directory on the disk to test, which keeps the database db; without it, a temporary one in $TMPDIR");
  add_engine_options(*sub, invocation.settings);
  add_output_options(*sub, invocation.settings);
  sub->add_option("--rounds", arguments->round_count, "So many kills")->type_name("N")->check(CLI::Range(1, 1'000'000));
  sub->add_option("--seed", arguments->seed, "Of the number of writes before each kill; 0: any")->type_name("N");
  sub->callback(
      [&invocation, arguments] { invocation.run = [&invocation, arguments] { return selftest(invocation.settings, *arguments); }; });
}

}  // namespace firn::cli
