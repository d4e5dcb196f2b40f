#include "tests/cli/firn_command.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "encoding.h"

namespace firn::cli {
namespace {

const char* binary_path() {
  const char* const path = std::getenv("FIRN_CLI_PATH");
  return path != nullptr ? path : FIRN_CLI_PATH;
}

}  // namespace

pid_t start_firn(const Arguments& arguments, int in_fd, int out_fd, int err_fd, const std::vector<std::string>& environment) {
  std::vector<std::string> words{"firn"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  for (const std::string& variable : environment) ::putenv(::strdup(variable.c_str()));
  if (::dup2(in_fd, 0) < 0 || ::dup2(out_fd, 1) < 0 || ::dup2(err_fd, 2) < 0) ::_exit(126);
  ::execv(binary_path(), argv.data());
  ::_exit(127);
}

int wait_for(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return -1;
  return WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string hex_of(std::string_view bytes) {
  std::string hex;
  append_hex(hex, bytes);
  return hex;
}

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

void CliTest::SetUp() {
  std::string name = (std::filesystem::temp_directory_path() / "firn-cli-test.XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  directory_ = name;
  db_ = path("db");
}

void CliTest::TearDown() { std::filesystem::remove_all(directory_); }

Outcome CliTest::firn(const Arguments& arguments, std::string_view standard_input) const {
  const std::string in = path(".in");
  const std::string out = path(".out");
  const std::string err = path(".err");
  write_file(in, standard_input);
  const int in_fd = ::open(in.c_str(), O_RDONLY | O_CLOEXEC);
  const int out_fd = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int err_fd = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  Outcome outcome;
  outcome.status = wait_for(start_firn(arguments, in_fd, out_fd, err_fd));
  for (const int fd : {in_fd, out_fd, err_fd}) ::close(fd);
  outcome.out = read_file(out);
  outcome.err = read_file(err);
  return outcome;
}

std::string CliTest::firn_ok(const Arguments& arguments, std::string_view standard_input) const {
  const Outcome outcome = firn(arguments, standard_input);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

Outcome CliTest::firn_on_terminal(const Arguments& arguments, const std::string& standard_input_path, std::string_view typed,
                                  const std::vector<std::string>& environment, std::string_view interrupt_after, bool output_too) const {
  int master = -1;
  int slave = -1;
  winsize size{24, 120, 0, 0};
  EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
  const int in_fd = standard_input_path.empty() ? slave : ::open(standard_input_path.c_str(), O_RDONLY | O_CLOEXEC);
  const int out_fd = ::open(path("terminal.out").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const pid_t pid = start_firn(arguments, in_fd, output_too ? slave : out_fd, slave, environment);
  EXPECT_EQ(::write(master, typed.data(), typed.size()), static_cast<ssize_t>(typed.size()));
  if (in_fd != slave) ::close(in_fd);
  ::close(slave);
  ::close(out_fd);
  Outcome outcome;
  bool is_interrupted = interrupt_after.empty();
  char bytes[4096];
  for (ssize_t got; (got = ::read(master, bytes, sizeof bytes)) > 0;) {
    outcome.err.append(bytes, static_cast<size_t>(got));
    if (is_interrupted || outcome.err.find(interrupt_after) == std::string::npos) continue;
    is_interrupted = true;
    ::kill(pid, SIGINT);
  }
  outcome.status = wait_for(pid);
  ::close(master);
  outcome.out = read_file(path("terminal.out"));
  return outcome;
}

void CliTest::write_file(const std::string& file, std::string_view content) const {
  std::ofstream(file, std::ios::binary | std::ios::trunc).write(content.data(), static_cast<std::streamsize>(content.size()));
}

std::string CliTest::read_file(const std::string& file) const {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return content.str();
}

}  // namespace firn::cli
