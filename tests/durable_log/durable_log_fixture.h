// What the tests of the durable log share: a log in a directory of its own, with text in and out.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "firn.h"

namespace firn_test {

inline const uint8_t* bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

inline firn_log* open_log(const std::string& path, const std::string& options = "", firn_error* error = nullptr) {
  firn_options* const parsed = firn_options_new();
  EXPECT_EQ(FIRN_OK, firn_options_parse(parsed, options.c_str())) << options;
  firn_log* const log = firn_log_open(path.c_str(), parsed, error);
  firn_options_free(parsed);
  return log;
}

inline int64_t append(firn_log* log, std::string_view record) { return firn_log_append(log, bytes(record), record.size()); }

// The record, or the code's name.
inline std::string read(firn_log* log, uint64_t index) {
  firn_pin_t pin;
  const int32_t code = firn_log_pin(log, index, &pin);
  if (code != FIRN_OK) return firn_status_name(code);
  std::string record(reinterpret_cast<const char*>(pin.data), pin.len);
  firn_unpin(&pin);
  return record;
}

inline void append_packed(std::string* packed, std::string_view record) {
  const auto size = static_cast<uint32_t>(record.size());
  packed->append(reinterpret_cast<const char*>(&size), sizeof size).append(record);
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / ("firn-log-" + std::to_string(getpid()))).string();
    std::filesystem::remove_all(path_);
    open();
  }
  void TearDown() override {
    if (log_ != nullptr) {
      EXPECT_EQ(FIRN_OK, firn_log_close(log_));
    }
    std::filesystem::remove_all(path_);
    std::filesystem::remove_all(path_ + "-copy");
  }
  void open(const std::string& options = "") {
    firn_error error = FIRN_ERROR_INIT;
    log_ = open_log(path_, options, &error);
    ASSERT_NE(nullptr, log_) << firn_status_name(error.code) << " " << error.message << " " << error.file << " " << error.offset;
  }
  void close() {
    ASSERT_EQ(FIRN_OK, firn_log_close(log_));
    log_ = nullptr;
  }
  void reopen(const std::string& options = "") {
    close();
    open(options);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator at(path_, error), end; !error && at != end; at.increment(error))
      found.push_back(at->path());
    std::sort(found.begin(), found.end());
    return found;
  }
  // A copy of the files as they are now: what a killed process would leave. A copy during which the keeper made or removed a file is no such moment.
  std::string copy() const {
    const std::string to = path_ + "-copy";
    for (;;) {
      const std::vector<std::string> before = names();
      std::error_code error;
      std::filesystem::remove_all(to);
      std::filesystem::copy(path_, to, std::filesystem::copy_options::recursive, error);
      if (!error && names() == before) return to;
    }
  }
  std::string range() const {
    const firn_log_range bounds = firn_log_bounds(log_);
    return std::to_string(bounds.first) + ".." + std::to_string(bounds.next);
  }
  size_t segment_count() const {
    const std::filesystem::directory_iterator all(path_ + "/segments");
    return static_cast<size_t>(std::distance(begin(all), end(all)));
  }

  std::string path_;
  firn_log* log_ = nullptr;
};

}  // namespace firn_test
