// FirnCommand: runs the real firn binary and takes what it prints. CliTest: a test with a directory of its own.
// The binary is FIRN_CLI_PATH of the environment, else of the build.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace firn::cli {

struct Outcome {
  int status = -1;  // as wait_for
  std::string out;
  std::string err;
};

using Arguments = std::vector<std::string>;

// A firn that runs. in_fd, out_fd and err_fd become its standard input, output and error; the caller keeps them.
pid_t start_firn(const Arguments& arguments, int in_fd, int out_fd, int err_fd, const std::vector<std::string>& environment = {});
// Waits for it: exit status, or kSignalBase + the signal. (Not 128 + the signal, as shells say: that is also what a process may exit with.)
inline constexpr int kSignalBase = 1000;
int wait_for(pid_t pid);

std::string hex_of(std::string_view bytes);
// Every byte value once, in order.
std::string all_bytes();

class CliTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  const std::string& db() const { return db_; }
  Outcome firn(const Arguments& arguments, std::string_view standard_input = {}) const;
  // firn, and a failure of the test when it does not end with 0. Returns its standard output.
  std::string firn_ok(const Arguments& arguments, std::string_view standard_input = {}) const;
  // firn with standard error on a terminal of 120 columns, and standard input too unless a file is named; standard output goes into a file. `err` is what the
  // terminal shows (output_too: standard output is the terminal as well). After `interrupt_after` has been shown (empty: never) the command gets SIGINT.
  Outcome firn_on_terminal(const Arguments& arguments, const std::string& standard_input_path, std::string_view typed,
                           const std::vector<std::string>& environment, std::string_view interrupt_after = {},
                           bool output_too = false) const;
  void write_file(const std::string& file, std::string_view content) const;
  std::string read_file(const std::string& file) const;

 private:
  std::string directory_;
  std::string db_;
};

}  // namespace firn::cli
