// What the tests of env share: a temporary directory, a child process that judges by its exit code, and texts as bytes.
#pragma once

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "env/env.h"

namespace firn {

// A directory on disk (or below `where`) that is removed with everything in it.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& where = testing::TempDir()) {
    std::string pattern = where + "/firn_env_XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// ThreadSanitizer ends a forked child that starts a thread.
#ifdef __SANITIZE_THREAD__
inline constexpr bool kChildMayStartThreads = false;
#else
inline constexpr bool kChildMayStartThreads = true;
#endif

// Runs `body` in a forked child. Its result, or 1000 and more when a signal ended it. 0 means that it found everything in order.
inline int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(120);  // a child that waits for what never comes ends, and fails its test
    ::_exit(body());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

inline bool is_in_memory(const std::string& path) {
  struct statfs system = {};
  return ::statfs(path.c_str(), &system) == 0 && system.f_type == TMPFS_MAGIC;
}

inline std::string read_text(File& file, uint64_t offset, size_t bytes) {
  std::string text(bytes, '?');
  const Status status = file.read(offset, reinterpret_cast<uint8_t*>(text.data()), bytes);
  return status.ok() ? text : "error: " + std::string(status.message());
}

inline Code code_of(const Status& status) { return status.code(); }
template <typename T>
Code code_of(const Result<T>& result) {
  return result.ok() ? Code::kOk : result.status().code();
}

}  // namespace firn
