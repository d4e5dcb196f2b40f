// Log: a firn_log with an owner, and its records in order. Failures become Failure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "failure.h"
#include "firn.h"
#include "settings.h"

namespace firn::cli {

enum class LogMode {
  kRead,    // beside a writer, if there is one
  kVerify,  // the same, after every checksum was looked at
  kWrite,   // the log has to be there
  kCreate,
};

class Log {
 public:
  Log(const Settings& settings, LogMode mode);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  firn_log* handle() const { return log_; }
  firn_log_range bounds() const { return firn_log_bounds(log_); }
  // Reports what closing finds; the destructor closes silently, for the way out of another failure.
  void close();
  // Throws a Failure of `code` when it is negative; `what` says what was done.
  static void check(int64_t code, std::string_view what);

 private:
  firn_log* log_ = nullptr;
};

struct LogRecord {
  uint64_t index = 0;
  int64_t time_ms = 0;
  std::string_view data;
};

// Reads forward, many records in one crossing.
class LogCursor {
 public:
  LogCursor(const Log& log, uint64_t from) : log_(log), next_(from) {}
  // The next record, valid until the next call; false at the end of the log. Throws Failure, FIRN_NOT_FOUND when the place was trimmed.
  bool next(LogRecord& record);
  uint64_t position() const { return next_; }
  void go_to(uint64_t index) {
    next_ = index;
    rest_ = {};
  }

 private:
  bool fill();

  const Log& log_;
  uint64_t next_;
  std::string chunk_;
  std::string_view rest_;
};

}  // namespace firn::cli
